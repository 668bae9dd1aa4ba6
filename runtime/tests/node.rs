//! Embedded nodes as a library: what they do with each other, and after a stop.

#![cfg(feature = "node")]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use cln_primitives::{HexBytes, Msat, Secret};
use cln_runtime::bolt12::{Chain, InvoiceRequest};
use cln_runtime::client::{CallError, Client};
use cln_runtime::engine::{
    Clock as _, Creation, IncomingInvoice, InvoiceRecord, InvoiceStore as _, Judgement, NewInvoice, NewRequest, Order,
    RequestStatus, SendInvoiceError, payment_hash, send_invoice,
};
use cln_runtime::node::{EmbeddedNode, StartError};
use cln_runtime::onion;
use serde_json::{Value, json};
use tempfile::TempDir;

const AMOUNT: Msat = Msat::from_msat(5_000);
const BALANCE: Msat = Msat::from_msat(1_000_000);

async fn start(network: &TempDir, name: &str) -> EmbeddedNode {
    EmbeddedNode::builder(network.path().join(name)).balance(BALANCE).start().await.unwrap()
}

async fn new_network() -> (TempDir, EmbeddedNode, EmbeddedNode) {
    let network = tempfile::tempdir().unwrap();
    let (alice, bob) = (start(&network, "alice").await, start(&network, "bob").await);
    (network, alice, bob)
}

async fn request(payer: &EmbeddedNode, single_use: bool) -> InvoiceRequest<cln_runtime::bolt12::Verified> {
    let new = NewRequest {
        amount: AMOUNT,
        description: Some("a test".to_owned()),
        issuer: None,
        label: None,
        absolute_expiry: None,
        single_use,
        min_amount: None,
    };
    let record = payer.node().issuer().create(new).await.unwrap();
    InvoiceRequest::parse(&record.bolt12, Chain::REGTEST).unwrap().verify().unwrap()
}

async fn send(
    payee: &EmbeddedNode,
    request: &InvoiceRequest<cln_runtime::bolt12::Verified>,
    label: &str,
) -> Result<InvoiceRecord, SendInvoiceError> {
    let order = Order { request: request.clone(), label: label.to_owned(), amount: AMOUNT, timeout: 20 };
    send_invoice(payee.node().ports(), &order).await
}

async fn balance(node: &EmbeddedNode) -> Msat {
    node.node().account().balance().await.unwrap()
}

