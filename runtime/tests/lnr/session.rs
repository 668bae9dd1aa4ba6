//! A person at a terminal of 80 columns.

use std::process::Command;

use cln_runtime::testing::{FakeNode, Reply};
use rexpect::process::WaitStatus;
use rexpect::session::{Options, PtySession, spawn_with_options};
use serde_json::json;

use crate::network::{Network, REQUEST, lnr};

/// For a loaded machine.
const PATIENCE: u64 = 60_000;

fn terminal(mut command: Command) -> PtySession {
    command.env("TERM", "xterm").env_remove("NO_COLOR");
    spawn_with_options(command, Options::new().timeout_ms(Some(PATIENCE))).unwrap()
}

#[test]
fn two_people_pay_by_a_code() {
    let network = Network::start();
    let mut alice = terminal(network.lnr("alice", &["request", "10000sat", "cash for coins", "--qr", "--wait"]));
    alice.exp_string("10,000 sat").unwrap();
    let (_, text) = alice.exp_regex("lnr1[a-z0-9]{100,}").unwrap();
    alice.exp_string("\u{1b}[").unwrap();
    alice.exp_string("waiting to pay").unwrap();

    let mut bob = terminal(network.lnr("bob", &["collect", &text]));
    bob.exp_string("Paid: 10,000 sat received").unwrap();
    bob.exp_eof().unwrap();
    alice.exp_string("Paid.").unwrap();
    alice.exp_eof().unwrap();
}

#[test]
fn ctrl_c_says_where_the_money_is() {
    let network = Network::start();
    let mut alice = terminal(network.lnr("alice", &["request", "10000sat", "cash", "--label", "cash", "--wait"]));
    alice.exp_string("waiting to pay").unwrap();
    alice.send_control('c').unwrap();
    alice.exp_string("the request stays open").unwrap();
    alice.exp_string("--wait").unwrap();
    alice.exp_eof().unwrap();
}

#[test]
fn ctrl_c_says_until_when_an_invoice_may_be_paid() {
    let node = FakeNode::start().unwrap();
    node.answer("listinvoices", json!({ "invoices": [] }));
    node.reply("sendinvoice", Reply::silence());
    let socket = node.path().to_str().unwrap();
    let mut bob = terminal(lnr(&["collect", REQUEST.trim(), "--label", "17", "--rpc", socket]));
    bob.exp_string("waiting for 5 sat").unwrap();
    node.received_blocking("sendinvoice");
    let row = json!({
        "label": "17", "payment_hash": "11".repeat(32), "status": "unpaid", "expires_at": 1_795_292_103, "created_index": 1,
        "description": "refund", "amount_msat": 5000,
    });
    node.answer("listinvoices", json!({ "invoices": [row] }));
    bob.send_control('c').unwrap();
    bob.exp_string("the invoice `17` may still be paid until 2026-11-21").unwrap();
    bob.exp_string("Run the same command again").unwrap();
    bob.exp_eof().unwrap();
    assert!(matches!(bob.process().wait(), Ok(WaitStatus::Exited(_, 130))));
}
