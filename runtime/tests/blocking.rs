//! The blocking client, called from everywhere.

#![cfg(feature = "blocking")]

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cln_api::{getinfo, listinvoices};
use cln_runtime::blocking::Client;
use cln_runtime::client::{CallError, CallOptions, ConnectError, Delivery, Notice};
use serde_json::{Value, json};

/// A server that answers by a function: the messages to send for a request.
struct Server {
    socket: PathBuf,
    /// Gets a word whenever a connection has ended.
    ended: mpsc::Receiver<()>,
    _folder: tempfile::TempDir,
}

impl Server {
    fn new(answer: fn(&Value) -> Vec<Value>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("lightning-rpc");
        let listener = UnixListener::bind(&socket).unwrap();
        let (sender, ended) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, sender) = (stream.unwrap(), sender.clone());
                thread::spawn(move || {
                    serve(stream, answer);
                    let _ = sender.send(());
                });
            }
        });
        Self { socket, ended, _folder: folder }
    }

    fn client(&self) -> Client {
        Client::connect(&self.socket).unwrap()
    }
}

fn serve(mut stream: UnixStream, answer: fn(&Value) -> Vec<Value>) {
    let mut requests = serde_json::Deserializer::from_reader(stream.try_clone().unwrap()).into_iter::<Value>();
    while let Some(Ok(request)) = requests.next() {
        for message in answer(&request) {
            if write!(stream, "{message}\n\n").is_err() {
                return;
            }
        }
    }
    let _ = stream.read(&mut [0]);
}

/// Gives back the parameters, or a list of invoices.
fn echo(request: &Value) -> Vec<Value> {
    let id = &request["id"];
    let result = match request["method"].as_str().unwrap() {
        "listinvoices" => {
            let (start, limit) = (&request["params"]["start"], &request["params"]["limit"]);
            let first = start.as_u64().unwrap_or(1);
            let last = limit.as_u64().map_or(150, |limit| (first + limit - 1).min(150));
            let invoices: Vec<Value> = (first..=last).map(invoice).collect();
            json!({ "invoices": invoices })
        }
        "silence" => return Vec::new(),
        "talk" => {
            let params = json!({ "id": id, "level": "info", "message": "busy" });
            let notice = json!({ "jsonrpc": "2.0", "method": "message", "params": params });
            return vec![notice.clone(), notice, json!({ "id": id, "result": {} })];
        }
        _ => request["params"].clone(),
    };
    vec![json!({ "jsonrpc": "2.0", "id": id, "result": result })]
}

fn invoice(index: u64) -> Value {
    json!({ "label": "x", "payment_hash": "00".repeat(32), "expires_at": 5, "created_index": index, "status": "unpaid" })
}

fn check(client: &Client) {
    assert_eq!(client.call_raw("echo", json!({ "a": [1] })).unwrap(), json!({ "a": [1] }));
    assert_eq!(client.call(&listinvoices::Request::new()).unwrap().invoices.len(), 150);
    assert_eq!(client.call_as::<Vec<u8>>("echo", &[1, 2]).unwrap(), [1, 2]);
}

#[test]
fn from_a_plain_thread() {
    let server = Server::new(echo);
    let client = server.client();
    check(&client);
    assert_eq!(client.statistics().answered, 3);
    assert_eq!(client.statistics().connects, 1);
}

#[test]
fn from_within_a_runtime_of_several_threads() {
    let server = Server::new(echo);
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    runtime.block_on(async { tokio::spawn(async move { check(&server.client()) }).await.unwrap() });
}

#[test]
fn from_within_a_runtime_of_one_thread() {
    let server = Server::new(echo);
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async { check(&server.client()) });
}

#[test]
fn from_many_threads_at_once() {
    let server = Server::new(echo);
    let client = server.client();
    thread::scope(|scope| {
        for number in 0..8 {
            let client = client.clone();
            scope.spawn(move || {
                for call in 0..200 {
                    let params = json!({ "number": number, "call": call });
                    assert_eq!(client.call_raw("echo", params.clone()).unwrap(), params);
                }
            });
        }
    });
    assert_eq!(client.statistics().answered, 1600);
    assert_eq!(client.statistics().connects, 1);
}

