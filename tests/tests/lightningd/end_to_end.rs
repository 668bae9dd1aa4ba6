//! A payer and a payee, each with our plugin or without.

use cln_runtime::bolt12::FirstNode;
use cln_runtime::node::NodeBuilder;
use cln_tests::lightningd::{Daemon, within};
use serde_json::json;
use tokio::time::sleep;

use super::by_hand::parse;
use super::pair::{BALANCE, PAUSE, PLUGIN, Pair, Party, With};

#[tokio::test(flavor = "multi_thread")]
async fn our_request_is_paid_to_a_plain_sendinvoice() {
    let pair = Pair::start(With::PayersPlugin).await;
    let request = pair.request(json!({"label": "rent"})).await;
    assert_eq!(pair.request(json!({"label": "rent"})).await, request, "the label makes it one request");
    let plain = pair.payer.ok("listinvoicerequests", json!({})).await;
    assert_eq!(plain, json!({"invoicerequests": []}), "the daemon has no row that it could die of");

    let paid = pair.payee.ok("sendinvoice", json!({"invreq": request["bolt12"], "label": "a"})).await;
    assert_eq!((&paid["status"], &paid["amount_received_msat"]), (&json!("paid"), &json!(5000)));
    let shown = pair.payer.used(&request).await;
    let claim = &shown["claims"][0];
    assert_eq!((&claim["status"], &claim["payment_hash"]), (&json!("complete"), &paid["payment_hash"]));
    pair.payer.lightningd.wait_told("lnr_paid", 1).await;

    let again = json!({"invreq": request["bolt12"], "label": "b"});
    let refusal = pair.payee.fails("sendinvoice", again, 1004).await;
    assert!(refusal["error"].as_str().unwrap().contains("no longer available"), "{refusal}");
    pair.moved(5000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_request_is_paid_to_our_collect() {
    let pair = Pair::start(With::PayeesPlugin).await;
    let request = pair.payer.ok("invoicerequest", json!({"amount": 5000, "description": "tea"})).await;
    let order = json!({"invreq": request["bolt12"], "label": "a"});
    let paid = pair.payee.ok("lnr-collect", order.clone()).await;
    assert_eq!((&paid["status"], &paid["amount_received_msat"]), (&json!("paid"), &json!(5000)));
    assert_eq!(pair.payee.ok("lnr-collect", order).await, paid, "the same receipt");
    let refusal = pair.payee.fails("lnr-collect", json!({"invreq": request["bolt12"], "label": "b"}), 1004).await;
    assert!(refusal["error"].as_str().unwrap().contains("no longer available"), "{refusal}");
    assert_eq!(pair.payee.ok("listinvoices", json!({"label": "b"})).await, json!({"invoices": []}));
    pair.moved(5000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_plugins_pay_each_other() {
    let pair = Pair::start(With::BothPlugins).await;
    let request = pair.request(json!({"single_use": false, "min_amount_msat": 4000})).await;
    for (label, amount) in [("a", 5000), ("b", 4000)] {
        let order = json!({"invreq": request["bolt12"], "label": label, "amount_msat": amount});
        assert_eq!(pair.payee.ok("lnr-collect", order).await["amount_received_msat"], amount);
    }
    let order = json!({"invreq": request["bolt12"], "label": "c", "amount_msat": 3999});
    let refusal = pair.payee.fails("lnr-collect", order, 1004).await;
    assert_eq!(refusal["erroneous_field"], 170, "{refusal}");
    pair.payer.ok("lnr-disable", json!({"invreq_id": request["invreq_id"]})).await;
    pair.payee.fails("lnr-collect", json!({"invreq": request["bolt12"], "label": "d"}), 1004).await;
    pair.moved(9000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_is_killed_goes_on_with_what_it_has_begun() {
    let pair = Pair::start(With::BothPlugins).await;
    let request = pair.request(json!({})).await;
    let order = json!({"invreq": request["bolt12"], "label": "a"});
    let collecting = pair.payee.call("lnr-collect", order.clone());
    let killing = async {
        // At whatever it is then.
        pair.payer.lightningd.kill_plugin().await;
        pair.payee.lightningd.kill_plugin().await;
        pair.payer.lightningd.start_plugin().await.unwrap();
        pair.payee.lightningd.start_plugin().await.unwrap();
    };
    let _ = tokio::join!(collecting, killing);
    // What the daemon refused meanwhile, as it knows no such request, is asked for again.
    let collected = async {
        loop {
            match pair.payee.call("lnr-collect", order.clone()).await {
                Ok(paid) => break paid,
                Err(error) => assert!(matches!(error.code, 1004 | 1005 | -4 | -1), "{error}"),
            }
            sleep(PAUSE).await;
        }
    };
    let paid = within("the receipt", collected).await;
    assert_eq!(pair.payee.ok("lnr-collect", order).await, paid);
    pair.payer.used(&request).await;
    pair.moved(5000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_payer_is_reached_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Party::start(Daemon::new(folder.path(), "relay")).await;
    let payer = Daemon::new(folder.path(), "payer").balance(BALANCE).plugin(PLUGIN);
    let payer = Party::start_by(payer, NodeBuilder::private).await;
    let request = payer.ok("lnr-request", json!({"amount": 5000, "description": "tea"})).await;
    let paths = parse(&request);
    let mut paths = paths.invreq_paths().unwrap();
    let path = paths.next().unwrap();
    assert_eq!(path.first_node, FirstNode::Node(relay.lightningd.node().node().node_id()));
    assert_eq!((path.hops.len(), paths.next().is_none()), (2, true));

    let plain = Party::start(Daemon::new(folder.path(), "plain")).await;
    let order = json!({"invreq": request["bolt12"], "label": "a"});
    assert_eq!(plain.ok("sendinvoice", order).await["status"], "paid");
    payer.used(&request).await;
    let ours = Party::start(Daemon::new(folder.path(), "ours").plugin(PLUGIN)).await;
    let refusal = ours.fails("lnr-collect", json!({"invreq": request["bolt12"], "label": "b"}), 1004).await;
    assert!(refusal["error"].as_str().unwrap().contains("no longer available"), "{refusal}");
}
