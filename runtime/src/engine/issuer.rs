//! The payer's side: it publishes requests (`invoicerequest`) and pays the invoices that come for them.
//!
//! An invoice's way, each arrow one atomic step of the store:
//!
//! ```text
//!             ┌──────────── failed: the same invoice may be claimed again ◀───────────┐
//!             ▼                                                                       │
//! invoice ──checks──▶ claim ──▶ Pending ──▶ wallet pays ──┬─ for certain not ─▶ Failed ─▶ the payee is told
//!    │                  │          ▲  ▲                   ├─ not known ───┐
//!    ▼                  ▼          │  └───────────────────│───────────────┘
//! refused ◀── no longer available  └─ restart: `resume`   └─ preimage ────▶ Complete, request used
//! ```
//!
//! A single-use request has one claim at most that is not `Failed`: that is the store's constraint, so it holds
//! whatever crashes, and whoever else pays for the same request. A claim becomes `Failed` only when the wallet knows that
//! nothing was paid, and is paid by one task at a time: otherwise one could call it `Failed` while another one's attempt
//! is under way. One `Issuer` pays for a node.
//!
//! A message that comes again is judged by its claim, if there is one, and not anew: what was in time then stays so.
//!
//! Disabling a request stops new claims. A payment under way goes on, and counts when it ends well.

use cln_primitives::{Hash32, Msat, NodeId, Secret};

use super::judge::check;
use super::limits::{Gate, Limits};
use super::model::{Claim, ClaimState, ReplyPath, RequestRecord, RequestStatus, payment_hash};
use super::ports::{Claimed, Disabling, IssuerPorts, PayError, SignError, StoreError};
use super::refusal::Refusal;
use super::turns::Turns;
use crate::bolt12::secrets::PathUse;
use crate::bolt12::{self, Invoice, Parsed, RequestBuilder};

/// What is to be published.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// What will be paid.
    pub amount: Msat,
    /// What for.
    pub description: Option<String>,
    /// Who pays, in words.
    pub issuer: Option<String>,
    /// What the payer calls it.
    pub label: Option<String>,
    /// The last second in which it will be paid, since 1970.
    pub absolute_expiry: Option<u64>,
    /// Whether it will be paid once only.
    pub single_use: bool,
    /// The least that an invoice may ask for, when less than `amount` will do. It is not published.
    pub min_amount: Option<Msat>,
}

/// A request was not made, or not disabled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssuerError {
    /// The least amount is more than the amount.
    #[error("the least amount {least} is more than the amount {amount}")]
    MinAmount {
        /// What an invoice would have to ask for at least.
        least: Msat,
        /// What would be paid at most.
        amount: Msat,
    },
    /// It cannot be written as BOLT 12 wants.
    #[error("not a valid invoice_request: {0}")]
    Invalid(#[from] bolt12::Error),
    /// The node did not sign.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store has a request with this id already, which random metadata rules out.
    #[error("there is an invoice_request with the id {0} already: try again")]
    Exists(Hash32),
    /// The label is that of a request with another content.
    #[error("the label {label:?} is taken by invoice_request {}: use a new one", existing.invreq_id)]
    LabelTaken {
        /// The label.
        label: String,
        /// Which request has it.
        existing: Box<RequestRecord>,
    },
    /// There is no such request.
    #[error("unknown invoice_request {0}")]
    Unknown(Hash32),
    /// It is disabled, or used up.
    #[error("invoice_request {} is not active", .0.invreq_id)]
    Inactive(Box<RequestRecord>),
}

/// A message with an invoice, as it arrives.
#[derive(Clone, Debug)]
pub struct IncomingInvoice {
    /// The invoice's bytes.
    pub invoice: Vec<u8>,
    /// What the message's path carried for this node; `None` when it was sent to the node openly.
    pub path_secret: Option<Secret>,
    /// Where the answer goes; `None` when none is wanted.
    pub reply_path: Option<ReplyPath>,
    /// The neighbour that brought it; `None` when that is not known.
    pub from: Option<NodeId>,
}

/// What becomes of an invoice.
#[derive(Debug)]
pub enum Judgement {
    /// It is claimed: [`Issuer::pay`] is to follow.
    Pay(Box<Claim>),
    /// It has come before, and is being paid or has been.
    Known,
    /// It is not paid, and the payee has been told why, if it can be.
    Refused(Refusal),
    /// Too many come from there: nobody looked at it.
    Dropped,
}

