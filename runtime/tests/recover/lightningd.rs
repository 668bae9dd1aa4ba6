//! A lightningd that has what a payee needs, and a payer next to it; time passes when somebody waits.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use cln_primitives::{Hash32, HexBytes, NodeId, Secret};
use cln_runtime::bolt12::{Chain, Invoice, InvoiceError, InvoiceRequest};
use cln_runtime::onion::{Contents, Packet, Peeled, Received, create, peel};
use cln_runtime::testing::Reply;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::kit::{AMOUNT, Faults, Serve, finish, id, key, list, lni, lnr, preimage, selected, with_fault};

/// What becomes of the next message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// The payer gets it, and pays.
    Pays,
    /// The payer gets it, and is silent.
    Silence,
    /// The node does not take it.
    NotTaken,
}

/// What the node does with a call whose caller is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    Nothing,
    AtOnce,
    /// After so many lists of invoices.
    Late(usize),
}

/// The caller is gone once it has made this call, counted from 1.
#[derive(Clone, Debug)]
pub struct Crash {
    pub call: usize,
    pub then: Then,
    /// Told when the call has come. It gets no answer.
    pub came: Arc<Notify>,
}

#[derive(Clone, Debug)]
pub struct Row {
    pub label: String,
    preimage: String,
    bolt12: String,
    payment_hash: Hash32,
    invreq_id: Hash32,
    index: u64,
    status: &'static str,
}

#[derive(Debug, Default)]
pub struct Lightningd {
    pub rows: Vec<Row>,
    /// Whose request the connected neighbour has published, when not the usual one.
    pub payer: Option<String>,
    pub faults: Faults,
    pub crash: Option<Crash>,
    /// The commands that were called.
    pub calls: Vec<String>,
    late: Option<(usize, String, Value)>,
    /// In their order; a payer pays when nothing else is said.
    pub messages: VecDeque<Message>,
    /// The hashes of all invoices ever made.
    pub hashes: HashSet<Hash32>,
    /// How often the payer got the invoice with this hash.
    pub delivered: HashMap<Hash32, usize>,
    /// What the payer got last.
    pub last_message: Option<Received>,
    pub payments: usize,
    /// No neighbour is connected.
    pub alone: bool,
    /// The node signs for another amount than it was told.
    pub alters: bool,
    /// The payer pays as the next invoice is to be deleted.
    pub paid_before_deletion: bool,
    /// Somebody deletes the next invoice that is waited for, and the wait ends by this code.
    pub deleted_in_wait: Option<i64>,
    /// Somebody else makes an invoice under each label that gets free.
    pub crowded: bool,
}

impl Serve for Lightningd {
    const METHODS: &'static [&'static str] = &[
        "help",
        "getinfo",
        "listpeers",
        "listnodes",
        "listchannels",
        "listconfigs",
        "connect",
        "createinvoice",
        "injectonionmessage",
        "listinvoices",
        "waitinvoice",
        "delinvoice",
    ];

    fn serve(&mut self, method: &str, params: &Value) -> Reply {
        self.calls.push(method.to_owned());
        let reply = match self.crash.take_if(|crash| crash.call == self.calls.len()) {
            Some(crash) => self.crash(&crash, method, params),
            None => {
                let fault = self.faults.next(method);
                with_fault(fault, || self.act(method, params))
            }
        };
        self.check_promises();
        if method == "listinvoices" {
            self.do_what_is_late();
            self.check_promises();
        }
        reply
    }
}

impl Lightningd {
    fn crash(&mut self, crash: &Crash, method: &str, params: &Value) -> Reply {
        match crash.then {
            Then::Nothing => {}
            Then::AtOnce => drop(self.act(method, params)),
            Then::Late(lists) => self.late = Some((lists, method.to_owned(), params.clone())),
        }
        crash.came.notify_one();
        Reply::silence()
    }

    fn do_what_is_late(&mut self) {
        let Some((lists, method, params)) = self.late.take() else { return };
        match lists {
            0 | 1 => drop(self.act(&method, &params)),
            more => self.late = Some((more - 1, method, params)),
        }
    }

