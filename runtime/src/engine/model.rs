//! What is remembered about requests, payments and invoices.

use std::fmt;

use bitcoin::hashes::{Hash as _, sha256};
use cln_primitives::{Hash32, Msat, Secret};

use crate::bolt12::{Invoice, Unsigned, Verified};

/// The payer's memory of a request that it has published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRecord {
    /// The request's id, by which its invoices are known.
    pub invreq_id: Hash32,
    /// The signed request, `lnr1…`.
    pub bolt12: String,
    /// What the payer calls it; several requests may have one label.
    pub label: Option<String>,
    /// Whether it may be paid, and has been.
    pub status: RequestStatus,
    /// The least that an invoice may ask for, when the payer takes less than the request's amount.
    pub min_amount: Option<Msat>,
    /// When it was made, in seconds since 1970.
    pub created_at: u64,
}

/// The seven states of a published request, numbered as Core Lightning stores them: 1 active, 2 single-use, 4 used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RequestStatus {
    /// Multi-use, disabled before anybody was paid.
    MultiUseDisabled = 0,
    /// Multi-use, nobody was paid yet.
    MultiUse = 1,
    /// Single-use, disabled before anybody was paid.
    SingleUseDisabled = 2,
    /// Single-use, nobody was paid yet.
    SingleUse = 3,
    /// Multi-use, disabled after somebody was paid.
    MultiUseUsedDisabled = 4,
    /// Multi-use, somebody was paid.
    MultiUseUsed = 5,
    /// Single-use, and paid: nobody is paid for it again.
    SingleUseUsed = 6,
}

impl RequestStatus {
    /// All of them.
    pub const ALL: [RequestStatus; 7] = [
        Self::MultiUseDisabled,
        Self::MultiUse,
        Self::SingleUseDisabled,
        Self::SingleUse,
        Self::MultiUseUsedDisabled,
        Self::MultiUseUsed,
        Self::SingleUseUsed,
    ];

    /// The state of a new request.
    pub fn new(single_use: bool) -> Self {
        if single_use { Self::SingleUse } else { Self::MultiUse }
    }

    /// The state's number; `None` for one that is not legal.
    pub fn from_bits(bits: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.bits() == bits)
    }

    /// Its number.
    pub fn bits(self) -> u8 {
        self as u8
    }

    /// May an invoice for it be paid?
    pub fn is_active(self) -> bool {
        self.bits() & 1 != 0
    }

    /// May it be paid once only?
    pub fn is_single_use(self) -> bool {
        self.bits() & 2 != 0
    }

    /// Has it been paid?
    pub fn is_used(self) -> bool {
        self.bits() & 4 != 0
    }

    /// The state once it is disabled; `None` when it is not active.
    pub fn disabled(self) -> Option<Self> {
        match self {
            Self::MultiUse => Some(Self::MultiUseDisabled),
            Self::SingleUse => Some(Self::SingleUseDisabled),
            Self::MultiUseUsed => Some(Self::MultiUseUsedDisabled),
            _ => None,
        }
    }

    /// The state once a payment for it is complete. A payment that was under way when the request was disabled
    /// counts too.
    pub fn paid(self) -> Self {
        match self {
            Self::MultiUse | Self::MultiUseUsed => Self::MultiUseUsed,
            Self::MultiUseDisabled | Self::MultiUseUsedDisabled => Self::MultiUseUsedDisabled,
            Self::SingleUse | Self::SingleUseDisabled | Self::SingleUseUsed => Self::SingleUseUsed,
        }
    }
}

/// The right to pay one invoice for a request. A single-use request has at most one that has not failed.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The request.
    pub invreq_id: Hash32,
    /// The invoice.
    pub invoice: Invoice<Verified>,
    /// Where the payee hears of a refusal: where its latest message said that wanted an answer.
    pub reply_path: Option<ReplyPath>,
    /// How far the payment is.
    pub state: ClaimState,
    /// When it was made, in seconds since 1970.
    pub created_at: u64,
}

impl Claim {
    /// The hash by which the payment is known.
    pub fn payment_hash(&self) -> Hash32 {
        self.invoice.payment().payment_hash
    }
}

/// How far a claim's payment is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimState {
    /// It may be under way.
    Pending,
    /// The payee has been paid; the preimage is the receipt.
    Complete(Secret),
    /// For certain nothing was paid. The reason is in the wallet's words.
    Failed(String),
}

/// Where a message's answer goes, in the form of whoever carries messages: a blinded path, or a neighbour's name.
///
/// Whoever knows it can answer in the payer's place, so it is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct ReplyPath(pub Vec<u8>);

impl fmt::Debug for ReplyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplyPath(…)")
    }
}

/// An invoice to be signed and stored by the payee.
#[derive(Clone, Debug)]
pub struct NewInvoice {
    /// What the payee calls it; no two of its invoices have the same label.
    pub label: String,
    /// The invoice, without paths when the store is to add the node's own.
    pub invoice: Invoice<Unsigned>,
    /// Whose hash the invoice has.
    pub preimage: Secret,
}

