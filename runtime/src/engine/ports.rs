//! What the rules need of the world. No port is bound to one process or machine: an embedded node has them on SQLite
//! and local sockets, a real node on its RPC.
//!
//! One value has all of a side's ports: `issuer` takes an [`IssuerPorts`], `payee` a [`PayeePorts`].

use std::future::Future;
use std::time::Duration;

use cln_api::listinvoices;
use cln_primitives::{Hash32, Msat, NodeId, Secret};

use super::model::{
    AcceptedHtlcs, Claim, ClaimState, HtlcSet, HtlcSetId, InvoiceRecord, NewInvoice, Receipt, ReplyPath, RequestRecord,
};
use crate::bolt12::secrets::PathUse;
use crate::bolt12::{Chain, Invoice, InvoiceError, InvoiceRequest, Unsigned, Verified};

/// All that a payer needs.
pub trait IssuerPorts: RequestStore + Wallet + Courier + Clock + Signer + Random {}
impl<T: RequestStore + Wallet + Courier + Clock + Signer + Random> IssuerPorts for T {}

/// All that a payee needs to send invoices.
pub trait PayeePorts: InvoiceStore + Courier + Clock + NodeIdentity + Random {}
impl<T: InvoiceStore + Courier + Clock + NodeIdentity + Random> PayeePorts for T {}

/// All that a payee needs to be paid, when no daemon does that for it.
pub trait ReceiverPorts: SettlementStore + Htlcs + Clock + Signer {}
impl<T: SettlementStore + Htlcs + Clock + Signer> ReceiverPorts for T {}

/// A store did not do what it was asked to, or it is not known whether it did.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{doing}: {why}")]
pub struct StoreError {
    /// What it was asked for.
    pub doing: &'static str,
    /// What went wrong, and what to do about it.
    pub why: String,
}

/// A label could not be looked under, or another invoice has it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LabelError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The label is that of an invoice which no [`InvoiceRecord`] can tell: a BOLT 11 invoice, or one that another key has
    /// signed.
    #[error("the label {:?} is taken by another invoice: use a new one", .0.label)]
    OtherInvoice(Box<listinvoices::Invoice>),
}

/// The payer's requests and claims. Each method is one atomic step, durable when it returns.
pub trait RequestStore: Send + Sync {
    /// Stores a new request; `false` when there is one with its id.
    fn insert_request(&self, record: &RequestRecord) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// The request with this id.
    fn request(&self, invreq_id: Hash32) -> impl Future<Output = Result<Option<RequestRecord>, StoreError>> + Send;

    /// All requests, the oldest first.
    fn requests(&self) -> impl Future<Output = Result<Vec<RequestRecord>, StoreError>> + Send;

    /// Makes a request inactive. Claims that it has already stay as they are.
    fn disable_request(&self, invreq_id: Hash32) -> impl Future<Output = Result<Disabling, StoreError>> + Send;

    /// Makes a [pending](ClaimState::Pending) claim, if the request may be paid by this invoice *now*: see
    /// [`ClaimRefusal`]. A claim of the same invoice that failed becomes pending again. That one, and one that is
    /// pending, gets the new reply path, and keeps the one it has when the new claim has none.
    ///
    /// An invoice is the same when all its bytes are. That a single-use request has one claim at most that has not
    /// failed is the store's own constraint, and so is that a payment hash has one claim at most.
    fn claim(&self, claim: &Claim, limits: ClaimLimits) -> impl Future<Output = Result<Claimed, StoreError>> + Send;

    /// Tells how a pending claim ended; one that has ended already stays as it is. When it is complete the request
    /// becomes [used](super::RequestStatus::paid) in the same step. Gives the claim as it is now.
    fn settle_claim(
        &self,
        payment_hash: Hash32,
        end: ClaimState,
    ) -> impl Future<Output = Result<Option<Claim>, StoreError>> + Send;

    /// The claim with this payment hash, however far it is; `None` too when it failed and was forgotten.
    fn find_claim(&self, payment_hash: Hash32) -> impl Future<Output = Result<Option<Claim>, StoreError>> + Send;

    /// The claims that are pending, the oldest first.
    fn pending_claims(&self) -> impl Future<Output = Result<Vec<Claim>, StoreError>> + Send;
}

/// Requests that are made once for their label.
pub trait LabelledRequests: RequestStore {
    /// The request that was made once for this label.
    fn labelled(&self, label: &str) -> impl Future<Output = Result<Option<RequestRecord>, StoreError>> + Send;

    /// Stores a new request, if no other was made once for this label. That is the store's own constraint, and the step
    /// atomic and durable.
    fn insert_labelled(
        &self,
        label: &str,
        record: &RequestRecord,
    ) -> impl Future<Output = Result<Insertion, StoreError>> + Send;
}

/// What became of [`LabelledRequests::insert_labelled`].
#[derive(Clone, Debug)]
pub enum Insertion {
    /// It is stored.
    Done,
    /// This one has its id.
    Exists(RequestRecord),
    /// This one has the label.
    LabelTaken(RequestRecord),
}

