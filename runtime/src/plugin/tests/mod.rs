//! The plugin between a node that is scripted and a host that writes what lightningd writes.

mod bounds;
mod collect;
mod host;

use std::time::Duration;

use cln_primitives::Msat;
use serde_json::{Value, json};

use crate::bolt12::Chain;
use crate::engine::payment_hash;
use crate::node::keys::Keys;
use crate::testing::Reply;
use host::{COMMANDS, Host, invoice, node, part, payer, pays, preimage};

#[tokio::test]
async fn it_says_what_it_has_and_comes_before_the_nodes_own_plugins() {
    let (node, folder) = (node(COMMANDS), tempfile::tempdir().unwrap());
    let (host, manifest) = Host::start(&node, &folder, json!({})).await;
    let names = |of: &str, key: &str| -> Vec<String> {
        let mut names: Vec<String> =
            manifest[of].as_array().unwrap().iter().map(|it| it[key].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    let commands = ["lnr-collect", "lnr-disable", "lnr-list", "lnr-pause", "lnr-request", "lnr-show"];
    assert_eq!(names("rpcmethods", "name"), commands);
    assert_eq!(names("hooks", "name"), ["onion_message_recv", "onion_message_recv_secret"]);
    assert_eq!(names("notifications", "method"), ["lnr_paid", "lnr_received", "lnr_refused"]);
    assert!(manifest["hooks"].as_array().unwrap().iter().all(|hook| hook["before"] == json!(["offers"])));
    assert_eq!(manifest["dynamic"], json!(true));
    host.stop().await;
}

#[tokio::test]
async fn a_label_makes_one_request() {
    let (node, folder) = (node(COMMANDS), tempfile::tempdir().unwrap());
    let (mut host, _) = Host::start(&node, &folder, json!({})).await;
    let order = json!({ "amount": "1sat", "description": "refund", "label": "r-1", "expires": 3600 });
    let first = host.call("lnr-request", order.clone()).await.unwrap();
    host.stop().await;
    let (mut host, _) = Host::start(&node, &folder, json!({})).await;
    assert_eq!(host.call("lnr-request", order).await.unwrap(), first);
    assert_eq!(node.count("createinvoicerequest"), 1);
    let error = host.call("lnr-request", json!(["2sat", "refund", null, "r-1"])).await.unwrap_err();
    assert_eq!((&error["code"], &error["data"]["invreq_id"]), (&json!(900), &first["invreq_id"]));
    let listed = host.call("lnr-list", json!([])).await.unwrap();
    assert_eq!(listed["invoicerequests"][0]["keeper"], json!("lnr"));
    host.stop().await;
}

#[tokio::test]
async fn an_invoice_for_a_request_is_paid_once_and_all_else_goes_on() {
    let (node, folder) = (node(COMMANDS), tempfile::tempdir().unwrap());
    pays(&node, &preimage(1));
    let (mut host, _) = Host::start(&node, &folder, json!({})).await;
    let request = host.request(json!({ "amount": 1000 })).await;
    let strange = {
        let keys = payer();
        let new =
            crate::bolt12::RequestBuilder::stand_alone(&[8; 16], keys.node_id(), Chain::REGTEST, Msat::from_msat(1));
        invoice(&keys.sign_request(new.build().unwrap()).unwrap(), 3, 1)
    };
    assert_eq!(host.deliver(strange.as_bytes()).await, "continue");
    assert_eq!(host.deliver(b"junk").await, "continue");
    for junk in [json!({}), json!({ "onion_message": 7 }), json!({ "onion_message": { "pathsecret": "zz" } })] {
        let answer = host.call("onion_message_recv_secret", junk).await.unwrap();
        assert_eq!(answer, json!({ "result": "continue" }));
    }

    let bill = invoice(&request, 1, 1000);
    assert_eq!(host.deliver(bill.as_bytes()).await, "resolve");
    let paid = host.told("lnr_paid").await;
    assert_eq!(paid["payment_hash"], json!(payment_hash(&preimage(1))));
    assert_eq!(host.deliver(bill.as_bytes()).await, "resolve");
    assert_eq!(host.deliver(invoice(&request, 2, 1000).as_bytes()).await, "resolve");
    let refused = host.told("lnr_refused").await;
    assert_eq!(refused["reason"], json!("the invoice_request is no longer available"));
    assert_eq!(node.count("xpay"), 1);
    let shown = host.call("lnr-show", json!({ "invreq_id": request.invreq_id() })).await.unwrap();
    assert_eq!((&shown["used"], shown["claims"].as_array().map(Vec::len)), (&json!(true), Some(1)));
    assert_eq!(shown["claims"][0]["preimage"], json!(preimage(1)));
    host.stop().await;
}

#[tokio::test]
async fn what_an_earlier_run_began_is_settled_and_not_paid_again() {
    let (node, folder) = (node(COMMANDS), tempfile::tempdir().unwrap());
    node.reply("xpay", Reply::silence());
    let (mut host, _) = Host::start(&node, &folder, json!({})).await;
    let request = host.request(json!({ "amount": 1000 })).await;
    let hash = payment_hash(&preimage(1));
    host.deliver(invoice(&request, 1, 1000).as_bytes()).await;
    node.received("xpay").await;
    host.stop().await;

    node.answer("listsendpays", json!({ "payments": [part(hash, "complete", Some(preimage(1)))] }));
    let (mut host, _) = Host::start(&node, &folder, json!({})).await;
    assert_eq!(host.told("lnr_paid").await["payment_hash"], json!(hash));
    host.deliver(invoice(&request, 2, 1000).as_bytes()).await;
    host.told("lnr_refused").await;
    assert_eq!(node.count("xpay"), 1);
    host.stop().await;
}

/// Whether an invoice over 1000 msat is paid by a plugin with these options; and what the operator sees then.
async fn is_paid(options: Value) -> (bool, Value) {
    let (node, folder) = (node(COMMANDS), tempfile::tempdir().unwrap());
    pays(&node, &preimage(1));
    let (mut host, _) = Host::start(&node, &folder, options).await;
    let request = host.request(json!({ "amount": 1000 })).await;
    host.deliver(invoice(&request, 1, 1000).as_bytes()).await;
    let paid = loop {
        let message = host.read().await;
        if message["method"] == json!("lnr_paid") || message["method"] == json!("lnr_refused") {
            break message["method"] == json!("lnr_paid");
        }
    };
    if !paid {
        // The payee is told.
        node.received("injectonionmessage").await;
    }
    let state = host.call("lnr-pause", json!({})).await.unwrap();
    host.stop().await;
    (paid, state)
}

#[tokio::test]
async fn an_operator_bounds_what_is_paid() {
    // The highest fee counts: 5 sat.
    let (paid, state) = is_paid(json!({ "lnr-daily-limit": "6sat" })).await;
    assert_eq!((paid, &state["spent_msat"]), (true, &json!(6000)));
    let (paid, state) = is_paid(json!({ "lnr-daily-limit": "5999msat" })).await;
    assert_eq!((paid, &state["spent_msat"]), (false, &json!(0)));
    assert!(is_paid(json!({ "lnr-daily-limit": "1sat", "lnr-max-fee": "0sat" })).await.0);
    assert!(!is_paid(json!({ "lnr-pause": true })).await.0);
    let (paid, state) = is_paid(json!({ "lnr-dry-run": true })).await;
    assert_eq!((paid, &state["dry_run"], &state["pending"]), (false, &json!(true), &json!(0)));
}

#[tokio::test]
async fn a_pause_outlives_a_restart_and_ends_by_command() {
    let (node, folder) = (node(COMMANDS), tempfile::tempdir().unwrap());
    pays(&node, &preimage(1));
    let (mut host, _) = Host::start(&node, &folder, json!({})).await;
    let request = host.request(json!({ "amount": 1000 })).await;
    assert_eq!(host.call("lnr-pause", json!([true])).await.unwrap()["paused"], json!(true));
    host.stop().await;
    let (mut host, _) = Host::start(&node, &folder, json!({})).await;
    let bill = invoice(&request, 1, 1000);
    host.deliver(bill.as_bytes()).await;
    host.told("lnr_refused").await;
    assert_eq!(host.call("lnr-pause", json!({ "pause": false })).await.unwrap()["paused"], json!(false));
    host.deliver(bill.as_bytes()).await;
    host.told("lnr_paid").await;
    host.stop().await;
}

#[tokio::test]
async fn options_change_while_it_runs_and_bad_ones_are_told() {
    let (node, folder) = (node(COMMANDS), tempfile::tempdir().unwrap());
    let (mut host, _) = Host::start(&node, &folder, json!({})).await;
    host.call("setconfig", json!({ "config": "lnr-daily-limit", "val": "7sat" })).await.unwrap();
    let state = host.call("lnr-pause", json!({})).await.unwrap();
    assert_eq!(state["daily_limit_msat"], json!(7000));
    for (name, value) in [("lnr-daily-limit", "much"), ("lnr-dry-run", "perhaps"), ("lnr-retry-for", "5")] {
        let error = host.call("setconfig", json!({ "config": name, "val": value })).await.unwrap_err();
        assert!(error["message"].as_str().unwrap().starts_with(name), "{error}");
    }
    host.stop().await;
}

#[tokio::test]
async fn only_the_side_is_off_for_which_the_node_lacks_a_command() {
    let without: Vec<&str> = COMMANDS.iter().copied().filter(|name| *name != "createinvoicerequest").collect();
    let (node, folder) = (node(&without), tempfile::tempdir().unwrap());
    let (mut host, _) = Host::start(&node, &folder, json!({})).await;
    let error = host.call("lnr-request", json!({ "amount": 1 })).await.unwrap_err();
    assert_eq!(error["message"], json!("`lnr-request` is off: the node has no command createinvoicerequest"));
    host.call("lnr-list", json!({})).await.unwrap();
    host.stop().await;
}

#[tokio::test]
async fn a_second_plugin_on_the_same_folder_does_not_start() {
    let (node, folder) = (node(COMMANDS), tempfile::tempdir().unwrap());
    let (first, _) = Host::start(&node, &folder, json!({})).await;
    let path = folder.path().join("lnr.lock");
    tokio::time::pause();
    assert!(crate::plugin::lock::Lock::take(&path).await.unwrap_err().to_string().ends_with("stop it first"));
    tokio::time::resume();
    first.stop().await;
}

#[tokio::test]
async fn two_payments_at_once_are_not_both_within_a_limit_for_one() {
    let (node, folder) = (node(COMMANDS), tempfile::tempdir().unwrap());
    node.reply_with("xpay", |_| Reply::error(205, "no way"));
    node.reply_once("xpay", Reply::silence());
    let (mut host, _) = Host::start(&node, &folder, json!({ "lnr-daily-limit": "6sat" })).await;
    for number in [1, 2] {
        let request = host.request(json!({ "amount": 1000 })).await;
        host.deliver(invoice(&request, number, 1000).as_bytes()).await;
    }
    let refused = host.told("lnr_refused").await;
    assert_eq!(refused["reason"], json!("the payer has reached its limit for the day: try again later"));
    node.received("xpay").await;
    let state = host.call("lnr-pause", json!({})).await.unwrap();
    assert_eq!((&state["pending"], &state["spent_msat"]), (&json!(1), &json!(6000)));
    host.stop().await;
}

#[tokio::test]
async fn a_payment_that_failed_frees_the_limit_and_the_request() {
    let (node, folder) = (node(COMMANDS), tempfile::tempdir().unwrap());
    node.reply("xpay", Reply::error(205, "no way"));
    let (mut host, _) = Host::start(&node, &folder, json!({ "lnr-daily-limit": "6sat" })).await;
    let request = host.request(json!({ "amount": 1000 })).await;
    host.deliver(invoice(&request, 1, 1000).as_bytes()).await;
    assert_eq!(host.told("lnr_refused").await["reason"], json!("no way"));
    pays(&node, &preimage(2));
    host.deliver(invoice(&request, 2, 1000).as_bytes()).await;
    assert_eq!(host.told("lnr_paid").await["payment_hash"], json!(payment_hash(&preimage(2))));
    host.stop().await;
}

#[tokio::test]
async fn a_node_without_an_address_is_reached_by_its_best_neighbour() {
    let (node, folder) = (node(COMMANDS), tempfile::tempdir().unwrap());
    let neighbour = |seed: u8| Keys::from_seed(&[seed; 32], Chain::REGTEST).unwrap().node_id();
    let channel = |seed: u8, capacity: u64, features: &str| {
        json!({
            "id": neighbour(seed), "short_channel_id": "113x1x0", "fee_base_msat": 1, "htlc_min_msat": 0,
            "htlc_max_msat": 1_000_000, "fee_proportional_millionths": 10, "cltv_expiry_delta": 6,
            "incoming_capacity_msat": capacity, "public": true, "peer_features": features, "enabled": true,
        })
    };
    let relays = "808898880a8a59a1";
    let incoming = [channel(3, 10, relays), channel(4, 30, relays), channel(5, 90, "02")];
    node.answer("listincoming", json!({ "incoming": incoming }));
    let (mut host, _) = Host::start(&node, &folder, json!({})).await;
    let request = host.request(json!({ "amount": 1000 })).await;
    let starts: Vec<_> = request.invreq_paths().unwrap().into_iter().map(|path| path.first_node).collect();
    assert_eq!(starts, [crate::bolt12::FirstNode::Node(neighbour(4))]);
    // Whoever does not use the path does not learn that this node is the payer.
    assert_eq!(host.deliver(invoice(&request, 1, 1000).as_bytes()).await, "resolve");
    let reason = format!("unknown invoice_request {}", request.invreq_id());
    assert_eq!(host.told("lnr_refused").await["reason"], json!(reason));
    host.stop().await;
}

#[tokio::test]
async fn a_signature_of_something_else_is_no_request() {
    let (node, folder) = (node(COMMANDS), tempfile::tempdir().unwrap());
    let other = crate::bolt12::RequestBuilder::stand_alone(
        &[8; 16],
        payer().node_id(),
        Chain::REGTEST,
        Msat::from_msat(1_000_000),
    );
    let other = payer().sign_request(other.build().unwrap()).unwrap();
    node.answer("createinvoicerequest", json!({
        "invreq_id": other.invreq_id(), "active": true, "single_use": true, "used": false, "bolt12": other.to_string(),
    }));
    let (mut host, _) = Host::start(&node, &folder, json!({})).await;
    let error = host.call("lnr-request", json!({ "amount": 1000 })).await.unwrap_err();
    assert!(error["message"].as_str().unwrap().contains("signed another request"), "{error}");
    assert_eq!(host.call("lnr-list", json!({})).await.unwrap()["invoicerequests"], json!([]));
    host.stop().await;
}

/// `cargo test -p cln-runtime --release --lib -- --ignored --nocapture hooks_answer`
#[tokio::test]
#[ignore = "a measurement, which says nothing on a busy machine"]
async fn how_fast_hooks_answer_to_a_thousand_strangers_a_second() {
    let (node, folder) = (node(COMMANDS), tempfile::tempdir().unwrap());
    let (mut host, _) = Host::start(&node, &folder, json!({})).await;
    let new =
        crate::bolt12::RequestBuilder::stand_alone(&[8; 16], payer().node_id(), Chain::REGTEST, Msat::from_msat(1));
    let strange = invoice(&payer().sign_request(new.build().unwrap()).unwrap(), 3, 1);
    let mut seconds = tokio::time::interval(Duration::from_millis(1));
    let mut took = Vec::new();
    for _ in 0..10_000 {
        seconds.tick().await;
        let asked = std::time::Instant::now();
        assert_eq!(host.deliver(strange.as_bytes()).await, "continue");
        took.push(asked.elapsed());
    }
    took.sort();
    println!("half within {:?}, 99 % within {:?}, all within {:?}", took[5_000], took[9_900], took[9_999]);
    host.stop().await;
}
