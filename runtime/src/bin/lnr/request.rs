//! `lnr request`: to promise a payment.

use std::time::Duration;

use clap::Args;
use cln_api::{invoicerequest, listinvoicerequests};
use cln_primitives::{Msat, RpcError};
use cln_runtime::client::{CallError, CallOptions, Client};
use cln_runtime::recover::{Recover, Request, RequestSpec, Requested, Watched};
use serde::Serialize;

use super::amount;
use super::exit::{Exit, Failure};
use super::find::NodeOptions;
use super::output::{GOOD, line, raw, styled};
use super::requests::{self, State, Terms, heading};
use super::time::{self, Moment};
use super::wait::{Interrupted, wait};

/// The node's own clock may say so a little later.
const AFTER_EXPIRY: u64 = 2;
const METHOD_NOT_FOUND: i32 = -32601;
const OWN_METHOD: &str = "lnr-request";

#[derive(Debug, Args)]
pub struct Options {
    /// What will be paid, with its unit, such as 10000sat
    #[arg(value_parser = amount::parse)]
    amount: Msat,
    /// What for; whoever has the request can read it
    description: String,
    /// Until when it will be paid: a time from now, such as 24h or 7d, or a date (UTC), such as 2026-12-24T18:00
    #[arg(long, value_name = "TIME", value_parser = time::parse_moment)]
    expires: Option<Moment>,
    /// Pay everybody who sends an invoice, without limit, not one only
    #[arg(long)]
    multi_use: bool,
    /// Take an invoice over less too, from this amount on; payees are not told
    #[arg(long, value_name = "AMOUNT", value_parser = amount::parse)]
    min_amount: Option<Msat>,
    /// What you call it; the same command with the same label makes no second request
    #[arg(long)]
    label: Option<String>,
    /// Who pays, in words
    #[arg(long)]
    issuer: Option<String>,
    /// Draw its QR code
    #[arg(long, conflicts_with = "json")]
    qr: bool,
    /// Wait until it is paid
    #[arg(long)]
    wait: bool,
    /// Print the node's answer, as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    node: NodeOptions,
}

/// A request that was made now or before, and the answer about it.
struct Made {
    request: Request,
    json: Vec<u8>,
}

pub async fn run(options: Options) -> Result<(), Failure> {
    let client = options.node.connect().await?;
    let made = make(&client, &options).await?;
    let state = State::of(&made.request, expiry_of(&made.request), time::now());
    if options.json {
        raw(&made.json);
    } else {
        heading(if state.is_open() {
            "Whoever sends an invoice for this is paid"
        } else {
            "It takes no more invoices"
        });
        requests::show(&made.request, time::now())?;
        requests::hand_out(&made.request.bolt12, options.qr && state.is_open())?;
    }
    if options.wait {
        return until_paid(&client, &made.request, !options.json).await;
    }
    if state.is_open() {
        return Ok(());
    }
    let problem = format!("the label has this request already, which is {}", state.name());
    Err(Failure::new(Exit::TooLate, problem, "For a new promise choose another label by --label NAME."))
}

async fn make(client: &Client, options: &Options) -> Result<Made, Failure> {
    let now = time::now();
    let expiry = options.expires.map(|moment| moment.since_1970(now)).transpose();
    let expiry =
        expiry.map_err(|problem| Failure::new(Exit::BadInput, problem, "Correct --expires, then try again."))?;
    match (&options.label, options.min_amount) {
        (Some(label), None) => make_labelled(client, options, label, expiry).await,
        (label, Some(least)) => make_taking_less(client, options, label.as_deref(), least, expiry).await,
        (None, None) => {
            let command = to_command(options, expiry);
            let answer = client.call_for_json(&command, CallOptions::new()).await.map_err(not_made)?;
            let made = requests::decoded::<invoicerequest::Request>(answer.as_bytes())?;
            Ok(Made { request: made.into(), json: answer.as_bytes().to_vec() })
        }
    }
}

fn to_command(options: &Options, expiry: Option<u64>) -> invoicerequest::Request {
    let mut command = invoicerequest::Request::new(options.amount, &options.description);
    command.issuer.clone_from(&options.issuer);
    command.label.clone_from(&options.label);
    command.absolute_expiry = expiry;
    command.single_use = Some(!options.multi_use);
    command
}

fn not_made(error: CallError<RpcError>) -> Failure {
    let is_unclear = error.may_have_taken_effect();
    let failure = Failure::from(error);
    if !is_unclear {
        return failure;
    }
    failure.advise("The request may have been made: look at `lnr list` first. With --label it can simply be repeated.")
}