/// The payer's rules over its ports.
#[derive(Debug)]
pub struct Issuer<P> {
    pub(super) ports: P,
    limits: Limits,
    gate: Gate<NodeId>,
    turns: Turns<Hash32>,
}

impl<P: IssuerPorts> Issuer<P> {
    /// The rules over these ports.
    pub fn new(ports: P, limits: Limits) -> Self {
        Issuer { ports, limits, gate: Gate::default(), turns: Turns::default() }
    }

    /// The ports.
    pub fn ports(&self) -> &P {
        &self.ports
    }

    /// Makes, signs and stores a request, which may then be published.
    ///
    /// # Errors
    /// When nothing was stored; after a [`StoreError`] it may have been.
    pub async fn create(&self, new: NewRequest) -> Result<RequestRecord, IssuerError> {
        let record = self.sign(new, self.ports.now()).await?;
        if !self.ports.insert_request(&record).await? {
            return Err(IssuerError::Exists(record.invreq_id));
        }
        Ok(record)
    }

    /// Makes and signs a request that nobody knows yet.
    pub(super) async fn sign(&self, new: NewRequest, now: u64) -> Result<RequestRecord, IssuerError> {
        if let Some(least) = new.min_amount.filter(|&least| least > new.amount) {
            return Err(IssuerError::MinAmount { least, amount: new.amount });
        }
        let metadata = self.ports.bytes32();
        let (payer, chain) = (self.ports.node_id(), self.ports.chain());
        let mut request = RequestBuilder::stand_alone(&metadata[..16], payer, chain, new.amount);
        if let Some(description) = &new.description {
            request = request.offer_description(description);
        }
        if let Some(issuer) = &new.issuer {
            request = request.offer_issuer(issuer);
        }
        if let Some(expiry) = new.absolute_expiry {
            request = request.offer_absolute_expiry(expiry);
        }
        let request = self.ports.sign_request(request.build()?).await?;
        Ok(RequestRecord {
            invreq_id: request.invreq_id(),
            bolt12: request.to_string(),
            label: new.label,
            status: RequestStatus::new(new.single_use),
            min_amount: new.min_amount,
            created_at: now,
        })
    }

