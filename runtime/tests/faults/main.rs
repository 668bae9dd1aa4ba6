//! What a client makes of everything that can go wrong on a connection.

mod answers;
mod cancelled;
mod connecting;
mod delivered;
mod kit;
mod lost;
mod told;

use std::time::{Duration, Instant};

use cln_api::listinvoices;
use cln_api::primitives::RpcError;
use cln_runtime::client::{Builder, CallError, Client, Statistics};
use cln_runtime::testing::{FakeNode, Reply};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// The longest answer of the clients here.
const LIMIT: usize = 10_000;

type Outcome = Result<Value, CallError<RpcError>>;

fn node() -> FakeNode {
    let node = FakeNode::start().unwrap();
    node.answer("hello", json!("hi"));
    node.answer("listinvoices", json!({ "invoices": [] }));
    node
}

async fn client(node: &FakeNode) -> Client {
    with(node, |builder| builder).await
}

async fn with(node: &FakeNode, set: impl FnOnce(Builder) -> Builder) -> Client {
    set(Client::builder().max_answer(LIMIT)).connect(node.path()).await.unwrap()
}

/// A call of a command that may change something, on a task of its own.
fn pay(client: &Client) -> JoinHandle<Outcome> {
    call(client, "pay", json!({}))
}

fn call(client: &Client, method: &'static str, params: Value) -> JoinHandle<Outcome> {
    let client = client.clone();
    tokio::spawn(async move { client.call_raw(method, params).await })
}

fn words(outcome: &Outcome) -> String {
    match outcome {
        Ok(value) => value.to_string(),
        Err(error) => error.to_string(),
    }
}

/// What the caller gets when the node does this with the request, and what was counted. The next call must be answered.
async fn outcome(reply: Reply) -> (Outcome, Statistics) {
    let node = node();
    node.reply("pay", reply);
    let client = client(&node).await;
    let outcome = pay(&client).await.unwrap();
    let next = client.call(&listinvoices::Request::new()).await;
    assert!(next.unwrap().invoices.is_empty(), "the next call is answered");
    assert_eq!(node.count("pay"), 1, "what may change something is sent once");
    (outcome, client.statistics())
}

async fn check(reply: Reply, expected: &str) {
    assert_eq!(words(&outcome(reply).await.0), expected);
}

/// As [`check`], when the caller waits in vain.
async fn check_silence(reply: Reply, expected: &str) -> Statistics {
    let node = node();
    node.reply("pay", reply);
    let client = client(&node).await;
    let paying = pay(&client);
    node.received("pay").await;
    assert_eq!(client.call_raw("hello", json!({})).await.unwrap(), "hi");
    // The clock jumps to the end of the call's time.
    tokio::time::pause();
    assert_eq!(words(&paying.await.unwrap()), expected);
    tokio::time::resume();
    client.statistics()
}

/// Lets the other tasks go on until something holds.
async fn eventually(holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(20), "it never holds");
        tokio::task::yield_now().await;
    }
}

/// Lets the other tasks do what they can.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}
