//! `lnr plugin`: a plugin of lightningd.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::Path;

use clap::Args;
use cln_runtime::plugin::{self, Log};

use super::exit::{Exit, Failure};

const HELP: &str = "\
Install  lightning-cli plugin start /path/to/lnr-plugin   (a link to lnr), or
         the line plugin=/path/to/lnr-plugin in the node's configuration. It
         keeps lnr.sqlite3 in the node's folder of the network: back it up.
Use      lightning-cli -k lnr-request amount=50000sat label=refund-17
         lightning-cli lnr-collect lnr1… order-17
         lightning-cli lnr-list, lnr-show, lnr-disable; `help` has them all.
Bound    lnr-daily-limit=100000sat   what is paid within 24 hours, with fees
         lnr-max-fee=10sat           what the fees of a payment may be
         lnr-retry-for=60            for how many seconds a payment is tried
         lnr-max-pending=64          payments for a multi-use request at a time
         lnr-invoices-per-second=100 invoices looked at for one request
         lnr-dry-run=true            judge and report, but pay nothing
         As options in the node's configuration; limit, dry run and pause also
         by lightning-cli setconfig while it runs.
Watch    the node's log; the notifications lnr_paid, lnr_refused, lnr_received;
         lightning-cli lnr-pause shows what was spent and what is under way.
Stop     lightning-cli lnr-pause true    no payment begins, over restarts too
         lightning-cli lnr-pause false   they begin again
         lightning-cli plugin stop lnr-plugin
         What is under way goes on in the node, and its end is found at the
         next start. Nothing is paid twice, whatever crashes.

CLN_PLUGIN_LOG says how much is logged, such as debug.";

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct Options {}

/// The program's arguments. Without any, lightningd's variable or the name `lnr-plugin` says that it is the plugin; the
/// name does so with arguments, too.
pub fn arguments(given: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = given.into_iter().collect();
    let name = arguments.first().and_then(|path| Path::new(path).file_name()).unwrap_or_default();
    let is_named = name.to_string_lossy().ends_with("lnr-plugin");
    let is_started = arguments.len() <= 1 && std::env::var_os("LIGHTNINGD_PLUGIN").is_some_and(|value| value == "1");
    if is_named || is_started {
        arguments.insert(1.min(arguments.len()), "plugin".into());
    }
    arguments
}

pub async fn run(_options: Options) -> Result<(), Failure> {
    if std::io::stdin().is_terminal() {
        return Err(Failure::new(Exit::BadInput, "a plugin is started by lightningd", "See `lnr plugin --help`."));
    }
    let end = plugin::run(tokio::io::stdin(), tokio::io::stdout(), Log::Node).await;
    end.map_err(|error| Failure::new(Exit::Failed, error.to_string(), "The node's log may say more."))?;
    // A read of the standard input cannot be taken back, and would keep the process until lightningd closes it.
    std::process::exit(0)
}