/// With a label the command can be repeated: a request that is there already is given again.
async fn make_labelled(client: &Client, options: &Options, label: &str, expiry: Option<u64>) -> Result<Made, Failure> {
    let mut spec = RequestSpec::new(options.amount, &options.description).single_use(!options.multi_use);
    if let Some(issuer) = &options.issuer {
        spec = spec.issuer(issuer);
    }
    // A time from now is another at each call: what the first call made of it holds.
    let first = match options.expires {
        Some(Moment::In(_)) => labelled(client, label).await?.into_iter().find_map(|request| expiry_of(&request)),
        _ => None,
    };
    if let Some(expiry) = first.or(expiry) {
        spec = spec.absolute_expiry(expiry);
    }
    let (request, others) = match Recover::new(client.clone()).request(&spec, label).await? {
        Requested::Open { request, others } => (request, others),
        Requested::Used { request, others } => (request, others),
        Requested::Disabled(request) => (request, Vec::new()),
        other => return Err(unforeseen(&other)),
    };
    for other in others {
        eprintln!("lnr: {other} has the same label and content and is open too: `lnr disable` it, or both may be paid");
    }
    let json = serde_json::to_vec(&request).map_err(|error| unforeseen(&error))?;
    Ok(Made { request, json })
}

fn expiry_of(request: &Request) -> Option<u64> {
    Terms::read(&request.bolt12).ok().and_then(|terms| terms.expiry)
}

async fn labelled(client: &Client, label: &str) -> Result<Vec<Request>, Failure> {
    let requests = requests::list(client, &listinvoicerequests::Request::new()).await?;
    Ok(requests.into_iter().filter(|request| request.label.as_deref() == Some(label)).collect())
}

/// The parameters of the nodes' command `lnr-request`.
#[derive(Serialize)]
struct OwnCommand {
    #[serde(flatten)]
    command: invoicerequest::Request,
    min_amount_msat: Msat,
}

/// lightningd itself cannot take less; embedded nodes and the plugin can.
async fn make_taking_less(
    client: &Client,
    options: &Options,
    label: Option<&str>,
    least: Msat,
    expiry: Option<u64>,
) -> Result<Made, Failure> {
    // The least amount is nowhere to be read, so that no request can be told to be the same.
    if let Some(label) = label
        && let Some(request) = labelled(client, label).await?.first()
    {
        let problem = format!("the label `{label}` has a request already, {}", request.invreq_id);
        return Err(Failure::new(Exit::Failed, problem, "Nothing was made: `lnr show` it, or choose another label."));
    }
    let command = OwnCommand { command: to_command(options, expiry), min_amount_msat: least };
    let answer: Result<serde_json::Value, _> = client.call_as(OWN_METHOD, &command).await;
    let answer = answer.map_err(|error| match error {
        CallError::Rpc(error) if error.code == METHOD_NOT_FOUND => {
            let problem = "this node cannot take less than a request's amount: it has no command `lnr-request`";
            Failure::new(Exit::Failed, problem, "Leave out --min-amount, or start the plugin `lnr plugin` on the node.")
        }
        error => not_made(error),
    })?;
    let json = serde_json::to_vec(&answer).map_err(|error| unforeseen(&error))?;
    let request = serde_json::from_value(answer).map_err(|error| unforeseen(&error))?;
    Ok(Made { request, json })
}

fn unforeseen(what: &impl std::fmt::Debug) -> Failure {
    let problem = format!("the node did what this program does not know: {what:?}");
    Failure::new(Exit::Failed, problem, "Look at `lnr list`; `lnr doctor` compares the versions.")
}

/// Waits for the payment of a request of this node.
pub async fn until_paid(client: &Client, request: &Request, for_people: bool) -> Result<(), Failure> {
    let (id, now) = (request.invreq_id, time::now());
    let within = match expiry_of(request) {
        Some(expiry) => Duration::from_secs(expiry.saturating_sub(now) + AFTER_EXPIRY),
        None => Duration::MAX,
    };
    let shown = (within != Duration::MAX).then_some(within);
    let recover = Recover::new(client.clone());
    let closed = |problem: &str| Failure::new(Exit::TooLate, problem, "For a new promise make a new request.");
    match wait("waiting to pay", shown, recover.watch(&id, within)).await {
        Ok(Ok(Watched::Used(_))) => {
            if for_people {
                line("");
                line(styled(GOOD, "Paid."));
            }
            Ok(())
        }
        Ok(Ok(Watched::StillOpen(_))) => Err(closed("nobody has sent an invoice in time: the request has expired")),
        Ok(Ok(Watched::Disabled(_))) => Err(closed("the request was disabled before it was paid")),
        Ok(Ok(Watched::Unknown)) => {
            let problem = format!("the node has no request {id} any more");
            Err(Failure::new(Exit::Failed, problem, "Is it the same node? `lnr list` shows its requests."))
        }
        Ok(Ok(other)) => Err(unforeseen(&other)),
        Ok(Err(error)) => Err(error.into()),
        Err(Interrupted) => {
            let problem =
                "no longer waiting; the request stays open, and the node pays whoever sends an invoice for it";
            let short = requests::short_id(request);
            let advice = format!("To wait again: `lnr show {short} --wait`. To take it back: `lnr disable {short}`.");
            Err(Failure::new(Exit::Interrupted, problem, advice))
        }
    }
}
