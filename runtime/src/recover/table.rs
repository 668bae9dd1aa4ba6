//! The node's table of invoices, as far as it concerns one request: what counts is what stands there.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cln_api::primitives::CommonError;
use cln_api::shared::InvoiceStatus;
use cln_api::{delinvoice, listinvoices, waitinvoice};

use super::claim::Claim;
use super::error::Error;
use super::receipt::Receipt;
use super::row::{Row, Status};
use crate::client::{CallError, CallOptions, Client};
use crate::lightningd::row::{GRACE, is_gone, open_under_another_label};

/// What stands under a label.
#[derive(Debug)]
pub(super) enum Found {
    Nothing,
    /// An invoice for the request, until this time in seconds since 1970.
    Unpaid {
        until: u64,
    },
    Expired,
    Paid(Receipt),
}

/// Looks under the label.
pub(super) async fn find(client: &Client, claim: &Claim, label: &str) -> Result<Found, Error> {
    let listed = client.call(&listinvoices::Request::new().label(label)).await;
    let invoice = listed.map_err(not_listed)?.invoices.into_iter().next();
    let Some(invoice) = invoice else { return Ok(Found::Nothing) };
    let answers = |bolt12: &str| claim.is_answered_by(bolt12, &invoice.payment_hash);
    if !invoice.bolt12.as_deref().is_some_and(answers) {
        return Err(Error::LabelTaken { label: label.to_owned(), invoice: Box::new(invoice) });
    }
    let mut row = Row::from(invoice);
    match std::mem::replace(&mut row.status, Status::Expired) {
        Status::Unpaid => Ok(Found::Unpaid { until: row.expires_at }),
        Status::Expired => Ok(Found::Expired),
        Status::Paid(payment) => Receipt::check(claim, row, payment).map(Found::Paid),
    }
}

/// Sees that no other label has an invoice for the request that can still be paid.
pub(super) async fn check_other_labels(client: &Client, claim: &Claim, label: &str) -> Result<(), Error> {
    let page = |request| async move { client.call(&request).await };
    match open_under_another_label(page, label, claim.invreq_id).await.map_err(not_listed)? {
        Some(invoice) => Err(Error::OtherLabel { label: invoice.label, expires_at: invoice.expires_at }),
        None => Ok(()),
    }
}

/// How a wait ended.
#[derive(Debug)]
pub(super) enum Waited {
    Paid(Receipt),
    /// The invoice has expired or is gone.
    Over,
    /// The time is up, and it can still be paid.
    StillUnpaid,
}

/// Waits until the invoice is paid or over, and no longer than a new one would be waited for.
pub(super) async fn wait(
    client: &Client,
    claim: &Claim,
    label: &str,
    until: u64,
    timeout: u32,
) -> Result<Waited, Error> {
    let left = Duration::from_secs(until.saturating_sub(now()).min(timeout.into()));
    let options = CallOptions::new().timeout(left + GRACE);
    match client.call_with(&waitinvoice::Request::new(label), options).await {
        Ok(response) => {
            let mut row = Row::from(response);
            match std::mem::replace(&mut row.status, Status::Expired) {
                Status::Paid(payment) => Receipt::check(claim, row, payment).map(Waited::Paid),
                Status::Unpaid | Status::Expired => Ok(Waited::Over),
            }
        }
        Err(CallError::Rpc(waitinvoice::Error::InvoiceExpiredDuringWait(_))) => Ok(Waited::Over),
        // Before or while it was waited for.
        Err(CallError::Rpc(error)) if is_gone(&error) => Ok(Waited::Over),
        Err(CallError::Timeout { .. }) => Ok(Waited::StillUnpaid),
        Err(error) => Err(Error::call("waitinvoice", error, waitinvoice::Error::rpc_error)),
    }
}

/// Deletes the label's invoice if it still has this status. Whether it did, the next look tells.
pub(super) async fn delete(client: &Client, label: &str, status: InvoiceStatus) -> Result<(), Error> {
    match client.call(&delinvoice::Request::new(label, status)).await {
        Ok(_) => Ok(()),
        // Somebody was faster: the payer, the clock, or another caller.
        Err(CallError::Rpc(delinvoice::Error::InvoiceNotFound(_) | delinvoice::Error::InvoiceStatusUnexpected(_))) => {
            Ok(())
        }
        Err(error) if error.may_have_taken_effect() => Ok(()),
        Err(error) => Err(Error::call("delinvoice", error, delinvoice::Error::rpc_error)),
    }
}

/// Deletes the label's unpaid invoice. False when the node does not give it up (-1), as nodes do that know of a payment
/// for it under way.
pub(super) async fn withdraw(client: &Client, label: &str) -> Result<bool, Error> {
    match delete(client, label, InvoiceStatus::Unpaid).await {
        Err(Error::Call { source, .. }) if matches!(&*source, CallError::Rpc(error) if error.code == CommonError::Lightningd.code()) => {
            Ok(false)
        }
        deleted => deleted.map(|()| true),
    }
}

fn not_listed(error: CallError<listinvoices::Error>) -> Error {
    Error::call("listinvoices", error, listinvoices::Error::rpc_error)
}

/// Seconds since 1970. A clock set before that is at its beginning: nothing has expired then.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
