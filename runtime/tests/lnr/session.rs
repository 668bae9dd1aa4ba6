//! A person at a terminal of 80 columns.

use std::process::Command;

use rexpect::session::{Options, PtySession, spawn_with_options};

use crate::network::Network;

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
