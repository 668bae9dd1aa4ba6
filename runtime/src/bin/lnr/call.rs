//! `lnr call`: any command, and those that take `lightning-cli`'s parameters by their names.

use std::pin::Pin;

use clap::Args;
use cln_primitives::{Command, Patience, RpcError};
use cln_runtime::client::{Answer, CallError, CallOptions, Client};
use serde::de::DeserializeOwned;

use super::exit::{Exit, Failure};
use super::find::NodeOptions;
use super::output::raw;
use super::parameters::{named, request};
use super::wait::{Interrupted, wait};

/// As `lightning-cli` takes them by position.
const INVOICEREQUEST: &[&str] = &["amount", "description", "issuer", "label", "absolute_expiry", "single_use"];
const SENDINVOICE: &[&str] = &["invreq", "label", "amount_msat", "timeout"];

#[derive(Debug, Args)]
pub struct Options {
    /// The command at the node, such as getinfo
    method: String,
    /// Its parameters, in any order: label=order-17 amount_msat=10000sat
    #[arg(value_name = "NAME=VALUE")]
    parameters: Vec<String>,
    /// Send a command that this program does not know, such as a plugin's; its parameters are not checked
    #[arg(long)]
    unchecked: bool,
    #[command(flatten)]
    node: NodeOptions,
}

#[derive(Debug, Args)]
pub struct AliasOptions {
    /// The parameters in their order, or as name=value; an amount without a unit is in msat
    #[arg(value_name = "PARAMETER", required = true)]
    parameters: Vec<String>,
    /// All parameters are name=value [default: if the first one is]
    #[arg(short, long)]
    keywords: bool,
    /// All parameters are in their order
    #[arg(short, long, conflicts_with = "keywords")]
    order: bool,
    #[command(flatten)]
    node: NodeOptions,
}

pub async fn run(options: Options) -> Result<(), Failure> {
    let parameters = named(&options.parameters).map_err(|problem| bad(&options.method, problem))?;
    if options.unchecked {
        let guessed = |(name, value): (String, String)| {
            let value = serde_json::from_str(&value).unwrap_or(serde_json::Value::String(value));
            (name, value)
        };
        let parameters: serde_json::Map<_, _> = parameters.into_iter().map(guessed).collect();
        let client = options.node.connect().await?;
        let answer: Box<serde_json::value::RawValue> = client.call_as(&options.method, &parameters).await?;
        raw(answer.get().as_bytes());
        return Ok(());
    }
    let Some(check) = find(&options.method) else { return Err(unknown(&options.method)) };
    let call = check(parameters).map_err(|problem| bad(&options.method, problem))?;
    send(&options.node, &options.method, call).await
}

/// `lnr invoicerequest`.
pub async fn invoicerequest(options: AliasOptions) -> Result<(), Failure> {
    alias::<cln_api::invoicerequest::Request>(options, INVOICEREQUEST).await
}

/// `lnr sendinvoice`.
pub async fn sendinvoice(options: AliasOptions) -> Result<(), Failure> {
    alias::<cln_api::sendinvoice::Request>(options, SENDINVOICE).await
}

async fn alias<R: Command + DeserializeOwned + Send + Sync + 'static>(
    options: AliasOptions,
    names: &[&str],
) -> Result<(), Failure> {
    let is_named = options.parameters.first().is_some_and(|first| first.contains('='));
    let parameters = if options.keywords || (is_named && !options.order) {
        named(&options.parameters)
    } else {
        ordered(&options.parameters, names)
    };
    let call = parameters.and_then(check::<R>).map_err(|problem| bad(R::METHOD, problem))?;
    send(&options.node, R::METHOD, call).await
}

fn ordered(arguments: &[String], names: &[&str]) -> Result<Vec<(String, String)>, String> {
    if arguments.len() > names.len() {
        return Err(format!("{} parameters are too many: there are {}", arguments.len(), names.join(", ")));
    }
    Ok(names.iter().zip(arguments).map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
}

async fn send(node: &NodeOptions, method: &str, call: Checked) -> Result<(), Failure> {
    let client = node.connect().await?;
    let time = match call.patience {
        Patience::AtLeast(time) => Some(time),
        _ => None,
    };
    let answer = wait(&format!("waiting for `{method}`"), time, (call.send)(client)).await;
    let answer = answer.map_err(|Interrupted| {
        let problem = format!("no longer waiting for the answer of `{method}`, which goes on at the node");
        Failure::new(Exit::Interrupted, problem, "Look at what it has done before you call it again.")
    })?;
    raw(answer?.as_bytes());
    Ok(())
}

/// A request that its type and its own rules allow.
struct Checked {
    patience: Patience,
    send: Box<dyn FnOnce(Client) -> Sending>,
}

/// The node's answer to come.
type Sending = Pin<Box<dyn Future<Output = Result<Answer, CallError<RpcError>>>>>;

fn check<R: Command + DeserializeOwned + 'static>(parameters: Vec<(String, String)>) -> Result<Checked, String> {
    let request: R = request(parameters)?;
    request.validate().map_err(|error| error.to_string())?;
    let patience = request.patience();
    let send = |client: Client| -> Sending {
        Box::pin(async move { client.call_for_json(&request, CallOptions::new()).await })
    };
    Ok(Checked { patience, send: Box::new(send) })
}

type Check = fn(Vec<(String, String)>) -> Result<Checked, String>;

/// What checks a command's parameters, by its name.
fn find(method: &str) -> Option<Check> {
    macro_rules! compare {
        ($request:ty) => {
            if method == <$request>::METHOD {
                return Some(check::<$request>);
            }
        };
    }
    cln_api::for_each_command!(compare);
    None
}

fn methods() -> Vec<&'static str> {
    let mut methods = Vec::new();
    macro_rules! push {
        ($request:ty) => {
            methods.push(<$request>::METHOD);
        };
    }
    cln_api::for_each_command!(push);
    methods
}

fn unknown(method: &str) -> Failure {
    let similar = |other: &&str| other.contains(method) || method.contains(*other);
    let similar: Vec<_> = methods().into_iter().filter(similar).take(5).collect();
    let meant = if similar.is_empty() { String::new() } else { format!("; is it {}?", similar.join(", ")) };
    let problem = format!("Core Lightning has no command `{method}`{meant}");
    Failure::new(Exit::BadInput, problem, "A plugin's command is sent with --unchecked; `lnr call help` lists all.")
}

fn bad(method: &str, problem: String) -> Failure {
    let problem = format!("`{method}`: {problem}");
    Failure::new(
        Exit::BadInput,
        problem,
        format!("Nothing was sent. `lnr call help command={method}` shows its parameters."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_in_their_order_get_their_names() {
        let arguments = ["lnr1".to_owned(), "a=b".to_owned()];
        let names = ordered(&arguments, SENDINVOICE).unwrap();
        assert_eq!(names, [("invreq".to_owned(), "lnr1".to_owned()), ("label".to_owned(), "a=b".to_owned())]);
        assert!(ordered(&vec![String::new(); 5], SENDINVOICE).is_err());
    }

    #[test]
    fn every_command_is_known_by_its_name() {
        for method in methods() {
            assert!(find(method).is_some(), "{method}");
        }
        assert!(find("no-such-command").is_none());
        let words = unknown("getinf").words();
        assert!(words.contains("is it getinfo?"), "{words}");
    }
}
