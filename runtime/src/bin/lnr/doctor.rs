//! `lnr doctor`: why something does not work.

mod checks;

use anstyle::Style;
use clap::Args;
use cln_api::{getinfo, help, listpeerchannels};
use serde::Serialize;

use super::exit::{Exit, FIND_NODE, Failure};
use super::find::NodeOptions;
use super::output::{BAD, BOLD, DOUBTFUL, GOOD, WIDTH, line, printable, raw, styled, wrapped};
use super::time;

#[derive(Debug, Args)]
pub struct Options {
    /// Print what was found as JSON: a list of check, state (ok, warning, failed), found, advice
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    node: NodeOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Warning,
    Failed,
}

/// What was looked at, and what to do where it is not as it should be.
#[derive(Debug, PartialEq, Serialize)]
struct Finding {
    check: &'static str,
    state: State,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Finding { check, state: State::Ok, found: found.into(), advice: None }
    }

    fn warning(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Finding { check, state: State::Warning, found: found.into(), advice: Some(advice.into()) }
    }

    fn failed(check: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Finding { check, state: State::Failed, found: found.into(), advice: Some(advice.into()) }
    }
}

pub async fn run(options: Options) -> Result<(), Failure> {
    let (findings, reached) = examine(&options.node).await;
    if options.json {
        let json = serde_json::to_vec(&findings).unwrap_or_default();
        raw(&json);
    } else {
        findings.iter().for_each(show);
    }
    let failed = findings.iter().filter(|finding| finding.state == State::Failed).count();
    let advice = "Do what the lines above say, then run `lnr doctor` again.";
    match (failed, reached) {
        (0, _) => Ok(()),
        (_, false) => Err(Failure::new(Exit::NoNode, "there is no node to work with", advice)),
        (failed, true) => Err(Failure::new(Exit::Failed, format!("{failed} checks failed"), advice)),
    }
}

/// All findings, and whether the node was reached.
async fn examine(node: &NodeOptions) -> (Vec<Finding>, bool) {
    let socket = match node.socket() {
        Ok(socket) => socket,
        Err(failure) => return (vec![no_socket(&failure)], false),
    };
    let client = match node.connect().await {
        Ok(client) => client,
        Err(failure) => {
            let mut findings = vec![no_socket(&failure)];
            let others = node.others().into_iter().map(|other| {
                let found = format!("there is a socket at {}", other.display());
                Finding::warning("other", found, format!("For that one: --rpc {}", other.display()))
            });
            findings.extend(others);
            return (findings, false);
        }
    };
    let mut findings = vec![Finding::ok("socket", format!("connected at {}", socket.display()))];
    let info = match client.call(&getinfo::Request::new()).await {
        Ok(info) => info,
        Err(error) => {
            findings.push(Finding::failed("node", error.to_string(), "Restart the node; its log may say more."));
            return (findings, true);
        }
    };
    findings.extend(checks::node(&info));
    match client.call(&help::Request::new()).await {
        Ok(help) => findings.extend(checks::commands(&help)),
        Err(error) => {
            findings.push(Finding::warning("commands", error.to_string(), "Is the node starting? Try again."))
        }
    }
    match client.call(&listpeerchannels::Request::new()).await {
        Ok(listed) if !listed.channels.is_empty() => findings.extend(checks::channels(&listed.channels)),
        // An embedded node has none that are real, and tells its balance so.
        _ => match client.call(&cln_api::listfunds::Request::new()).await {
            Ok(funds) => findings.extend(checks::funds(&funds.channels, checks::is_embedded(&info))),
            Err(error) => {
                findings.push(Finding::warning("channels", error.to_string(), "Is the node starting? Try again."));
            }
        },
    }
    let made = std::fs::metadata(&socket).and_then(|metadata| metadata.modified());
    let made = made.ok().and_then(|made| made.duration_since(std::time::UNIX_EPOCH).ok());
    findings.push(checks::clock(time::now(), made.map(|since| since.as_secs())));
    (findings, true)
}

/// A failure's own advice would lead back here.
fn no_socket(failure: &Failure) -> Finding {
    Finding::failed("socket", failure.problem(), FIND_NODE)
}

/// The columns before what was found.
const INDENT: usize = 18;

fn show(finding: &Finding) {
    let (word, style): (_, Style) = match finding.state {
        State::Ok => ("ok", GOOD),
        State::Warning => ("warning", DOUBTFUL),
        State::Failed => ("failed", BAD),
    };
    let found = wrapped(&printable(&finding.found), WIDTH - INDENT);
    let advice = finding.advice.iter().flat_map(|advice| wrapped(&printable(advice), WIDTH - INDENT));
    let mut start =
        format!("{} {}", styled(style, format_args!("{word:7}")), styled(BOLD, format_args!("{:9}", finding.check)));
    for part in found.into_iter().chain(advice) {
        line(format_args!("{start} {part}"));
        start = " ".repeat(INDENT - 1);
    }
}
