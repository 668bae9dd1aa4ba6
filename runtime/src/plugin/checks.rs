//! What the node has of the commands that the plugin calls. It has the hooks: else it had not let the plugin start.

use std::collections::BTreeSet;

use cln_api::primitives::{Command, Version};
use cln_api::{
    createinvoice, createinvoicerequest, delinvoice, help, injectonionmessage, listincoming, listinvoices, listnodes,
    listpeerchannels, listsendpays, waitinvoice, xpay,
};

use crate::lightningd::{Daemon, Failure};

/// What cannot be done on this node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Missing {
    /// The commands that making requests needs.
    pub(super) to_request: Vec<&'static str>,
    /// The commands that paying needs.
    pub(super) to_pay: Vec<&'static str>,
    /// The commands that sending invoices needs.
    pub(super) to_collect: Vec<&'static str>,
}

/// A command that the plugin calls.
struct Needed {
    method: &'static str,
    deprecated: Option<Version>,
}

fn needed<R: Command>() -> Needed {
    Needed { method: R::METHOD, deprecated: R::DEPRECATED }
}

/// Asks the node which commands it has, and logs what follows from that.
///
/// # Errors
/// When it cannot be asked.
pub(super) async fn check<D: Daemon>(daemon: &D, version: &str) -> Result<Missing, Failure<help::Error>> {
    let commands = daemon.call(&help::Request::new()).await?.help;
    let names: BTreeSet<&str> = commands.iter().filter_map(|entry| entry.command.split(' ').next()).collect();
    let node: Option<Version> = version.parse().ok();
    let missing = |all: &[Needed]| -> Vec<&'static str> {
        for old in all.iter().filter(|it| it.deprecated.is_some() && it.deprecated <= node) {
            tracing::warn!(command = old.method, version, "the node will lose this command in a later release");
        }
        all.iter().map(|it| it.method).filter(|method| !names.contains(method)).collect()
    };
    let found = Missing {
        to_request: missing(&[
            needed::<createinvoicerequest::Request>(),
            needed::<listnodes::Request>(),
            needed::<listincoming::Request>(),
        ]),
        to_pay: missing(&[
            needed::<xpay::Request>(),
            needed::<listsendpays::Request>(),
            needed::<injectonionmessage::Request>(),
        ]),
        to_collect: missing(&[
            needed::<createinvoice::Request>(),
            needed::<delinvoice::Request>(),
            needed::<injectonionmessage::Request>(),
            needed::<listinvoices::Request>(),
            needed::<listpeerchannels::Request>(),
            needed::<waitinvoice::Request>(),
        ]),
    };
    let sides = [
        ("`lnr-request` is off", &found.to_request),
        ("requests are not paid", &found.to_pay),
        ("`lnr-collect` is off", &found.to_collect),
    ];
    for (off, missing) in sides.into_iter().filter(|(_, missing)| !missing.is_empty()) {
        tracing::warn!(version, "the node has no command {}: {off}, all else works", missing.join(", "));
    }
    Ok(found)
}
