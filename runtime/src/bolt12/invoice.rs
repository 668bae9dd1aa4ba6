//! Invoices: what is to be paid, by which ways, until when.

use std::fmt;
use std::sync::LazyLock;

use bitcoin::secp256k1::{Keypair, schnorr};
use cln_primitives::{Hash32, Msat, NodeId};

use super::chain::Accept;
use super::error::{Error, FieldType};
use super::fields::types::*;
use super::fields::{self, accessors, invoice_fields, offer_fields, request_fields, setters, signature_field};
use super::hash::Tag;
use super::ids::{self, INVOICE_RANGES};
use super::merkle;
use super::message::{Draft, Message, record_accessors, unknown_setter};
use super::signature::{self, SIGNATURE};
use super::signed::signed_message;
use super::state::{Parsed, Payable, State, Unsigned, Verified};
use super::text::{self, Prefix};
use super::view::View;

/// The tag of what is signed.
static SIGNED: LazyLock<Tag> = LazyLock::new(|| Tag::new(&[b"lightninginvoicesignature"]));
/// The even features of invoices that are known: payment in several parts.
const KNOWN_FEATURES: &[usize] = &[16];

const PATHS: u64 = 160;
const BLINDED_PAY: u64 = 162;
const CREATED_AT: u64 = 164;
const PAYMENT_HASH: u64 = 168;
const AMOUNT: u64 = 170;
const NODE_ID: u64 = 176;

/// For how many seconds an invoice is valid that does not say.
const DEFAULT_EXPIRY: u32 = 7200;

/// An invoice (`lni1…`).
///
/// [`Unsigned`] it cannot be sent; [`Parsed`] it can be looked at, but only a [`Verified`] one has what a payment needs
/// ([`payment`](Invoice::payment)).
#[derive(Clone)]
pub struct Invoice<S: State> {
    pub(super) message: Message,
    proven: S::Proven,
}

/// What a payer has to know: all of it is in a verified invoice.
#[derive(Clone, Copy, Debug)]
pub struct Payment<'a> {
    /// The hash whose preimage is the receipt.
    pub payment_hash: Hash32,
    /// What is to be paid.
    pub amount: Msat,
    /// Who is paid, and signed for it.
    pub node_id: NodeId,
    /// When the invoice was made, in seconds since 1970.
    pub created_at: u64,
    /// Ways for it, at least one, each with a hop at least.
    pub paths: List<'a, Path>,
    /// What each way costs, in their order.
    pub blinded_pay: List<'a, PayInfo>,
}

impl Invoice<Parsed> {
    /// Reads an invoice's text, signed or not.
    ///
    /// # Errors
    /// When it is no invoice, or none for a chain that is accepted.
    pub fn parse(text: &str, accept: impl Into<Accept>) -> Result<Self, Error> {
        Self::from_bytes(text::decode(text, Prefix::Invoice)?, accept)
    }

    /// Reads an invoice's bytes, signed or not.
    ///
    /// # Errors
    /// See [`parse`](Invoice::parse).
    pub fn from_bytes(bytes: Vec<u8>, accept: impl Into<Accept>) -> Result<Self, Error> {
        let tables = [fields::OFFER, fields::REQUEST, fields::INVOICE, fields::SIGNATURE];
        let invoice = Invoice { message: Message::read_signed(bytes, &tables, NODE_ID)?, proven: () };
        accept.into().check(std::iter::once(invoice.chain()))?;
        if let (Some(features), Some(place)) = (invoice.invoice_features(), invoice.message.place(174)) {
            features.check(KNOWN_FEATURES, place)?;
        }
        Ok(invoice)
    }

    /// Is it complete, and signed by the node it names?
    ///
    /// That the right node made it, for the right request, and that it is not expired, is for the payer to see to.
    ///
    /// # Errors
    /// When the signature is missing or wrong, or a field that a payment needs.
    pub fn verify(self) -> Result<Invoice<Verified>, Error> {
        signature::verify(&self.message, *SIGNED, NODE_ID)?;
        self.complete()
    }

    /// Reads the text of an invoice that was [`Verified`] when this program stored it: the signature, which costs more
    /// than all else, is not looked at again.
    ///
    /// # Errors
    /// When the text was changed so that it is no complete invoice any more.
    #[cfg(feature = "node")]
    pub(crate) fn verified_before(text: &str) -> Result<Invoice<Verified>, Error> {
        Self::parse(text, Accept::Any)?.complete()
    }

