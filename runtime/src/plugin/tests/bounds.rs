//! What keeps the plugin from paying, and what must not.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::host::{COMMANDS, Host, invoice, message_from, node, payer, pays, preimage};
use crate::bolt12::{Chain, InvoiceRequest, Verified};
use crate::engine::payment_hash;
use crate::node::keys::Keys;
use crate::testing::{FakeNode, Reply};

/// A run that ended while it paid this many requests, by the invoices 1, 2, ….
async fn with_open_claims(claims: u8) -> (FakeNode, TempDir, Vec<InvoiceRequest<Verified>>) {
    let (node, folder) = (node(COMMANDS), tempfile::tempdir().unwrap());
    node.reply("xpay", Reply::silence());
    let (mut host, _) = Host::start(&node, &folder, json!({})).await;
    let mut requests = Vec::new();
    for number in 1..=claims {
        let request = host.request(json!({ "amount": 1000 })).await;
        host.deliver(invoice(&request, number, 1000).as_bytes()).await;
        node.received("xpay").await;
        requests.push(request);
    }
    host.stop().await;
    (node, folder, requests)
}

/// Waits until the payments were asked for so many times.
async fn looks(node: &FakeNode, times: usize) {
    while node.count("listsendpays") < times {
        node.received("listsendpays").await;
    }
}

#[tokio::test]
async fn open_claims_wait_for_the_end_of_a_dry_run_or_pause() {
    for option in ["lnr-dry-run", "lnr-pause"] {
        let (node, folder, _) = with_open_claims(1).await;
        pays(&node, &preimage(1));
        let (mut host, _) = Host::start(&node, &folder, json!({ (option): true })).await;
        // At the start, by the wallet, and by the wallet again after it has not paid.
        looks(&node, 3).await;
        assert_eq!(node.count("xpay"), 1, "{option}");
        host.call("setconfig", json!({ "config": option, "val": "false" })).await.unwrap();
        assert_eq!(host.told("lnr_paid").await["payment_hash"], json!(payment_hash(&preimage(1))));
        assert_eq!(node.count("xpay"), 2, "{option}");
        host.stop().await;
    }
}

#[tokio::test]
async fn a_pause_during_the_start_reaches_the_wallet() {
    let (node, folder, _) = with_open_claims(1).await;
    pays(&node, &preimage(1));
    node.reply_once("listsendpays", Reply::result(json!({ "payments": [] })).held());
    let (mut host, _) = Host::start(&node, &folder, json!({})).await;
    node.received("listsendpays").await;
    host.call("lnr-pause", json!([true])).await.unwrap();
    node.release("listsendpays");
    looks(&node, 3).await;
    assert_eq!(node.count("xpay"), 1);
    host.stop().await;
}

#[tokio::test]
async fn a_claim_that_cannot_be_looked_at_stops_no_other() {
    let (node, folder, _) = with_open_claims(2).await;
    pays(&node, &preimage(2));
    let unknown = json!(payment_hash(&preimage(1)));
    node.reply_with("listsendpays", move |call| match call.params["payment_hash"] == unknown {
        true => Reply::error(-1, "damaged row"),
        false => Reply::result(json!({ "payments": [] })),
    });
    let (mut host, _) = Host::start(&node, &folder, json!({})).await;
    assert_eq!(host.told("lnr_paid").await["payment_hash"], json!(payment_hash(&preimage(2))));
    host.call("lnr-list", json!({})).await.unwrap();
    host.stop().await;
}

/// What a dry or paused plugin says to an invoice for a request that was prepared so.
async fn reason_for(option: &str, request: &InvoiceRequest<Verified>, node: &FakeNode, folder: &TempDir) -> Value {
    let (mut host, _) = Host::start(node, folder, json!({ (option): true })).await;
    host.deliver(invoice(request, 2, 1000).as_bytes()).await;
    let reason = host.told("lnr_refused").await["reason"].clone();
    host.stop().await;
    reason
}

