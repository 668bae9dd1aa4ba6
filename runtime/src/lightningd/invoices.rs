//! The payee's invoices in the node's own table: `createinvoice`, `listinvoices`, `waitinvoice`, `delinvoice`.
//!
//! * `createinvoice` is never repeated after a lost answer: the label is looked under first. A row that comes later still
//!   holds the label, so that no second one is made. Each order has a preimage of its own, as lightningd dies of a
//!   payment hash that it has already.
//! * The node's table does not count attempts. An invoice that was not made by this value, in the call that is going on,
//!   counts as attempted before: a crash may have come just behind `injectonionmessage`.
//! * `delinvoice` names the status that it expects. An invoice whose HTLCs have arrived is `unpaid` until the hook
//!   `invoice_payment` is through; deleted before that, the HTLCs go back to the payer. After it the row is `paid`, and
//!   the deletion fails (906). So money and row never part.
//! * `delinvoice` knows labels only. Calls of one value take turns, so that each deletes what it has looked at. Between
//!   the look and the deletion another *process* may have put a newer invoice there, which is deleted in its place: it
//!   cannot be paid then, and is to be sent again.
//! * Likewise another process may hand over the very invoice that was made here. When this value's only attempt at it
//!   fails, the invoice is deleted all the same, and what the payer sends for it goes back.
//! * A label that holds a BOLT 11 invoice, or one that this node's key has not signed, has no [`InvoiceRecord`]: it is
//!   [`LabelError::OtherInvoice`], and not [`Creation::LabelTaken`].

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cln_api::shared::InvoiceStatus;
use cln_api::{createinvoice, delinvoice, listinvoices, waitinvoice};
use cln_primitives::{Hash32, NodeId};
use futures_util::future::select;

use super::daemon::{Daemon, Failure};
use super::row::{self, GRACE, LOOKING, is_gone};
use crate::bolt12::{Invoice, Unsigned};
use crate::engine::turns::Turns;
use crate::engine::{
    Clock, Creation, Free, InvoiceRecord, InvoiceState, InvoiceStore, LabelError, NewInvoice, StoreError, payment_hash,
};

/// How often `createinvoice` is tried while the label changes hands.
const TRIES: usize = 5;
/// How long the node is left alone that has lost a wait, or ended it without a reason.
const PAUSE: Duration = Duration::from_secs(1);
/// How much later than the invoice its row may expire: the node makes it after all others were looked through.
const MOST_LATE: Duration = Duration::from_secs(60);

/// [`InvoiceStore`] over a node.
#[derive(Clone, Debug)]
pub struct Invoices<D, C> {
    daemon: D,
    node_id: NodeId,
    clock: C,
    look_at_other_labels: bool,
    /// The payment hashes of invoices that were made here, and handed over by nobody but who made them.
    first_attempts: Arc<Mutex<HashSet<Hash32>>>,
    /// Who makes an invoice for which request. Taken before the label's turn, never behind it.
    request_turns: Turns<Hash32>,
    /// Who makes or deletes the invoice under which label.
    turns: Turns<String>,
}

impl<D: Daemon, C: Clock> Invoices<D, C> {
    /// The invoices of the node with this id.
    pub fn new(daemon: D, node_id: NodeId, clock: C) -> Self {
        Invoices {
            daemon,
            node_id,
            clock,
            look_at_other_labels: true,
            first_attempts: Arc::default(),
            request_turns: Turns::default(),
            turns: Turns::default(),
        }
    }

    /// The node that is paid.
    pub fn node_id(&self) -> NodeId {
        self.node_id
    }

    /// Whether to see, before an invoice is made, that no other label has an unpaid one for the same request. This reads
    /// all of the node's invoices, in pages. Default: true.
    #[must_use]
    pub fn look_at_other_labels(mut self, look: bool) -> Self {
        self.look_at_other_labels = look;
        self
    }

    async fn find(&self, label: &str, payment_hash: Hash32) -> Result<Option<InvoiceRecord>, StoreError> {
        match self.invoice(label).await {
            Ok(found) => Ok(found.filter(|record| record.payment_hash() == payment_hash)),
            Err(LabelError::OtherInvoice(_)) => Ok(None),
            Err(LabelError::Store(error)) => Err(error),
        }
    }