    /// Does it have all that a payment needs?
    fn complete(self) -> Result<Invoice<Verified>, Error> {
        let missing = |number| Error::Missing(FieldType(number));
        let proven = Payable {
            amount: self.invoice_amount().ok_or(missing(AMOUNT))?,
            created_at: self.invoice_created_at().ok_or(missing(CREATED_AT))?,
            payment_hash: self.invoice_payment_hash().ok_or(missing(PAYMENT_HASH))?,
            node_id: self.invoice_node_id().ok_or(missing(NODE_ID))?,
        };
        self.check_paths()?;
        Ok(Invoice { message: self.message, proven })
    }

    fn check_paths(&self) -> Result<(), Error> {
        let place = self.message.require(PATHS)?;
        let paths = self.invoice_paths().filter(|paths| !paths.is_empty()).ok_or(Error::Missing(place.field))?;
        if paths.into_iter().any(|path| path.hops.is_empty()) {
            return Err(Error::EmptyPath(place));
        }
        let infos = self.invoice_blindedpay().ok_or(Error::Missing(FieldType(BLINDED_PAY)))?.len();
        if paths.len() != infos {
            return Err(Error::BlindedPayCount { paths: paths.len(), infos });
        }
        Ok(())
    }
}

impl<S: State> Invoice<S> {
    invoice_fields!(accessors);
    request_fields!(accessors);
    offer_fields!(accessors);
    signature_field!(accessors);

    /// For how many seconds it is valid, from when it was made.
    pub fn valid_for(&self) -> u32 {
        self.invoice_relative_expiry().unwrap_or(DEFAULT_EXPIRY)
    }

    /// The last second in which it is valid, since 1970; `None` when it does not say when it was made.
    pub fn expires_at(&self) -> Option<u64> {
        Some(self.invoice_created_at()?.saturating_add(self.valid_for().into()))
    }

    /// Is it past its expiry, at this time in seconds since 1970?
    pub fn is_expired(&self, now: u64) -> bool {
        self.expires_at().is_some_and(|expiry| now > expiry)
    }

    record_accessors!();
}

signed_message!(
    Invoice,
    Prefix::Invoice,
    *SIGNED,
    /// The text without a signature, as the command `createinvoice` takes it to sign; it adds a path when there is none.
);

impl<S: State> Invoice<S> {
    /// To go on making it, or to sign it anew.
    pub fn into_builder(self) -> InvoiceBuilder {
        InvoiceBuilder { draft: Draft::mirror(&self.message, &[(0, u64::MAX)]) }
    }
}

impl Invoice<Verified> {
    /// What a payment needs.
    pub fn payment(&self) -> Payment<'_> {
        let Payable { payment_hash, amount, created_at, node_id } = self.proven;
        // Both lists are there: `verify` has counted them.
        let paths = self.invoice_paths().unwrap_or_default();
        let blinded_pay = self.invoice_blindedpay().unwrap_or_default();
        Payment { payment_hash, amount, node_id, created_at, paths, blinded_pay }
    }
}

/// Makes an [`Invoice`].
#[derive(Clone)]
#[must_use = "an invoice is made by `build`"]
pub struct InvoiceBuilder {
    draft: Draft,
}

impl InvoiceBuilder {
    pub(super) fn new(draft: Draft, payment_hash: Hash32, amount: Msat, created_at: u64, node_id: NodeId) -> Self {
        InvoiceBuilder { draft }
            .invoice_created_at(created_at)
            .invoice_payment_hash(payment_hash)
            .invoice_amount(amount)
            .invoice_node_id(node_id)
    }

    invoice_fields!(setters);
    unknown_setter!("invoice", INVOICE_RANGES);

    /// The invoice, to be signed.
    ///
    /// # Errors
    /// When it breaks a rule that readers check.
    pub fn build(mut self) -> Result<Invoice<Unsigned>, Error> {
        self.draft.remove(SIGNATURE);
        let invoice = Invoice::from_bytes(self.draft.into_bytes()?, Accept::Any)?;
        Ok(Invoice { message: invoice.message, proven: () })
    }
}

impl fmt::Debug for InvoiceBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.draft.show("InvoiceBuilder", f)
    }
}
