//! Being paid directly: over the node's own commands, without `sendinvoice`.

use std::collections::{HashSet, VecDeque};

use cln_primitives::{Hash32, NodeId, Secret};
use cln_runtime::bolt12::{Chain, Invoice, InvoiceRequest};
use cln_runtime::client::Client;
use cln_runtime::engine::{Creation, InvoiceStore as _, NewInvoice};
use cln_runtime::lightningd::{Payee, System};
use cln_runtime::recover::{CollectSpec, Collected, Error, Recover, Sending};
use cln_runtime::testing::Reply;
use serde_json::{Value, json};

use crate::collect::{LABEL, words};
use crate::kit::{
    AMOUNT, Fault, Faults, Node, Serve, builder, finish, id, list, lni, lnr, now, preimage, selected, sign, with_fault,
};

/// What becomes of the next message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Message {
    /// The payer gets it, and pays.
    Pays,
    /// The payer gets it, and is silent.
    Silence,
    /// The node does not take it.
    NotTaken,
}

#[derive(Clone, Debug)]
struct Row {
    label: String,
    preimage: String,
    bolt12: String,
    payment_hash: Hash32,
    invreq_id: Hash32,
    index: u64,
    status: &'static str,
}

/// A lightningd that has what a payee needs; time passes when somebody waits.
#[derive(Debug, Default)]
pub struct Lightningd {
    rows: Vec<Row>,
    /// Whose request the connected neighbour has published, when not the usual one.
    pub payer: Option<String>,
    faults: Faults,
    /// In their order; a payer pays when nothing else is said.
    messages: VecDeque<Message>,
    /// The hashes of all invoices ever made.
    hashes: HashSet<Hash32>,
    payments: usize,
    /// No neighbour is connected.
    alone: bool,
    /// The node signs for another amount than it was told.
    alters: bool,
    /// Somebody else makes an invoice under each label that gets free.
    crowded: bool,
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
        let fault = self.faults.next(method);
        let reply = with_fault(fault, || self.act(method, params));
        let live: Vec<_> = self.rows.iter().filter(|row| row.status == "unpaid").map(|row| row.invreq_id).collect();
        assert_eq!(live.iter().collect::<HashSet<_>>().len(), live.len(), "one request has two live invoices");
        assert!(self.payments <= 1, "paid twice");
        reply
    }
}

