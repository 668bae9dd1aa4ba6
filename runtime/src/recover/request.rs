//! `request`: to promise a payment, once.

use std::time::Duration;

use cln_api::{disableinvoicerequest, invoicerequest, listinvoicerequests, lnr_disable, lnr_list, lnr_request};
use cln_primitives::{Hash32, Msat};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::Recover;
use super::error::Error;
use super::turns::Turn;
use crate::bolt12::{Accept, InvoiceRequest};
use crate::client::Client;

/// When to look again for a request whose answer was lost: the node may be at it still.
const LOOKS: [Duration; 4] =
    [Duration::ZERO, Duration::from_millis(100), Duration::from_millis(300), Duration::from_millis(600)];

/// A payment to promise.
///
/// The same spec must be given at every call: an expiry that is counted from now makes it another each time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct RequestSpec {
    amount: Msat,
    description: String,
    issuer: Option<String>,
    absolute_expiry: Option<u64>,
    single_use: bool,
}

impl RequestSpec {
    /// To pay this much, once, for what the description says.
    pub fn new(amount: Msat, description: impl Into<String>) -> Self {
        let description = description.into();
        RequestSpec { amount, description, issuer: None, absolute_expiry: None, single_use: true }
    }

    /// Who pays, in words.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Until when the request is valid, in seconds since 1970. Core Lightning pays after it all the same; payees that
    /// use [`collect`](Recover::collect) send nothing then. Default: without end.
    pub fn absolute_expiry(mut self, at: u64) -> Self {
        self.absolute_expiry = Some(at);
        self
    }

    /// Whether it is paid once only. Otherwise everybody who sends an invoice is paid, without limit. Default: true.
    pub fn single_use(mut self, single_use: bool) -> Self {
        self.single_use = single_use;
        self
    }

    fn to_command(&self, label: &str) -> invoicerequest::Request {
        let mut command = invoicerequest::Request::new(self.amount, &self.description).label(label);
        command.issuer.clone_from(&self.issuer);
        command.absolute_expiry = self.absolute_expiry;
        command.single_use = Some(self.single_use);
        command
    }

    /// Does the request say just this?
    fn is_met_by(&self, request: &Request) -> bool {
        let read = InvoiceRequest::parse(&request.bolt12, Accept::Any).and_then(InvoiceRequest::verify);
        read.is_ok_and(|read| {
            read.stand_alone_amount() == Ok(self.amount)
                && read.invreq_id() == request.invreq_id
                && read.offer_description() == Some(&self.description)
                && read.offer_issuer() == self.issuer.as_deref()
                && read.offer_absolute_expiry() == self.absolute_expiry
                && request.single_use == self.single_use
        })
    }
}

/// A request that the node has made, as its table tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Request {
    /// Its id, which its invoices have too.
    pub invreq_id: Hash32,
    /// Its text, `lnr1…`: who has it can collect.
    pub bolt12: String,
    /// The label that it was made under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// It takes invoices.
    pub active: bool,
    /// It takes one payment only.
    pub single_use: bool,
    /// It was paid.
    pub used: bool,
}

/// Several commands tell requests by the same fields, each as its own type.
macro_rules! request_from {
    ($($row:path),*) => {$(
        impl From<$row> for Request {
            fn from(row: $row) -> Self {
                let (invreq_id, bolt12, label) = (row.invreq_id, row.bolt12, row.label);
                Request { invreq_id, bolt12, label, active: row.active, single_use: row.single_use, used: row.used }
            }
        }
    )*};
}
request_from!(
    invoicerequest::Response,
    listinvoicerequests::InvoiceRequest,
    disableinvoicerequest::Response,
    lnr_request::Response,
    lnr_list::InvoiceRequest,
    lnr_disable::Response
);

