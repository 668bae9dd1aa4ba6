//! How `lnr request` makes a request: by the plugin where it runs, else by lightningd, and once where it has a label.

use cln_api::{invoicerequest, lnr_request};
use cln_primitives::{CommonError, Msat, RpcError};
use cln_runtime::client::{CallError, CallOptions, Client};
use cln_runtime::recover::{Recover, Request, RequestSpec, Requested};

use super::exit::{Exit, Failure, unforeseen};
use super::request::Options;
use super::requests::{self, Keeper, Kept, decoded, expiry_of};
use super::time::{self, Moment};

/// A request that was made now or before, and the answer about it.
pub struct Made {
    pub kept: Kept,
    pub json: Vec<u8>,
}

/// Makes the request, which is to expire then.
pub async fn make(client: &Client, options: &Options, expiry: Option<u64>) -> Result<Made, Failure> {
    let listed = requests::list(client, false).await?;
    let has_label = |kept: &Kept| options.label.is_some() && kept.request.label == options.label;
    let (has_plugin, labelled) = (listed.has_plugin, listed.requests.into_iter().filter(has_label).collect::<Vec<_>>());
    let by_lightningd = labelled.iter().any(|kept| kept.keeper == Keeper::Lightningd);
    match (&options.label, options.min_amount) {
        // A label of lightningd's stays there: the plugin does not know it, and would make a second request.
        _ if has_plugin && !by_lightningd => make_by_plugin(client, options, expiry).await,
        (Some(label), None) => make_labelled(client, options, label, expiry, &labelled).await,
        (_, Some(least)) => make_taking_less(client, options, least, expiry, &labelled).await,
        (None, None) => {
            let mut command = invoicerequest::Request::new(options.amount, &options.description);
            command.issuer.clone_from(&options.issuer);
            command.absolute_expiry = expiry;
            command.single_use = Some(!options.multi_use);
            let answer = client.call_for_json(&command, CallOptions::new()).await.map_err(not_made)?;
            let made = decoded::<invoicerequest::Request>(answer.as_bytes())?;
            Ok(Made { kept: Kept::by_lightningd(made.into()), json: answer.as_bytes().to_vec() })
        }
    }
}

fn not_made(error: CallError<RpcError>) -> Failure {
    let is_unclear = error.may_have_taken_effect();
    let failure = Failure::from(error);
    if !is_unclear {
        return failure;
    }
    failure.advise("The request may have been made: look at `lnr list` first. With --label it can simply be repeated.")
}

/// What `lnr-request` takes.
fn to_own_command(options: &Options, expiry: Option<u64>) -> lnr_request::Request {
    let mut command = lnr_request::Request::new(options.amount).description(&options.description);
    command.issuer.clone_from(&options.issuer);
    command.label.clone_from(&options.label);
    command.absolute_expiry = expiry;
    command.single_use = Some(!options.multi_use);
    command.min_amount_msat = options.min_amount;
    command
}

async fn send_own_command(client: &Client, command: &lnr_request::Request, keeper: Keeper) -> Result<Made, Failure> {
    let answer = client.call_for_json(command, CallOptions::new()).await.map_err(|error| match error {
        CallError::Rpc(error) if error.code == CommonError::MethodNotFound.code() => {
            let problem = "this node cannot take less than a request's amount: it has no command `lnr-request`";
            Failure::new(Exit::Failed, problem, "Leave out --min-amount, or start the plugin: `lnr plugin --help`.")
        }
        error => not_made(error),
    })?;
    let request = decoded::<lnr_request::Request>(answer.as_bytes())?.into();
    let kept = Kept { request, keeper, least: command.min_amount_msat };
    Ok(Made { kept, json: answer.as_bytes().to_vec() })
}

/// The plugin itself makes a label's request once, and counts a time from the first call.
async fn make_by_plugin(client: &Client, options: &Options, expiry: Option<u64>) -> Result<Made, Failure> {
    let mut command = to_own_command(options, expiry);
    if let (Some(Moment::In(_)), Some(expiry)) = (options.expires, expiry)
        && let Ok(seconds) = u32::try_from(expiry.saturating_sub(time::now()))
    {
        command.absolute_expiry = None;
        command.expires = Some(seconds);
    }
    send_own_command(client, &command, Keeper::Plugin).await
}

/// With a label the command can be repeated: a request that is there already is given again.
async fn make_labelled(
    client: &Client,
    options: &Options,
    label: &str,
    expiry: Option<u64>,
    labelled: &[Kept],
) -> Result<Made, Failure> {
    let mut spec = RequestSpec::new(options.amount, &options.description).single_use(!options.multi_use);
    if let Some(issuer) = &options.issuer {
        spec = spec.issuer(issuer);
    }
    // A time from now is another at each call: what the first call made of it holds.
    let first = match options.expires {
        Some(Moment::In(_)) => labelled.iter().find_map(|kept| expiry_of(&kept.request)),
        _ => None,
    };
    if let Some(expiry) = first.or(expiry) {
        spec = spec.absolute_expiry(expiry);
    }
    let (request, others): (Request, _) = match Recover::new(client.clone()).request(&spec, label).await? {
        Requested::Open { request, others } | Requested::Used { request, others } => (request, others),
        Requested::Disabled(request) => (request, Vec::new()),
        other => return Err(unforeseen(&other)),
    };
    for other in others {
        eprintln!("lnr: {other} has the same label and content and is open too: `lnr disable` it, or both may be paid");
    }
    let json = serde_json::to_vec(&request).map_err(|error| unforeseen(&error))?;
    Ok(Made { kept: Kept::by_lightningd(request), json })
}

/// lightningd itself cannot take less; embedded nodes can.
async fn make_taking_less(
    client: &Client,
    options: &Options,
    least: Msat,
    expiry: Option<u64>,
    labelled: &[Kept],
) -> Result<Made, Failure> {
    // They do not tell the least amount, so that no request can be told to be the same.
    if let Some(kept) = labelled.first() {
        let problem = format!("the label has a request already, {}", kept.request.invreq_id);
        return Err(Failure::new(Exit::Failed, problem, "Nothing was made: `lnr show` it, or choose another label."));
    }
    let command = to_own_command(options, expiry).min_amount_msat(least);
    send_own_command(client, &command, Keeper::Lightningd).await
}