    async fn check_other_labels(&self, label: &str, invreq_id: Hash32) -> Result<(), StoreError> {
        let doing = "looking for other invoices for the request";
        let page = |request| async move { self.daemon.call(&request).await };
        let other = row::open_under_another_label(page, label, invreq_id).await.map_err(failed(doing))?;
        let Some(listinvoices::Invoice { label, expires_at, .. }) = other else { return Ok(()) };
        let why = format!(
            "the label {label:?} has an unpaid invoice for it: use that label, delete that invoice, or wait until it \
             expires (UNIX time {expires_at})"
        );
        Err(StoreError { doing, why })
    }

    /// What the node has made is what it was given, with the node's path and signature.
    async fn created(
        &self,
        label: String,
        ordered: &Invoice<Unsigned>,
        bolt12: Option<&str>,
        created_index: u64,
    ) -> Result<Creation, StoreError> {
        match row::signed(bolt12, ordered, self.node_id) {
            Ok(invoice) => {
                let state = InvoiceState::Unpaid;
                let record = InvoiceRecord { label, invoice, attempts: 1, state, created_index, updated_index: None };
                self.first_attempts().insert(record.payment_hash());
                Ok(Creation::Created(record))
            }
            Err(why) => {
                // Nobody has it, and nobody is to get it. Should it stay, it expires.
                let deleted = self.daemon.call(&delinvoice::Request::new(&*label, InvoiceStatus::Unpaid)).await;
                if let Err(error) = deleted {
                    tracing::warn!(%error, label, "an invoice that the node made otherwise than ordered stays");
                }
                Err(StoreError { doing: CREATING, why: format!("the node made another invoice than ordered: {why}") })
            }
        }
    }

    /// The answer of `createinvoice` was lost.
    async fn perhaps_created(
        &self,
        label: String,
        ordered: &Invoice<Unsigned>,
        payment_hash: Hash32,
        lost: String,
    ) -> Result<Creation, LabelError> {
        match self.invoice(&label).await? {
            Some(found) if found.payment_hash() == payment_hash => {
                let bolt12 = found.invoice.to_string();
                Ok(self.created(label, ordered, Some(&bolt12), found.created_index).await?)
            }
            Some(found) => Ok(Creation::LabelTaken(found)),
            None => {
                let why = format!("{lost}; it may be there later: call again with the same label");
                Err(StoreError { doing: CREATING, why }.into())
            }
        }
    }

    /// Deletes the label's invoice if it still has this status. `false` when the node does not give it up.
    async fn delete(&self, label: &str, status: InvoiceStatus) -> Result<bool, StoreError> {
        match self.daemon.call(&delinvoice::Request::new(label, status)).await {
            // Somebody was faster, or it is not known: the table tells.
            Ok(_)
            | Err(Failure::Refused(
                delinvoice::Error::InvoiceNotFound(_) | delinvoice::Error::InvoiceStatusUnexpected(_),
            ))
            | Err(Failure::Lost(_)) => Ok(true),
            Err(Failure::Refused(delinvoice::Error::Lightningd(error))) => {
                tracing::info!(%error, label, "the node does not give an unpaid invoice up");
                Ok(false)
            }
            Err(failure) => Err(failed("deleting an invoice")(failure)),
        }
    }

    fn first_attempts(&self) -> MutexGuard<'_, HashSet<Hash32>> {
        self.first_attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const CREATING: &str = "creating an invoice";

impl<D: Daemon, C: Clock> InvoiceStore for Invoices<D, C> {
    async fn create_invoice(&self, new: NewInvoice) -> Result<Creation, LabelError> {
        let NewInvoice { label, invoice, preimage } = new;
        // The look at other labels and the creation are one step: two labels at once would both see none.
        let _request_turn = self.request_turns.take(invoice.invreq_id()).await;
        let _turn = self.turns.take(label.clone()).await;
        if self.look_at_other_labels {
            self.check_other_labels(&label, invoice.invreq_id()).await?;
        }
        let request = createinvoice::Request::new(invoice.unsigned_text(), &*label, preimage.reveal_hex());
        for _ in 0..TRIES {
            match self.daemon.call(&request).await {
                Ok(made) => {
                    return Ok(self.created(label, &invoice, made.bolt12.as_deref(), made.created_index).await?);
                }
                Err(Failure::Lost(why)) => {
                    return self.perhaps_created(label, &invoice, payment_hash(&preimage), why).await;
                }
                // The label was looked at before anything was stored, so the same may be asked for again.
                Err(Failure::Refused(createinvoice::Error::InvoiceLabelAlreadyExists(_))) => {}
                Err(failure) => return Err(failed(CREATING)(failure).into()),
            }
            match self.invoice(&label).await? {
                Some(found) if found.state != InvoiceState::Expired || found.invreq_id() != invoice.invreq_id() => {
                    return Ok(Creation::LabelTaken(found));
                }
                Some(_) => drop(self.delete(&label, InvoiceStatus::Expired).await?),
                None => {}
            }
        }
        let why = format!("the invoice under the label {label:?} keeps changing: stop what else works on this label");
        Err(StoreError { doing: CREATING, why }.into())
    }

