//! `collect`: to be paid by a request, once.

use cln_api::shared::InvoiceStatus;
use cln_primitives::HexBytes;

use super::Recover;
use super::claim::{Claim, CollectSpec};
use super::error::Error;
use super::receipt::Receipt;
use super::send::{Sent, send};
use super::sending::Way;
use super::table::{Found, Waited, check_other_labels, delete, find, now, wait, withdraw};
use super::turns::Turn;
use crate::bolt12::FieldType;

/// How often the label is looked at before the call gives up. A quiet label needs five looks at most.
const LOOKS: usize = 20;

/// What became of a collection.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
#[non_exhaustive]
pub enum Collected {
    /// It is paid. Every later call with the label gives the same receipt.
    Paid(Receipt),
    /// The payer refused, or could not pay. The invoice was withdrawn, and the next call sends another: do so when the
    /// reason is gone.
    Refused {
        /// What the payer says.
        reason: String,
        /// The field that the payer objects to. Core Lightning never tells one.
        erroneous_field: Option<FieldType>,
        /// What the payer would take there, as the field's bytes.
        suggested_value: Option<HexBytes>,
    },
    /// The payer could not be reached. The invoice was withdrawn, and the next call sends another.
    Unreachable {
        /// What stood in the way.
        reason: String,
    },
    /// The payer neither paid nor refused in time.
    TimedOut {
        /// Until when the invoice may still be paid, in seconds since 1970: the next call goes on waiting for it.
        /// `None` when it cannot be paid any more: the next call sends another.
        may_still_be_paid_until: Option<u64>,
    },
    /// The request is past the time that its issuer set, and nothing was sent.
    Expired {
        /// The last second in which it was valid, since 1970.
        at: u64,
    },
}

impl Recover {
    /// Is paid by a request (`lnr1…`) of another node, once: sends an invoice under this label and gives the receipt.
    ///
    /// Call it again with the same request and label after any end, be it a crash. It gives the receipt of a paid
    /// invoice, waits for one that the payer may have, and sends another only when none is left that could be paid.
    /// See [the states](super#collect) for every case. One call takes about twice the spec's `timeout` at most, unless
    /// others collect by the same request.
    ///
    /// # Errors
    /// When the request cannot be used, the label or the request is in other use, or the node fails or is lost.
    pub async fn collect(&self, spec: impl Into<CollectSpec>, label: &str) -> Result<Collected, Error> {
        let (spec, client) = (spec.into(), &self.client);
        let claim = Claim::read(&spec)?;
        let _turn = self.turns.take(Turn::Request(claim.invreq_id)).await;
        let way = self.way(&spec, &claim).await?;
        // How the sending of this call's own invoice ended. There is one at most.
        let mut sent = None;
        let paid = |receipt| Ok(Collected::Paid(Receipt { sending: Some(way.sending()), ..receipt }));
        for _ in 0..LOOKS {
            match (find(client, &claim, label).await?, sent.take()) {
                (Found::Paid(receipt), _) => return paid(receipt),

                (Found::Nothing | Found::Expired, Some(Sent::Dead(end))) => return end,
                (Found::Nothing, Some(Sent::Open(Some(lost)))) => return Err(lost),
                (Found::Nothing | Found::Expired, Some(Sent::Open(_))) => {
                    return Ok(Collected::TimedOut { may_still_be_paid_until: None });
                }

                (Found::Nothing, _) => {
                    if let Some(at) = expired(&claim) {
                        return Ok(Collected::Expired { at });
                    }
                    if spec.look_at_other_labels {
                        check_other_labels(client, &claim, label).await?;
                    }
                    let end = match &way {
                        Way::SendInvoice => send(client, &claim, label, spec.timeout).await?,
                        #[cfg(feature = "onion")]
                        Way::Direct(payee) => super::direct::send(payee, &claim, label, spec.timeout).await?,
                    };
                    match end {
                        Sent::Paid(receipt) => return paid(receipt),
                        end => sent = Some(end),
                    }
                }
                (Found::Expired, _) => {
                    if let Some(at) = expired(&claim) {
                        return Ok(Collected::Expired { at });
                    }
                    delete(client, label, InvoiceStatus::Expired).await?;
                }

                // Sent directly, what was of no use is deleted by now: this one is somebody else's, and waited for.
                (Found::Unpaid { .. }, Some(dead @ Sent::Dead(_))) if matches!(way, Way::SendInvoice) => {
                    let withdrawn = withdraw(client, label).await?;
                    sent = Some(if withdrawn { dead } else { Sent::Open(None) });
                }
                (Found::Unpaid { until }, end) => match wait(client, &claim, label, until, spec.timeout).await? {
                    Waited::Paid(receipt) => return paid(receipt),
                    Waited::Over => sent = end,
                    Waited::StillUnpaid => {
                        return Ok(Collected::TimedOut { may_still_be_paid_until: Some(until) });
                    }
                },
            }
        }
        Err(Error::Unsettled { label: label.to_owned() })
    }
}

/// When the request expired, if it has.
fn expired(claim: &Claim) -> Option<u64> {
    claim.request.offer_absolute_expiry().filter(|_| claim.request.is_expired(now()))
}
