//! Texts of BOLT 12, and the ways in which a node fails.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use bitcoin::hashes::{Hash as _, sha256};
use bitcoin::secp256k1::{Keypair, Secp256k1};
use cln_primitives::{Hash32, Msat, NodeId};
use cln_runtime::bolt12::{
    BlindedPathBuf, BlindedPay, Chain, Features, FirstNode, InvoiceBuilder, InvoiceRequest, RequestBuilder, Verified,
};
use cln_runtime::client::Client;
use cln_runtime::recover::Recover;
use cln_runtime::testing::{FakeNode, Reply};
use serde_json::{Value, json};

pub const AMOUNT: Msat = Msat::from_msat(5000);

pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// A key pair of no worth.
pub fn key(byte: u8) -> Keypair {
    Keypair::from_seckey_slice(&Secp256k1::new(), &[byte; 32]).unwrap()
}

pub fn id(byte: u8) -> NodeId {
    key(byte).public_key().into()
}

/// The request of this number, not signed yet.
pub fn builder(number: u64) -> RequestBuilder {
    let builder = RequestBuilder::stand_alone(&number.to_be_bytes(), id(1), Chain::REGTEST, AMOUNT);
    builder.offer_description("a refund")
}

pub fn sign(builder: RequestBuilder) -> InvoiceRequest<Verified> {
    builder.build().unwrap().sign(&key(1)).unwrap()
}

/// The request that most tests collect by.
pub fn lnr() -> InvoiceRequest<Verified> {
    sign(builder(0))
}

/// The preimage of this number, and its hash.
pub fn preimage(number: u64) -> ([u8; 32], Hash32) {
    let preimage = sha256::Hash::hash(&number.to_be_bytes()).to_byte_array();
    (preimage, sha256::Hash::hash(&preimage).into())
}

/// An invoice for a request, as `sendinvoice` makes it: its payment hash is that of this number.
pub fn lni(request: &InvoiceRequest<Verified>, number: u64, amount: Msat, timeout: u32) -> String {
    let invoice = request.invoice(preimage(number).1, amount, now(), id(2)).invoice_relative_expiry(timeout);
    finish(invoice)
}

/// Adds a path to the payee and its signature, as the node does.
pub fn finish(invoice: InvoiceBuilder) -> String {
    let path = BlindedPathBuf { first_node: FirstNode::Node(id(2)), path_key: id(3), hops: vec![(id(4), vec![0; 16])] };
    let pay = BlindedPay {
        fee_base: Msat::ZERO,
        fee_proportional_millionths: 0,
        cltv_expiry_delta: 10,
        htlc_minimum: Msat::ZERO,
        htlc_maximum: Msat::MAX,
        features: Features::from_bytes(&[]),
    };
    let invoice = invoice.invoice_paths(&[path]).invoice_blindedpay(&[pay]).build().unwrap();
    invoice.sign(&key(2)).unwrap().to_string()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What goes wrong with one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Nothing,
    /// The connection ends, and the node has done nothing.
    LostBefore,
    /// The connection ends, and the node has done it.
    LostAfter,
    /// The plugin behind the command ends, and the node has done it.
    PluginDied,
    /// The connection ends, and the node does it after so many lists.
    Late(usize),
}

/// What goes wrong next with which command.
#[derive(Debug, Default)]
pub struct Faults(HashMap<&'static str, VecDeque<Fault>>);

impl Faults {
    pub fn add(&mut self, faults: &[(&'static str, Fault)]) {
        for (method, fault) in faults {
            self.0.entry(method).or_default().push_back(*fault);
        }
    }

    pub fn next(&mut self, method: &str) -> Fault {
        self.0.get_mut(method).and_then(VecDeque::pop_front).unwrap_or(Fault::Nothing)
    }
}

/// Does what a command does, and answers or not.
pub fn with_fault(fault: Fault, act: impl FnOnce() -> Reply) -> Reply {
    match fault {
        Fault::Nothing => act(),
        Fault::LostBefore | Fault::Late(_) => Reply::disconnect(),
        Fault::LostAfter => {
            let _ = act();
            Reply::disconnect()
        }
        Fault::PluginDied => {
            let _ = act();
            Reply::error(-4, "Plugin terminated before replying to RPC call.")
        }
    }
}

/// Commands that the node is late with, each with the number of lists that come before.
#[derive(Debug, Default)]
pub struct Late(Vec<(usize, Value)>);

impl Late {
    pub fn add(&mut self, lists: usize, params: &Value) {
        self.0.push((lists, params.clone()));
    }

    /// After a list: what the node does now.
    pub fn due(&mut self) -> Vec<Value> {
        for (lists, _) in &mut self.0 {
            *lists = lists.saturating_sub(1);
        }
        let (due, waiting) = std::mem::take(&mut self.0).into_iter().partition(|(lists, _)| *lists == 0);
        self.0 = waiting;
        due.into_iter().map(|(_, params): (usize, Value)| params).collect()
    }
}

/// A simulated table behind a node: what it answers to a command.
pub trait Serve: Send + 'static {
    const METHODS: &'static [&'static str];

    fn serve(&mut self, method: &str, params: &Value) -> Reply;
}

/// A node over a table.
pub struct Node<T> {
    pub fake: FakeNode,
    table: Arc<Mutex<T>>,
}

impl<T: Serve + Default> Node<T> {
    pub fn start() -> Self {
        let (fake, table) = (FakeNode::start().unwrap(), Arc::new(Mutex::new(T::default())));
        for method in T::METHODS {
            let table = Arc::clone(&table);
            fake.reply_with(method, move |request| table.lock().unwrap().serve(&request.method, &request.params));
        }
        Node { fake, table }
    }

    pub fn table(&self) -> MutexGuard<'_, T> {
        self.table.lock().unwrap()
    }

    pub async fn recover(&self) -> Recover {
        Recover::new(Client::connect(self.fake.path()).await.unwrap())
    }
}

/// What `listinvoices` and its like select: the whole, one page, or one label.
pub fn selected(rows: impl Iterator<Item = Value>, params: &Value) -> Vec<Value> {
    let start = params["start"].as_u64().unwrap_or(0);
    let limit = params["limit"].as_u64().unwrap_or(u64::MAX) as usize;
    let label = params.get("label");
    let fits = |row: &Value| {
        label.is_none_or(|label| row["label"] == *label) && row["created_index"].as_u64().unwrap_or(0) >= start
    };
    rows.filter(fits).take(limit).collect()
}

pub fn list(name: &str, rows: Vec<Value>) -> Reply {
    Reply::result(json!({ name: rows }))
}
