//! The engine's ports on an embedded node: each call goes to the part that does it.

use std::sync::Arc;
use std::time::Duration;

use cln_primitives::{Hash32, Msat, NodeId, Secret};
use tokio::sync::Notify;

use super::keys::Keys;
use super::ledger::Account;
use super::network::Courier;
use super::store::Store;
use crate::bolt12::secrets::PathUse;
use crate::bolt12::{Chain, Invoice, InvoiceError, InvoiceRequest, Unsigned, Verified};
use crate::engine::{
    self, Acceptance, AcceptedHtlcs, Claim, ClaimLimits, ClaimState, Claimed, Clock, Creation, Disabling, Free,
    Fulfilment, HtlcSet, HtlcSetId, Htlcs, Insertion, InvoiceRecord, InvoiceStore, LabelError, LabelledRequests,
    NewInvoice, NodeIdentity, PayError, Random, Receipt, ReplyPath, RequestRecord, RequestStore, SendError,
    SettlementStore, SignError, Signer, StoreError, System, Wallet,
};
use crate::onion::{Reply, blinded_path};

/// All ports of a node. A clone is the same node's.
#[derive(Clone, Debug)]
pub struct Ports {
    pub(super) keys: Arc<Keys>,
    pub(super) store: Store,
    pub(super) account: Account,
    pub(super) courier: Courier,
    /// Tells that there is a new invoice, which may be the next to expire.
    pub(super) created: Arc<Notify>,
}

impl RequestStore for Ports {
    async fn insert_request(&self, record: &RequestRecord) -> Result<bool, StoreError> {
        self.store.insert_request(record).await
    }

    async fn request(&self, invreq_id: Hash32) -> Result<Option<RequestRecord>, StoreError> {
        self.store.request(invreq_id).await
    }

    async fn requests(&self) -> Result<Vec<RequestRecord>, StoreError> {
        self.store.requests().await
    }

    async fn disable_request(&self, invreq_id: Hash32) -> Result<Disabling, StoreError> {
        self.store.disable_request(invreq_id).await
    }

    async fn claim(&self, claim: &Claim, limits: ClaimLimits) -> Result<Claimed, StoreError> {
        self.store.claim(claim, limits).await
    }

    async fn find_claim(&self, payment_hash: Hash32) -> Result<Option<Claim>, StoreError> {
        self.store.find_claim(payment_hash).await
    }

    async fn settle_claim(&self, payment_hash: Hash32, end: ClaimState) -> Result<Option<Claim>, StoreError> {
        self.store.settle_claim(payment_hash, end).await
    }

    async fn pending_claims(&self) -> Result<Vec<Claim>, StoreError> {
        self.store.pending_claims().await
    }
}

impl LabelledRequests for Ports {
    async fn labelled(&self, label: &str) -> Result<Option<RequestRecord>, StoreError> {
        self.store.labelled(label).await
    }

    async fn insert_labelled(&self, label: &str, record: &RequestRecord) -> Result<Insertion, StoreError> {
        self.store.insert_labelled(label, record).await
    }
}

impl InvoiceStore for Ports {
    async fn create_invoice(&self, new: NewInvoice) -> Result<Creation, LabelError> {
        let creation = self.store.create_invoice(new).await?;
        self.created.notify_one();
        Ok(creation)
    }

    async fn invoice(&self, label: &str) -> Result<Option<InvoiceRecord>, LabelError> {
        self.store.invoice(label).await
    }

    async fn attempt_again(&self, label: &str, payment_hash: Hash32) -> Result<Option<InvoiceRecord>, StoreError> {
        self.store.attempt_again(label, payment_hash).await
    }

    async fn free_label(
        &self,
        label: &str,
        payment_hash: Hash32,
        why: Free,
    ) -> Result<Option<InvoiceRecord>, StoreError> {
        self.store.free_label(label, payment_hash, why).await
    }

