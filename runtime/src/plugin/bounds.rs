//! What an operator allows, asked at the moment at which money would be bound.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use cln_primitives::{Hash32, Msat};

use crate::engine::{
    Claim, ClaimLimits, ClaimRefusal, ClaimState, Claimed, Disabling, Insertion, LabelledRequests, RequestRecord,
    RequestStore, StoreError,
};
use crate::lightningd::Spending;
use crate::node::store::{Budget, Store};

/// The switches and limits that can change while the plugin runs.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    /// By the option `lnr-pause`.
    pub(super) pause_option: AtomicBool,
    /// By the command `lnr-pause`.
    pub(super) paused: AtomicBool,
    pub(super) dry_run: AtomicBool,
    daily_limit: Mutex<Option<Msat>>,
}

impl Bounds {
    /// May no payment begin?
    pub(super) fn is_paused(&self) -> bool {
        self.pause_option.load(Ordering::SeqCst) || self.paused.load(Ordering::SeqCst)
    }

    pub(super) fn is_dry_run(&self) -> bool {
        self.dry_run.load(Ordering::SeqCst)
    }

    /// Is no payment to be begun, for either reason?
    pub(super) fn pays_nothing(&self) -> bool {
        self.is_paused() || self.is_dry_run()
    }

    pub(super) fn daily_limit(&self) -> Option<Msat> {
        *self.daily_limit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_daily_limit(&self, limit: Option<Msat>) {
        *self.daily_limit.lock().unwrap_or_else(PoisonError::into_inner) = limit;
    }
}

/// The store, which binds no money that the operator does not allow.
#[derive(Clone, Debug)]
pub(super) struct BoundedStore {
    pub(super) store: Store,
    pub(super) bounds: Arc<Bounds>,
    pub(super) spending: Spending,
}

impl RequestStore for BoundedStore {
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
        let amount = claim.invoice.payment().amount;
        // More than the largest amount is more than any limit.
        let most = amount.checked_add(self.spending.max_fee(amount)).unwrap_or(amount);
        let budget = Budget { set_aside: most, daily_limit: self.bounds.daily_limit() };
        if !self.bounds.pays_nothing() {
            return self.store.claim_within(claim, limits, budget).await;
        }
        // What would be refused anyway is refused for its own reason, and what is bound already stays so.
        let claimed = self.store.claim_known(claim, limits, budget).await?;
        if claimed != Claimed::New {
            return Ok(claimed);
        }
        if self.bounds.is_dry_run() {
            tracing::info!(invreq_id = %claim.invreq_id, %amount, "dry run: this invoice would be paid");
        }
        Ok(Claimed::Refused(ClaimRefusal::Paused))
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

impl LabelledRequests for BoundedStore {
    async fn labelled(&self, label: &str) -> Result<Option<RequestRecord>, StoreError> {
        self.store.labelled(label).await
    }

    async fn insert_labelled(&self, label: &str, record: &RequestRecord) -> Result<Insertion, StoreError> {
        self.store.insert_labelled(label, record).await
    }
}
