//! The plugin between a node that is scripted and a host that writes what lightningd writes.

use std::collections::VecDeque;
use std::time::Duration;

use cln_primitives::{Hash32, HexBytes, Msat, Secret};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, ReadHalf, WriteHalf, split};
use tokio::task::JoinHandle;

use super::{Log, PluginError, run};
use crate::bolt12::{Chain, Invoice, InvoiceRequest, Verified};
use crate::engine::{Clock as _, payment_hash};
use crate::lightningd::System;
use crate::node::keys::Keys;
use crate::onion::blinded_path;
use crate::testing::{FakeNode, Reply};

/// For how long something is waited for that has to come.
const LONG: Duration = Duration::from_secs(60);

const COMMANDS: &[&str] = &[
    "createinvoice",
    "createinvoicerequest",
    "delinvoice",
    "injectonionmessage",
    "listincoming",
    "listinvoices",
    "listnodes",
    "listpeerchannels",
    "listsendpays",
    "waitinvoice",
    "xpay",
];

fn payer() -> Keys {
    Keys::from_seed(&[1; 32], Chain::REGTEST).unwrap()
}

fn preimage(number: u8) -> Secret {
    Secret::from_bytes([number; 32])
}

/// A node that signs, has no payments, and has these commands.
fn node(commands: &[&str]) -> FakeNode {
    let node = FakeNode::start().unwrap();
    node.answer("getinfo", json!({
        "id": payer().node_id(), "alias": "payer", "color": "0302ea", "num_peers": 0, "num_pending_channels": 0,
        "num_active_channels": 0, "num_inactive_channels": 0, "address": [], "version": "v26.06.6", "blockheight": 395,
        "network": "regtest", "fees_collected_msat": 0, "lightning-dir": "/home/user/.lightning/regtest",
        "our_features": { "init": "", "node": "", "channel": "", "invoice": "" },
    }));
    let help: Vec<Value> = commands.iter().map(|name| json!({ "command": format!("{name} [some]") })).collect();
    node.answer("help", json!({ "help": help }));
    node.answer("listnodes", json!({ "nodes": [] }));
    node.answer("listincoming", json!({ "incoming": [] }));
    node.answer("listsendpays", json!({ "payments": [] }));
    node.answer("injectonionmessage", json!({}));
    node.answer("listinvoicerequests", json!({ "invoicerequests": [] }));
    node.reply_with("createinvoicerequest", |call| {
        let request = InvoiceRequest::parse(call.params["bolt12"].as_str().unwrap(), Chain::REGTEST).unwrap();
        let signed = payer().sign_request(request.into_builder().build().unwrap()).unwrap();
        Reply::result(json!({
            "invreq_id": signed.invreq_id(), "active": true, "single_use": true, "used": false,
            "bolt12": signed.to_string(),
        }))
    });
    node
}

fn part(hash: Hash32, status: &str, receipt: Option<Secret>) -> Value {
    let mut row = json!({
        "created_index": 1, "id": 1, "groupid": 1, "payment_hash": hash, "created_at": 1, "amount_sent_msat": 1000,
        "status": status,
    });
    if let Some(receipt) = receipt {
        row["payment_preimage"] = json!(receipt);
    }
    row
}

fn pays(node: &FakeNode, receipt: &Secret) {
    node.answer(
        "xpay",
        json!({
            "payment_preimage": receipt, "failed_parts": 0, "successful_parts": 1, "amount_msat": 1000,
            "amount_sent_msat": 1000,
        }),
    );
}

/// lightningd's side of the plugin's standard input and output.
struct Host {
    output: WriteHalf<DuplexStream>,
    input: BufReader<ReadHalf<DuplexStream>>,
    last_id: u64,
    told: VecDeque<Value>,
    plugin: JoinHandle<Result<(), PluginError>>,
}

