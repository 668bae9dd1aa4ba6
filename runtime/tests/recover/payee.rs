//! A payee's table of invoices as Core Lightning keeps it, and a payer that pays every invoice it can.

use std::collections::VecDeque;

use cln_primitives::Hash32;
use cln_runtime::bolt12::{Accept, Invoice, InvoiceRequest};
use cln_runtime::testing::Reply;
use serde_json::{Value, json};

use crate::kit::{AMOUNT, Fault, Faults, Late, Serve, hex, list, lni, preimage, selected, with_fault};

/// What becomes of an invoice once it is out, as soon as somebody waits for it or wants to delete it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Paid,
    Expired,
    /// Nothing until its time is over.
    Unpaid,
}

/// How the next `sendinvoice` ends, and what becomes of its invoice then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payer {
    Pays,
    /// 1004
    Refuses(Fate),
    /// 1003
    NoWay(Fate),
    /// -1: the onion message was not taken.
    NotInjected(Fate),
    /// 1005
    Silent(Fate),
    /// -32602 after the invoice was made.
    TooLong,
}

#[derive(Debug)]
pub struct Row {
    label: String,
    number: u64,
    bolt12: String,
    invreq_id: Hash32,
    status: &'static str,
    received: u64,
    expires_at: u64,
    fate: Fate,
}

#[derive(Debug, Default)]
pub struct Payee {
    pub rows: Vec<Row>,
    pub faults: Faults,
    /// In their order; a payer pays when nothing else is said.
    pub payers: VecDeque<Payer>,
    /// What a payment brings instead of the amount.
    pub received: Option<u64>,
    /// The node gives this number's preimage instead of the right one.
    pub wrong_preimage: Option<u64>,
    pub payments: usize,
    last: u64,
    late: Late,
}

impl Serve for Payee {
    const METHODS: &'static [&'static str] = &["sendinvoice", "listinvoices", "waitinvoice", "delinvoice"];

    fn serve(&mut self, method: &str, params: &Value) -> Reply {
        let fault = self.faults.next(method);
        if let (Fault::Late(lists), "sendinvoice") = (fault, method) {
            self.late.add(lists, params);
        }
        let reply = with_fault(fault, || self.act(method, params, fault));
        self.check_promises();
        reply
    }
}

impl Payee {
    /// What must hold at every time.
    fn check_promises(&self) {
        for row in self.live() {
            let same = self.live().filter(|other| other.invreq_id == row.invreq_id).count();
            assert_eq!(same, 1, "one request has two invoices that can be paid: {:?}", self.rows);
        }
        assert!(self.payments <= 1, "paid twice");
    }

