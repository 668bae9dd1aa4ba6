//! What a real daemon told its plugins, told to ours.

use std::collections::BTreeSet;

use cln_tests::lightningd::{Daemon, HookWish};
use serde_json::{Value, json};

use super::pair::{PLUGIN, Party};
use super::support::{beside, root};

/// Recorded events of a file: hooks and notifications.
fn events(text: &str) -> Vec<Value> {
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line.get("kind").is_some()).collect()
}

fn recorded() -> Vec<Value> {
    let mut all = Vec::new();
    for file in ["events.jsonl", "direct.jsonl"] {
        let own = root().join("tests/traffic").join(file);
        let whole = beside("traffic/v26.06").map_or(own, |folder| folder.join(file));
        all.extend(events(&std::fs::read_to_string(whole).unwrap()));
    }
    all
}

async fn start() -> (tempfile::TempDir, Party) {
    let folder = tempfile::tempdir().unwrap();
    let party = Party::start(Daemon::new(folder.path(), "alice").plugin(PLUGIN)).await;
    (folder, party)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_says_what_it_is() {
    let (_folder, alice) = start().await;
    let plugin = alice.lightningd.plugin().unwrap();
    let manifest = plugin.manifest();
    let names: BTreeSet<&str> = manifest.rpcmethods.iter().map(|method| &*method.name).collect();
    let expected = ["lnr-collect", "lnr-disable", "lnr-list", "lnr-pause", "lnr-request", "lnr-show"];
    assert_eq!(names, BTreeSet::from(expected));
    assert!(manifest.rpcmethods.iter().all(|method| !method.description.is_empty()), "each has a help text");
    let before_offers = |hook: &HookWish| hook.before == ["offers"];
    assert!(manifest.hooks.iter().all(before_offers), "{:?}", manifest.hooks);
    assert!(manifest.wants_hook("onion_message_recv") && manifest.wants_hook("onion_message_recv_secret"));
    assert!(manifest.dynamic && manifest.nonnumericids);
    let topics: BTreeSet<&str> = manifest.notifications.iter().map(|topic| &*topic.method).collect();
    assert_eq!(topics, BTreeSet::from(["lnr_paid", "lnr_received", "lnr_refused"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_for_others_are_let_pass() {
    let (_folder, alice) = start().await;
    let plugin = alice.lightningd.plugin().unwrap();
    let mut asked = 0;
    for event in recorded() {
        let (name, payload) = (event["name"].as_str().unwrap(), event["payload"].clone());
        if event["kind"] == "notification" {
            alice.lightningd.notify(name, payload);
            continue;
        }
        if !plugin.manifest().wants_hook(name) {
            continue;
        }
        let mut unknown = payload.clone();
        unknown["onion_message"]["bolt_4711"] = json!([1]);
        for payload in [payload.clone(), payload, unknown] {
            assert_eq!(alice.lightningd.ask(name, payload).await, Ok(json!({"result": "continue"})));
            asked += 1;
        }
    }
    assert!(asked > 0);
    // Nor does it die of what no daemon says.
    for payload in [json!({}), json!({"onion_message": null}), json!({"onion_message": {"invoice": "00"}}), json!([])] {
        let answer = alice.lightningd.ask("onion_message_recv", payload).await;
        assert_eq!(answer, Ok(json!({"result": "continue"})));
    }
    alice.ok("lnr-list", json!({})).await;
}