impl Host {
    /// Starts the plugin as lightningd does.
    async fn start(node: &FakeNode, folder: &TempDir, options: Value) -> (Self, Value) {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let (their_input, their_output) = split(theirs);
        let plugin = tokio::spawn(run(their_input, their_output, Log::Process));
        let (input, output) = split(ours);
        let mut host = Host { output, input: BufReader::new(input), last_id: 0, told: VecDeque::new(), plugin };
        let manifest = host.call("getmanifest", json!({ "allow-deprecated-apis": false })).await.unwrap();
        let init = json!({ "options": options, "configuration": {
            "lightning-dir": folder.path(), "rpc-file": node.path(), "startup": true, "network": "regtest",
            "feature_set": { "init": "", "node": "", "channel": "", "invoice": "" },
        } });
        host.call("init", init).await.unwrap();
        (host, manifest)
    }

    async fn call(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        self.last_id += 1;
        let id = self.last_id.to_string();
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.output.write_all(format!("{request}\n\n").as_bytes()).await.unwrap();
        loop {
            let message = self.read().await;
            if message["id"] != json!(id) {
                self.told.push_back(message);
                continue;
            }
            return match message.get("error") {
                Some(error) => Err(error.clone()),
                None => Ok(message["result"].clone()),
            };
        }
    }

    async fn read(&mut self) -> Value {
        loop {
            let mut line = String::new();
            let read = tokio::time::timeout(LONG, self.input.read_line(&mut line)).await;
            assert_ne!(read.expect("the plugin says nothing").unwrap(), 0, "the plugin has gone");
            if !line.trim().is_empty() {
                return serde_json::from_str(&line).unwrap();
            }
        }
    }

    /// The next notification of this name.
    async fn told(&mut self, topic: &str) -> Value {
        loop {
            let message = match self.told.pop_front() {
                Some(message) => message,
                None => self.read().await,
            };
            if message["method"] == json!(topic) {
                return message["params"].clone();
            }
        }
    }

    async fn request(&mut self, params: Value) -> InvoiceRequest<Verified> {
        let made = self.call("lnr-request", params).await.unwrap();
        InvoiceRequest::parse(made["bolt12"].as_str().unwrap(), Chain::REGTEST).unwrap().verify().unwrap()
    }

    /// What the hook answers to a message with these bytes as its invoice.
    async fn deliver(&mut self, invoice: &[u8]) -> String {
        let answer = self.call("onion_message_recv", message(invoice)).await.unwrap();
        answer["result"].as_str().unwrap().to_owned()
    }

    /// Ends it as a node does that is killed.
    async fn stop(self) {
        drop((self.output, self.input));
        tokio::time::timeout(LONG, self.plugin).await.expect("the plugin goes on").unwrap().unwrap();
    }
}

/// With a reply path to the payer itself, so that it needs no way.
fn message(invoice: &[u8]) -> Value {
    let id = payer().node_id();
    let path = blinded_path(&[id], &preimage(9), &[5; 32]).unwrap();
    let hops: Vec<Value> = path
        .hops
        .iter()
        .map(|(id, data)| json!({ "blinded_node_id": id, "encrypted_recipient_data": HexBytes::from(data.clone()) }))
        .collect();
    json!({ "onion_message": {
        "reply_blindedpath": { "first_node_id": id, "first_path_key": path.path_key, "hops": hops },
        "invoice": HexBytes::from(invoice.to_vec()), "unknown_fields": [],
    } })
}

fn invoice(request: &InvoiceRequest<Verified>, number: u8, amount: u64) -> Invoice<Verified> {
    let payee = Keys::from_seed(&[2; 32], Chain::REGTEST).unwrap();
    let hash = payment_hash(&preimage(number));
    let invoice = request.invoice(hash, Msat::from_msat(amount), System.now(), payee.node_id());
    payee.finish_invoice(invoice.build().unwrap()).unwrap()
}

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
    assert!(super::lock::Lock::take(&path).await.unwrap_err().to_string().ends_with("stop it first"));
    tokio::time::resume();
    first.stop().await;
}
