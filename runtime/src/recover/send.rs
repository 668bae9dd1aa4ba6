//! Sends an invoice by the node's command `sendinvoice`.

use cln_api::error_data::Refusal;
use cln_api::primitives::{CommonError, RpcError, RpcErrorData};
use cln_api::sendinvoice;

use super::claim::Claim;
use super::collect::Collected;
use super::error::Error;
use super::receipt::Receipt;
use super::row::{Row, Status};
use crate::bolt12::FieldType;
use crate::client::{CallError, Client};

/// How the sending of an invoice ended.
#[derive(Debug)]
pub(super) enum Sent {
    /// It is paid.
    Paid(Receipt),
    /// Another caller had the label first.
    Taken,
    /// It may be with the payer, and may be paid for as long as it is valid. When the answer was lost: how.
    Open(Option<Error>),
    /// It is of no more use: the payer has refused it, or it never got to the payer. What is left of it is to be
    /// withdrawn.
    Dead(Result<Collected, Error>),
}

/// Makes an invoice under the label, sends it, and waits for what becomes of it.
pub(super) async fn send(client: &Client, claim: &Claim, label: &str, timeout: u32) -> Result<Sent, Error> {
    let request = sendinvoice::Request::new(claim.request.to_string(), label).timeout(timeout);
    let error = match client.call(&request).await {
        Ok(response) => return paid(claim, response),
        Err(error) => error,
    };
    let CallError::Rpc(refused) = &error else {
        let lost = error.may_have_taken_effect();
        let error = failed(error);
        return if lost { Ok(Sent::Open(Some(error))) } else { Err(error) };
    };
    Ok(match refused {
        sendinvoice::Error::InvoiceLabelAlreadyExists(_) => Sent::Taken,
        sendinvoice::Error::Timeout(_) | sendinvoice::Error::InvoiceExpiredDuringWait(_) => Sent::Open(None),
        sendinvoice::Error::OfferBadInvreqReply(refusal) => Sent::Dead(Ok(refusal_of(refusal))),
        sendinvoice::Error::OfferRouteNotFound(error) | sendinvoice::Error::Lightningd(error) => {
            Sent::Dead(Ok(Collected::Unreachable { reason: error.message.clone() }))
        }
        // Never Core Lightning's answer, but that of nodes which heed the expiry.
        sendinvoice::Error::OfferExpired(_) => Sent::Dead(match claim.request.offer_absolute_expiry() {
            Some(at) => Ok(Collected::Expired { at }),
            None => Err(failed(error)),
        }),
        // The node itself refused, before anything went out.
        other if never_sent(other.rpc_error()) => Sent::Dead(Err(failed(error))),
        // A plugin ended, the node stops, or something that is not known: how far it came is not known either.
        _ => Sent::Open(Some(failed(error))),
    })
}

fn failed(error: CallError<sendinvoice::Error>) -> Error {
    Error::call("sendinvoice", error, sendinvoice::Error::rpc_error)
}

fn never_sent(error: &RpcError) -> bool {
    matches!(
        CommonError::from_code(error.code),
        Some(CommonError::InvalidRequest | CommonError::MethodNotFound | CommonError::InvalidParams)
    )
}

fn paid(claim: &Claim, response: sendinvoice::Response) -> Result<Sent, Error> {
    let mut row = Row::from(response);
    match std::mem::replace(&mut row.status, Status::Unpaid) {
        Status::Paid(payment) => Receipt::check(claim, row, payment).map(Sent::Paid),
        Status::Unpaid | Status::Expired => Ok(Sent::Open(None)),
    }
}

fn refusal_of(refusal: &RpcErrorData<Refusal>) -> Collected {
    let data = refusal.data.as_ref();
    let reason = data.and_then(|data| data.error.as_deref()).filter(|reason| !reason.is_empty());
    Collected::Refused {
        reason: without_invoice(reason.unwrap_or(&refusal.error.message)).to_owned(),
        erroneous_field: data.and_then(|data| data.erroneous_field).map(FieldType),
        suggested_value: data.and_then(|data| data.suggested_value.clone()),
    }
}

/// Core Lightning repeats all of the invoice in front of its reason.
fn without_invoice(reason: &str) -> &str {
    let behind = reason.strip_prefix("Failed invoice lni1").and_then(|rest| rest.split_once(": "));
    behind.map_or(reason, |(_, reason)| reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_told_without_the_invoice() {
        let check = |reason, expected| assert_eq!(without_invoice(reason), expected);
        check("Failed invoice lni1qqg: invoice amount is too large", "invoice amount is too large");
        check("Failed invoice lni1qqg: pay attempt failed: \"x\"", "pay attempt failed: \"x\"");
        check("Failed invoice lni1qqg", "Failed invoice lni1qqg");
        check("Internal error: x", "Internal error: x");
    }
}