    async fn wait_invoice(&self, label: &str, payment_hash: Hash32) -> Result<Option<InvoiceRecord>, StoreError> {
        self.store.wait_invoice(label, payment_hash).await
    }

    async fn expire_invoice(
        &self,
        label: &str,
        payment_hash: Hash32,
        now: u64,
    ) -> Result<Option<InvoiceRecord>, StoreError> {
        self.store.expire_invoice(label, payment_hash, now).await
    }
}

impl SettlementStore for Ports {
    async fn accept_htlcs(&self, set: &HtlcSet, now: u64) -> Result<Acceptance, StoreError> {
        self.store.accept_htlcs(set, now).await
    }

    async fn mark_paid(
        &self,
        payment_hash: Hash32,
        htlcs: HtlcSetId,
        amount_received: Msat,
        paid_at: u64,
    ) -> Result<Receipt, StoreError> {
        self.store.mark_paid(payment_hash, htlcs, amount_received, paid_at).await
    }

    async fn release_htlcs(&self, payment_hash: Hash32, htlcs: HtlcSetId) -> Result<(), StoreError> {
        self.store.release_htlcs(payment_hash, htlcs).await
    }

    async fn accepted(&self) -> Result<Vec<AcceptedHtlcs>, StoreError> {
        self.store.accepted().await
    }
}

impl Wallet for Ports {
    async fn pay(&self, invoice: &Invoice<Verified>, invreq_id: Hash32) -> Result<Secret, PayError> {
        self.account.pay(invoice, invreq_id).await
    }
}

impl Htlcs for Ports {
    async fn offered(&self) -> Result<Vec<HtlcSet>, StoreError> {
        self.account.offered().await
    }

    async fn fulfil(&self, set: &HtlcSet, preimage: &Secret) -> Result<Fulfilment, StoreError> {
        self.account.fulfil(set, preimage).await
    }

    async fn fail(&self, set: &HtlcSet, why: &str) -> Result<(), StoreError> {
        self.account.fail(set, why).await
    }
}

impl engine::Courier for Ports {
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

impl Clock for Ports {
    fn now(&self) -> u64 {
        System.now()
    }

    fn elapsed(&self) -> Duration {
        System.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        System.sleep(duration).await;
    }
}

impl NodeIdentity for Ports {
    fn node_id(&self) -> NodeId {
        self.keys.node_id()
    }

    fn chain(&self) -> Chain {
        self.keys.chain()
    }
}

impl Signer for Ports {
    async fn sign_request(&self, request: InvoiceRequest<Unsigned>) -> Result<InvoiceRequest<Verified>, SignError> {
        let request = match self.courier.is_private() {
            true => self.with_path(request).await?,
            false => request,
        };
        self.keys.sign_request(request).map_err(|error| SignError(error.to_string()))
    }

    fn path_secret(&self, purpose: PathUse, id: &Hash32) -> Secret {
        self.keys.path_secret(purpose, id)
    }
}

impl Ports {
    /// The request with a path to this node through its neighbour; as it is while there is none, as Core Lightning does.
    async fn with_path(&self, request: InvoiceRequest<Unsigned>) -> Result<InvoiceRequest<Unsigned>, SignError> {
        let way = self.courier.way_here().await;
        let way = way.map_err(|error| SignError(format!("the network's folder cannot be read: {error}")))?;
        let Some(way) = way else {
            tracing::warn!("this private node has no neighbour yet, so nobody can send an invoice for its request");
            return Ok(request);
        };
        let secret = self.keys.path_secret(PathUse::OfferOrRequest, &request.invreq_id_without_paths());
        let path = blinded_path(&way, &secret, &System.bytes32());
        let path = path.map_err(|error| SignError(format!("the path to this node: {error}")))?;
        let built = request.into_builder().invreq_paths(&[path]).build();
        built.map_err(|error| SignError(format!("the request with a path to this node: {error}")))
    }
}

impl Random for Ports {
    fn bytes32(&self) -> [u8; 32] {
        System.bytes32()
    }
}
