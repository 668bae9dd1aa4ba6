//! What no plugin may do to a lightningd: a test whose plugin does it fails.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use cln_tests::lightningd::{Daemon, FakeLightningd};
use serde_json::json;

use super::by_hand::{End, Payee};
use super::pair::{BALANCE, Party};

/// A plugin with this fault.
fn unfit(folder: &Path, fault: &str) -> PathBuf {
    let plugin = folder.join(fault);
    symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lightningd/unfit-plugin.sh"), &plugin).unwrap();
    plugin
}

/// By which words a test fails that starts a daemon whose plugin has this fault, and does this to it; none when it passes.
async fn failure<F: Future<Output = ()> + Send + 'static>(
    fault: &str,
    test: impl FnOnce(FakeLightningd) -> F + Send + 'static,
) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let daemon = Daemon::new(folder.path(), "alice").plugin(unfit(folder.path(), fault));
    let run = tokio::spawn(async move { test(daemon.start().await.unwrap()).await });
    let panic = run.await.err()?.into_panic();
    Some(*panic.downcast::<String>().unwrap())
}

async fn check(fault: &str, expected: &str) {
    let asks = async |alice: FakeLightningd| {
        // A fault is told before there is an answer, if there is one.
        let _ = alice.ask("onion_message_recv", json!({"onion_message": {}})).await;
    };
    let told = failure(fault, asks).await.unwrap_or_else(|| panic!("{fault}: nobody has noticed"));
    assert!(told.contains(expected), "{fault}: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_lightningd_does_not_live_with_fails_a_test() {
    check("junk-for-an-answer", "the plugin writes what is no JSON").await;
    check("answer-to-nobody", "the plugin answers what nobody has asked").await;
    check("wrong-answer", "lightningd dies of the answer").await;
    check("wrong-error", "invalid type: string \"no\"").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_without_a_fault_fails_none() {
    let asks = async |alice: FakeLightningd| {
        let answer = alice.ask("onion_message_recv", json!({"onion_message": {}})).await;
        assert_eq!(answer, Ok(json!({"result": "continue"})));
    };
    assert_eq!(failure("none", asks).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_waits_for_fails_a_test_at_its_end() {
    let told = failure("junk-unasked", async |alice| alice.plugin().unwrap().gone().await).await;
    assert!(told.as_ref().is_some_and(|told| told.contains("what is no JSON")), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "the plugin writes what is no JSON")]
async fn what_a_plugin_writes_before_it_is_asked_fails_a_test() {
    let folder = tempfile::tempdir().unwrap();
    let _ = Daemon::new(folder.path(), "alice").plugin(unfit(folder.path(), "junk-at-once")).start().await;
}

#[tokio::test(flavor = "multi_thread")]
#[should_panic(expected = "lightningd dies of the answer")]
async fn a_wrong_answer_to_a_message_of_the_network_fails_a_test() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = unfit(folder.path(), "wrong-answer");
    let alice = Party::start(Daemon::new(folder.path(), "alice").balance(BALANCE).plugin(plugin)).await;
    let request = alice.ok("invoicerequest", json!({"amount": 5000, "description": "tea"})).await;
    let payee = Payee::start(folder.path()).await;
    let end = payee.send(&payee.invoice(&request, 5000).await).await;
    assert!(matches!(end, End::Paid), "the daemon itself gets the message: {end:?}");
}