    /// What must hold at every time.
    fn check_promises(&self) {
        let live: Vec<_> = self.rows.iter().filter(|row| row.status == "unpaid").map(|row| row.invreq_id).collect();
        assert_eq!(live.iter().collect::<HashSet<_>>().len(), live.len(), "one request has two live invoices");
        assert!(self.payments <= 1, "paid twice");
    }

    fn act(&mut self, method: &str, params: &Value) -> Reply {
        match method {
            "help" => list("help", vec![json!({"command": params["command"]})]),
            "getinfo" => Reply::result(json!({
                "id": id(2), "alias": "bob", "color": "000000", "num_peers": 1, "num_pending_channels": 0,
                "num_active_channels": 1, "num_inactive_channels": 0, "address": [], "binding": [], "version": "v26.06",
                "blockheight": 100, "network": "regtest", "fees_collected_msat": 0, "lightning-dir": "/tmp/bob/regtest",
                "our_features": {"init": "", "node": "", "channel": "", "invoice": ""},
            })),
            "listpeers" if self.alone => list("peers", Vec::new()),
            "listpeers" => list(
                "peers",
                vec![
                    json!({"id": self.payer_id(), "connected": true, "num_channels": 1, "netaddr": [], "features": "8000000000"}),
                ],
            ),
            "listnodes" => list("nodes", Vec::new()),
            "listchannels" => list("channels", Vec::new()),
            "listconfigs" => Reply::result(json!({"configs": {}})),
            "connect" => Reply::error(400, "no address is known"),
            "listinvoices" => list("invoices", selected(self.rows.iter().map(json), params)),
            "createinvoice" => self.create(params),
            "injectonionmessage" => self.carry(params),
            "waitinvoice" => self.wait(params["label"].as_str().unwrap()),
            _ => self.delete(params["label"].as_str().unwrap(), params["status"].as_str().unwrap()),
        }
    }

    fn payer_id(&self) -> NodeId {
        let request = self.payer.as_ref().map(|lnr| InvoiceRequest::parse(lnr, Chain::REGTEST).unwrap());
        request.and_then(|request| request.invreq_payer_id()).unwrap_or_else(|| id(1))
    }

    fn find(&mut self, label: &str) -> Option<&mut Row> {
        self.rows.iter_mut().find(|row| row.label == label)
    }

    fn create(&mut self, params: &Value) -> Reply {
        let label = params["label"].as_str().unwrap().to_owned();
        let invoice = Invoice::parse(params["invstring"].as_str().unwrap(), Chain::REGTEST).unwrap();
        let (payment_hash, invreq_id) = (invoice.invoice_payment_hash().unwrap(), invoice.invreq_id());
        if let Some(row) = self.find(&label) {
            return Reply::error_with_data(900, "Duplicate label", json(row));
        }
        assert!(self.hashes.insert(payment_hash), "a payment hash comes twice, which ends the daemon");
        let mut builder = invoice.into_builder();
        if self.alters {
            builder = builder.invoice_amount(cln_primitives::Msat::from_msat(1));
        }
        let (bolt12, index) = (finish(builder), self.hashes.len() as u64);
        let preimage = params["preimage"].as_str().unwrap().to_owned();
        let row = Row { label, preimage, bolt12, payment_hash, invreq_id, index, status: "unpaid" };
        let answer = json(&row);
        self.rows.push(row);
        Reply::result(answer)
    }

    fn carry(&mut self, params: &Value) -> Reply {
        assert_eq!(params["path_key"].as_str().unwrap().len(), 66);
        assert!(params["message"].as_str().unwrap().starts_with("00"), "an onion of version 0, in hex");
        let sent = self.arrives(params);
        match self.messages.pop_front().unwrap_or(Message::Pays) {
            Message::NotTaken => return Reply::error(-1, "onion msg: unknown next peer"),
            Message::Silence => {}
            Message::Pays => {
                let open = self
                    .rows
                    .iter_mut()
                    .find(|row| row.status == "unpaid" && sent.is_none_or(|hash| hash == row.payment_hash));
                self.payments += usize::from(open.is_some());
                open.into_iter().for_each(|row| row.status = "paid");
            }
        }
        sent.into_iter().for_each(|hash| *self.delivered.entry(hash).or_default() += 1);
        Reply::result(json!({}))
    }