#[test]
fn lists_are_iterators() {
    let server = Server::new(echo);
    let client = server.client();
    let request = listinvoices::Request::new();
    let numbers = |found: Vec<listinvoices::Invoice>| found.iter().map(|it| it.created_index).collect::<Vec<_>>();
    let all: Vec<u64> = (1..=150).collect();
    assert_eq!(numbers(client.stream(&request).collect::<Result<_, _>>().unwrap()), all);
    assert_eq!(numbers(client.pages(&request, 40).collect::<Result<_, _>>().unwrap()), all);
    // One that is left half-read holds up nothing, and may outlive the client.
    let mut half_read = client.stream(&request);
    assert_eq!(half_read.next().unwrap().unwrap().created_index, 1);
    check(&client);
    drop(client);
    assert_eq!(half_read.count(), 149);
}

#[test]
fn requests_of_a_batch_are_under_way_together() {
    let server = Server::new(echo);
    let client = server.client();
    let page = |start| listinvoices::Request::new().index(cln_api::shared::ListIndex::Created).start(start).limit(1);
    let invalid = listinvoices::Request::new().start(1);
    let requests = [page(7), invalid, page(9)];
    let mut found = client.batch(&requests).into_iter();
    assert_eq!(found.next().unwrap().unwrap().invoices[0].created_index, 7);
    assert!(matches!(found.next().unwrap(), Err(CallError::Invalid(_))));
    assert_eq!(found.next().unwrap().unwrap().invoices[0].created_index, 9);
}

/// A command of a plugin.
#[derive(serde::Serialize)]
struct Own<const TALKS: bool> {}

impl<const TALKS: bool> cln_api::Command for Own<TALKS> {
    const METHOD: &'static str = if TALKS { "talk" } else { "silence" };
    const ADDED: Option<cln_api::primitives::Version> = None;
    const DEPRECATED: Option<cln_api::primitives::Version> = None;
    const REMOVED: Option<cln_api::primitives::Version> = None;
    const READ_ONLY: bool = false;
    type Response = Value;
    type Error = getinfo::Error;
}

#[test]
fn a_call_may_have_a_timeout() {
    let server = Server::new(echo);
    let client = server.client();
    let options = CallOptions::new().timeout(Duration::from_millis(20));
    let error = client.call_with(&Own::<false> {}, options).unwrap_err();
    assert!(matches!(error, CallError::Timeout { delivery: Delivery::Sent, .. }), "{error}");
    check(&client);
}

#[test]
fn notices_come_in_the_callers_thread() {
    let server = Server::new(echo);
    let client = server.client();
    let (caller, mut notices) = (thread::current().id(), Vec::new());
    let hand_over = |notice| {
        assert_eq!(thread::current().id(), caller);
        notices.push(notice);
    };
    client.call_with(&Own::<true> {}, CallOptions::new().notices(hand_over)).unwrap();
    let expected = Notice::Message { level: "info".to_owned(), message: "busy".to_owned() };
    assert!(matches!(&notices[..], [first, second] if *first == expected && *second == expected), "{notices:?}");
}

#[test]
fn the_connection_ends_with_the_last_clone() {
    let server = Server::new(echo);
    let client = server.client();
    let clone = client.clone();
    drop(client);
    check(&clone);
    assert!(server.ended.try_recv().is_err());
    // Also in a task, where no runtime may be dropped.
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async move { drop(clone) });
    server.ended.recv_timeout(Duration::from_secs(10)).unwrap();
}

#[test]
fn without_a_node_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = Client::connect(folder.path().join("lightning-rpc")).unwrap_err();
    assert!(matches!(error, ConnectError::NotFound(_)));
}

#[test]
fn it_may_be_shared() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<Client>();
}
