//! The payee's side of sending: it makes an invoice for a published request, sends it to the payer and waits to be paid
//! (`sendinvoice`).
//!
//! The label makes it one attempt, however often it is called: each arrow is one atomic step of the store, and a call
//! after a crash goes on where the last one stopped.
//!
//! ```text
//!           no row, or expired             certainly not sent: the label is free, 1003 or -1
//! by label ────────────────────▶ created ──▶ send ──┬──────────────────────────────────────▶ (no row)
//!   │  │  │                                   ▲     │ sent, or perhaps
//!   │  │  └─ unpaid, for this request ────────┘     ▼
//!   │  └──── being paid ────────────────────────▶ await ──┬─ paid ──────────────────────────▶ receipt
//!   │                                                     ├─ refused: the label is free ────▶ 1004
//!   ├─ paid ──▶ receipt                                   ├─ silence: the row stays ────────▶ 1005
//!   └─ another request, or amount ──▶ 900                 └─ expired ───────────────────────▶ 903
//! ```
//!
//! A label is freed only by deleting an invoice that is unpaid at that moment, so a payment that comes later finds no
//! invoice and goes back to the payer.

use std::time::Duration;

use cln_api::listinvoices;
use cln_primitives::{Hash32, Msat, Secret};
use futures_util::future::{Either, select};

use super::model::{InvoiceRecord, InvoiceState, NewInvoice, payment_hash};
use super::ports::{Answer, Creation, Free, LabelError, PayeePorts, SendError, StoreError};
use crate::bolt12::{self, Chain, InvoiceError, InvoiceRequest, MAX_MONEY, Verified};

/// For how many seconds a payee waits that does not say.
const DEFAULT_TIMEOUT: u32 = 90;
/// The expiry, in seconds, that an invoice has without saying so.
const UNSAID_EXPIRY: u32 = 7200;
/// The payer may pay in several parts: bit 17.
const MULTI_PART_OPTIONAL: &[u8] = &[2, 0, 0];

/// An invoice to be sent.
#[derive(Clone, Debug)]
pub struct Order {
    /// The payer's request.
    pub request: InvoiceRequest<Verified>,
    /// What the payee calls the invoice. The same label for the same request is the same invoice.
    pub label: String,
    /// What is asked for. A payer takes what its request says, or less when it chose so.
    pub amount: Msat,
    /// For how many seconds the invoice is valid, and its payment waited for.
    pub timeout: u32,
}

impl Order {
    /// Reads the parameters of the command.
    ///
    /// # Errors
    /// When the request's text is none that stands alone, is signed and is for this chain, when the amount is more than
    /// there is bitcoin, or when a quantity is given: no request that stands alone has one.
    pub fn new(request: &cln_api::sendinvoice::Request, chain: Chain) -> Result<Self, SendInvoiceError> {
        if request.quantity.is_some() {
            return Err(SendInvoiceError::Quantity);
        }
        let invreq = InvoiceRequest::parse(&request.invreq, chain)?.verify()?;
        let offered = invreq.stand_alone_amount()?;
        let amount = request.amount_msat.unwrap_or(offered);
        if amount > MAX_MONEY {
            return Err(SendInvoiceError::Amount(amount));
        }
        Ok(Order {
            request: invreq,
            label: request.label.clone(),
            amount,
            timeout: request.timeout.unwrap_or(DEFAULT_TIMEOUT),
        })
    }
}

