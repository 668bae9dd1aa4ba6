//! A payer's tables of requests and payments as Core Lightning keeps them.

use cln_primitives::Hash32;
use cln_runtime::bolt12::{Accept, InvoiceRequest};
use cln_runtime::testing::Reply;
use serde_json::{Value, json};

use crate::kit::{Fault, Faults, Late, Serve, builder, list, sign, with_fault};

/// A request: label, text, active, single-use, used.
#[derive(Clone, Debug)]
pub struct Row {
    pub label: Option<String>,
    pub bolt12: String,
    pub active: bool,
    pub single_use: bool,
    pub used: bool,
}

#[derive(Debug, Default)]
pub struct Payer {
    pub rows: Vec<Row>,
    /// Rows of `listsendpays` and `listpays`.
    pub parts: Vec<Value>,
    pub pays: Vec<Value>,
    pub faults: Faults,
    /// The node makes requests of another description.
    pub alters: bool,
    /// The daemon aborts: it was made to disable a request that is being paid.
    pub doomed: bool,
    late: Late,
}

impl Serve for Payer {
    const METHODS: &'static [&'static str] =
        &["invoicerequest", "listinvoicerequests", "disableinvoicerequest", "listsendpays", "listpays"];

    fn serve(&mut self, method: &str, params: &Value) -> Reply {
        let fault = self.faults.next(method);
        if let Fault::Late(lists) = fault {
            self.late.add(lists, params);
        }
        with_fault(fault, || self.act(method, params))
    }
}

pub fn id(bolt12: &str) -> Hash32 {
    InvoiceRequest::parse(bolt12, Accept::Any).unwrap().invreq_id()
}

impl Payer {
    fn act(&mut self, method: &str, params: &Value) -> Reply {
        match method {
            "invoicerequest" => {
                let row = self.make(params);
                self.rows.push(row.clone());
                Reply::result(json(&row))
            }
            "listinvoicerequests" => {
                let wanted = params["invreq_id"].as_str();
                let rows = self.rows.iter().map(json);
                let rows = rows.filter(|row| wanted.is_none_or(|wanted| row["invreq_id"] == wanted)).collect();
                for params in self.late.due() {
                    let row = self.make(&params);
                    self.rows.push(row);
                }
                list("invoicerequests", rows)
            }
            "disableinvoicerequest" => self.disable(params["invreq_id"].as_str().unwrap()),
            "listsendpays" => list("payments", self.parts.clone()),
            _ => {
                let wanted = &params["payment_hash"];
                list("pays", self.pays.iter().filter(|pay| pay["payment_hash"] == *wanted).cloned().collect())
            }
        }
    }

    fn make(&self, params: &Value) -> Row {
        let mut request = builder(self.rows.len() as u64);
        request = request.offer_description(params["description"].as_str().unwrap());
        if self.alters {
            request = request.offer_description("something else");
        }
        if let Some(issuer) = params["issuer"].as_str() {
            request = request.offer_issuer(issuer);
        }
        if let Some(expiry) = params["absolute_expiry"].as_u64() {
            request = request.offer_absolute_expiry(expiry);
        }
        Row {
            label: params["label"].as_str().map(str::to_owned),
            bolt12: sign(request).to_string(),
            active: true,
            single_use: params["single_use"] != json!(false),
            used: false,
        }
    }

    fn disable(&mut self, wanted: &str) -> Reply {
        let Some(row) = self.rows.iter_mut().find(|row| id(&row.bolt12).to_string() == wanted) else {
            return Reply::error(-1, "Unknown invoice_request");
        };
        if !row.active {
            return Reply::error(1001, "invoice_request is not active");
        }
        row.active = false;
        self.doomed |= !self.parts.is_empty();
        Reply::result(json(row))
    }
}

fn json(row: &Row) -> Value {
    let mut json = json!({
        "invreq_id": id(&row.bolt12).to_string(), "bolt12": row.bolt12, "active": row.active,
        "single_use": row.single_use, "used": row.used,
    });
    if let Some(label) = &row.label {
        json["label"] = label.as_str().into();
    }
    json
}
