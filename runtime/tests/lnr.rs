//! The program `lnr`, as its users meet it.

#![cfg(feature = "cli")]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn lnr(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lnr"));
    command.args(arguments);
    command
}

fn output(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = lnr(arguments).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// A node, and the line that it prints when it is ready.
fn start(folder: &Path) -> (Child, String) {
    let mut node =
        lnr(&["node", "--dir", folder.to_str().unwrap()]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(node.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (node, line)
}

#[test]
fn the_demo_shows_a_payment_and_how_a_second_one_is_refused() {
    let begun = Instant::now();
    let (code, shown, log) = output(&["demo"]);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!((code, log.as_str()), (Some(0), ""), "{shown}");
    for words in ["lnr1", "lni1", "preimage", "alice 900000 sat, bob 1100000 sat", "1004", "no longer available"] {
        assert!(shown.contains(words), "{words} in {shown}");
    }
    let wide: Vec<_> = shown.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(wide.is_empty(), "{wide:?}");
}

#[test]
fn a_node_says_when_it_is_ready_and_stops_by_a_signal() {
    for signal in ["TERM", "INT"] {
        let network = tempfile::tempdir().unwrap();
        let folder = network.path().join("alice");
        let (mut node, line) = start(&folder);
        assert!(line.starts_with("ready: node 0") && line.ends_with("/alice/lightning-rpc\n"), "{line}");
        let (code, _, error) = output(&["node", "--dir", folder.to_str().unwrap()]);
        assert_eq!(code, Some(1));
        assert!(error.starts_with("lnr: another node runs in ") && error.contains("stop it first"), "{error}");
        assert!(Command::new("kill").args(["-s", signal, &node.id().to_string()]).status().unwrap().success());
        assert_eq!(node.wait().unwrap().code(), Some(0), "{signal}");
        assert!(!folder.join("lightning-rpc").exists());
    }
}

#[test]
fn a_request_is_printed_and_less_than_its_least_amount_is_told() {
    let network = tempfile::tempdir().unwrap();
    let folder = network.path().join("alice");
    let (mut node, _) = start(&folder);
    let dir = folder.to_str().unwrap();
    let (code, shown, error) = output(&["request", "--dir", dir, "10000sat", "a refund", "--min-amount", "9000sat"]);
    assert_eq!((code, error.as_str()), (Some(0), ""));
    assert!(shown.starts_with("invreq_id ") && shown.contains("\nlnr1"), "{shown}");
    let (code, _, error) = output(&["request", "--dir", dir, "10sat", "a refund", "--min-amount", "11sat"]);
    assert_eq!(code, Some(1));
    assert!(error.contains("the least amount 11000msat is more than the amount 10000msat"), "{error}");
    node.kill().unwrap();
    node.wait().unwrap();
}

#[test]
fn wrong_arguments_are_told() {
    let check = |arguments: &[&str], words: &str| {
        let (code, _, error) = output(arguments);
        assert!(code == Some(2) && error.contains(words), "{code:?} {error}");
    };
    check(&["node"], "--dir <FOLDER>");
    check(&["node", "--dir", "x", "--balance", "much"], "'much'");
    check(&["node", "--dir", "x", "--network", "lightning"], "possible values: bitcoin");
}