/// What became of [`RequestStore::disable_request`].
#[derive(Clone, Debug)]
pub enum Disabling {
    /// It is inactive from now on.
    Done(RequestRecord),
    /// It was inactive already.
    Inactive(RequestRecord),
    /// There is no such request.
    Unknown,
}

/// How much of a request's claims is kept.
#[derive(Clone, Copy, Debug)]
pub struct ClaimLimits {
    /// How many claims of a multi-use request may be pending at a time.
    pub pending: u32,
    /// How many failed claims of a request are kept; the oldest are forgotten.
    pub failed: u32,
}

/// What became of [`RequestStore::claim`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// The invoice may be paid, by the caller alone.
    New,
    /// The same invoice is being paid by an earlier claim.
    Pending,
    /// The same invoice has been paid.
    Complete,
    /// It may not be paid.
    Refused(ClaimRefusal),
}

/// Why an invoice may not be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimRefusal {
    /// There is no request with this id.
    UnknownRequest(Hash32),
    /// The request is disabled, or used up.
    Inactive,
    /// Another invoice for the single-use request is being paid.
    InProgress,
    /// Another invoice, for this request or another one, has this payment hash.
    PaymentHashTaken,
    /// [`ClaimLimits::pending`] is reached.
    TooManyPending,
    /// More would be spent within a day than the operator allows.
    DailyLimit,
    /// The operator has paused paying.
    Paused,
}

/// The payee's invoices. Each method but [`wait_invoice`](InvoiceStore::wait_invoice) is one atomic step, durable when
/// it returns.
pub trait InvoiceStore: Send + Sync {
    /// Adds the node's own path to an invoice without any, signs it and stores it, unpaid and
    /// [attempted](InvoiceRecord::attempts) once. An expired invoice of the same label for the same request gives way.
    fn create_invoice(&self, new: NewInvoice) -> impl Future<Output = Result<Creation, LabelError>> + Send;

    /// The invoice with this label.
    fn invoice(&self, label: &str) -> impl Future<Output = Result<Option<InvoiceRecord>, LabelError>> + Send;

    /// Counts another attempt to hand an unpaid invoice over, and gives it. What is not unpaid is given as it is, and
    /// `None` when there is no such invoice any more.
    fn attempt_again(
        &self,
        label: &str,
        payment_hash: Hash32,
    ) -> impl Future<Output = Result<Option<InvoiceRecord>, StoreError>> + Send;

    /// Deletes an invoice, if it is [unpaid](super::InvoiceState::Unpaid) and the reason holds. Gives it as it is
    /// when it stays, `None` when it is gone.
    fn free_label(
        &self,
        label: &str,
        payment_hash: Hash32,
        why: Free,
    ) -> impl Future<Output = Result<Option<InvoiceRecord>, StoreError>> + Send;

    /// Waits until an invoice is paid, expired or deleted. It may end early, so that the caller looks again; it does
    /// not by itself make an invoice expire.
    fn wait_invoice(
        &self,
        label: &str,
        payment_hash: Hash32,
    ) -> impl Future<Output = Result<Option<InvoiceRecord>, StoreError>> + Send;

    /// Makes an unpaid invoice expire whose [last second](InvoiceRecord::expires_at) is over at `now`, and gives it as it
    /// is then; `None` when it is gone. Where a daemon does that by itself, it is waited for.
    fn expire_invoice(
        &self,
        label: &str,
        payment_hash: Hash32,
        now: u64,
    ) -> impl Future<Output = Result<Option<InvoiceRecord>, StoreError>> + Send;
}

/// What became of [`InvoiceStore::create_invoice`].
#[derive(Clone, Debug)]
pub enum Creation {
    /// It is stored, and signed.
    Created(InvoiceRecord),
    /// This invoice has the label.
    LabelTaken(InvoiceRecord),
}

/// Why a label is freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Free {
    /// The only attempt to hand the invoice over failed for certain. It stays when there was another attempt.
    NeverDelivered,
    /// The payer has refused it.
    Refused,
}

/// What a node that settles its own HTLCs needs of the payee's invoices. Each method is one atomic step, durable when it
/// returns.
pub trait SettlementStore: Send + Sync {
    /// Takes a payment, if the invoice is unpaid and not expired at `now`, and the amount is enough and not more than
    /// twice of what is asked for. The same payment can be taken again, also when it has paid the invoice already.
    fn accept_htlcs(&self, set: &HtlcSet, now: u64) -> impl Future<Output = Result<Acceptance, StoreError>> + Send;

    /// The taken payment has been fulfilled: the invoice is paid. Said again of the same payment, the first receipt
    /// stays.
    ///
    /// # Errors
    /// Also when the invoice is not [bound](super::InvoiceState::Accepted) to this payment.
    fn mark_paid(
        &self,
        payment_hash: Hash32,
        htlcs: HtlcSetId,
        amount_received: Msat,
        paid_at: u64,
    ) -> impl Future<Output = Result<Receipt, StoreError>> + Send;

