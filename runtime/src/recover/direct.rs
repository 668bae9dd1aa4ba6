//! Sending without `sendinvoice`: the engine's payee over the node's own commands.

use cln_api::primitives::{CommonError, RpcError};
use cln_api::{getinfo, help};

use super::claim::Claim;
use super::collect::Collected;
use super::error::Error;
use super::send::Sent;
use crate::bolt12::Chain;
use crate::client::{CallError, Client};
use crate::engine::{NodeIdentity as _, Order, SendInvoiceError, System, send_invoice};
use crate::lightningd::Payee;

/// The commands that are not on every node.
const COMMANDS: [&str; 2] = ["createinvoice", "injectonionmessage"];

/// The node's payee, or why it has none.
pub(super) async fn payee(client: &Client) -> Result<Result<Payee<Client, System>, String>, Error> {
    for command in COMMANDS {
        match client.call(&help::Request::new().command(command)).await {
            Ok(found) if !found.help.is_empty() => {}
            Ok(_) => return Ok(Err(format!("the node has no command `{command}`"))),
            Err(CallError::Rpc(error)) if is_unknown(error.rpc_error()) => {
                return Ok(Err(format!("the node has no command `{command}`")));
            }
            Err(error) => return Err(Error::call("help", error, help::Error::rpc_error)),
        }
    }
    let info = client.call(&getinfo::Request::new()).await;
    let info = info.map_err(|error| Error::call("getinfo", error, getinfo::Error::rpc_error))?;
    let Some(chain) = Chain::from_name(&info.network) else {
        return Ok(Err(format!("the node's network `{}` is not known", info.network)));
    };
    // The flow looks itself, where its caller wants it to.
    Ok(Ok(Payee::new(client.clone(), info.id, chain, System).look_at_other_labels(false)))
}

/// Does `help` say by this that there is no such command? Any other error may be gone with the next call.
fn is_unknown(error: &RpcError) -> bool {
    matches!(CommonError::from_code(error.code), Some(CommonError::MethodNotFound | CommonError::InvalidParams))
}

/// Is the request for the node's chain?
pub(super) fn check_chain(payee: &Payee<Client, System>, claim: &Claim) -> Result<(), Error> {
    crate::bolt12::InvoiceRequest::parse(&claim.request.to_string(), payee.chain())?;
    Ok(())
}

/// Makes an invoice under the label, sends it, and waits for what becomes of it.
pub(super) async fn send(
    payee: &Payee<Client, System>,
    claim: &Claim,
    label: &str,
    timeout: u32,
) -> Result<Sent, Error> {
    let order = Order { request: claim.request.clone(), label: label.to_owned(), amount: claim.amount, timeout };
    let error = match send_invoice(payee, &order).await {
        // What the table says is what counts.
        Ok(_) => return Ok(Sent::Open(None)),
        Err(error) => error,
    };
    Ok(match error {
        SendInvoiceError::LabelTaken(_) | SendInvoiceError::LabelOfOtherInvoice(_) => Sent::Taken,
        SendInvoiceError::RequestExpired(at) => Sent::Dead(Ok(Collected::Expired { at })),
        SendInvoiceError::Unreachable { why, kept: None } | SendInvoiceError::NotSent { why, kept: None } => {
            Sent::Dead(Ok(Collected::Unreachable { reason: why }))
        }
        SendInvoiceError::Refused(refusal) => Sent::Dead(Ok(Collected::Refused {
            reason: refusal.error().unwrap_or_default().to_owned(),
            erroneous_field: refusal.field(),
            suggested_value: refusal.suggested_value().map(|value| value.to_vec().into()),
        })),
        SendInvoiceError::Request(error) => return Err(error.into()),
        SendInvoiceError::Store(error) => Sent::Open(Some(error.into())),
        // It may be with the payer, or is gone.
        _ => Sent::Open(None),
    })
}