async fn becomes_used(payer: &EmbeddedNode) {
    let begun = Instant::now();
    while payer.node().issuer().list(None, false).await.unwrap()[0].status != RequestStatus::SingleUseUsed {
        assert!(begun.elapsed() < Duration::from_secs(10), "the payer does not hear of its payment");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_paid_once() {
    let (_network, alice, bob) = new_network().await;
    let request = request(&alice, true).await;
    let receipt = send(&bob, &request, "first").await.unwrap();
    assert_eq!(receipt.amount(), AMOUNT);
    assert_eq!(send(&bob, &request, "first").await.unwrap().receipt(), receipt.receipt());
    becomes_used(&alice).await;
    assert!(matches!(send(&bob, &request, "second").await, Err(SendInvoiceError::Refused(_))));
    assert_eq!(balance(&alice).await, BALANCE.checked_sub(AMOUNT).unwrap());
    assert_eq!(balance(&bob).await, BALANCE.checked_add(AMOUNT).unwrap());
    assert!(bob.node().account().ledger().audit().await.unwrap().is_balanced());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_pays_itself() {
    let (_network, alice, _) = new_network().await;
    let request = request(&alice, true).await;
    send(&alice, &request, "mine").await.unwrap();
    assert_eq!(balance(&alice).await, BALANCE);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_reached_while_the_payer_is_down_and_the_label_stays_free() {
    let (network, alice, bob) = new_network().await;
    let request = request(&alice, true).await;
    alice.stop().await;
    let end = send(&bob, &request, "label").await;
    assert!(matches!(&end, Err(SendInvoiceError::Unreachable { kept: None, .. })), "{end:?}");
    let _alice = start(&network, "alice").await;
    send(&bob, &request, "label").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_arrives_while_the_payee_is_down_is_taken_when_it_is_back() {
    let (network, alice, bob) = new_network().await;
    let request = request(&alice, true).await;
    bob.node().account().ledger().audit().await.unwrap();
    let sending = tokio::spawn(async move {
        let end = tokio::time::timeout(Duration::from_millis(1), send(&bob, &request, "label")).await;
        bob.stop().await;
        (end.is_ok(), request)
    });
    let (_, request) = sending.await.unwrap();
    let bob = start(&network, "bob").await;
    send(&bob, &request, "label").await.unwrap();
    becomes_used(&alice).await;
    assert_eq!(balance(&bob).await, BALANCE.checked_add(AMOUNT).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_keeps_all_it_has_over_a_stop() {
    let (network, alice, bob) = new_network().await;
    let request = request(&alice, true).await;
    let receipt = send(&bob, &request, "label").await.unwrap();
    becomes_used(&alice).await;
    let (alice_id, left) = (alice.node().node_id(), balance(&alice).await);
    alice.stop().await;
    bob.stop().await;
    let names = |node: &str| {
        let entries = fs::read_dir(network.path().join(node)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    assert!(!names("alice").iter().any(|name| name == "messages" || name == "lightning-rpc"), "{:?}", names("alice"));
    let (alice, bob) = (start(&network, "alice").await, start(&network, "bob").await);
    assert_eq!((alice.node().node_id(), balance(&alice).await), (alice_id, left), "credited once");
    assert_eq!(send(&bob, &request, "label").await.unwrap().receipt(), receipt.receipt());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_has_one_node() {
    let (network, alice, _bob) = new_network().await;
    let again = EmbeddedNode::start(network.path().join("alice")).await;
    assert!(matches!(again, Err(StartError::Directory(_))), "{again:?}");
    copy(&network.path().join("alice/hsm_secret"), &network.path().join("copy"));
    let copied = EmbeddedNode::start(network.path().join("copy")).await;
    assert!(matches!(copied, Err(StartError::Copy(..))), "{copied:?}");
    drop(alice);
}

fn copy(file: &Path, folder: &Path) {
    fs::create_dir(folder).unwrap();
    fs::copy(file, folder.join(file.file_name().unwrap())).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_expires_when_its_time_is_over() {
    let (_network, alice, bob) = new_network().await;
    let request = request(&alice, true).await;
    alice.node().issuer().disable(request.invreq_id()).await.unwrap();
    // Refused, so its label is free at once.
    assert!(matches!(send(&bob, &request, "label").await, Err(SendInvoiceError::Refused(_))));
    let poor = EmbeddedNode::start(bob.node().network().path().join("poor")).await.unwrap();
    let request = self::request(&poor, true).await;
    let end = send(&bob, &request, "label").await;
    assert!(matches!(&end, Err(SendInvoiceError::Refused(error)) if error.to_string().contains("balance")), "{end:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_does_not_start_pays_nothing_and_pays_when_it_does() {
    let (network, alice, bob) = new_network().await;
    let (alice_id, request) = (alice.node().node_id(), request(&alice, true).await);
    let claimed = invoice(&bob, &request).await;
    let message =
        IncomingInvoice { invoice: claimed.as_bytes().to_vec(), path_secret: None, reply_path: None, from: None };
    let judged = alice.node().issuer().on_invoice(message).await.unwrap();
    assert!(matches!(judged, Judgement::Pay(_)), "{judged:?}");
    alice.stop().await;

    let in_the_way = network.path().join("alice/lightning-rpc");
    fs::write(&in_the_way, "").unwrap();
    let failed = EmbeddedNode::start(network.path().join("alice")).await;
    assert!(matches!(failed, Err(StartError::Listen(_))), "{failed:?}");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(bob.node().account().ledger().balance(alice_id).await.unwrap(), Some(BALANCE));

    fs::remove_file(&in_the_way).unwrap();
    let alice = start(&network, "alice").await;
    becomes_used(&alice).await;
    assert_eq!(balance(&alice).await, BALANCE.checked_sub(AMOUNT).unwrap());
}

/// An invoice that its payee has stored, and sent to nobody.
async fn invoice(
    payee: &EmbeddedNode,
    request: &InvoiceRequest<cln_runtime::bolt12::Verified>,
) -> cln_runtime::bolt12::Invoice<cln_runtime::bolt12::Verified> {
    let ports = payee.node().ports();
    let preimage = Secret::from_bytes([7; 32]);
    let invoice = request.invoice(payment_hash(&preimage), AMOUNT, ports.now(), payee.node().node_id());
    let new = NewInvoice { label: "label".to_owned(), invoice: invoice.build().unwrap(), preimage };
    match ports.create_invoice(new).await.unwrap() {
        Creation::Created(record) => record.invoice,
        Creation::LabelTaken(record) => panic!("{record:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_can_be_waited_for_again() {
    let (_network, mut alice, _bob) = new_network().await;
    alice.node().stop();
    alice.stopped().await;
    alice.stopped().await;
    alice.stop().await;
}

/// An invoice for a request, as whoever builds one gives it to `createinvoice`.
fn unsigned(
    request: &InvoiceRequest<cln_runtime::bolt12::Verified>,
    payee: &EmbeddedNode,
    preimage: &Secret,
) -> String {
    let invoice = request.invoice(payment_hash(preimage), AMOUNT, payee.node().ports().now(), payee.node().node_id());
    invoice.build().unwrap().unsigned_text()
}

/// The answer, or the error's code.
async fn call(node: &EmbeddedNode, method: &str, params: Value) -> Result<Value, i32> {
    let client = Client::connect(node.rpc_path()).await.unwrap();
    match client.call_raw(method, params).await {
        Ok(answer) => Ok(answer),
        Err(CallError::Rpc(error)) => Err(error.code),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_made_by_hand_is_paid_by_hand_once() {
    let (_network, alice, bob) = new_network().await;
    let request = request(&alice, true).await;
    let preimage = Secret::from_bytes([7; 32]);
    let order = |label| {
        let invoice = unsigned(&request, &bob, &preimage);
        json!({"invstring": invoice, "label": label, "preimage": preimage.reveal_hex()})
    };
    let created = call(&bob, "createinvoice", order("made")).await.unwrap();
    assert_eq!(call(&bob, "createinvoice", order("made")).await, Err(900));
    assert_eq!(call(&bob, "createinvoice", order("other")).await, Err(-1), "lightningd would die of it");

    let pay = json!({"invstring": created["bolt12"], "label": "rent"});
    let (first, second) = tokio::join!(call(&alice, "xpay", pay.clone()), call(&alice, "xpay", pay.clone()));
    let (paid, refused) = if first.is_ok() { (first, second) } else { (second, first) };
    assert_eq!(paid.unwrap()["payment_preimage"], preimage.reveal_hex());
    assert!(matches!(refused, Err(219 | -3)), "{refused:?}");
    assert_eq!(call(&alice, "xpay", pay).await, Err(219));
    assert_eq!(balance(&alice).await, BALANCE.checked_sub(AMOUNT).unwrap());

    // What is paid for a request is numbered together with it.
    send(&bob, &request, "sent").await.unwrap();
    let listed = call(&alice, "listpays", json!({})).await.unwrap();
    let told: Vec<_> =
        listed["pays"].as_array().unwrap().iter().map(|it| (&it["created_index"], &it["label"])).collect();
    assert_eq!(told, [(&json!(1), &json!("rent")), (&json!(2), &Value::Null)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_by_hand_goes_on_over_a_stop() {
    let (network, alice, bob) = new_network().await;
    let request = request(&alice, true).await;
    let preimage = Secret::from_bytes([7; 32]);
    let order =
        json!({"invstring": unsigned(&request, &bob, &preimage), "label": "l", "preimage": preimage.reveal_hex()});
    let created = call(&bob, "createinvoice", order).await.unwrap();
    bob.stop().await;

    let pay = json!({"invstring": created["bolt12"]});
    let client = Client::connect(alice.rpc_path()).await.unwrap();
    let asked = pay.clone();
    let paying = tokio::spawn(async move { client.call_raw("xpay", asked).await });
    while call(&alice, "listpays", json!({"status": "pending"})).await.unwrap()["pays"] == json!([]) {}
    alice.stop().await;
    assert!(paying.await.unwrap().is_err());
    let (_bob, alice) = (start(&network, "bob").await, start(&network, "alice").await);
    while call(&alice, "listpays", json!({"status": "complete"})).await.unwrap()["pays"] == json!([]) {
        assert!(matches!(call(&alice, "xpay", pay.clone()).await, Err(-3 | 219)));
    }
    assert_eq!(call(&alice, "xpay", pay).await, Err(219));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_injected_message_fails_only_when_nobody_has_it() {
    let (network, alice, bob) = new_network().await;
    let (own, next) = (alice.node().node_id(), bob.node().node_id());
    let packet = onion::create(&[own, next], None, &onion::Contents::Invoice(vec![1]), None, &[9; 32]).unwrap();
    let message = json!({"path_key": packet.path_key, "message": HexBytes::from(packet.message)});
    let client = Client::connect(alice.rpc_path()).await.unwrap();
    bob.stop().await;
    let nobody = client.call_raw("injectonionmessage", message.clone()).await;
    assert!(matches!(nobody, Err(CallError::Rpc(error)) if error.code == -1));
    // It takes messages, and says nothing.
    let place = network.path().join("bob").join("messages");
    let _ = fs::remove_file(&place);
    let socket = tokio::net::UnixListener::bind(place).unwrap();
    let taking = tokio::spawn(async move { drop(socket.accept().await) });
    assert_eq!(client.call_raw("injectonionmessage", message).await.unwrap(), json!({}));
    taking.await.unwrap();
}