/// Nobody has paid, as far as is known here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendInvoiceError {
    /// The text is no request that an invoice may be sent for unasked.
    #[error("invreq: {0}")]
    Request(#[from] bolt12::Error),
    /// A quantity was given.
    #[error("quantity: an invoice_request that stands alone has none")]
    Quantity,
    /// Nobody can pay so much.
    #[error("an invoice over {} msat asks for more than all bitcoin there will ever be", .0.as_msat())]
    Amount(Msat),
    /// The label is that of an invoice for another request, or of another amount.
    #[error("the label {:?} is taken by another invoice: use a new one", .0.label)]
    LabelTaken(Box<InvoiceRecord>),
    /// The label is that of an invoice which is for no request.
    #[error("the label {:?} is taken by another invoice: use a new one", .0.label)]
    LabelOfOtherInvoice(Box<listinvoices::Invoice>),
    /// The request's last second is over. Nothing was sent.
    #[error("the invoice_request expired at {0}: ask the payer for a new one")]
    RequestExpired(u64),
    /// There is no way to the payer. Nobody has the invoice, and the label is free unless an earlier attempt may have
    /// delivered it.
    #[error("could not reach the payer: {why}{}", stays(kept))]
    Unreachable {
        /// What was tried.
        why: String,
        /// The invoice, when an earlier attempt may have delivered it.
        kept: Option<Box<InvoiceRecord>>,
    },
    /// The node could not send. Nobody has the invoice, and the label is free unless an earlier attempt may have
    /// delivered it.
    #[error("could not send the invoice: {why}{}", stays(kept))]
    NotSent {
        /// What went wrong.
        why: String,
        /// The invoice, when an earlier attempt may have delivered it.
        kept: Option<Box<InvoiceRecord>>,
    },
    /// The payer refuses. The invoice cannot be paid any more, and the label is free.
    #[error("the payer refused the invoice: {0}")]
    Refused(InvoiceError),
    /// The payer answered neither by a refusal nor by paying, but by this. The invoice may still be paid.
    #[error("the payer's answer is no invoice_error: call again with the same label to go on waiting")]
    Nonsense(Vec<u8>),
    /// Silence. The invoice may still be paid until it expires.
    #[error("timeout waiting for a payment: call again with the same label to go on waiting")]
    TimedOut(Box<InvoiceRecord>),
    /// The invoice has expired, and was not paid.
    #[error("the invoice expired unpaid: call again to send a new one")]
    InvoiceExpired(Box<InvoiceRecord>),
    /// Somebody deleted the invoice.
    #[error("the invoice was deleted during the wait")]
    Deleted,
    /// The store failed. Calling again goes on.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<LabelError> for SendInvoiceError {
    fn from(error: LabelError) -> Self {
        match error {
            LabelError::Store(error) => error.into(),
            LabelError::OtherInvoice(invoice) => SendInvoiceError::LabelOfOtherInvoice(invoice),
        }
    }
}

fn stays(kept: &Option<Box<InvoiceRecord>>) -> String {
    match kept {
        Some(record) => format!("; the invoice of an earlier attempt may still be paid until {}", record.expires_at()),
        None => String::new(),
    }
}

/// Sends an invoice and waits until it is paid: the command `sendinvoice`. Calling it again with the same order, after
/// whatever happened, goes on with the same invoice, and gives the same receipt.
///
/// # Errors
/// [`SendInvoiceError`] says what is known then.
pub async fn send_invoice<P: PayeePorts>(ports: &P, order: &Order) -> Result<InvoiceRecord, SendInvoiceError> {
    let record = match find_or_create(ports, order).await? {
        Step::Send(record) => record,
        Step::Await(record) => return await_payment(ports, order, &record, std::future::pending()).await,
        Step::Paid(record) => return Ok(record),
    };
    match ports.send_invoice(&order.request, &record.invoice).await {
        Ok(reply) => await_payment(ports, order, &record, reply).await,
        Err(SendError::Unknown(_)) => await_payment(ports, order, &record, std::future::pending()).await,
        Err(SendError::Unreachable(why)) => {
            let kept = free(ports, &record, Free::NeverDelivered).await?;
            paid_or(kept, |kept| SendInvoiceError::Unreachable { why, kept })
        }
        Err(SendError::NotSent(why)) => {
            let kept = free(ports, &record, Free::NeverDelivered).await?;
            paid_or(kept, |kept| SendInvoiceError::NotSent { why, kept })
        }
    }
}

/// What is to be done with the order's invoice.
enum Step {
    Send(InvoiceRecord),
    Await(InvoiceRecord),
    Paid(InvoiceRecord),
}

async fn find_or_create<P: PayeePorts>(ports: &P, order: &Order) -> Result<Step, SendInvoiceError> {
    loop {
        let now = ports.now();
        let Some(found) = ports.invoice(&order.label).await? else {
            match create(ports, order, now).await? {
                Creation::Created(record) => return Ok(Step::Send(record)),
                // Somebody was faster: look at what is there now.
                Creation::LabelTaken(_) => continue,
            }
        };
        if found.invreq_id() != order.request.invreq_id() || found.amount() != order.amount {
            return Err(SendInvoiceError::LabelTaken(Box::new(found)));
        }
        match found.state {
            InvoiceState::Paid(_) => return Ok(Step::Paid(found)),
            InvoiceState::Accepted => return Ok(Step::Await(found)),
            InvoiceState::Unpaid if now > found.expires_at() => {
                ports.expire_invoice(&order.label, found.payment_hash(), now).await?;
            }
            InvoiceState::Unpaid => match ports.attempt_again(&order.label, found.payment_hash()).await? {
                Some(record) if record.state == InvoiceState::Unpaid => return Ok(Step::Send(record)),
                _ => {}
            },
            InvoiceState::Expired => {
                if let Creation::Created(record) = create(ports, order, now).await? {
                    return Ok(Step::Send(record));
                }
            }
        }
    }
}

