//! What is looked at, and what it means.

use cln_api::listpeerchannels::{Channel, Connection};
use cln_api::shared::ChannelState;
use cln_api::{getinfo, help, listfunds};
use cln_primitives::{Msat, Version};

use super::Finding;
use crate::amount;
use crate::requests::SHORT_ID;
use crate::time;

/// The oldest and the newest release that the types are made for.
const OLDEST: Version = Version::new(24, 11, 0);
const NEWEST: Version = Version::new(26, 6, 0);
/// What the two sides of a payment by request need.
const PAYER: [&str; 3] = ["invoicerequest", "listinvoicerequests", "disableinvoicerequest"];
const PAYEE: [&str; 4] = ["sendinvoice", "waitinvoice", "listinvoices", "delinvoice"];
/// What embedded nodes have of their own, and only the plugin has.
const OWN: &str = "lnr-request";
const OF_PLUGIN: &str = "lnr-list";
/// What an embedded node's version ends with.
const EMBEDDED: &str = "-embedded";
/// Clocks of one machine differ by less, in seconds.
const TOLERANCE: u64 = 5;

/// Has the node no chain, and channels that are simulated?
pub(super) fn is_embedded(info: &getinfo::Response) -> bool {
    info.version.ends_with(EMBEDDED)
}

pub(super) fn node(info: &getinfo::Response) -> Vec<Finding> {
    let id: String = info.id.to_string().chars().take(SHORT_ID).collect();
    let found = format!("{} ({id}…) on {}, block {}", info.alias, info.network, info.blockheight);
    let mut findings = vec![Finding::ok("node", found), version(&info.version)];
    for warning in [&info.warning_bitcoind_sync, &info.warning_lightningd_sync].into_iter().flatten() {
        // There it says what kind of node it is, which no waiting changes.
        if is_embedded(info) {
            findings.push(Finding::ok("chain", warning));
            continue;
        }
        let advice = "If the node is still catching up with the chain, wait: until then it may not pay.";
        findings.push(Finding::warning("chain", warning, advice));
    }
    if info.num_peers == 0 {
        let advice = "Invoices travel from peer to peer: connect one by `lnr call connect id=…`.";
        findings.push(Finding::warning("peers", "no peer is known", advice));
    }
    findings
}

fn version(version: &str) -> Finding {
    match version.parse::<Version>() {
        Ok(known) if known < OLDEST => {
            let found = format!("{version} is older than {OLDEST}, the oldest that this program is made for");
            Finding::failed("version", found, "Update the node.")
        }
        // A patch release has the commands of its release.
        Ok(known) if (known.major(), known.minor()) > (NEWEST.major(), NEWEST.minor()) => {
            let found = format!("{version} is newer than {NEWEST}, the newest that this program knows");
            Finding::warning("version", found, "Most will work; look for a newer lnr if something does not.")
        }
        Ok(_) => Finding::ok("version", version),
        Err(error) => Finding::warning("version", error.to_string(), "Most may work; is it Core Lightning?"),
    }
}

pub(super) fn commands(help: &help::Response) -> Vec<Finding> {
    let names: Vec<&str> = help.help.iter().filter_map(|entry| entry.command.split_whitespace().next()).collect();
    let lacks = |wanted: &[&'static str]| {
        let missing = wanted.iter().filter(|name| !names.contains(name)).copied();
        missing.collect::<Vec<_>>().join(", ")
    };
    let side = |check, wanted: &[&'static str], able: &str| match lacks(wanted) {
        none if none.is_empty() => Finding::ok(check, able),
        missing => {
            let advice = "The plugin `offers` has them: is it switched off by `disable-plugin`? Is `xpay` running?";
            Finding::failed(check, format!("the node lacks {missing}"), advice)
        }
    };
    let plugin = match (names.contains(&OF_PLUGIN), names.contains(&OWN)) {
        (true, _) => "the plugin `lnr plugin` runs: new requests are made and kept by it",
        (false, true) => "not there, and not needed: the node has `lnr-request` itself",
        (false, false) => "not there: requests are lightningd's, and --min-amount does not work",
    };
    vec![
        side("payer", &PAYER, "the node can make requests"),
        side("payee", &PAYEE, "the node can send invoices for requests"),
        Finding::ok("plugin", plugin),
    ]
}

pub(super) fn channels(channels: &[Channel]) -> Vec<Finding> {
    let usable = |channel: &&Channel| {
        matches!(channel.state, ChannelState::ChanneldNormal | ChannelState::ChanneldAwaitingSplice)
            && matches!(&channel.peer_connected, Connection::Connected(peer) if peer.reestablished != Some(false))
    };
    let usable: Vec<_> = channels.iter().filter(usable).collect();
    let count = if usable.len() == channels.len() {
        counted(channels.len())
    } else {
        format!("{} of {}", usable.len(), counted(channels.len()))
    };
    let spendable = sum(usable.iter().filter_map(|channel| channel.spendable_msat));
    let receivable = sum(usable.iter().filter_map(|channel| channel.receivable_msat));
    vec![able_to_pay(spendable, &count), able_to_receive(receivable, &count)]
}

/// For nodes that tell no more of their channels.
pub(super) fn funds(channels: &[listfunds::Channel], is_embedded: bool) -> Vec<Finding> {
    let count = counted(channels.len());
    let own = sum(channels.iter().map(|channel| channel.our_amount_msat));
    let others = channels.iter().filter_map(|channel| channel.amount_msat.checked_sub(channel.our_amount_msat));
    let receiving = if is_embedded {
        // It tells no other side, and needs none.
        Finding::ok("to get", "whatever the other nodes pay: its channels are simulated")
    } else {
        able_to_receive(sum(others), &count)
    };
    vec![able_to_pay(own, &count), receiving]
}

