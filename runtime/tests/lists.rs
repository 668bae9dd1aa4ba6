//! Lists as streams, in pages and followed; and nodes called through another one.

use std::sync::{Arc, Mutex};

use cln_api::{listinvoices, listnodes, sql};
use cln_runtime::client::{CallError, ChangeKind, Client, Cursor};
use cln_runtime::testing::{FakeNode, Reply};
use futures_util::{StreamExt, TryStreamExt};
use serde_json::{Value, json};

fn invoice(number: u64) -> Value {
    json!({
        "label": format!("order {number}"), "payment_hash": "00".repeat(32), "status": "unpaid",
        "expires_at": 1_700_000_000, "created_index": number
    })
}

async fn client(node: &FakeNode) -> Client {
    Client::connect(node.path()).await.unwrap()
}

/// The labels that a stream of `listinvoices` gives for an answer, whatever pieces it comes in; then its error, if any.
async fn check_stream(reply: Reply, expected: &[&str]) {
    for pieces in [1, 7, 1000] {
        let node = FakeNode::start().unwrap();
        node.in_pieces(pieces);
        node.reply("listinvoices", reply.clone());
        let stream = client(&node).await.stream(&listinvoices::Request::new());
        let found: Vec<String> = stream
            .map(|record| record.map_or_else(|error| error.to_string(), |record| record.label.to_string()))
            .collect()
            .await;
        assert_eq!(found, expected, "in pieces of {pieces}");
    }
}

#[tokio::test]
async fn a_list_is_read_record_by_record() {
    check_stream(Reply::result(json!({ "invoices": [invoice(1), invoice(2)] })), &["order 1", "order 2"]).await;
    check_stream(Reply::result(json!({ "invoices": [] })), &[]).await;
}

#[tokio::test]
async fn a_record_that_cannot_be_read_does_not_end_the_stream() {
    let broken = json!({ "label": "x", "status": "unpaid", "expires_at": 1, "payment_hash": "00" });
    check_stream(
        Reply::result(json!({ "invoices": [invoice(1), broken, invoice(3)] })),
        &[
            "order 1",
            "cannot read the answer of `listinvoices` at `invoices[1].payment_hash`: expected 64 hex digits, found 2 \
         characters; the command was carried out",
            "order 3",
        ],
    )
    .await;
}

#[tokio::test]
async fn an_error_or_a_broken_connection_ends_the_stream() {
    check_stream(Reply::error(-32602, "label: no"), &["`listinvoices` failed: label: no (code -32602)"]).await;
    let whole = json!({ "invoices": [invoice(1), invoice(2)] });
    check_stream(Reply::result(whole).first_bytes(300).then_disconnect(), &[
        "order 1",
        "the node closed the connection in the middle of a message: it was stopped, or has crashed; the request was \
         sent: it may have taken effect, or may still",
    ])
    .await;
}

#[tokio::test]
async fn rows_of_sql_are_a_list_too() {
    let node = FakeNode::start().unwrap();
    node.answer("sql", json!({ "rows": [["a", 1], ["b", null]] }));
    let rows: Vec<_> = client(&node).await.stream(&sql::Request::new("SELECT 1")).try_collect().await.unwrap();
    assert_eq!(rows.len(), 2);

    // A query that breaks off is told, behind the rows that there are.
    node.answer("sql", json!({ "rows": [["a"]], "warning_db_failure": "interrupted" }));
    let mut rows = client(&node).await.stream(&sql::Request::new("SELECT 1"));
    assert!(rows.next().await.unwrap().is_ok());
    let error = rows.next().await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "the list that `sql` answered is not whole: interrupted");
    assert!(rows.next().await.is_none());
}

#[tokio::test]
async fn an_unread_stream_holds_up_no_call() {
    let node = FakeNode::start().unwrap();
    node.answer("listnodes", json!({ "nodes": [] }));
    node.reply("listinvoices", Reply::endless());
    let client = client(&node).await;
    let unread = client.stream(&listinvoices::Request::new());
    assert!(client.call(&listnodes::Request::new()).await.unwrap().nodes.is_empty());
    drop(unread);
}

/// A node with invoices 1 to `count` that pages as lightningd does.
fn paging(node: &FakeNode, invoices: Arc<Mutex<Vec<Value>>>) {
    node.reply_with("listinvoices", move |request| {
        let index = if request.params["index"] == "updated" { "updated_index" } else { "created_index" };
        let start = request.params["start"].as_u64().unwrap_or(0);
        let limit = request.params["limit"].as_u64().unwrap_or(u64::MAX);
        let mut all = invoices.lock().unwrap().clone();
        all.retain(|it| it[index].as_u64().is_some_and(|number| number >= start));
        all.sort_by_key(|it| it[index].as_u64());
        all.truncate(usize::try_from(limit).unwrap());
        Reply::result(json!({ "invoices": all }))
    });
}