/// The payee's memory of an invoice.
#[derive(Clone, Debug)]
pub struct InvoiceRecord {
    /// What the payee calls it.
    pub label: String,
    /// The signed invoice.
    pub invoice: Invoice<Verified>,
    /// How often the invoice may have been handed to somebody.
    pub attempts: u32,
    /// How far it is.
    pub state: InvoiceState,
    /// Its number among all invoices made, from 1.
    pub created_index: u64,
    /// The number of its last change among all changes, from 1; `None` when it has not changed.
    pub updated_index: Option<u64>,
}

impl InvoiceRecord {
    /// The request's id, which the invoice repeats.
    pub fn invreq_id(&self) -> Hash32 {
        self.invoice.invreq_id()
    }

    /// The hash by which the payment is known.
    pub fn payment_hash(&self) -> Hash32 {
        self.invoice.payment().payment_hash
    }

    /// What is asked for.
    pub fn amount(&self) -> Msat {
        self.invoice.payment().amount
    }

    /// The last second in which it can be paid, since 1970.
    pub fn expires_at(&self) -> u64 {
        // A verified invoice says when it was made.
        self.invoice.expires_at().unwrap_or(u64::MAX)
    }

    /// How it was paid; `None` when it is not.
    pub fn receipt(&self) -> Option<&Receipt> {
        match &self.state {
            InvoiceState::Paid(receipt) => Some(receipt),
            _ => None,
        }
    }
}

/// How far an invoice is.
///
/// ```text
///            accept               fulfilled
/// Unpaid ─────────────▶ Accepted ───────────▶ Paid
///   │  ◀───────────────    │
///   │    HTLCs are gone
///   ├──── expiry ─────▶ Expired
///   └──── freed ──────▶ (no row)
/// ```
///
/// Between `Accepted` and `Paid` the preimage may be out: such an invoice neither expires nor is freed. A daemon that
/// settles HTLCs by itself does not tell that it is at it: there, an invoice is `Unpaid` until it is `Paid`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvoiceState {
    /// Waiting for its payment.
    Unpaid,
    /// HTLCs are taken for it: the preimage is being given for [them](AcceptedHtlcs).
    Accepted,
    /// Paid.
    Paid(Receipt),
    /// Its time is over, and it was not paid.
    Expired,
}

/// When and how much an invoice was paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The preimage of the invoice's payment hash, which the payer has for the money.
    pub preimage: Secret,
    /// The payment's number among all that were received, from 1.
    pub pay_index: u64,
    /// What was received.
    pub amount_received: Msat,
    /// When, in seconds since 1970.
    pub paid_at: u64,
}

/// Names the HTLCs by which one attempt pays an invoice. Another attempt has another name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HtlcSetId(pub u64);

impl fmt::Display for HtlcSetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// All parts of a payment that has arrived at the payee and is locked by its hash.
#[derive(Clone, Debug)]
pub struct HtlcSet {
    /// Its name.
    pub id: HtlcSetId,
    /// The hash that locks it.
    pub payment_hash: Hash32,
    /// The sum of its parts.
    pub amount: Msat,
    /// What the invoice's path carried for the payee.
    pub path_secret: Option<Secret>,
}

/// HTLCs that an [accepted](InvoiceState::Accepted) invoice is bound to.
#[derive(Clone, Debug)]
pub struct AcceptedHtlcs {
    /// Their name.
    pub id: HtlcSetId,
    /// The invoice's payment hash, which locks them.
    pub payment_hash: Hash32,
    /// What the invoice asks for.
    pub amount: Msat,
    /// By which they are fulfilled.
    pub preimage: Secret,
}

/// The hash of a preimage, which locks its payment.
pub fn payment_hash(preimage: &Secret) -> Hash32 {
    Hash32::from_bytes(sha256::Hash::hash(preimage.reveal()).to_byte_array())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_one_of_seven() {
        let legal: Vec<u8> = (0..=255).filter(|&bits| RequestStatus::from_bits(bits).is_some()).collect();
        assert_eq!(legal, [0, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn a_reply_path_is_not_shown() {
        assert_eq!(format!("{:?}", ReplyPath(vec![65; 32])), "ReplyPath(…)");
    }

    #[test]
    fn disabling_and_paying_change_only_their_own_bits() {
        for status in RequestStatus::ALL {
            if let Some(disabled) = status.disabled() {
                assert_eq!(disabled.bits(), status.bits() & !1);
            }
            assert_eq!(status.disabled().is_some(), status.is_active());
            let paid = status.paid();
            assert!(paid.is_used());
            assert_eq!(paid.is_single_use(), status.is_single_use());
            assert_eq!(paid.is_active(), status.is_active() && !status.is_single_use());
        }
    }
}