fn counted(channels: usize) -> String {
    if channels == 1 { "1 channel".to_owned() } else { format!("{channels} channels") }
}

fn able_to_pay(most: Msat, count: &str) -> Finding {
    if most == Msat::ZERO {
        let advice = "A payer needs a channel with money on its own side and a connected peer; a payee does not.";
        return Finding::warning("to pay", format!("nothing, by {count}"), advice);
    }
    Finding::ok("to pay", format!("up to {} in all, by {count}", amount::shown(most)))
}

fn able_to_receive(most: Msat, count: &str) -> Finding {
    if most == Msat::ZERO {
        let advice = "A payee needs a channel with money on the peer's side and a connected peer; a payer does not.";
        return Finding::warning("to get", format!("nothing, by {count}"), advice);
    }
    Finding::ok("to get", format!("up to {} in all, by {count}", amount::shown(most)))
}

fn sum(amounts: impl Iterator<Item = Msat>) -> Msat {
    amounts.fold(Msat::ZERO, |sum, amount| sum.checked_add(amount).unwrap_or(Msat::MAX))
}

/// Expiry is a matter of clocks. A socket from the future says that this one was set back.
pub(super) fn clock(now: u64, socket_made: Option<u64>) -> Finding {
    let found = format!("it is {}, by this machine", time::date(now));
    match socket_made {
        Some(made) if made > now + TOLERANCE => {
            let found = format!("{found}; but the node started at {}", time::date(made));
            Finding::failed("clock", found, "Set the clock, by NTP for example: requests and invoices expire by it.")
        }
        _ => Finding::ok("clock", found),
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;
    use cln_api::listpeerchannels;
    use serde_json::{Value, json};

    fn check_version(text: &str, expected: State) {
        assert_eq!(version(text).state, expected, "{text}");
    }

    #[test]
    fn versions_are_compared_with_ours() {
        check_version("v24.08.2", State::Failed);
        check_version("v24.11", State::Ok);
        check_version("v26.06.6", State::Ok);
        check_version("v26.09", State::Warning);
        check_version("basic", State::Warning);
    }

    fn states(findings: &[Finding]) -> Vec<(&str, State)> {
        findings.iter().map(|finding| (finding.check, finding.state)).collect()
    }

    #[test]
    fn missing_commands_are_named() {
        let help = |names: &[&str]| -> help::Response {
            let entries: Vec<Value> = names.iter().map(|name| json!({ "command": format!("{name} [id]") })).collect();
            serde_json::from_value(json!({ "help": entries })).unwrap()
        };
        let all = commands(&help(&[&PAYER[..], &PAYEE[..]].concat()));
        assert_eq!(states(&all), [("payer", State::Ok), ("payee", State::Ok), ("plugin", State::Ok)]);
        let some = commands(&help(&["invoicerequest", "sendinvoice", "waitinvoice"]));
        assert_eq!(states(&some), [("payer", State::Failed), ("payee", State::Failed), ("plugin", State::Ok)]);
        assert_eq!(some[1].found, "the node lacks listinvoices, delinvoice");
    }

    #[test]
    fn only_channels_that_are_in_use_count() {
        let channel = |state: &str, connected: bool| {
            let peer = format!("02{}", "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
            let mut channel = json!({
                "peer_id": peer, "peer_connected": connected, "state": state, "opener": "local", "features": [],
                "spendable_msat": 290_000_000, "receivable_msat": 685_709_000, "lost_state": false,
            });
            if connected {
                channel["reestablished"] = true.into();
            }
            channel
        };
        let check = |states: &[(&str, bool)], expected: [&str; 2]| {
            let listed: Vec<Value> = states.iter().map(|(state, connected)| channel(state, *connected)).collect();
            let listed: listpeerchannels::Response = serde_json::from_value(json!({ "channels": listed })).unwrap();
            let found: Vec<_> = channels(&listed.channels).into_iter().map(|finding| finding.found).collect();
            assert_eq!(found, expected);
        };
        let idle = [("CHANNELD_NORMAL", false), ("ONCHAIN", true), ("CHANNELD_AWAITING_LOCKIN", true)];
        check(&idle, ["nothing, by 0 of 3 channels", "nothing, by 0 of 3 channels"]);
        check(&[], ["nothing, by 0 channels", "nothing, by 0 channels"]);
        let usable = [("CHANNELD_NORMAL", true), ("CHANNELD_AWAITING_SPLICE", true), ("CHANNELD_NORMAL", false)];
        let expected =
            ["up to 580,000 sat in all, by 2 of 3 channels", "up to 1,371,418 sat in all, by 2 of 3 channels"];
        check(&usable, expected);
    }

    #[test]
    fn an_embedded_node_needs_no_other_side_to_be_paid() {
        assert_eq!(states(&funds(&[], false)), [("to pay", State::Warning), ("to get", State::Warning)]);
        assert_eq!(states(&funds(&[], true)), [("to pay", State::Warning), ("to get", State::Ok)]);
    }

    #[test]
    fn a_clock_that_was_set_back_is_noticed() {
        assert_eq!(clock(100, Some(100 + TOLERANCE)).state, State::Ok);
        assert_eq!(clock(100, None).state, State::Ok);
        assert_eq!(clock(100, Some(101 + TOLERANCE)).state, State::Failed);
    }

    #[test]
    fn who_has_no_money_is_told_which_side_needs_it() {
        let [pay, get] = [able_to_pay(Msat::ZERO, "0 channels"), able_to_receive(Msat::from_msat(5000), &counted(1))];
        assert_eq!((pay.state, get.state), (State::Warning, State::Ok));
        assert_eq!(get.found, "up to 5 sat in all, by 1 channel");
    }
}
