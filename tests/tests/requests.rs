//! Requests: how they are built, what they look like on the wire, and which are refused before they are sent.

use cln_api::{
    Command, blacklistrune, close, datastore, delinvoice, getinfo, listinvoices, pay, plugin, sendpay, waitsendpay,
    withdraw, xpay,
};
use cln_primitives::{Hash32, Patience};
use serde_json::{Value, json};

fn wire(request: &impl serde::Serialize) -> Value {
    serde_json::to_value(request).unwrap()
}

/// What is wrong with a request, or nothing.
fn check(request: &impl Command, fault: &str) {
    let found = request.validate().map_or_else(|error| error.to_string(), |()| String::new());
    assert!(found.contains(fault) && found.is_empty() == fault.is_empty(), "`{found}` is not `{fault}`");
}

#[test]
fn what_is_not_set_is_not_sent() {
    assert_eq!(wire(&listinvoices::Request::new()), json!({}));
    assert_eq!(wire(&listinvoices::Request::default().limit(3)), json!({"limit": 3}));
}

#[test]
fn unions_take_each_of_their_forms() {
    assert_eq!(wire(&datastore::Request::new("one"))["key"], "one");
    assert_eq!(wire(&datastore::Request::new(vec!["one".to_owned(), "two".to_owned()]))["key"], json!(["one", "two"]));
    let request = delinvoice::Request::new(5_u64, cln_api::shared::InvoiceStatus::Unpaid);
    assert_eq!(wire(&request), json!({"label": 5, "status": "unpaid"}));
}

#[test]
fn an_unlisted_text_is_sent_when_it_is_spelt_out() {
    let held = cln_api::shared::InvoiceStatus::from_wire("held");
    assert_eq!(wire(&delinvoice::Request::new("a", held))["status"], "held");
}

#[test]
fn numbers_without_a_fraction_are_written_without_one() {
    assert_eq!(wire(&pay::Request::new("lnbc1").riskfactor(5.0)).to_string(), r#"{"bolt11":"lnbc1","riskfactor":5}"#);
    assert_eq!(wire(&pay::Request::new("lnbc1").riskfactor(0.5))["riskfactor"], 0.5);
}

#[test]
fn an_empty_list_is_not_the_same_as_none() {
    let request = withdraw::Request::new("bcrt1", cln_primitives::SatOrAll::All);
    assert_eq!(wire(&request), json!({"destination": "bcrt1", "satoshi": "all"}));
    assert_eq!(wire(&request.utxos(Vec::new()))["utxos"], json!([]));
}

#[test]
fn a_parameter_that_needs_another_is_refused_without_it() {
    check(&listinvoices::Request::new().start(1), "parameter `start` has a meaning only together with `index`");
    check(&listinvoices::Request::new().start(1).index(cln_api::shared::ListIndex::Created), "");
}

#[test]
fn of_parameters_that_exclude_each_other_one_may_be_given() {
    let request = plugin::Request::new(plugin::Subcommand::Start).plugin("a");
    check(&request, "");
    check(&request.directory("b"), "only one of `plugin`, `directory` may be given");
}

#[test]
fn what_would_take_the_daemon_down_is_refused() {
    check(&blacklistrune::Request::new().start(2).end(3), "");
    check(&blacklistrune::Request::new().start(3).end(2), "parameter `end`");
}

/// The parameters of a request that a node of some release does not know.
fn check_unsupported<R: Command>(request: &R, release: &str, expected: &[&str]) {
    assert_eq!(request.unsupported_fields(release.parse().unwrap()), expected, "{} on {release}", R::METHOD);
}

#[test]
fn parameters_that_are_newer_than_the_node_are_named() {
    let request = xpay::Request::new("lnbc1…").maxdelay(100).payer_note("thanks");
    check_unsupported(&request, "v24.11.1", &["maxdelay", "payer_note"]);
    check_unsupported(&request, "v25.02", &["payer_note"]);
    check_unsupported(&request, "v26.04rc2", &[]);
    check_unsupported(&xpay::Request::new("lnbc1…"), "v24.11", &[]);

    let hop = sendpay::RouteHop::new().cltv_out(100);
    let request = sendpay::Request::new(vec![hop], Hash32::from_bytes([0; 32]));
    check_unsupported(&request, "v26.04", &["route[].cltv_out"]);
    check_unsupported(&request, "v26.06.6", &[]);
}

#[test]
fn a_command_may_take_as_long_as_its_parameters_say() {
    let seconds = Patience::at_least_seconds;
    let close = close::Request::new("1x1x1");
    assert_eq!(close.patience(), seconds(172_800));
    assert_eq!(close.clone().unilateraltimeout(600).patience(), seconds(600));
    // lightningd takes 0 for "no limit".
    assert_eq!(close.unilateraltimeout(0).patience(), Patience::Endless);

    let wait = waitsendpay::Request::new(Hash32::from_bytes([0; 32]));
    assert_eq!(wait.patience(), Patience::Endless);
    assert_eq!(wait.timeout(0).patience(), seconds(0));
    assert_eq!(getinfo::Request::new().patience(), Patience::Usual);
}
