//! `lnr disable`: to take a promise back.

use std::time::Duration;

use clap::Args;
use cln_api::lnr_disable;
use cln_primitives::Hash32;
use cln_runtime::client::{CallError, CallOptions, Client};
use cln_runtime::recover::{Disabled, Recover, Request};

use super::exit::{Exit, Failure, unforeseen};
use super::find::NodeOptions;
use super::output::{coloured_field, field, raw};
use super::requests::{self, Keeper, State, heading};
use super::wait::{Interrupted, wait};

/// The request takes no invoices already.
const ALREADY_DISABLED: i32 = 1001;

#[derive(Debug, Args)]
pub struct Options {
    /// Its id, the beginning of that, or its label
    id: String,
    /// How long a payment for it that is under way is waited for
    #[arg(long, default_value = "60s", value_parser = super::time::parse_seconds)]
    timeout: u32,
    /// Print the request, as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    node: NodeOptions,
}

pub async fn run(options: Options) -> Result<(), Failure> {
    let client = options.node.connect().await?;
    let kept = requests::find(&client, &options.id).await?;
    let id = kept.request.invreq_id;
    if kept.keeper == Keeper::Plugin {
        return at_plugin(&client, &kept.request, options.json).await;
    }
    let within = Duration::from_secs(options.timeout.into());
    let recover = Recover::new(client);
    let disabled = wait("looking for payments under way", Some(within), recover.disable(&id, within)).await;
    let disabled = disabled.map_err(|Interrupted| {
        let advice = "Run the same command again: it looks first and is safe to repeat.";
        Failure::new(Exit::Interrupted, "no longer waiting; the request may be open still", advice)
    })?;
    match disabled? {
        Disabled::Disabled { request, pending } => {
            closed(&request, pending, "Disabled: it takes no more invoices", options.json)
        }
        Disabled::AlreadyClosed { request, pending } => {
            closed(&request, pending, "It took no invoices before either", options.json)
        }
        Disabled::Unknown => {
            let problem = format!("the node has no request {id} any more");
            Err(Failure::new(Exit::BadInput, problem, "`lnr list` shows those that it has."))
        }
        Disabled::PaymentPending { payment_hash } => {
            let problem = format!("nothing was done: a payment for it is under way (payment hash {payment_hash})");
            let advice = "Run the same command again when that payment has ended: lightningd would crash otherwise.";
            Err(Failure::new(Exit::TimedOut, problem, advice))
        }
        other => Err(unforeseen(&other)),
    }
}

/// The plugin does no harm to itself when a payment is under way.
async fn at_plugin(client: &Client, request: &Request, as_json: bool) -> Result<(), Failure> {
    match client.call_for_json(&lnr_disable::Request::new(request.invreq_id), CallOptions::new()).await {
        Ok(answer) if as_json => {
            raw(answer.as_bytes());
            Ok(())
        }
        Ok(answer) => {
            let request = requests::decoded::<lnr_disable::Request>(answer.as_bytes())?.into();
            closed(&request, None, "Disabled: it takes no more invoices", as_json)
        }
        Err(CallError::Rpc(error)) if error.code == ALREADY_DISABLED => {
            let now = requests::find(client, &request.invreq_id.to_string()).await?;
            closed(&now.request, None, "It took no invoices before either", as_json)
        }
        Err(error) => Err(Failure::from(error)),
    }
}

fn closed(request: &Request, pending: Option<Hash32>, title: &str, as_json: bool) -> Result<(), Failure> {
    if as_json {
        let json = serde_json::to_vec(request).map_err(|error| {
            Failure::new(Exit::Failed, error.to_string(), "The request takes no more invoices: look by `lnr show`.")
        })?;
        raw(&json);
    } else {
        let state = State::of(request, None, 0);
        heading(title);
        field("id", request.invreq_id);
        coloured_field("state", state.style(), state.name());
    }
    let Some(payment_hash) = pending else { return Ok(()) };
    let problem = format!("a payment for the disabled request is under way all the same (payment hash {payment_hash})");
    let advice = "If it succeeds, lightningd aborts, and again at each start, until the request's row in its database \
                  is active again: tell the node's operator before it is restarted.";
    Err(Failure::new(Exit::Failed, problem, advice))
}