#[tokio::test]
async fn what_is_refused_for_good_stays_so_in_a_dry_run_and_a_pause() {
    for option in ["lnr-dry-run", "lnr-pause"] {
        let (node, folder, requests) = with_open_claims(1).await;
        let reason = reason_for(option, &requests[0], &node, &folder).await;
        assert_eq!(
            reason,
            json!("the invoice_request is no longer available: an invoice for it is being paid already")
        );

        let (mut host, _) = Host::start(&node, &folder, json!({})).await;
        let disabled = host.request(json!({ "amount": 1000 })).await;
        host.call("lnr-disable", json!([disabled.invreq_id()])).await.unwrap();
        let open = host.request(json!({ "amount": 1000 })).await;
        host.stop().await;
        let reason = reason_for(option, &disabled, &node, &folder).await;
        assert_eq!(reason, json!("the invoice_request is no longer available"));
        let reason = reason_for(option, &open, &node, &folder).await;
        assert_eq!(reason, json!("the payer does not pay at the moment: try again later"));
    }
}

#[tokio::test]
async fn payees_behind_a_dead_node_keep_nobody_from_being_paid() {
    let (node, folder) = (node(COMMANDS), tempfile::tempdir().unwrap());
    pays(&node, &preimage(1));
    node.answer("listpeers", json!({ "peers": [] }));
    node.answer("listconfigs", json!({ "configs": {} }));
    node.reply("connect", Reply::silence());
    let (mut host, _) = Host::start(&node, &folder, json!({})).await;
    let request = host.request(json!({ "amount": 1000 })).await;
    let dead = Keys::from_seed(&[7; 32], Chain::REGTEST).unwrap().node_id();
    assert_ne!(dead, payer().node_id());
    let refused = message_from(dead, invoice(&request, 2, 999).as_bytes());
    for _ in 0..80 {
        host.call("onion_message_recv", refused.clone()).await.unwrap();
        host.told("lnr_refused").await;
    }
    assert_eq!(host.deliver(invoice(&request, 1, 1000).as_bytes()).await, "resolve");
    assert_eq!(host.told("lnr_paid").await["payment_hash"], json!(payment_hash(&preimage(1))));
    node.received("connect").await;
    host.stop().await;
}

#[tokio::test]
async fn invoices_for_one_request_leave_room_for_those_for_another() {
    let (node, folder) = (node(COMMANDS), tempfile::tempdir().unwrap());
    pays(&node, &preimage(1));
    let (mut host, _) = Host::start(&node, &folder, json!({ "lnr-invoices-per-second": 2 })).await;
    let (crowded, other) =
        (host.request(json!({ "amount": 1000 })).await, host.request(json!({ "amount": 1000 })).await);
    let refused = invoice(&crowded, 2, 999);
    let dropped = async |host: &mut Host| host.call("lnr-pause", json!({})).await.unwrap()["dropped"].as_u64().unwrap();
    // All for the one request, of which far fewer are judged in any second.
    while dropped(&mut host).await < 100 {
        host.deliver(refused.as_bytes()).await;
    }
    host.deliver(invoice(&other, 1, 1000).as_bytes()).await;
    assert_eq!(host.told("lnr_paid").await["invreq_id"], json!(other.invreq_id()));
    host.stop().await;
}

#[tokio::test]
async fn a_limit_is_not_removed_by_a_change_without_an_amount() {
    let (node, folder) = (node(COMMANDS), tempfile::tempdir().unwrap());
    let (mut host, _) = Host::start(&node, &folder, json!({ "lnr-daily-limit": "7sat" })).await;
    let nothing = json!({ "config": "lnr-daily-limit" });
    let null = json!({ "config": "lnr-daily-limit", "val": null });
    let too_much = json!({ "config": "lnr-daily-limit", "val": u64::MAX });
    for change in [nothing, null, too_much] {
        let error = host.call("setconfig", change).await.unwrap_err();
        assert!(error["message"].as_str().unwrap().starts_with("lnr-daily-limit: "), "{error}");
    }
    assert_eq!(host.call("lnr-pause", json!({})).await.unwrap()["daily_limit_msat"], json!(7000));
    host.stop().await;
}