async fn create<P: PayeePorts>(ports: &P, order: &Order, now: u64) -> Result<Creation, SendInvoiceError> {
    if let Some(expiry) = order.request.offer_absolute_expiry().filter(|&expiry| now > expiry) {
        return Err(SendInvoiceError::RequestExpired(expiry));
    }
    let preimage = Secret::from_bytes(ports.bytes32());
    let hash: Hash32 = payment_hash(&preimage);
    let mut invoice = order.request.invoice(hash, order.amount, now, ports.node_id());
    invoice = invoice.invoice_features(bolt12::Features::from_bytes(MULTI_PART_OPTIONAL));
    if order.timeout != UNSAID_EXPIRY {
        invoice = invoice.invoice_relative_expiry(order.timeout);
    }
    let new = NewInvoice { label: order.label.clone(), invoice: invoice.build()?, preimage };
    Ok(ports.create_invoice(new).await?)
}

/// Waits for the first of payment, refusal, expiry and timeout.
async fn await_payment<P: PayeePorts>(
    ports: &P,
    order: &Order,
    record: &InvoiceRecord,
    reply: impl Future<Output = Answer>,
) -> Result<InvoiceRecord, SendInvoiceError> {
    let settled = std::pin::pin!(settled(ports, record));
    let reply = std::pin::pin!(reply);
    let mut timeout = std::pin::pin!(ports.sleep(Duration::from_secs(order.timeout.into())));
    let (refusal, settled) = match select(settled, select(reply, timeout.as_mut())).await {
        Either::Left((end, _)) => return end,
        Either::Right((Either::Left((Answer::Refusal(error), _)), settled)) => (error, settled),
        Either::Right((Either::Left((Answer::Nonsense(bytes), _)), _)) => {
            return Err(SendInvoiceError::Nonsense(bytes));
        }
        Either::Right((Either::Right(_), _)) => return timed_out(ports, record).await,
    };
    let kept = free(ports, record, Free::Refused).await?;
    if !kept.as_ref().is_some_and(|kept| matches!(kept.state, InvoiceState::Accepted)) {
        return paid_or(kept, |_| SendInvoiceError::Refused(refusal));
    }
    // It is being paid all the same: an earlier message has got through.
    match select(settled, timeout).await {
        Either::Left((end, _)) => end,
        Either::Right(_) => timed_out(ports, record).await,
    }
}

/// Nobody has answered in time: what is known of the invoice by now?
async fn timed_out<P: PayeePorts>(ports: &P, record: &InvoiceRecord) -> Result<InvoiceRecord, SendInvoiceError> {
    let found = match ports.invoice(&record.label).await {
        Err(LabelError::OtherInvoice(_)) => None,
        found => found?,
    };
    match found {
        Some(now) if now.payment_hash() != record.payment_hash() => Err(SendInvoiceError::Deleted),
        Some(now) if matches!(now.state, InvoiceState::Paid(_)) => Ok(now),
        Some(now) if now.state == InvoiceState::Expired => Err(SendInvoiceError::InvoiceExpired(Box::new(now))),
        Some(now) => Err(SendInvoiceError::TimedOut(Box::new(now))),
        None => Err(SendInvoiceError::Deleted),
    }
}

/// Waits until the store says how the invoice ended.
async fn settled<P: PayeePorts>(ports: &P, record: &InvoiceRecord) -> Result<InvoiceRecord, SendInvoiceError> {
    loop {
        match ports.wait_invoice(&record.label, record.payment_hash()).await? {
            None => return Err(SendInvoiceError::Deleted),
            Some(record) => match record.state {
                InvoiceState::Paid(_) => return Ok(record),
                InvoiceState::Expired => return Err(SendInvoiceError::InvoiceExpired(Box::new(record))),
                InvoiceState::Unpaid | InvoiceState::Accepted => {}
            },
        }
    }
}

async fn free<P: PayeePorts>(
    ports: &P,
    record: &InvoiceRecord,
    why: Free,
) -> Result<Option<InvoiceRecord>, StoreError> {
    ports.free_label(&record.label, record.payment_hash(), why).await
}

/// The receipt, if the invoice that stayed is paid by now.
fn paid_or(
    kept: Option<InvoiceRecord>,
    error: impl FnOnce(Option<Box<InvoiceRecord>>) -> SendInvoiceError,
) -> Result<InvoiceRecord, SendInvoiceError> {
    match kept {
        Some(record) if matches!(record.state, InvoiceState::Paid(_)) => Ok(record),
        kept => Err(error(kept.map(Box::new))),
    }
}
