//! `disable`: to take a promise back without harm to the node.

use std::collections::BTreeSet;
use std::time::Duration;

use cln_api::shared::PaymentStatus;
use cln_api::{disableinvoicerequest, listpays, listsendpays};
use cln_primitives::Hash32;

use super::Recover;
use super::error::Error;
use super::pace::Pace;
use super::request::{Request, look};
use crate::bolt12::{Accept, Invoice};
use crate::client::{CallError, Client};

/// What became of a request that was to be disabled.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub enum Disabled {
    /// It takes no more invoices.
    Disabled {
        /// The request.
        request: Request,
        /// A payment for it that began in the moment between the last look and the command. When it succeeds, Core
        /// Lightning aborts and does so at each start until the request's row is mended by hand: tell the operator.
        pending: Option<Hash32>,
    },
    /// It took no invoices before either: it was disabled, perhaps by a call whose answer was lost, or is single-use and
    /// paid.
    AlreadyClosed {
        /// The request.
        request: Request,
        /// A payment for it that is under way all the same, as dangerous as above: tell the operator.
        pending: Option<Hash32>,
    },
    /// The node has no such request.
    Unknown,
    /// The time is up, and a payment for it is still under way. Nothing was done.
    PaymentPending {
        /// The payment's hash.
        payment_hash: Hash32,
    },
}

impl Recover {
    /// Disables a request of this node's own once no payment for it is under way, and begins no other look after so
    /// long. A silent node takes the client's timeout in addition.
    ///
    /// Core Lightning aborts, at each start again, when a payment succeeds whose request was disabled meanwhile; see
    /// [the states](super#disable) for the moment that remains.
    ///
    /// # Errors
    /// When the node fails or is lost. Call again: a request that is disabled already is told as such.
    pub async fn disable(&self, invreq_id: &Hash32, within: Duration) -> Result<Disabled, Error> {
        let (client, mut pace) = (&self.client, Pace::within(within));
        let mut in_time = true;
        loop {
            let Some(request) = look(client, invreq_id).await? else { return Ok(Disabled::Unknown) };
            let pending_before = pending(client, invreq_id).await?;
            if !request.active {
                return Ok(Disabled::AlreadyClosed { request, pending: pending_before });
            }
            if let Some(payment_hash) = pending_before {
                if pace.pause().await {
                    continue;
                }
                return Ok(Disabled::PaymentPending { payment_hash });
            }
            // Nothing may come between the look above and this.
            let error = match client.call(&disableinvoicerequest::Request::new(invreq_id.to_string())).await {
                Ok(row) => {
                    let pending = pending(client, invreq_id).await?;
                    return Ok(Disabled::Disabled { request: row.into(), pending });
                }
                Err(error) => error,
            };
            let closed = matches!(error, CallError::Rpc(disableinvoicerequest::Error::OfferAlreadyDisabled(_)));
            let look_again = closed || error.may_have_taken_effect();
            if !look_again || !in_time {
                let rpc_error = disableinvoicerequest::Error::rpc_error;
                return Err(Error::call("disableinvoicerequest", error, rpc_error));
            }
            // What became of it is looked at in any case.
            in_time = pace.pause().await;
        }
    }
}

/// The hash of a payment for the request that is under way.
async fn pending(client: &Client, invreq_id: &Hash32) -> Result<Option<Hash32>, Error> {
    let parts = client.call(&listsendpays::Request::new().status(PaymentStatus::Pending)).await;
    let parts = parts.map_err(|error| Error::call("listsendpays", error, listsendpays::Error::rpc_error))?.payments;
    let mut unnamed = BTreeSet::new();
    for part in parts {
        match (part.bolt12, part.bolt11) {
            (Some(invoice), _) if may_be_for(&invoice, invreq_id) => return Ok(Some(part.payment_hash)),
            (None, None) => drop(unnamed.insert(part.payment_hash)),
            _ => {}
        }
    }
    // Only the first part of a payment need have the invoice: the payment as a whole has it then.
    for payment_hash in unnamed {
        let pays = client.call(&listpays::Request::new().payment_hash(payment_hash)).await;
        let pays = pays.map_err(|error| Error::call("listpays", error, listpays::Error::rpc_error))?.pays;
        let mut invoices = pays.into_iter().filter_map(|pay| pay.bolt12);
        if invoices.any(|invoice| may_be_for(&invoice, invreq_id)) {
            return Ok(Some(payment_hash));
        }
    }
    Ok(None)
}

/// Is it an invoice for the request? One that cannot be read may be.
fn may_be_for(bolt12: &str, invreq_id: &Hash32) -> bool {
    Invoice::parse(bolt12, Accept::Any).map_or(true, |invoice| invoice.invreq_id() == *invreq_id)
}
