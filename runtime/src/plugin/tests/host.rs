//! A node that is scripted, and a host that writes what lightningd writes.

use std::collections::VecDeque;
use std::time::Duration;

use cln_primitives::{Hash32, HexBytes, Msat, NodeId, Secret};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, ReadHalf, WriteHalf, split};
use tokio::task::JoinHandle;

use crate::bolt12::{Chain, Invoice, InvoiceRequest, Verified};
use crate::engine::{Clock as _, System, payment_hash};
use crate::node::keys::Keys;
use crate::onion::blinded_path;
use crate::plugin::{Log, PluginError, run};
use crate::testing::{FakeNode, Reply};

/// For how long something is waited for that has to come.
const LONG: Duration = Duration::from_secs(60);

pub(super) const COMMANDS: &[&str] = &[
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

pub(super) fn payer() -> Keys {
    Keys::from_seed(&[1; 32], Chain::REGTEST).unwrap()
}

pub(super) fn preimage(number: u8) -> Secret {
    Secret::from_bytes([number; 32])
}

/// A node that signs, has no payments, and has these commands.
pub(super) fn node(commands: &[&str]) -> FakeNode {
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

pub(super) fn part(hash: Hash32, status: &str, receipt: Option<Secret>) -> Value {
    let mut row = json!({
        "created_index": 1, "id": 1, "groupid": 1, "payment_hash": hash, "created_at": 1, "amount_sent_msat": 1000,
        "status": status,
    });
    if let Some(receipt) = receipt {
        row["payment_preimage"] = json!(receipt);
    }
    row
}

pub(super) fn pays(node: &FakeNode, receipt: &Secret) {
    node.answer(
        "xpay",
        json!({
            "payment_preimage": receipt, "failed_parts": 0, "successful_parts": 1, "amount_msat": 1000,
            "amount_sent_msat": 1000,
        }),
    );
}

/// lightningd's side of the plugin's standard input and output.
pub(super) struct Host {
    output: WriteHalf<DuplexStream>,
    input: BufReader<ReadHalf<DuplexStream>>,
    last_id: u64,
    told: VecDeque<Value>,
    plugin: JoinHandle<Result<(), PluginError>>,
}

impl Host {
    /// Starts the plugin as lightningd does.
    pub(super) async fn start(node: &FakeNode, folder: &TempDir, options: Value) -> (Self, Value) {
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

    pub(super) async fn call(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        let id = self.begin(method, params).await;
        self.answer(&id).await
    }

    /// Begins a call; it gives its id.
    pub(super) async fn begin(&mut self, method: &str, params: Value) -> String {
        self.last_id += 1;
        let id = self.last_id.to_string();
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.output.write_all(format!("{request}\n\n").as_bytes()).await.unwrap();
        id
    }

    /// The answer of a call that was begun.
    pub(super) async fn answer(&mut self, id: &str) -> Result<Value, Value> {
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

    pub(super) async fn read(&mut self) -> Value {
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
    pub(super) async fn told(&mut self, topic: &str) -> Value {
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

    pub(super) async fn request(&mut self, params: Value) -> InvoiceRequest<Verified> {
        let made = self.call("lnr-request", params).await.unwrap();
        InvoiceRequest::parse(made["bolt12"].as_str().unwrap(), Chain::REGTEST).unwrap().verify().unwrap()
    }

    /// What the hook answers to a message with these bytes as its invoice.
    pub(super) async fn deliver(&mut self, invoice: &[u8]) -> String {
        let answer = self.call("onion_message_recv", message(invoice)).await.unwrap();
        answer["result"].as_str().unwrap().to_owned()
    }

    /// Ends it as a node does that is killed.
    pub(super) async fn stop(self) {
        drop((self.output, self.input));
        tokio::time::timeout(LONG, self.plugin).await.expect("the plugin goes on").unwrap().unwrap();
    }
}

/// With a reply path to the payer itself, so that it needs no way.
pub(super) fn message(invoice: &[u8]) -> Value {
    message_from(payer().node_id(), invoice)
}

/// With a reply path over this node.
pub(super) fn message_from(id: NodeId, invoice: &[u8]) -> Value {
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

pub(super) fn invoice(request: &InvoiceRequest<Verified>, number: u8, amount: u64) -> Invoice<Verified> {
    let payee = Keys::from_seed(&[2; 32], Chain::REGTEST).unwrap();
    let hash = payment_hash(&preimage(number));
    let invoice = request.invoice(hash, Msat::from_msat(amount), System.now(), payee.node_id());
    payee.finish_invoice(invoice.build().unwrap()).unwrap()
}