    async fn invoice(&self, label: &str) -> Result<Option<InvoiceRecord>, LabelError> {
        let listed = self.daemon.call(&listinvoices::Request::new().label(label)).await.map_err(failed(LOOKING))?;
        let Some(invoice) = listed.invoices.into_iter().next() else { return Ok(None) };
        row::read(invoice, self.node_id).map(Some)
    }

    async fn attempt_again(&self, label: &str, payment_hash: Hash32) -> Result<Option<InvoiceRecord>, StoreError> {
        // Whoever frees the label meanwhile is to know of this attempt, or to be through before it.
        let _turn = self.turns.take(label.to_owned()).await;
        self.first_attempts().remove(&payment_hash);
        self.find(label, payment_hash).await
    }

    async fn free_label(
        &self,
        label: &str,
        payment_hash: Hash32,
        why: Free,
    ) -> Result<Option<InvoiceRecord>, StoreError> {
        let _turn = self.turns.take(label.to_owned()).await;
        let only_attempt = self.first_attempts().remove(&payment_hash);
        let Some(found) = self.find(label, payment_hash).await? else { return Ok(None) };
        if found.state != InvoiceState::Unpaid || why == Free::NeverDelivered && !only_attempt {
            return Ok(Some(found));
        }
        let given_up = self.delete(label, InvoiceStatus::Unpaid).await?;
        let kept = self.find(label, payment_hash).await?;
        Ok(match kept {
            // A node refuses to delete what it is being paid by at that moment.
            Some(kept) if !given_up && kept.state == InvoiceState::Unpaid => {
                Some(InvoiceRecord { state: InvoiceState::Accepted, ..kept })
            }
            Some(kept) if kept.state == InvoiceState::Unpaid => {
                let why = format!("the invoice under the label {label:?} may still go: call again");
                return Err(StoreError { doing: "deleting an invoice", why });
            }
            kept => kept,
        })
    }

    async fn wait_invoice(&self, label: &str, payment_hash: Hash32) -> Result<Option<InvoiceRecord>, StoreError> {
        // Whoever waits has handed it over, perhaps.
        self.first_attempts().remove(&payment_hash);
        let told = match self.daemon.call(&waitinvoice::Request::new(label)).await {
            Ok(_) | Err(Failure::Refused(waitinvoice::Error::InvoiceExpiredDuringWait(_))) => true,
            Err(Failure::Refused(error)) if is_gone(&error) => false,
            // The node is gone, and may be back at once.
            Err(Failure::Lost(_) | Failure::NotCalled(_)) => false,
            Err(failure) => return Err(failed("waiting for a payment")(failure)),
        };
        let found = self.find(label, payment_hash).await;
        if !told && !matches!(&found, Ok(None)) {
            self.clock.sleep(PAUSE).await;
            return self.find(label, payment_hash).await;
        }
        found
    }

    async fn expire_invoice(
        &self,
        label: &str,
        payment_hash: Hash32,
        now: u64,
    ) -> Result<Option<InvoiceRecord>, StoreError> {
        // The node counts from when it made the invoice, which may be well after the invoice was ordered.
        let listed = self.daemon.call(&listinvoices::Request::new().label(label)).await;
        let listed = listed.map_err(failed(LOOKING))?.invoices;
        let Some(row) = listed.iter().find(|row| row.payment_hash == payment_hash) else { return Ok(None) };
        let left = Duration::from_secs(row.expires_at.saturating_sub(now)).min(MOST_LATE);
        let request = waitinvoice::Request::new(label);
        let wait = std::pin::pin!(self.daemon.call(&request));
        let grace = std::pin::pin!(self.clock.sleep(left + GRACE));
        drop(select(wait, grace).await);
        match self.find(label, payment_hash).await? {
            Some(found) if found.state == InvoiceState::Unpaid => {
                let why = format!(
                    "the invoice under the label {label:?} is past its time here, but not for the node: set both clocks \
                     right, or call again later"
                );
                Err(StoreError { doing: "waiting for an invoice's expiry", why })
            }
            found => Ok(found),
        }
    }
}

fn failed<E: std::fmt::Display>(doing: &'static str) -> impl FnOnce(Failure<E>) -> StoreError {
    move |failure| StoreError { doing, why: failure.to_string() }
}