    /// The taken payment is gone: the invoice is unpaid again. Nothing happens when it is not bound to this payment,
    /// or not there any more.
    fn release_htlcs(
        &self,
        payment_hash: Hash32,
        htlcs: HtlcSetId,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The payments that invoices are [bound](super::InvoiceState::Accepted) to.
    fn accepted(&self) -> impl Future<Output = Result<Vec<AcceptedHtlcs>, StoreError>> + Send;
}

/// What became of [`SettlementStore::accept_htlcs`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// Taken: to be fulfilled by this preimage.
    Accepted(Secret),
    /// Not taken, and never will be: to be failed.
    Refused(&'static str),
}

/// Pays invoices.
pub trait Wallet: Send + Sync {
    /// Pays an invoice, for this request, and waits for the end. It may be called again with the same invoice at any
    /// time, also after a restart and beside an earlier call: one payment hash is paid once at most, and a payment
    /// that is under way is waited for. A payment that has not begun when the invoice is expired never begins.
    ///
    /// # Errors
    /// [`PayError`] says whether it is known that nothing was paid.
    fn pay(
        &self,
        invoice: &Invoice<Verified>,
        invreq_id: Hash32,
    ) -> impl Future<Output = Result<Secret, PayError>> + Send;
}

/// A payment did not end well.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PayError {
    /// For certain nothing was paid, nor will be unless it is tried again.
    #[error("{0}")]
    Failed(String),
    /// It is not known how the payment ends: ask again.
    #[error("not settled yet: {0}")]
    Unsettled(String),
}

/// The payments that arrive.
pub trait Htlcs: Send + Sync {
    /// The payments that wait for this node, and those fulfilled by it that may not be
    /// [marked](SettlementStore::mark_paid) yet. Those that are gone need not be here.
    fn offered(&self) -> impl Future<Output = Result<Vec<HtlcSet>, StoreError>> + Send;

    /// Takes the money by showing the preimage, all parts at once. Doing it again gives the same.
    fn fulfil(&self, set: &HtlcSet, preimage: &Secret) -> impl Future<Output = Result<Fulfilment, StoreError>> + Send;

    /// Gives the money back. Nothing happens when the payment has ended already.
    fn fail(&self, set: &HtlcSet, why: &str) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// What became of [`Htlcs::fulfil`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fulfilment {
    /// The money is ours.
    Fulfilled,
    /// The payer has it back: the preimage was not used.
    Gone,
}

/// Carries messages between payers and payees.
pub trait Courier: Send + Sync {
    /// Waits for the payer's answer to one invoice. Dropped, it listens no longer.
    type Reply: Future<Output = Answer> + Send;

    /// Sends an invoice to a request's payer, by the request's paths or to its node.
    ///
    /// # Errors
    /// [`SendError`] says whether it is known that nobody has the invoice.
    fn send_invoice(
        &self,
        request: &InvoiceRequest<Verified>,
        invoice: &Invoice<Verified>,
    ) -> impl Future<Output = Result<Self::Reply, SendError>> + Send;

    /// Tells a payee why its invoice is not paid.
    ///
    /// # Errors
    /// When it did not leave this node, or it is not known. Nobody tries again.
    fn send_error(&self, to: &ReplyPath, error: &InvoiceError) -> impl Future<Output = Result<(), SendError>> + Send;
}

/// What a payer answered to an invoice.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It refuses, and says why.
    Refusal(InvoiceError),
    /// What cannot be read as a refusal: the bytes of its `invoice_error`, and none when there was no such field.
    Nonsense(Vec<u8>),
}

/// A message did not arrive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// For certain nobody has it: there is no way to the payer.
    #[error("{0}")]
    Unreachable(String),
    /// For certain nobody has it: this node could not make the message or give it away.
    #[error("{0}")]
    NotSent(String),
    /// Somebody may have it.
    #[error("the message may not have arrived: {0}")]
    Unknown(String),
}

/// The time.
pub trait Clock: Send + Sync {
    /// Seconds since 1970. It may jump, back too.
    fn now(&self) -> u64;

    /// How long ago a moment was that stays the same while this process runs. It does not jump.
    fn elapsed(&self) -> Duration;

    /// Waits this long.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;
}

/// Who the node is.
pub trait NodeIdentity: Send + Sync {
    /// The node's id, which pays and is paid.
    fn node_id(&self) -> NodeId;

    /// The chain on which it pays and is paid.
    fn chain(&self) -> Chain;
}

/// The node's key.
pub trait Signer: NodeIdentity {
    /// Signs a request of this node's.
    ///
    /// # Errors
    /// When the signer refuses, or cannot be asked.
    fn sign_request(
        &self,
        request: InvoiceRequest<Unsigned>,
    ) -> impl Future<Output = Result<InvoiceRequest<Verified>, SignError>> + Send;

    /// What a path of this node carries for it, to be known again: BOLT 12's `path_id`.
    ///
    /// The id is that of the request without its paths, or an invoice's payment hash.
    fn path_secret(&self, purpose: PathUse, id: &Hash32) -> Secret;
}

/// Nothing was signed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("not signed: {0}")]
pub struct SignError(pub String);

/// Randomness fit for secrets.
pub trait Random: Send + Sync {
    /// 32 new bytes.
    fn bytes32(&self) -> [u8; 32];
}
