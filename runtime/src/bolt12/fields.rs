//! BOLT 12's tables of fields, and the recurrence that Core Lightning adds.
//!
//! A message holds its own fields and those of the messages that led to it: an invoice those of its request, a request
//! those of the offer. So each table stands once. A row is type, name, encoding and what a reader gets; behind `=` stands
//! what a builder takes, where that differs. A table is handed to a macro, which makes of it what it needs.

use super::details::{Base, Name, Paywindow, Period};
use super::error::Error;
use super::input::Input;
use super::kinds::*;
use super::paths::{Fallback, Path, PayInfo};

/// What the rows of the tables name, for those who expand them.
pub(super) mod types {
    pub(crate) use super::super::chain::Chain;
    pub(crate) use super::super::details::*;
    pub(crate) use super::super::features::Features;
    pub(crate) use super::super::kinds::*;
    pub(crate) use super::super::paths::*;
}

macro_rules! offer_fields {
    ($then:ident) => {
        $then! {
            /// The chains that may be paid on; none means bitcoin.
            2 offer_chains: Repeated<ChainHash> => List<'_, ChainHash> = &[Chain];
            /// What the issuer wants to see again.
            4 offer_metadata: Bytes => &[u8];
            /// The currency of `offer_amount`, by its three letters (ISO 4217); none means millisatoshi.
            6 offer_currency: Utf8 => &str;
            /// The least amount for one item, in the smallest unit of `offer_currency` or in millisatoshi.
            8 offer_amount: Tu64 => u64;
            /// What is paid for.
            10 offer_description: Utf8 => &str;
            /// What a payer must be able to do.
            12 offer_features: FeatureBits => Features<'_>;
            /// Until when it is valid, in seconds since 1970.
            14 offer_absolute_expiry: Tu64 => u64;
            /// Ways to the issuer.
            16 offer_paths: Repeated<Path> => List<'_, Path> = &[BlindedPathBuf];
            /// Who is paid, in words.
            18 offer_issuer: Utf8 => &str;
            /// The most items at once; 0 means any number, none means one.
            20 offer_quantity_max: Tu64 => u64;
            /// The issuer's key.
            22 offer_issuer_id: Point => NodeId;
            /// How often it recurs, for payers that know recurrence only (CLN).
            1000000024 offer_recurrence_compulsory: Period => Recurrence;
            /// How often it recurs; a payer may also pay once (CLN).
            1000000025 offer_recurrence_optional: Period => Recurrence;
            /// From when the recurrence counts (CLN).
            1000000026 offer_recurrence_base: Base => RecurrenceBase;
            /// When within a period may be paid (CLN).
            1000000027 offer_recurrence_paywindow: Paywindow => RecurrencePaywindow;
            /// The last period that can be paid (CLN).
            1000000029 offer_recurrence_limit: Tu32 => u32;
        }
    };
}
pub(super) use offer_fields;

macro_rules! request_fields {
    ($then:ident) => {
        $then! {
            /// What only the payer can know again; makes each request another.
            0 invreq_metadata: Bytes => &[u8];
            /// The chain to pay on; none means bitcoin.
            80 invreq_chain: ChainHash => Chain;
            /// What the payer wants to pay.
            82 invreq_amount: Tu64Msat => Msat;
            /// What the payer can do.
            84 invreq_features: FeatureBits => Features<'_>;
            /// How many items.
            86 invreq_quantity: Tu64 => u64;
            /// The payer's key, which signs the request.
            88 invreq_payer_id: Point => NodeId;
            /// A word from the payer.
            89 invreq_payer_note: Utf8 => &str;
            /// Ways to the payer.
            90 invreq_paths: Repeated<Path> => List<'_, Path> = &[BlindedPathBuf];
            /// The name that the payer found the offer by (BIP 353).
            91 invreq_bip_353_name: Name => Bip353Name<'_>;
            /// Which period is paid, from 0 (CLN).
            2000000092 invreq_recurrence_counter: Tu32 => u32;
            /// Which period of the offer is the payer's first (CLN).
            2000000093 invreq_recurrence_start: Tu32 => u32;
        }
    };
}
pub(super) use request_fields;

/// What no invoice repeats.
macro_rules! request_only_fields {
    ($then:ident) => {
        $then! {
            /// Present when the payer ends the recurrence (CLN).
            2000000094 invreq_recurrence_cancel: Empty => ();
        }
    };
}
pub(super) use request_only_fields;

