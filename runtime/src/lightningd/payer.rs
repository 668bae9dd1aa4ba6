//! The payer's ports on a real node.

use std::time::Duration;

use cln_primitives::{Hash32, NodeId, Secret};

use super::daemon::Daemon;
use super::request_signer::{self, Identity};
use super::wallet::{self, Spending};
use crate::bolt12::secrets::PathUse;
use crate::bolt12::{Chain, Invoice, InvoiceError, InvoiceRequest, Unsigned, Verified};
use crate::engine::{
    Claim, ClaimLimits, ClaimState, Claimed, Clock, Courier, Disabling, Insertion, LabelledRequests, NodeIdentity,
    PayError, Random, ReplyPath, RequestRecord, RequestStore, SendError, SignError, Signer, StoreError, Wallet,
};

/// [`IssuerPorts`](crate::engine::IssuerPorts) over a node: it signs and pays. Requests and claims are kept in a store of
/// our own, as the daemon keeps no request that it did not make itself; `surroundings` have the time and randomness.
#[derive(Debug)]
pub struct Payer<D, S, C, R> {
    daemon: D,
    identity: Identity,
    wallet: wallet::Wallet<D>,
    store: S,
    courier: C,
    surroundings: R,
}

impl<D, S, C, R> Payer<D, S, C, R>
where
    D: Daemon,
    S: RequestStore,
    C: Courier,
    R: Clock + Random,
{
    /// The ports, for one run of the program: calls of an earlier one may be under way for the claims that are pending
    /// in the store.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn open(
        daemon: D,
        identity: Identity,
        spending: Spending,
        store: S,
        courier: C,
        surroundings: R,
    ) -> Result<Self, StoreError> {
        let pending = store.pending_claims().await?;
        let wallet = wallet::Wallet::new(daemon.clone(), spending, pending.iter().map(Claim::payment_hash));
        Ok(Payer { daemon, identity, wallet, store, courier, surroundings })
    }

    /// The store of requests and claims.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// What pays.
    pub fn wallet(&self) -> &wallet::Wallet<D> {
        &self.wallet
    }
}

impl<D, S, C, R> RequestStore for Payer<D, S, C, R>
where
    D: Daemon,
    S: RequestStore,
    C: Courier,
    R: Clock + Random,
{
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

    async fn settle_claim(&self, payment_hash: Hash32, end: ClaimState) -> Result<Option<Claim>, StoreError> {
        self.store.settle_claim(payment_hash, end).await
    }

    async fn find_claim(&self, payment_hash: Hash32) -> Result<Option<Claim>, StoreError> {
        self.store.find_claim(payment_hash).await
    }

    async fn pending_claims(&self) -> Result<Vec<Claim>, StoreError> {
        self.store.pending_claims().await
    }
}

impl<D, S, C, R> LabelledRequests for Payer<D, S, C, R>
where
    D: Daemon,
    S: LabelledRequests,
    C: Courier,
    R: Clock + Random,
{
    async fn labelled(&self, label: &str) -> Result<Option<RequestRecord>, StoreError> {
        self.store.labelled(label).await
    }

    async fn insert_labelled(&self, label: &str, record: &RequestRecord) -> Result<Insertion, StoreError> {
        self.store.insert_labelled(label, record).await
    }
}

impl<D, S, C, R> Wallet for Payer<D, S, C, R>
where
    D: Daemon,
    S: RequestStore,
    C: Courier,
    R: Clock + Random,
{
    async fn pay(&self, invoice: &Invoice<Verified>, _invreq_id: Hash32) -> Result<Secret, PayError> {
        self.wallet.pay(&self.surroundings, invoice).await
    }
}

impl<D, S, C, R> Courier for Payer<D, S, C, R>
where
    D: Daemon,
    S: RequestStore,
    C: Courier,
    R: Clock + Random,
{
    type Reply = C::Reply;

    async fn send_invoice(
        &self,
        request: &InvoiceRequest<Verified>,
        invoice: &Invoice<Verified>,
    ) -> Result<C::Reply, SendError> {
        self.courier.send_invoice(request, invoice).await
    }

    async fn send_error(&self, to: &ReplyPath, error: &InvoiceError) -> Result<(), SendError> {
        self.courier.send_error(to, error).await
    }
}

impl<D, S, C, R> Clock for Payer<D, S, C, R>
where
    D: Daemon,
    S: RequestStore,
    C: Courier,
    R: Clock + Random,
{
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

impl<D, S, C, R> Random for Payer<D, S, C, R>
where
    D: Daemon,
    S: RequestStore,
    C: Courier,
    R: Clock + Random,
{
    fn bytes32(&self) -> [u8; 32] {
        self.surroundings.bytes32()
    }
}

impl<D, S, C, R> NodeIdentity for Payer<D, S, C, R>
where
    D: Daemon,
    S: RequestStore,
    C: Courier,
    R: Clock + Random,
{
    fn node_id(&self) -> NodeId {
        self.identity.node_id
    }

    fn chain(&self) -> Chain {
        self.identity.chain
    }
}

impl<D, S, C, R> Signer for Payer<D, S, C, R>
where
    D: Daemon,
    S: RequestStore,
    C: Courier,
    R: Clock + Random,
{
    async fn sign_request(&self, request: InvoiceRequest<Unsigned>) -> Result<InvoiceRequest<Verified>, SignError> {
        request_signer::sign(&self.daemon, &self.identity, &self.bytes32(), request).await
    }

    fn path_secret(&self, purpose: PathUse, id: &Hash32) -> Secret {
        self.identity.path_secret(purpose, id)
    }
}
