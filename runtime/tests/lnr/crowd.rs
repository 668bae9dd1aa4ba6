//! A thousand clients of one node, most of them broken.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use cln_runtime::client::Client;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::network::start;

/// For a loaded machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// What the node's memory may grow by. What the clients below would have it keep is some 4 GiB.
const GROWTH: u64 = 512 << 20;
const CROWD: usize = 1000;
/// The most clients that a node lets in.
const MOST: usize = 1024;

struct Node(Child, PathBuf);

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

impl Node {
    fn start(folder: &Path) -> Self {
        let folder = folder.join("alice");
        Node(start(&folder, "1000000sat").0, folder.join("lightning-rpc"))
    }

    async fn connect(&self) -> UnixStream {
        timeout(PATIENCE, UnixStream::connect(&self.1)).await.unwrap().unwrap()
    }

    fn proc(&self, name: &str) -> PathBuf {
        format!("/proc/{}/{name}", self.0.id()).into()
    }

    /// How many files it has open.
    fn files(&self) -> usize {
        fs::read_dir(self.proc("fd")).unwrap().count()
    }

    /// The most memory that it ever had, in bytes.
    fn peak(&self) -> u64 {
        let status = fs::read_to_string(self.proc("status")).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() << 10
    }
}

fn request(id: usize, method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#)
}

fn half(bytes: usize) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"getinfo","params":["{}"#, "x".repeat(bytes))
}

fn many(method: &str, params: &str) -> String {
    (0..1000).map(|id| request(id, method, params)).collect()
}

/// What broken clients send. None of them reads anything.
fn kinds() -> Vec<(&'static str, String)> {
    vec![
        ("nothing", String::new()),
        ("half a request", half(100)),
        ("half of a long request", half(3 << 20)),
        ("too much", half(5 << 20)),
        ("garbage", "\u{0}junk".repeat(1000)),
        ("for long answers", many("help", "{}")),
        ("for short answers", many("getinfo", "{}")),
        ("for what never ends", many("waitanyinvoice", &format!(r#"{{"lastpay_index":{}}}"#, u32::MAX))),
    ]
}

/// One that is not broken asks for what is long and what is short, what looks and what writes.
async fn is_served(node: &Node) {
    let client = Client::connect(&node.1).await.unwrap();
    for _ in 0..5 {
        client.call_raw("getinfo", json!({})).await.unwrap();
        let request = json!({"amount": "5sat", "description": "x".repeat(1000)});
        client.call_raw("invoicerequest", request).await.unwrap();
        client.call_raw("listinvoicerequests", json!({})).await.unwrap();
    }
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The test has the other ends of all connections.
fn allow_files() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some_and(|current| current < 4096) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(maximum.map_or(4096, |most| most.min(4096))), maximum })
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_broken_clients_hold_up_nobody_and_fill_no_memory() {
    allow_files();
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path());
    is_served(&node).await;
    let (files, memory) = (node.files(), node.peak());

    let kinds = kinds();
    let mut crowd = Vec::new();
    for number in 0..CROWD {
        let (reader, mut writer) = node.connect().await.into_split();
        let sent = kinds[number % kinds.len()].1.clone();
        // The node may read no more of it, or have closed the connection.
        let sending = tokio::spawn(async move { (writer.write_all(sent.as_bytes()).await.is_ok(), writer) });
        crowd.push((reader, sending));
        if number % 100 == 99 {
            timeout(PATIENCE, is_served(&node)).await.unwrap_or_else(|_| panic!("nobody is served beside {number}"));
        }
    }
    for _ in 0..5 {
        timeout(PATIENCE, is_served(&node)).await.expect("nobody is served beside the crowd");
    }
    let growth = node.peak() - memory;
    assert!(growth < GROWTH, "the crowd has filled {growth} bytes");

    for (_, sending) in &crowd {
        sending.abort();
    }
    drop(crowd);
    // Some are reused by the databases.
    until("the connections of clients that have gone stay open", || node.files() <= files + 20).await;
    timeout(PATIENCE, is_served(&node)).await.expect("nobody is served after the crowd has gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_clients_than_may_be_are_told_so() {
    allow_files();
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path());
    let mut crowd = Vec::new();
    for _ in 0..MOST {
        crowd.push(node.connect().await);
    }
    let mut told = String::new();
    timeout(PATIENCE, node.connect().await.read_to_string(&mut told)).await.unwrap().unwrap();
    assert!(told.contains("1024 clients are connected, which is the most: close some"), "{told}");
    let first = &mut crowd[0];
    first.write_all(request(1, "getinfo", "{}").as_bytes()).await.unwrap();
    assert_eq!(timeout(PATIENCE, first.read_u8()).await.unwrap().unwrap(), b'{');
}

#[tokio::test(flavor = "multi_thread")]
async fn waits_that_are_cancelled_leave_their_places() {
    let folder = tempfile::tempdir().unwrap();
    let node = Node::start(folder.path());
    let waits = many("waitanyinvoice", &format!(r#"{{"lastpay_index":{}}}"#, u32::MAX));
    is_served(&node).await;
    let memory = node.peak();
    // More than all that may wait at a time.
    for _ in 0..100 {
        let mut client = node.connect().await;
        client.write_all(waits.as_bytes()).await.unwrap();
    }
    timeout(PATIENCE, is_served(&node)).await.unwrap();
    assert!(node.peak() - memory < GROWTH);
}
