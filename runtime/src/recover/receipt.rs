//! The proof that a request was paid.

use bitcoin::hashes::{Hash as _, sha256};
use cln_primitives::{Hash32, Msat, Secret};
use serde::{Deserialize, Serialize};

use super::claim::Claim;
use super::error::{Error, ReceiptFault};
use super::row::Row;
use super::sending::Sending;

/// The proof that an invoice was paid: the preimage hashes to the payment hash, and no less came in than was asked for.
///
/// Written as JSON it holds the preimage; `Debug` does not show it. What is read back from JSON is not checked again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Receipt {
    /// The label that it was collected under.
    pub label: String,
    /// The request that was paid.
    pub invreq_id: Hash32,
    /// The invoice that was paid, `lni1…`.
    pub bolt12: String,
    /// Its payment hash.
    pub payment_hash: Hash32,
    /// What the payer got for its payment, as you did.
    pub preimage: Secret,
    /// What came in, in millisatoshi.
    pub amount_msat: Msat,
    /// When it came in, in seconds since 1970.
    pub paid_at: u64,
    /// How the call sends that gave this receipt. When it found the invoice there already, an earlier call may have sent
    /// it the other way: the node does not keep how. `None` in receipts written before there was a choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sending: Option<Sending>,
}

/// What the node tells of a payment that came in.
#[derive(Debug)]
pub(super) struct Payment {
    pub(super) preimage: Secret,
    pub(super) received: Msat,
    pub(super) paid_at: u64,
}

impl Receipt {
    /// Checks what the node gives as a proof.
    pub(super) fn check(claim: &Claim, row: Row, payment: Payment) -> Result<Self, Error> {
        let Row { label, payment_hash, bolt12, .. } = row;
        let Payment { preimage, received, paid_at } = payment;
        let Some(bolt12) = bolt12.filter(|bolt12| claim.is_answered_by(bolt12, &payment_hash)) else {
            return Err(Error::NoReceipt { label, fault: ReceiptFault::OtherInvoice });
        };
        if Hash32::from(sha256::Hash::hash(preimage.reveal())) != payment_hash {
            return Err(Error::NoReceipt { label, fault: ReceiptFault::Preimage });
        }
        if received < claim.amount {
            return Err(Error::NoReceipt { label, fault: ReceiptFault::Amount { received, asked: claim.amount } });
        }
        Ok(Receipt {
            label,
            invreq_id: claim.invreq_id,
            bolt12,
            payment_hash,
            preimage,
            amount_msat: received,
            paid_at,
            sending: None,
        })
    }
}
