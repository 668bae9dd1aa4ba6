//! Callers that die in the midst of being paid directly, at each call in turn, and are called again.

use std::collections::BTreeMap;
use std::sync::Arc;

use cln_primitives::RpcError;
use cln_runtime::bolt12::Chain;
use cln_runtime::client::Client;
use cln_runtime::engine::{Order, System, send_invoice};
use cln_runtime::lightningd::Payee;
use cln_runtime::recover::Recover;
use tokio::sync::Notify;

use crate::collect::{LABEL, words};
use crate::direct::collect;
use crate::kit::{AMOUNT, Node, id, lnr};
use crate::lightningd::{Crash, Lightningd, Message, Then};

/// After so many calls there is a receipt.
const CALLS: usize = 4;
/// What changes something at the node, and may be done when its caller has long gone.
const CHANGING: [&str; 3] = ["createinvoice", "injectonionmessage", "delinvoice"];

/// So many lists come before what is done latest.
const LATEST: usize = 3;

/// Who is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Collect,
    /// As the plugin's `lnr-collect`.
    SendInvoice,
}

/// What a process has while it lives.
struct Caller {
    recover: Recover,
    payee: Payee<Client, System>,
}

impl Caller {
    async fn start(node: &Node<Lightningd>) -> Self {
        let client = Client::connect(node.fake.path()).await.unwrap();
        Caller { recover: Recover::new(client.clone()), payee: Payee::new(client, id(2), Chain::REGTEST, System) }
    }

    /// The end of a call in a word or two.
    async fn call(&self, flow: Flow) -> String {
        if flow == Flow::Collect {
            let end = words(&collect(&self.recover).await);
            return end.split(": ").next().unwrap_or_default().to_owned();
        }
        let order = Order { request: lnr(), label: LABEL.to_owned(), amount: AMOUNT, timeout: 90 };
        match send_invoice(&self.payee, &order).await {
            Ok(_) => "paid".to_owned(),
            Err(error) => RpcError::from(error).code.to_string(),
        }
    }
}

/// Calls until there is a receipt; where a crash comes, the caller dies, or drops the call alone. Gives what each call gave,
/// how many invoices were made, how many messages arrived, and the commands that were called.
async fn run(flow: Flow, messages: &[Message], crash: Option<(usize, Then)>, dies: bool) -> (String, Vec<String>) {
    let node = Node::<Lightningd>::start();
    let came = Arc::new(Notify::new());
    node.table().messages.extend(messages);
    node.table().crash = crash.map(|(call, then)| Crash { call, then, came: came.clone() });
    let mut caller = Caller::start(&node).await;
    let mut ends = Vec::new();
    while ends.last().is_none_or(|end| end != "paid") {
        assert!(ends.len() < CALLS, "{flow:?} with {messages:?} after {crash:?}: {ends:?}");
        let end = tokio::select! {
            end = caller.call(flow) => end,
            () = came.notified() => "crash".to_owned(),
        };
        if dies && end == "crash" {
            caller = Caller::start(&node).await;
        }
        ends.push(end);
    }
    let calls = node.table().calls.clone();
    let made = node.table().hashes.len();
    assert_eq!(ends.iter().any(|end| end == "crash"), crash.is_some(), "{crash:?} comes");
    assert_eq!(caller.call(flow).await, "paid", "the receipt is always there");
    let table = node.table();
    assert_eq!((table.payments, table.rows.len(), table.hashes.len()), (1, 1, made));
    let delivered: usize = table.delivered.values().sum();
    (format!("{}; {made} made, {delivered} delivered", ends.join(", ")), calls)
}

/// What becomes of a crash at each call: before the node has done it, after it, and where the node is late with it. At no
/// time has the request two invoices that can be paid, and it is paid once.
async fn check(name: &str, flow: Flow, messages: &[Message]) {
    let (end, calls) = run(flow, messages, None, false).await;
    let mut told = vec![format!("no crash: {end}")];
    for (call, method) in (1..).zip(&calls) {
        let late = if CHANGING.contains(&method.as_str()) { LATEST } else { 0 };
        let mut ends: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for then in [Then::Nothing, Then::AtOnce].into_iter().chain((1..=late).map(Then::Late)) {
            let (end, _) = run(flow, messages, Some((call, then)), true).await;
            let (dropped, _) = run(flow, messages, Some((call, then)), false).await;
            assert_eq!(dropped, end, "what a process remembers changes nothing: {method}, call {call}, {then:?}");
            ends.entry(end).or_default().push(format!("{then:?}"));
        }
        told.extend(ends.iter().map(|(end, thens)| format!("{call} {method} ({}): {end}", thens.join(", "))));
    }
    insta::assert_snapshot!(name, told.join("\n"));
}

#[tokio::test]
async fn a_collection_goes_on_after_a_crash_at_any_call() {
    check("collect", Flow::Collect, &[]).await;
}

#[tokio::test]
async fn a_collection_from_a_silent_payer_goes_on_after_a_crash_at_any_call() {
    check("collect_silence", Flow::Collect, &[Message::Silence]).await;
}

#[tokio::test]
async fn a_collection_whose_message_is_not_taken_goes_on_after_a_crash_at_any_call() {
    check("collect_not_taken", Flow::Collect, &[Message::NotTaken]).await;
}

#[tokio::test]
async fn an_invoice_is_sent_on_after_a_crash_at_any_call() {
    check("send_invoice", Flow::SendInvoice, &[]).await;
}

#[tokio::test]
async fn an_invoice_for_a_silent_payer_is_sent_on_after_a_crash_at_any_call() {
    check("send_invoice_silence", Flow::SendInvoice, &[Message::Silence]).await;
}

#[tokio::test]
async fn an_invoice_whose_message_is_not_taken_is_sent_on_after_a_crash_at_any_call() {
    check("send_invoice_not_taken", Flow::SendInvoice, &[Message::NotTaken]).await;
}