    /// The hash of the invoice that a message says to the payer; none when the payer is one whose key is not known.
    fn arrives(&mut self, params: &Value) -> Option<Hash32> {
        let message: HexBytes = serde_json::from_value(params["message"].clone()).unwrap();
        let path_key = serde_json::from_value(params["path_key"].clone()).unwrap();
        let mine = peel(&key(2), &Packet { path_key, message: message.into_vec() }).unwrap();
        let Peeled::Forward { packet, .. } = mine else { panic!("it is for the payee itself") };
        if self.payer.is_some() {
            return None;
        }
        let Peeled::Received(received) = peel(&key(1), &packet).unwrap() else { panic!("it is not for the payer") };
        let Some(Contents::Invoice(bytes)) = &received.contents else { panic!("{received:?}") };
        let invoice = Invoice::from_bytes(bytes.clone(), Chain::REGTEST).unwrap();
        self.last_message = Some(received);
        invoice.invoice_payment_hash()
    }

    /// What comes with the payer's refusal of the last invoice: the `path_id` that the payee gave for it.
    pub fn refuse(&self, refusal: &InvoiceError) -> Secret {
        let reply_path = self.last_message.as_ref().unwrap().reply_path.as_ref();
        let contents = Contents::InvoiceError(refusal.as_bytes().to_vec());
        let mut packet = create(&[id(1)], reply_path, &contents, None, &[6; 32]).unwrap();
        for node in [1, 2] {
            match peel(&key(node), &packet).unwrap() {
                Peeled::Forward { packet: next, .. } => packet = next,
                Peeled::Received(received) => return received.path_secret.unwrap(),
            }
        }
        panic!("the path leads elsewhere")
    }

    fn wait(&mut self, label: &str) -> Reply {
        let Some(row) = self.find(label) else { return Reply::error(-1, "Label not found") };
        if row.status == "paid" {
            return Reply::result(json(row));
        }
        if let Some(code) = self.deleted_in_wait.take() {
            self.rows.retain(|row| row.label != label);
            return Reply::error(code, "Invoice deleted during wait");
        }
        let Some(row) = self.find(label) else { return Reply::error(-1, "Label not found") };
        row.status = "expired";
        Reply::error_with_data(903, "invoice expired during wait", json(row))
    }

    /// Somebody else makes an invoice for the request.
    pub fn put(&mut self, label: &str) {
        let (bolt12, payment_hash) = (lni(&lnr(), 7, AMOUNT, 90), preimage(7).1);
        let (label, preimage, invreq_id) = (label.to_owned(), String::new(), lnr().invreq_id());
        self.rows.push(Row { label, preimage, bolt12, payment_hash, invreq_id, index: 99, status: "unpaid" });
    }

    fn delete(&mut self, label: &str, status: &str) -> Reply {
        let pays = std::mem::take(&mut self.paid_before_deletion);
        let Some(row) = self.find(label) else { return Reply::error(905, "Unknown invoice") };
        if pays {
            row.status = "paid";
        }
        if row.status != status {
            let data = json!({"current_status": row.status, "expected_status": status});
            return Reply::error_with_data(906, "the invoice has another status", data);
        }
        let answer = json(row);
        self.rows.retain(|row| row.label != label);
        if self.crowded {
            self.put(label);
        }
        Reply::result(answer)
    }
}

fn json(row: &Row) -> Value {
    let invoice = Invoice::parse(&row.bolt12, Chain::REGTEST).unwrap();
    let mut json = json!({
        "label": row.label, "bolt12": row.bolt12, "payment_hash": row.payment_hash, "description": "a refund",
        "amount_msat": invoice.invoice_amount().unwrap(), "status": row.status,
        "expires_at": invoice.expires_at().unwrap(), "created_index": row.index,
    });
    if row.status == "paid" {
        json["pay_index"] = json!(1);
        json["amount_received_msat"] = json["amount_msat"].clone();
        json["paid_at"] = json!(1_700_000_000);
        json["payment_preimage"] = json!(row.preimage);
    }
    json
}
