//! What a node does when its disk does not: it says so, and loses nothing.

use std::time::Duration;

use cln_primitives::Msat;
use tempfile::TempDir;
use tokio::time::sleep;

use super::sqlite::Database;
use super::{EmbeddedNode, Node};
use crate::bolt12::{Chain, InvoiceRequest, Verified};
use crate::engine::{
    InvoiceRecord, Limits, NewRequest, Order, RequestStatus, RequestStore as _, SendInvoiceError, send_invoice,
};

const AMOUNT: Msat = Msat::from_msat(5_000);
const BALANCE: Msat = Msat::from_msat(1_000_000);

async fn start(network: &TempDir, name: &str) -> EmbeddedNode {
    // Soon again, as the test waits for it.
    let limits = Limits { ask_again: Duration::from_millis(20), ..Limits::default() };
    EmbeddedNode::builder(network.path().join(name)).balance(BALANCE).limits(limits).start().await.unwrap()
}

/// So long that it has no room in a database that cannot grow.
async fn request(payer: &Node) -> InvoiceRequest<Verified> {
    let new = NewRequest {
        amount: AMOUNT,
        description: Some("x".repeat(30_000)),
        issuer: None,
        label: None,
        absolute_expiry: None,
        single_use: true,
        min_amount: None,
    };
    let record = payer.issuer().create(new).await.unwrap();
    InvoiceRequest::parse(&record.bolt12, Chain::REGTEST).unwrap().verify().unwrap()
}

async fn send(payee: &Node, request: &InvoiceRequest<Verified>) -> Result<InvoiceRecord, SendInvoiceError> {
    let order = Order { request: request.clone(), label: "label".to_owned(), amount: AMOUNT, timeout: 20 };
    send_invoice(payee.ports(), &order).await
}

async fn set(database: &Database, pragma: &'static str, value: u32) {
    database.write("spoiling", move |to| Ok(to.pragma_update(None, pragma, value)?)).await.unwrap();
}

async fn full(database: &Database) {
    set(database, "max_page_count", 1).await;
}

async fn free(database: &Database) {
    set(database, "max_page_count", 1_000_000).await;
}

/// Until it is opened again.
async fn read_only(database: &Database) {
    set(database, "query_only", 1).await;
}

fn is_told(end: Result<InvoiceRecord, SendInvoiceError>, words: &[&str]) {
    let error = end.unwrap_err().to_string();
    assert!(words.iter().all(|words| error.contains(words)), "{error:?} does not say {words:?}");
}

/// The money has moved once, and both say so.
async fn is_paid_once(payer: &Node, payee: &Node, receipt: &InvoiceRecord) {
    while payer.store().requests().await.unwrap()[0].status != RequestStatus::SingleUseUsed {
        sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(payee.account().balance().await.unwrap(), BALANCE.checked_add(AMOUNT).unwrap());
    assert_eq!(payer.account().balance().await.unwrap(), BALANCE.checked_sub(AMOUNT).unwrap());
    assert!(payer.account().ledger().audit().await.unwrap().is_balanced());
    let kept = payee.store().list_invoices(Default::default(), Default::default()).await.unwrap();
    assert_eq!(kept.iter().map(|kept| &kept.state).collect::<Vec<_>>(), [&receipt.state]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_and_loses_nothing() {
    let network = tempfile::tempdir().unwrap();
    let (alice, bob) = (start(&network, "alice").await, start(&network, "bob").await);
    let (payer, payee) = (alice.node(), bob.node());
    let request = request(payer).await;

    full(payee.store().database()).await;
    is_told(send(payee, &request).await, &["bob/node.sqlite3: the disk is full: nothing was changed; free some space"]);
    free(payee.store().database()).await;

    full(payer.store().database()).await;
    is_told(send(payee, &request).await, &["the payer refused the invoice", "try again"]);
    free(payer.store().database()).await;

    let receipt = send(payee, &request).await.unwrap();
    is_paid_once(payer, payee, &receipt).await;
}

/// A payer that only its neighbour can reach publishes a path, and is sent invoices by it.
#[tokio::test(flavor = "multi_thread")]
async fn a_private_node_pays_and_refuses_by_its_path() {
    let network = tempfile::tempdir().unwrap();
    let _relay = start(&network, "relay").await;
    let alice = EmbeddedNode::builder(network.path().join("alice")).balance(BALANCE).private().start().await.unwrap();
    let bob = start(&network, "bob").await;
    let (payer, payee) = (alice.node(), bob.node());
    let request = request(payer).await;
    assert_eq!(request.invreq_paths().unwrap().map(|path| path.hops.len()).collect::<Vec<_>>(), [2]);

    let order =
        Order { request: request.clone(), label: "more".to_owned(), amount: Msat::from_msat(9_000), timeout: 60 };
    let refusal = send_invoice(payee.ports(), &order).await;
    assert!(matches!(refusal, Err(SendInvoiceError::Refused(_))), "{refusal:?}");

    let receipt = send(payee, &request).await.unwrap();
    is_paid_once(payer, payee, &receipt).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_database_is_told_and_loses_nothing() {
    let network = tempfile::tempdir().unwrap();
    let (alice, bob) = (start(&network, "alice").await, start(&network, "bob").await);
    let request = request(alice.node()).await;

    read_only(bob.node().store().database()).await;
    let words = ["bob/node.sqlite3: the file cannot be written to: nothing was changed", "and restart"];
    is_told(send(bob.node(), &request).await, &words);
    bob.stop().await;
    let bob = start(&network, "bob").await;

    read_only(alice.node().store().database()).await;
    is_told(send(bob.node(), &request).await, &["the payer refused the invoice", "try again"]);
    alice.stop().await;
    let alice = start(&network, "alice").await;

    // What is claimed already is paid when that is possible again.
    read_only(alice.node().account().ledger().database()).await;
    let (payee, order) = (bob.node().clone(), request.clone());
    let sending = tokio::spawn(async move { send(&payee, &order).await });
    while alice.node().store().pending_claims().await.unwrap().is_empty() {
        sleep(Duration::from_millis(5)).await;
    }
    alice.stop().await;
    let alice = start(&network, "alice").await;
    let receipt = sending.await.unwrap().unwrap();
    is_paid_once(alice.node(), bob.node(), &receipt).await;
}