macro_rules! invoice_fields {
    ($then:ident) => {
        $then! {
            /// Ways for the payment.
            160 invoice_paths: Repeated<Path> => List<'_, Path> = &[BlindedPathBuf];
            /// What each of `invoice_paths` costs, in their order.
            162 invoice_blindedpay: Repeated<PayInfo> => List<'_, PayInfo> = &[BlindedPay<'_>];
            /// When it was made, in seconds since 1970.
            164 invoice_created_at: Tu64 => u64;
            /// For how long it is valid, in seconds from then; none means 7200.
            166 invoice_relative_expiry: Tu32 => u32;
            /// The hash whose preimage is the receipt.
            168 invoice_payment_hash: Sha256 => Hash32;
            /// What is to be paid.
            170 invoice_amount: Tu64Msat => Msat;
            /// Addresses on the chain to fall back on, the best first.
            172 invoice_fallbacks: Repeated<Fallback> => List<'_, Fallback> = &[FallbackAddress<'_>];
            /// What the payer may or must do.
            174 invoice_features: FeatureBits => Features<'_>;
            /// The key that signs the invoice.
            176 invoice_node_id: Point => NodeId;
            /// From when the recurrence counts, in seconds since 1970 (CLN).
            3000000177 invoice_recurrence_basetime: Tu64 => u64;
        }
    };
}
pub(super) use invoice_fields;

macro_rules! signature_field {
    ($then:ident) => {
        $then! {
            /// The signature of all other fields, by `invreq_payer_id` in a request and by `invoice_node_id` in an invoice.
            240 signature: Bip340Sig => bitcoin::secp256k1::schnorr::Signature;
        }
    };
}
pub(super) use signature_field;

macro_rules! error_fields {
    ($then:ident) => {
        $then! {
            /// The type of the field that is wrong.
            1 erroneous_field: Tu64 => u64;
            /// A value that the field could have.
            3 suggested_value: Bytes => &[u8];
            /// What is wrong, in words.
            5 error: Utf8 => &str;
        }
    };
}
pub(super) use error_fields;

/// Makes accessors of a table, for a type with a `message`.
macro_rules! accessors {
    ($($(#[$doc:meta])* $number:literal $name:ident: $kind:ty => $read:ty $(= $write:ty)?;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(&self) -> Option<$read> {
                self.message.get::<$kind>($number)
            }
        )*
    };
}
pub(super) use accessors;

/// Makes setters of a table, for a type with a `draft`.
macro_rules! setters {
    (@type $read:ty) => { $read };
    (@type $read:ty, $write:ty) => { $write };
    ($($(#[$doc:meta])* $number:literal $name:ident: $kind:ty => $read:ty $(= $write:ty)?;)*) => {
        $(
            $(#[$doc])*
            pub fn $name(mut self, value: setters!(@type $read $(, $write)?)) -> Self {
                self.draft.set::<$kind>($number, value);
                self
            }
        )*
    };
}
pub(super) use setters;

/// What a reader knows of a field.
#[derive(Clone, Copy)]
pub(crate) struct Known {
    pub(crate) name: &'static str,
    pub(crate) check: fn(Input<'_>) -> Result<(), Error>,
}

/// Finds a type in a table.
pub(crate) type Lookup = fn(u64) -> Option<Known>;

macro_rules! lookup {
    ($($(#[$doc:meta])* $number:literal $name:ident: $kind:ty => $read:ty $(= $write:ty)?;)*) => {
        |number| match number {
            $($number => Some(Known { name: stringify!($name), check: <$kind as Kind>::check }),)*
            _ => None,
        }
    };
}

pub(crate) const OFFER: Lookup = offer_fields!(lookup);
pub(crate) const REQUEST: Lookup = request_fields!(lookup);
pub(crate) const REQUEST_ONLY: Lookup = request_only_fields!(lookup);
pub(crate) const INVOICE: Lookup = invoice_fields!(lookup);
pub(crate) const SIGNATURE: Lookup = signature_field!(lookup);
pub(crate) const ERROR: Lookup = error_fields!(lookup);

/// The field's name, in whichever message of an exchange it stands.
pub(crate) fn name(number: u64) -> Option<&'static str> {
    let tables = [OFFER, REQUEST, REQUEST_ONLY, INVOICE, SIGNATURE, ERROR];
    tables.iter().find_map(|table| table(number)).map(|known| known.name)
}

#[cfg(test)]
mod tests {
    use super::super::message::MOST_FIELDS;
    use super::*;

    #[test]
    fn no_type_stands_in_two_tables() {
        let tables = [OFFER, REQUEST, REQUEST_ONLY, INVOICE, SIGNATURE, ERROR];
        let numbers = (0..300).chain(1_000_000_000..1_000_000_100).chain(2_000_000_000..2_000_000_100);
        let mut all = 0;
        for number in numbers.chain(3_000_000_000..3_000_000_200) {
            let known = tables.iter().filter(|table| table(number).is_some()).count();
            assert!(known <= 1, "type {number}");
            all += known;
        }
        assert!((40..=MOST_FIELDS).contains(&all), "{all} fields");
    }
}
