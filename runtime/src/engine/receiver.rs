//! The payee's side of being paid, for a node that settles its own HTLCs.
//!
//! ```text
//! HTLCs arrive ──checks──▶ Accepted ──▶ show the preimage ──┬─ fulfilled ─▶ Paid
//!      │                     ▲  ▲                           └─ gone ──────▶ Unpaid
//!      ▼                     │  └── restart: `settle_all`
//!  failed back ◀── no such invoice, expired, too little
//! ```
//!
//! The preimage leaves only for an invoice that the store has bound to these very HTLCs, so an invoice is paid once,
//! and one that is being paid neither expires nor is freed.

use super::model::{HtlcSet, Receipt};
use super::ports::{Acceptance, Fulfilment, ReceiverPorts, StoreError};
use crate::bolt12::secrets::PathUse;

/// What became of HTLCs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// They have paid their invoice.
    Paid(Receipt),
    /// They went back to the payer.
    Failed(&'static str),
    /// The payer had them back before the preimage was shown.
    Gone,
}

/// Takes HTLCs that have arrived, or gives them back. Doing it again is harmless.
///
/// # Errors
/// When the store or the ledger failed: to be done again.
pub async fn settle<P: ReceiverPorts>(ports: &P, set: &HtlcSet) -> Result<Settlement, StoreError> {
    let expected = ports.path_secret(PathUse::Invoice, &set.payment_hash);
    if set.path_secret.as_ref() != Some(&expected) {
        return refuse(ports, set, "the payment did not come by the invoice's path").await;
    }
    let preimage = match ports.accept_htlcs(set, ports.now()).await? {
        Acceptance::Accepted(preimage) => preimage,
        Acceptance::Refused(why) => return refuse(ports, set, why).await,
    };
    match ports.fulfil(set, &preimage).await? {
        Fulfilment::Fulfilled => {
            let receipt = ports.mark_paid(set.payment_hash, set.id, set.amount, ports.now()).await?;
            Ok(Settlement::Paid(receipt))
        }
        Fulfilment::Gone => {
            ports.release_htlcs(set.payment_hash, set.id).await?;
            Ok(Settlement::Gone)
        }
    }
}

/// Settles all that waits: at the start, before any invoice is let expire, and as often as one likes. A payment whose
/// settling fails holds up no other one.
///
/// # Errors
/// The first failure of the store or the ledger, when all have been tried: to be done again.
pub async fn settle_all<P: ReceiverPorts>(ports: &P) -> Result<Vec<Settlement>, StoreError> {
    let mut ended = Vec::new();
    for set in ports.offered().await? {
        ended.push(settle(ports, &set).await);
    }
    ended.into_iter().collect()
}

async fn refuse<P: ReceiverPorts>(ports: &P, set: &HtlcSet, why: &'static str) -> Result<Settlement, StoreError> {
    ports.fail(set, why).await?;
    Ok(Settlement::Failed(why))
}