impl Lightningd {
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
        match self.messages.pop_front().unwrap_or(Message::Pays) {
            Message::NotTaken => return Reply::error(-1, "onion msg: unknown next peer"),
            Message::Silence => {}
            Message::Pays => {
                let open = self.rows.iter_mut().find(|row| row.status == "unpaid");
                self.payments += usize::from(open.is_some());
                open.into_iter().for_each(|row| row.status = "paid");
            }
        }
        Reply::result(json!({}))
    }

    fn wait(&mut self, label: &str) -> Reply {
        let Some(row) = self.find(label) else { return Reply::error(-1, "Label not found") };
        if row.status == "paid" {
            return Reply::result(json(row));
        }
        row.status = "expired";
        Reply::error_with_data(903, "invoice expired during wait", json(row))
    }

    fn delete(&mut self, label: &str, status: &str) -> Reply {
        let Some(row) = self.find(label) else { return Reply::error(905, "Unknown invoice") };
        if row.status != status {
            let data = json!({"current_status": row.status, "expected_status": status});
            return Reply::error_with_data(906, "the invoice has another status", data);
        }
        let answer = json(row);
        self.rows.retain(|row| row.label != label);
        if self.crowded {
            let (bolt12, payment_hash) = (lni(&lnr(), 7, AMOUNT, 90), preimage(7).1);
            let (label, preimage, invreq_id) = (label.to_owned(), String::new(), lnr().invreq_id());
            self.rows.push(Row { label, preimage, bolt12, payment_hash, invreq_id, index: 99, status: "unpaid" });
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

async fn collect(recover: &Recover) -> Result<Collected, Error> {
    recover.collect(CollectSpec::new(lnr().to_string()).sending(Sending::Direct), LABEL).await
}

/// What call after call gives, and how many invoices were made in all.
async fn check(messages: &[Message], faults: &[(&'static str, Fault)], expected: &[&str], made: usize) {
    let node = Node::<Lightningd>::start();
    node.table().messages.extend(messages);
    node.table().faults.add(faults);
    let recover = node.recover().await;
    for (at, expected) in expected.iter().enumerate() {
        let end = collect(&recover).await;
        assert_eq!(words(&end), *expected, "call {at} of {messages:?} with {faults:?}: {end:?}");
    }
    assert_eq!(node.table().hashes.len(), made, "{messages:?} with {faults:?}");
    assert_eq!(node.fake.count("sendinvoice"), 0);
}

#[tokio::test]
async fn an_invoice_is_made_sent_and_paid_once() {
    check(&[], &[], &["paid", "paid"], 1).await;
}

#[tokio::test]
async fn a_receipt_says_how_its_call_sends() {
    let node = Node::<Lightningd>::start();
    let end = node.recover().await.collect(lnr().to_string(), LABEL).await;
    let Ok(Collected::Paid(receipt)) = end else { panic!("{end:?}") };
    assert_eq!(receipt.sending, Some(Sending::Direct), "a node that can is used directly");
    let mut old = serde_json::to_value(&receipt).unwrap();
    assert_eq!(old["sending"], "direct");
    old.as_object_mut().unwrap().remove("sending");
    assert_eq!(serde_json::from_value::<cln_runtime::recover::Receipt>(old).unwrap().sending, None);
}

#[tokio::test]
async fn a_message_that_the_node_does_not_take_frees_the_label() {
    let node = Node::<Lightningd>::start();
    node.table().messages.push_back(Message::NotTaken);
    let recover = node.recover().await;
    let end = collect(&recover).await;
    assert!(matches!(&end, Ok(Collected::Unreachable { reason }) if reason.contains("unknown next peer")), "{end:?}");
    assert!(node.table().rows.is_empty());
    assert_eq!(words(&collect(&recover).await), "paid");
}

#[tokio::test]
async fn a_payer_out_of_reach_frees_the_label() {
    let node = Node::<Lightningd>::start();
    node.table().alone = true;
    let end = collect(&node.recover().await).await;
    assert!(matches!(&end, Ok(Collected::Unreachable { reason }) if reason.contains("could not route")), "{end:?}");
    assert!(node.table().rows.is_empty());
}

#[tokio::test]
async fn a_lost_answer_at_each_step_makes_no_second_invoice() {
    check(&[], &[("createinvoice", Fault::LostAfter)], &["paid"], 1).await;
    check(&[], &[("injectonionmessage", Fault::LostAfter)], &["paid"], 1).await;
    check(&[], &[("waitinvoice", Fault::LostAfter)], &["paid"], 1).await;
    let before = [("createinvoice", Fault::LostBefore)];
    let node = Node::<Lightningd>::start();
    node.table().faults.add(&before);
    let recover = node.recover().await;
    let end = collect(&recover).await;
    assert!(matches!(end, Err(Error::Direct(_))), "{end:?}");
    assert_eq!(words(&collect(&recover).await), "paid");
    assert_eq!(node.table().hashes.len(), 1);
}

#[tokio::test]
async fn a_message_of_unknown_fate_keeps_the_label_until_it_expires() {
    check(&[Message::Silence], &[("injectonionmessage", Fault::LostAfter)], &["timed out", "paid"], 2).await;
    check(&[Message::Silence], &[], &["timed out", "paid"], 2).await;
}

#[tokio::test]
async fn an_invoice_that_the_node_alters_is_not_sent() {
    let node = Node::<Lightningd>::start();
    node.table().alters = true;
    let end = collect(&node.recover().await).await;
    assert!(end.is_err_and(|error| error.to_string().contains("another invoice than ordered")));
    assert_eq!(node.fake.count("injectonionmessage"), 0);
    assert!(node.table().rows.is_empty());
}

#[tokio::test]
async fn a_request_past_its_time_gets_no_invoice() {
    let node = Node::<Lightningd>::start();
    let expired = sign(builder(0).offer_absolute_expiry(now() - 5)).to_string();
    let spec = CollectSpec::new(expired).sending(Sending::Direct);
    let end = node.recover().await.collect(spec, LABEL).await;
    assert!(matches!(end, Ok(Collected::Expired { .. })), "{end:?}");
    assert_eq!(node.fake.count("createinvoice"), 0);
}

#[tokio::test]
async fn a_node_without_the_commands_is_not_forced() {
    let node = Node::<crate::payee::Payee>::start();
    let end = collect(&node.recover().await).await;
    assert!(matches!(&end, Err(Error::NoDirectSending(why)) if why.contains("createinvoice")), "{end:?}");
}

#[tokio::test]
async fn an_invoice_that_another_makes_under_the_freed_label_is_not_deleted() {
    let node = Node::<Lightningd>::start();
    node.table().messages.push_back(Message::NotTaken);
    node.table().crowded = true;
    let end = collect(&node.recover().await).await;
    assert!(matches!(end, Ok(Collected::Unreachable { .. })), "{end:?}");
    assert_eq!((node.fake.count("delinvoice"), node.fake.count("waitinvoice")), (1, 1));
}

#[tokio::test]
async fn a_node_that_cannot_tell_its_commands_now_is_asked_again() {
    let node = Node::<Lightningd>::start();
    node.table().faults.add(&[("help", Fault::PluginDied)]);
    let recover = node.recover().await;
    let end = recover.collect(lnr().to_string(), LABEL).await;
    assert!(matches!(end, Err(Error::Call { command: "help", .. })), "{end:?}");
    let end = recover.collect(lnr().to_string(), LABEL).await;
    assert!(matches!(&end, Ok(Collected::Paid(receipt)) if receipt.sending == Some(Sending::Direct)), "{end:?}");
}

#[tokio::test]
async fn of_two_labels_at_once_one_gets_an_invoice() {
    let node = Node::<Lightningd>::start();
    let client = Client::connect(node.fake.path()).await.unwrap();
    let payee = Payee::new(client, id(2), Chain::REGTEST, System);
    let create = |number, label: &str| {
        let (secret, hash) = preimage(number);
        let invoice = lnr().invoice(hash, AMOUNT, now(), id(2)).build().unwrap();
        payee.create_invoice(NewInvoice { label: label.to_owned(), invoice, preimage: Secret::from_bytes(secret) })
    };
    let (first, second) = tokio::join!(create(1, "first"), create(2, "second"));
    assert!(matches!(first, Ok(Creation::Created(_))), "{first:?}");
    assert!(second.is_err_and(|error| error.to_string().contains("the label \"first\" has an unpaid invoice")));
    assert_eq!(node.table().rows.len(), 1);
}
