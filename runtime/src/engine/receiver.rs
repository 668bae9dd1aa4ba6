//! The payee's side of being paid, for a node that settles its own HTLCs.
//!
//! ```text
//! HTLCs arrive ──checks──▶ Accepted ──▶ show the preimage ──┬─ fulfilled ─▶ Paid
//!      │                     ▲  ▲                           └─ gone ──────▶ Unpaid
//!      ▼                     │  └── restart: `settle_all`
//!  failed back ◀── no such invoice, expired, too little
//! ```
//!
//! An `Accepted` invoice whose HTLCs the payer has back is found by `settle_all` too: no HTLCs are left that would lead
//! to it.
//!
//! The preimage leaves only for an invoice that the store has bound to these very HTLCs, so an invoice is paid once,
//! and one that is being paid neither expires nor is freed.

use super::model::{AcceptedHtlcs, HtlcSet, Receipt};
use super::ports::{Acceptance, Fulfilment, ReceiverPorts, StoreError};
use crate::bolt12::secrets::PathUse;

/// What became of HTLCs.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    let bound = ports.accepted().await?;
    let mut ended = Vec::new();
    let offered = ports.offered().await?;
    for set in &offered {
        ended.push(settle(ports, set).await);
    }
    for htlcs in bound {
        if offered.iter().all(|set| set.id != htlcs.id) {
            ended.extend(release(ports, htlcs).await.transpose());
        }
    }
    ended.into_iter().collect()
}

/// Lets an invoice go that was bound to HTLCs just before a crash, when the payer has them back since. Only the ledger
/// can tell; should it have them still, they are among the offered ones next time.
async fn release<P: ReceiverPorts>(ports: &P, htlcs: AcceptedHtlcs) -> Result<Option<Settlement>, StoreError> {
    let AcceptedHtlcs { id, payment_hash, amount, preimage } = htlcs;
    let set = HtlcSet { id, payment_hash, amount, path_secret: None };
    match ports.fulfil(&set, &preimage).await? {
        Fulfilment::Fulfilled => Ok(None),
        Fulfilment::Gone => {
            ports.release_htlcs(payment_hash, id).await?;
            Ok(Some(Settlement::Gone))
        }
    }
}

async fn refuse<P: ReceiverPorts>(ports: &P, set: &HtlcSet, why: &'static str) -> Result<Settlement, StoreError> {
    ports.fail(set, why).await?;
    Ok(Settlement::Failed(why))
}