/// What became of a promise.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub enum Requested {
    /// It takes invoices: hand out its text.
    Open {
        /// The request.
        request: Request,
        /// Others of the same label and content that take invoices too: an answer was lost, or several processes asked
        /// at once. Each that somebody has is paid: before this one is handed out, disable all the others.
        others: Vec<Hash32>,
    },
    /// It was paid and takes no more invoices.
    Used {
        /// The request.
        request: Request,
        /// Others of the same label and content that still take invoices: disable them, or they may be paid as well.
        others: Vec<Hash32>,
    },
    /// It was disabled and takes no more invoices. For a new promise use a new label.
    Disabled(Request),
}

impl Recover {
    /// Promises a payment under a label, once: gives the request that the label has already, or makes it.
    ///
    /// Call it again with the same spec and label after any end, be it a crash; see [the states](super#request).
    ///
    /// # Errors
    /// When the label has a request of another content, or the node fails or is lost.
    pub async fn request(&self, spec: &RequestSpec, label: &str) -> Result<Requested, Error> {
        let _turn = self.turns.take(Turn::Label(label.to_owned())).await;
        if let Some(found) = find(&self.client, spec, label).await? {
            return Ok(found);
        }
        let error = match self.client.call(&spec.to_command(label)).await {
            Ok(made) => return as_asked(spec, made.into()),
            Err(error) => error,
        };
        if error.may_have_taken_effect() {
            for pause in LOOKS {
                sleep(pause).await;
                // A look that fails tells nothing: the node may be on its way back.
                if let Ok(Some(found)) = find(&self.client, spec, label).await {
                    return Ok(found);
                }
            }
        }
        // Not made anew here: the node may still make the lost one, and the caller's next call looks first.
        Err(Error::call("invoicerequest", error, invoicerequest::Error::rpc_error))
    }
}

fn as_asked(spec: &RequestSpec, request: Request) -> Result<Requested, Error> {
    if !spec.is_met_by(&request) || !request.active {
        return Err(Error::Altered { invreq_id: request.invreq_id });
    }
    Ok(Requested::Open { request, others: Vec::new() })
}

/// What the label has: of several that meet the spec one that is used up, else one that takes invoices, else any; of
/// equals the one with the lowest id, so that it is the same one each time.
async fn find(client: &Client, spec: &RequestSpec, label: &str) -> Result<Option<Requested>, Error> {
    let labelled = list(client, listinvoicerequests::Request::new()).await?;
    let labelled = labelled.into_iter().filter(|request| request.label.as_deref() == Some(label));
    let (mut met, unmet): (Vec<_>, Vec<_>) = labelled.partition(|request| spec.is_met_by(request));
    let used_up = |request: &Request| request.used && request.single_use;
    met.sort_by_key(|request| (!used_up(request), !request.active, request.invreq_id));
    let mut met = met.into_iter();
    let Some(request) = met.next() else {
        return match unmet.into_iter().next() {
            Some(Request { invreq_id, .. }) => Err(Error::Clash { label: label.to_owned(), invreq_id }),
            None => Ok(None),
        };
    };
    let others = met.filter(|other| other.active).map(|other| other.invreq_id).collect();
    Ok(Some(match request {
        request if request.active => Requested::Open { request, others },
        request if used_up(&request) => Requested::Used { request, others },
        // What takes invoices comes before: there is none.
        request => Requested::Disabled(request),
    }))
}

/// What the node knows of one request.
pub(super) async fn look(client: &Client, invreq_id: &Hash32) -> Result<Option<Request>, Error> {
    let found = list(client, listinvoicerequests::Request::new().invreq_id(invreq_id.to_string())).await?;
    Ok(found.into_iter().find(|request| request.invreq_id == *invreq_id))
}

async fn list(client: &Client, command: listinvoicerequests::Request) -> Result<Vec<Request>, Error> {
    let listed = client.call(&command).await;
    let listed =
        listed.map_err(|error| Error::call("listinvoicerequests", error, listinvoicerequests::Error::rpc_error))?;
    Ok(listed.invoicerequests.into_iter().map(Request::from).collect())
}
