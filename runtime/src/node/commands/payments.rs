//! What the node has paid: `listpays`, `listsendpays`.

use cln_api::decode::Response;
use cln_api::{listpays, listsendpays};
use cln_primitives::Hash32;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Command, invalid, looking_command, shaped};
use crate::bolt12::{Accept, Invoice};
use crate::decode::decode;
use crate::node::handle::Node;
use crate::node::params::{Kind, Param, optional};
use crate::node::store::{Index, Page, PayFilter, PayRow, PayStatus};

/// By what lists can be paged.
pub(super) const INDEX: Kind = Kind::OneOf(&["created", "updated"]);

const LIST: &[Param] = &[
    optional("bolt11", Kind::Text),
    optional("payment_hash", Kind::Hash),
    optional("status", Kind::OneOf(&["pending", "complete", "failed"])),
    optional("index", INDEX),
    optional("start", Kind::U64),
    optional("limit", Kind::U32),
];

pub(super) fn commands() -> Vec<Command> {
    vec![
        looking_command::<listpays::Request, List, _>(LIST, list_pays),
        looking_command::<listsendpays::Request, List, _>(LIST, list_sendpays),
    ]
}

/// Which part of a list is wanted.
#[derive(Deserialize)]
pub(super) struct Paging {
    index: Option<String>,
    start: Option<u64>,
    limit: Option<u64>,
}

impl Paging {
    pub(super) fn page(&self) -> Answer<Page> {
        if self.index.is_none() && self.start.is_some() {
            return Err(invalid("start: needs `index` too"));
        }
        if self.index.is_none() && self.limit.is_some() {
            return Err(invalid("limit: needs `index` too"));
        }
        let index = if self.index.as_deref() == Some("updated") { Index::Updated } else { Index::Created };
        Ok(Page { index, start: self.start.unwrap_or(0), limit: self.limit })
    }
}

/// An invoice's text as it is stored: in one piece, in lower case, without a URI's scheme. One of BOLT 11 is as good as
/// any other that is not stored.
pub(super) fn invoice_text(parameter: &str, text: &str) -> Answer<String> {
    let text = without_scheme(text);
    match Invoice::parse(text, Accept::Any).and_then(Invoice::verify) {
        Ok(invoice) => Ok(invoice.to_string()),
        Err(_) if matches!(decode(text), Ok(Response::Bolt11Invoice(_))) => Ok(text.to_ascii_lowercase()),
        Err(error) => Err(invalid(format!("{parameter}: not a BOLT 12 invoice: {error}"))),
    }
}

/// A text without the `lightning:` of a URI.
pub(super) fn without_scheme(text: &str) -> &str {
    const SCHEME: &str = "lightning:";
    match text.split_at_checked(SCHEME.len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(SCHEME) => rest,
        _ => text,
    }
}

#[derive(Deserialize)]
struct List {
    bolt11: Option<String>,
    payment_hash: Option<Hash32>,
    status: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

async fn find(node: &Node, input: List) -> Answer<Vec<PayRow>> {
    let page = input.paging.page()?;
    let status = [PayStatus::Pending, PayStatus::Complete, PayStatus::Failed]
        .into_iter()
        .find(|status| Some(status.as_str()) == input.status.as_deref());
    if input.bolt11.is_some() && input.payment_hash.is_some() {
        return Err(invalid("only one of `bolt11` and `payment_hash` may be given"));
    }
    let bolt12 = input.bolt11.map(|text| invoice_text("bolt11", &text)).transpose()?;
    let filter = PayFilter { bolt12, payment_hash: input.payment_hash, status };
    Ok(node.store().list_pays(filter, page).await?)
}

async fn list_pays(node: Node, input: List) -> Answer<listpays::Response> {
    let pays: Vec<Value> = find(&node, input).await?.iter().map(pay).collect();
    shaped(json!({"pays": pays}))
}

async fn list_sendpays(node: Node, input: List) -> Answer<listsendpays::Response> {
    let payments: Vec<Value> = find(&node, input).await?.iter().map(sendpay).collect();
    shaped(json!({"payments": payments}))
}

/// What both commands say of a payment.
fn entry(row: &PayRow) -> Value {
    let mut entry = json!({
        "payment_hash": row.payment_hash,
        "status": row.status.as_str(),
        "created_at": row.created_at,
        "bolt12": row.bolt12,
        "created_index": row.created_index,
    });
    if let Some(index) = row.updated_index {
        entry["updated_index"] = json!(index);
    }
    if let Some(label) = &row.label {
        entry["label"] = json!(label);
    }
    // The store keeps nothing else; what it cannot read it would not have kept.
    if let Ok(invoice) = Invoice::parse(&row.bolt12, Accept::Any) {
        entry["destination"] = json!(invoice.invoice_node_id());
        if let Some(description) = invoice.offer_description() {
            entry["description"] = json!(description);
        }
    }
    if let (PayStatus::Complete, Some(completed_at)) = (row.status, row.completed_at) {
        entry["completed_at"] = json!(completed_at);
    }
    entry
}

fn pay(row: &PayRow) -> Value {
    let mut entry = entry(row);
    match row.status {
        PayStatus::Failed => entry["amount_sent_msat"] = json!(0),
        PayStatus::Pending | PayStatus::Complete => {
            entry["amount_msat"] = json!(row.amount);
            // There are no fees.
            entry["amount_sent_msat"] = json!(row.amount);
        }
    }
    if let Some(preimage) = &row.preimage {
        entry["preimage"] = json!(preimage);
    }
    entry
}

/// Each payment has one part, and one attempt that counts.
fn sendpay(row: &PayRow) -> Value {
    let mut entry = entry(row);
    entry["id"] = json!(row.created_index);
    entry["groupid"] = json!(1);
    entry["amount_msat"] = json!(row.amount);
    entry["amount_sent_msat"] = json!(row.amount);
    if let Some(preimage) = &row.preimage {
        entry["payment_preimage"] = json!(preimage);
    }
    entry
}