    fn live(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.status == "unpaid")
    }

    fn act(&mut self, method: &str, params: &Value, fault: Fault) -> Reply {
        let label = params["label"].as_str().unwrap_or_default().to_owned();
        match method {
            "listinvoices" => {
                let rows = selected(self.rows.iter().map(|row| self.json(row)), params);
                for params in self.late.due() {
                    // Nobody is there to be answered any more.
                    let _ = self.send(params["label"].as_str().unwrap(), &params, Fault::LostAfter);
                }
                list("invoices", rows)
            }
            "sendinvoice" => self.send(&label, params, fault),
            "waitinvoice" => self.wait(&label),
            _ => self.delete(&label, params["status"].as_str().unwrap()),
        }
    }

    /// Puts an invoice for a request under a label.
    pub fn put(&mut self, lnr: &str, label: &str, amount: u64, fate: Fate) -> usize {
        let request = InvoiceRequest::parse(lnr, Accept::Any).unwrap().verify().unwrap();
        self.last += 1;
        let bolt12 = lni(&request, self.last, cln_primitives::Msat::from_msat(amount), 90);
        let expires_at = Invoice::parse(&bolt12, Accept::Any).unwrap().expires_at().unwrap();
        let (label, invreq_id) = (label.to_owned(), request.invreq_id());
        let row = Row { label, number: self.last, bolt12, invreq_id, status: "unpaid", received: 0, expires_at, fate };
        self.rows.push(row);
        self.rows.len() - 1
    }

    /// What is to become of an invoice becomes of it.
    pub fn settle(&mut self, at: usize) {
        let row = &mut self.rows[at];
        match (row.status, row.fate) {
            ("unpaid", Fate::Paid) => {
                row.status = "paid";
                row.received = self.received.unwrap_or(AMOUNT.as_msat());
                self.payments += 1;
            }
            ("unpaid", Fate::Expired) => row.status = "expired",
            _ => {}
        }
    }

    fn position(&self, label: &str) -> Option<usize> {
        self.rows.iter().position(|row| row.label == label)
    }

    fn send(&mut self, label: &str, params: &Value, fault: Fault) -> Reply {
        if let Some(at) = self.position(label) {
            return Reply::error_with_data(900, "Duplicate label", self.json(&self.rows[at]));
        }
        let payer = self.payers.pop_front().unwrap_or(Payer::Pays);
        let at = self.put(params["invreq"].as_str().unwrap(), label, AMOUNT.as_msat(), Fate::Unpaid);
        let (fate, answer) = match payer {
            Payer::Pays => (Fate::Paid, Reply::silence()),
            Payer::Refuses(fate) => {
                let data = json!({ "error": format!("Failed invoice {}: it is too early", self.rows[at].bolt12) });
                (fate, Reply::error_with_data(1004, "Remote node sent failure message", data))
            }
            Payer::NoWay(fate) => {
                (fate, Reply::error(1003, "Failed: could not route or connect directly to 02aa: why"))
            }
            Payer::NotInjected(fate) => (fate, Reply::error(-1, "onion msg: unknown next peer 02aa")),
            Payer::Silent(fate) => (fate, Reply::error(1005, "Failed: timeout waiting for response")),
            Payer::TooLong => (Fate::Unpaid, Reply::error(-32602, "Creating onion failed (tlvs too long?)")),
        };
        self.rows[at].fate = fate;
        // Who loses the answer can lose it before the payment.
        if payer != Payer::Pays || fault != Fault::Nothing {
            return answer;
        }
        self.settle(at);
        Reply::result(self.json(&self.rows[at]))
    }

    fn wait(&mut self, label: &str) -> Reply {
        let Some(at) = self.position(label) else { return Reply::error(-1, "Label not found") };
        // Time passes at once.
        if self.rows[at].fate == Fate::Unpaid {
            self.rows[at].fate = Fate::Expired;
        }
        self.settle(at);
        let row = self.json(&self.rows[at]);
        match self.rows[at].status {
            "paid" => Reply::result(row),
            _ => Reply::error_with_data(903, "invoice expired during wait", row),
        }
    }

    fn delete(&mut self, label: &str, status: &str) -> Reply {
        let Some(at) = self.position(label) else { return Reply::error(905, "Unknown invoice") };
        self.settle(at);
        let current = self.rows[at].status;
        if current != status {
            let data = json!({ "current_status": current, "expected_status": status });
            let message = format!("Invoice status is {current} not {status}");
            return Reply::error_with_data(906, &message, data);
        }
        let row = self.rows.remove(at);
        Reply::result(self.json(&row))
    }

    fn json(&self, row: &Row) -> Value {
        let (secret, hash) = preimage(row.number);
        let mut json = json!({
            "label": row.label, "bolt12": row.bolt12, "payment_hash": hash.to_string(), "amount_msat": AMOUNT.as_msat(),
            "status": row.status, "description": "a refund", "expires_at": row.expires_at, "created_index": row.number,
        });
        if row.status == "paid" {
            let secret = self.wrong_preimage.map_or(secret, |number| preimage(number).0);
            let paid = json!({
                "pay_index": 1, "amount_received_msat": row.received, "paid_at": 1_700_000_000, "updated_index": 1,
                "payment_preimage": hex(&secret),
            });
            json.as_object_mut().unwrap().extend(paid.as_object().unwrap().clone());
        }
        json
    }
}
