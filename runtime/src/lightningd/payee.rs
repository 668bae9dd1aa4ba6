//! The payee's ports on a real node.

use std::time::Duration;

use cln_primitives::{Hash32, NodeId};

use super::courier::Courier;
use super::daemon::Daemon;
use super::invoices::Invoices;
use crate::bolt12::{Chain, Invoice, InvoiceError, InvoiceRequest, Verified};
use crate::engine::{
    self, Clock, Creation, Free, InvoiceRecord, InvoiceStore, LabelError, NewInvoice, NodeIdentity, Random, ReplyPath,
    SendError, StoreError,
};
use crate::onion::{Replies, Reply};

/// [`PayeePorts`](engine::PayeePorts) over a node: it keeps and signs the invoices, carries them and is paid. A clone is
/// the same payee's.
#[derive(Clone, Debug)]
pub struct Payee<D, R> {
    chain: Chain,
    invoices: Invoices<D, R>,
    courier: Courier<D, R>,
    surroundings: R,
}

impl<D: Daemon, R: Clock + Random + Clone> Payee<D, R> {
    /// The payee that the node with this id, on this chain, is; `surroundings` have the time and randomness.
    pub fn new(daemon: D, node_id: NodeId, chain: Chain, surroundings: R) -> Self {
        Payee {
            chain,
            invoices: Invoices::new(daemon.clone(), node_id, surroundings.clone()),
            courier: Courier::new(daemon, node_id, surroundings.clone()),
            surroundings,
        }
    }

    /// Whether to see, before an invoice is made, that no other label has an unpaid one for the same request. This reads
    /// all of the node's invoices, in pages. Default: true.
    #[must_use]
    pub fn look_at_other_labels(mut self, look: bool) -> Self {
        self.invoices = self.invoices.look_at_other_labels(look);
        self
    }

    /// Who waits for answers of payers.
    pub fn replies(&self) -> &Replies {
        self.courier.replies()
    }
}

impl<D: Daemon, R: Clock + Random> InvoiceStore for Payee<D, R> {
    async fn create_invoice(&self, new: NewInvoice) -> Result<Creation, LabelError> {
        self.invoices.create_invoice(new).await
    }

    async fn invoice(&self, label: &str) -> Result<Option<InvoiceRecord>, LabelError> {
        self.invoices.invoice(label).await
    }

    async fn attempt_again(&self, label: &str, payment_hash: Hash32) -> Result<Option<InvoiceRecord>, StoreError> {
        self.invoices.attempt_again(label, payment_hash).await
    }

    async fn free_label(
        &self,
        label: &str,
        payment_hash: Hash32,
        why: Free,
    ) -> Result<Option<InvoiceRecord>, StoreError> {
        self.invoices.free_label(label, payment_hash, why).await
    }

    async fn wait_invoice(&self, label: &str, payment_hash: Hash32) -> Result<Option<InvoiceRecord>, StoreError> {
        self.invoices.wait_invoice(label, payment_hash).await
    }

    async fn expire_invoice(
        &self,
        label: &str,
        payment_hash: Hash32,
        now: u64,
    ) -> Result<Option<InvoiceRecord>, StoreError> {
        self.invoices.expire_invoice(label, payment_hash, now).await
    }
}

impl<D: Daemon, R: Clock + Random> engine::Courier for Payee<D, R> {
    type Reply = Reply;

    async fn send_invoice(
        &self,
        request: &InvoiceRequest<Verified>,
        invoice: &Invoice<Verified>,
    ) -> Result<Reply, SendError> {
        self.courier.send_invoice(request, invoice).await
    }

    async fn send_error(&self, to: &ReplyPath, error: &InvoiceError) -> Result<(), SendError> {
        self.courier.send_error(to, error).await
    }
}

impl<D: Daemon, R: Clock + Random> Clock for Payee<D, R> {
    fn now(&self) -> u64 {
        self.surroundings.now()
    }

    fn elapsed(&self) -> Duration {
        self.surroundings.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        self.surroundings.sleep(duration).await;
    }
}

impl<D: Daemon, R: Clock + Random> Random for Payee<D, R> {
    fn bytes32(&self) -> [u8; 32] {
        self.surroundings.bytes32()
    }
}

impl<D: Daemon, R: Clock + Random> NodeIdentity for Payee<D, R> {
    fn node_id(&self) -> NodeId {
        self.invoices.node_id()
    }

    fn chain(&self) -> Chain {
        self.chain
    }
}
