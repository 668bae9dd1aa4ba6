//! `lnr node` and `lnr demo`.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::network::{output, start};

#[test]
fn the_demo_shows_a_payment_and_how_a_second_one_is_refused() {
    let begun = Instant::now();
    let (code, shown, log) = output(&["demo"]);
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert_eq!((code, log.as_str()), (Some(0), ""), "{shown}");
    for words in ["lnr1", "lni1", "preimage", "alice 900,000 sat, bob 1,100,000 sat", "1004", "no longer available"] {
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
        let (mut node, line) = start(&folder, "0sat");
        assert!(line.starts_with("ready: node 0") && line.ends_with("/alice/lightning-rpc\n"), "{line}");
        let (code, _, error) = output(&["node", "--dir", folder.to_str().unwrap()]);
        assert_eq!(code, Some(1));
        let error = error.replace("\n  ", " ");
        assert!(error.starts_with("lnr: another node runs in ") && error.contains("stop it first"), "{error}");
        assert!(Command::new("kill").args(["-s", signal, &node.id().to_string()]).status().unwrap().success());
        assert_eq!(node.wait().unwrap().code(), Some(0), "{signal}");
        assert!(!folder.join("lightning-rpc").exists());
    }
}