    /// The request with this id, or all of them, the oldest first; only those that may be paid, when `active_only`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn list(&self, invreq_id: Option<Hash32>, active_only: bool) -> Result<Vec<RequestRecord>, StoreError> {
        let mut records = match invreq_id {
            Some(id) => self.ports.request(id).await?.into_iter().collect(),
            None => self.ports.requests().await?,
        };
        records.retain(|record| record.status.is_active() || !active_only);
        Ok(records)
    }

    /// Stops new payments for a request. One that is under way goes on.
    ///
    /// # Errors
    /// When there is no such request, or it is not active.
    pub async fn disable(&self, invreq_id: Hash32) -> Result<RequestRecord, IssuerError> {
        match self.ports.disable_request(invreq_id).await? {
            Disabling::Done(record) => Ok(record),
            Disabling::Inactive(record) => Err(IssuerError::Inactive(Box::new(record))),
            Disabling::Unknown => Err(IssuerError::Unknown(invreq_id)),
        }
    }

    /// Looks at an invoice that has arrived, and claims it if it is to be paid.
    ///
    /// # Errors
    /// When the store failed: the payee is told that it may try again. The invoice may be claimed all the same:
    /// [`resume`](Issuer::resume) finds it.
    pub async fn on_invoice(&self, message: IncomingInvoice) -> Result<Judgement, StoreError> {
        if !self.gate.admits(message.from, self.ports.now(), &self.limits) {
            return Ok(Judgement::Dropped);
        }
        let reply_path = message.reply_path.clone();
        let refusal = match self.judge(message).await {
            Ok(judgement) => return Ok(judgement),
            Err(Stop::Refused(refusal)) => refusal,
            Err(Stop::Store(error)) => {
                self.tell(reply_path.as_ref(), &Refusal::Internal).await;
                return Err(error);
            }
        };
        self.tell(reply_path.as_ref(), &refusal).await;
        Ok(Judgement::Refused(refusal))
    }

    async fn judge(&self, message: IncomingInvoice) -> Result<Judgement, Stop> {
        let invoice = Invoice::from_bytes(message.invoice, self.ports.chain())?;
        let invreq_id = invoice.invreq_id();
        if !self.came_by_its_path(&invoice, message.path_secret.as_ref()) {
            return Err(Refusal::UnknownRequest(invreq_id).into());
        }
        // Before the signature, which costs most: strangers' junk names no request of ours.
        let record = self.ports.request(invreq_id).await?.ok_or(Refusal::UnknownRequest(invreq_id))?;
        let invoice = invoice.verify()?;
        let now = self.ports.now();
        if let Err(refusal) = check(&invoice, &record, now) {
            let known = self.ports.find_claim(invoice.payment().payment_hash).await?;
            let going_on = |claim: &Claim| {
                claim.invoice.as_bytes() == invoice.as_bytes() && !matches!(claim.state, ClaimState::Failed(_))
            };
            return if known.as_ref().is_some_and(going_on) { Ok(Judgement::Known) } else { Err(refusal.into()) };
        }
        let claim =
            Claim { invreq_id, invoice, reply_path: message.reply_path, state: ClaimState::Pending, created_at: now };
        match self.ports.claim(&claim, self.limits.claims).await? {
            Claimed::New => Ok(Judgement::Pay(Box::new(claim))),
            Claimed::Pending | Claimed::Complete => Ok(Judgement::Known),
            Claimed::Refused(refusal) => Err(Refusal::from(refusal).into()),
        }
    }

    /// A request with paths is known only to those who use them: otherwise anybody could ask every node whether it is
    /// the payer.
    fn came_by_its_path(&self, invoice: &Invoice<Parsed>, secret: Option<&Secret>) -> bool {
        match secret {
            Some(secret) => {
                let id = invoice.invreq_id_without_paths();
                *secret == self.ports.path_secret(PathUse::OfferOrRequest, &id)
            }
            None => invoice.invreq_paths().is_none(),
        }
    }

    /// Pays a claimed invoice, until it is known how that ends, and tells the payee of a failure. Gives the claim as it
    /// is then. Nothing is paid when the claim is not pending any more; a call for an invoice that another one is
    /// paying waits for that one first.
    ///
    /// # Errors
    /// When the store failed: the claim stays pending, and [`resume`](Issuer::resume) finds it.
    pub async fn pay(&self, claim: Claim) -> Result<Claim, StoreError> {
        let hash = claim.payment_hash();
        let turn = self.turns.take(hash).await;
        let claim = match self.ports.find_claim(hash).await? {
            Some(claim) if claim.state == ClaimState::Pending => claim,
            ended => return Ok(ended.unwrap_or(claim)),
        };
        let mut pauses = self.limits.pauses();
        let end = loop {
            match self.ports.pay(&claim.invoice, claim.invreq_id).await {
                Ok(preimage) if payment_hash(&preimage) == hash => break ClaimState::Complete(preimage),
                Err(PayError::Failed(why)) => break ClaimState::Failed(why),
                Ok(_) | Err(PayError::Unsettled(_)) => self.ports.sleep(pauses.next()).await,
            }
        };
        // The payee may have asked again meanwhile, by another reply path.
        let claim = self.ports.settle_claim(hash, end).await?.unwrap_or(claim);
        drop(turn);
        if let ClaimState::Failed(why) = &claim.state {
            self.tell(claim.reply_path.as_ref(), &Refusal::PaymentFailed(why.clone())).await;
        }
        Ok(claim)
    }

    /// The pending claims that nobody here is paying: [`pay`](Issuer::pay) each. To be asked for at the start, and
    /// again when the store works after a [`StoreError`].
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn resume(&self) -> Result<Vec<Claim>, StoreError> {
        let mut claims = self.ports.pending_claims().await?;
        claims.retain(|claim| !self.turns.is_taken(&claim.payment_hash()));
        Ok(claims)
    }

    /// Whether it arrives is not known, and nothing depends on it.
    async fn tell(&self, path: Option<&ReplyPath>, refusal: &Refusal) {
        let (Some(path), Ok(error)) = (path, refusal.to_invoice_error()) else { return };
        if let Err(error) = self.ports.send_error(path, &error).await {
            tracing::debug!(%error, %refusal, "a payee was not told why its invoice is not paid");
        }
    }
}

/// Why no claim is made.
enum Stop {
    Refused(Refusal),
    Store(StoreError),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Stop::Refused(refusal)
    }
}

impl From<bolt12::Error> for Stop {
    fn from(error: bolt12::Error) -> Self {
        Stop::Refused(error.into())
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Stop::Store(error)
    }
}