#[tokio::test]
async fn pages_give_every_record_once() {
    let node = FakeNode::start().unwrap();
    // Some were deleted.
    let invoices = (1..=25).filter(|number| number % 10 != 3).map(invoice).collect();
    paging(&node, Arc::new(Mutex::new(invoices)));
    for size in [1, 4, 7, 1000] {
        let pages = client(&node).await.pages(&listinvoices::Request::new(), size);
        let all: Vec<listinvoices::Invoice> = pages.try_collect().await.unwrap();
        let numbers: Vec<u64> = all.iter().map(|it| it.created_index).collect();
        assert_eq!(numbers, (1..=25).filter(|number| number % 10 != 3).collect::<Vec<_>>(), "by {size}");
    }
}

/// A node whose `wait` answers once its counter is high enough.
fn waiting(node: &FakeNode, invoices: Arc<Mutex<Vec<Value>>>) {
    node.reply_with("wait", move |request| {
        let name = request.params["indexname"].as_str().unwrap().to_owned();
        let next = request.params["nextvalue"].as_u64().unwrap();
        let field = format!("{name}_index");
        let all = invoices.lock().unwrap();
        let counter = all.iter().filter_map(|it| it[&field].as_u64()).max().unwrap_or(0);
        let reply = Reply::result(json!({ "subsystem": "invoices", (name.clone()): counter.max(next) }));
        if counter >= next { reply } else { reply.held_by(&name) }
    });
}

#[tokio::test]
async fn following_tells_what_is_new_and_what_changes_and_goes_on_from_a_cursor() {
    let node = FakeNode::start().unwrap();
    let invoices = Arc::new(Mutex::new(vec![invoice(1), invoice(2)]));
    paging(&node, Arc::clone(&invoices));
    waiting(&node, Arc::clone(&invoices));
    let client = client(&node).await;
    let mut following = client.follow(&listinvoices::Request::new(), Cursor::default());
    let mut told = Vec::new();
    let mut next = async |told: &mut Vec<(ChangeKind, String)>| {
        let change = following.next().await.unwrap().unwrap();
        told.push((change.kind, change.record.label.to_string()));
        change.cursor
    };
    next(&mut told).await;
    next(&mut told).await;

    // The first one changes while the follower waits.
    let waits = tokio::spawn({
        let invoices = Arc::clone(&invoices);
        async move {
            node.received("wait").await;
            invoices.lock().unwrap()[0]["updated_index"] = 1.into();
            node.release("updated");
            node
        }
    });
    let cursor = next(&mut told).await;
    let node = waits.await.unwrap();
    assert_eq!(cursor, Cursor { created: 2, updated: 1 });

    // The connection is lost, and a third one comes meanwhile.
    invoices.lock().unwrap().push(invoice(3));
    node.disconnect();
    let cursor = next(&mut told).await;
    assert_eq!(
        told,
        [
            (ChangeKind::Created, "order 1".to_owned()),
            (ChangeKind::Created, "order 2".to_owned()),
            (ChangeKind::Updated, "order 1".to_owned()),
            (ChangeKind::Created, "order 3".to_owned()),
        ]
    );

    // Another process goes on where this one was.
    invoices.lock().unwrap().push(invoice(4));
    let mut again = client.follow(&listinvoices::Request::new(), cursor);
    assert_eq!(again.next().await.unwrap().unwrap().record.created_index, 4);
    assert_eq!(client.present_cursor::<listinvoices::Request>().await.unwrap(), Cursor { created: 4, updated: 1 });
}

#[tokio::test]
async fn another_node_is_called_by_its_rune() {
    let node = FakeNode::start().unwrap();
    node.answer("commando", json!({ "invoices": [invoice(1)] }));
    let peer = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    let remote = client(&node).await.remote(peer.parse().unwrap(), "rune=");
    let response = remote.call(&listinvoices::Request::new().limit(3).index("created".parse().unwrap())).await.unwrap();
    assert_eq!(response.invoices.len(), 1);
    let expected = json!({
        "peer_id": peer, "method": "listinvoices", "params": { "limit": 3, "index": "created" }, "rune": "rune="
    });
    assert_eq!(node.received("commando").await.params, expected);

    node.reply("commando", Reply::error(19537, "Invalid rune"));
    match remote.call(&listinvoices::Request::new()).await {
        Err(CallError::Rpc(error)) => assert_eq!(error.code(), 19537),
        other => panic!("{other:?}"),
    }
    assert!(!format!("{remote:?}").contains("rune="), "{remote:?}");
}

#[tokio::test]
async fn following_waits_although_the_newest_records_are_gone() {
    let node = FakeNode::start().unwrap();
    paging(&node, Arc::new(Mutex::new(vec![invoice(1)])));
    // Counters only grow: there were five, and three changes.
    node.reply_with("wait", |request| {
        let name = request.params["indexname"].as_str().unwrap().to_owned();
        let counter = if name == "created" { 5 } else { 3 };
        let reply = Reply::result(json!({ "subsystem": "invoices", (name.clone()): counter }));
        if counter >= request.params["nextvalue"].as_u64().unwrap() { reply } else { reply.held_by(&name) }
    });
    let mut following = client(&node).await.follow(&listinvoices::Request::new(), Cursor::default());
    assert!(following.next().await.is_some());
    let more = tokio::time::timeout(std::time::Duration::from_millis(300), following.next()).await;
    assert!(more.is_err(), "there is nothing to tell");
    assert!(node.count("wait") <= 5, "{} waits", node.count("wait"));
}
