//! A request to be paid by, checked before anything is sent.

use cln_primitives::{Hash32, Msat};

use super::error::Error;
use super::sending::Sending;
use crate::bolt12::{Accept, Invoice, InvoiceRequest, Verified};

/// How long an invoice is valid when the caller does not say, in seconds: as long as `sendinvoice` waits by itself.
const DEFAULT_TIMEOUT: u32 = 90;

/// What to collect: a request, and what the caller expects of it. A text alone will do.
#[derive(Clone, Debug)]
#[must_use]
pub struct CollectSpec {
    pub(super) lnr: String,
    pub(super) amount: Option<Msat>,
    pub(super) timeout: u32,
    pub(super) look_at_other_labels: bool,
    pub(super) sending: Option<Sending>,
}

impl CollectSpec {
    /// To be paid by this request, `lnr1…`.
    pub fn new(lnr: impl Into<String>) -> Self {
        CollectSpec {
            lnr: lnr.into(),
            amount: None,
            timeout: DEFAULT_TIMEOUT,
            look_at_other_labels: true,
            sending: None,
        }
    }

    /// The request must pay this amount. Default: what it says.
    pub fn amount(mut self, amount: Msat) -> Self {
        self.amount = Some(amount);
        self
    }

    /// For how many seconds a new invoice is valid, one at least. So long the payer has, and so long one call waits for
    /// an invoice. Default: 90.
    pub fn timeout(mut self, seconds: u32) -> Self {
        self.timeout = seconds.max(1);
        self
    }

    /// Whether to see, before an invoice is made, that no other label has an unpaid one for the same request. This reads
    /// all of the node's invoices, in pages. Without it the caller vouches that a request is collected under one
    /// label only. Default: true.
    pub fn look_at_other_labels(mut self, look: bool) -> Self {
        self.look_at_other_labels = look;
        self
    }

    /// How the invoice is sent. Default: [directly](Sending::Direct), where the node has the commands for it, else by
    /// [`sendinvoice`](Sending::SendInvoice).
    pub fn sending(mut self, sending: Sending) -> Self {
        self.sending = Some(sending);
        self
    }
}

impl From<&str> for CollectSpec {
    fn from(lnr: &str) -> Self {
        CollectSpec::new(lnr)
    }
}

impl From<String> for CollectSpec {
    fn from(lnr: String) -> Self {
        CollectSpec::new(lnr)
    }
}

/// A request that was verified and pays what is expected.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) request: InvoiceRequest<Verified>,
    pub(super) invreq_id: Hash32,
    pub(super) amount: Msat,
}

impl Claim {
    pub(super) fn read(spec: &CollectSpec) -> Result<Self, Error> {
        // Which chain it is for, the node checks before it does anything.
        let request = InvoiceRequest::parse(&spec.lnr, Accept::Any)?.verify()?;
        let amount = request.stand_alone_amount()?;
        match spec.amount {
            Some(expected) if expected != amount => Err(Error::Amount { expected, requested: amount }),
            _ => Ok(Claim { invreq_id: request.invreq_id(), request, amount }),
        }
    }

    /// Is this an invoice for all of the request's amount, with this payment hash?
    pub(super) fn is_answered_by(&self, bolt12: &str, payment_hash: &Hash32) -> bool {
        let invoice = Invoice::parse(bolt12, Accept::Any).and_then(Invoice::verify);
        invoice.is_ok_and(|invoice| {
            let payment = invoice.payment();
            invoice.invreq_id() == self.invreq_id
                && payment.amount == self.amount
                && payment.payment_hash == *payment_hash
        })
    }
}
