//! The payee's invoices: `listinvoices`, `delinvoice`.

use cln_api::error_code::{INVOICE_NO_DESCRIPTION, INVOICE_NOT_FOUND, INVOICE_STATUS_UNEXPECTED, LIGHTNINGD};
use cln_api::{delinvoice, listinvoices};
use cln_primitives::{Hash32, RpcError};
use serde::Deserialize;
use serde_json::json;

use super::payments::{INDEX, Paging, invoice_text};
use super::{Answer, Command, command, failure, invalid, looking_command, shaped};
use crate::engine::InvoiceStore as _;
use crate::engine::answer::{InvoiceEntry, Listed, listing};
use crate::node::handle::Node;
use crate::node::params::{Kind, Param, optional, required};
use crate::node::store::{DeleteError, InvoiceFilter, InvoiceRow, InvoiceStatus};

const LIST: &[Param] = &[
    optional("label", Kind::Label),
    optional("invstring", Kind::Text),
    optional("payment_hash", Kind::Hash),
    optional("offer_id", Kind::Hash),
    optional("index", INDEX),
    optional("start", Kind::U64),
    optional("limit", Kind::U32),
];
const DELETE: &[Param] =
    &[required("label", Kind::Label), required("status", Kind::Text), optional("desconly", Kind::Bool)];

pub(super) fn commands() -> Vec<Command> {
    vec![
        looking_command::<listinvoices::Request, List, _>(LIST, list),
        command::<delinvoice::Request, Delete, _>(DELETE, delete),
    ]
}

impl Listed for InvoiceRow {
    fn entry(&self) -> serde_json::Value {
        InvoiceEntry {
            label: &self.label,
            bolt12: &self.bolt12,
            description: self.description.as_deref(),
            payment_hash: self.payment_hash,
            amount: self.amount,
            expires_at: self.expires_at,
            state: &self.state,
            created_index: self.created_index,
            updated_index: self.updated_index,
        }
        .to_json()
    }
}

#[derive(Deserialize)]
struct List {
    label: Option<String>,
    invstring: Option<String>,
    payment_hash: Option<Hash32>,
    offer_id: Option<Hash32>,
    #[serde(flatten)]
    paging: Paging,
}

async fn list(node: Node, input: List) -> Answer<listinvoices::Response> {
    let page = input.paging.page()?;
    let filter = match (input.label, input.invstring, input.payment_hash, input.offer_id) {
        (None, None, None, None) => InvoiceFilter::All,
        (Some(label), None, None, None) => InvoiceFilter::Label(label),
        (None, Some(text), None, None) => InvoiceFilter::Bolt12(invoice_text("invstring", &text)?),
        (None, None, Some(hash), None) => InvoiceFilter::PaymentHash(hash),
        (None, None, None, Some(id)) => InvoiceFilter::OfferId(id),
        _ => return Err(invalid("only one of `label`, `invstring`, `payment_hash` and `offer_id` may be given")),
    };
    let found = node.store().list_invoices(filter, page).await?;
    let entries: Vec<_> = found.iter().map(Listed::entry).collect();
    shaped(json!({"invoices": entries}))
}

#[derive(Deserialize)]
struct Delete {
    label: String,
    status: String,
    desconly: Option<bool>,
}

async fn delete(node: Node, input: Delete) -> Answer<delinvoice::Response> {
    let Some(status) = [InvoiceStatus::Unpaid, InvoiceStatus::Paid, InvoiceStatus::Expired]
        .into_iter()
        .find(|status| status.as_str() == input.status)
    else {
        // No invoice is like that, yet it must be told how it is.
        let found = node.store().invoice(&input.label).await?.ok_or_else(not_found)?;
        return Err(other_status((&found.state).into(), &input.status));
    };
    let deleted = match input.desconly {
        Some(true) => node.store().delete_description(&input.label, status).await,
        _ => node.store().delete_invoice(&input.label, status).await,
    };
    match deleted {
        Ok(row) => listing(&row),
        Err(DeleteError::NotFound) => Err(not_found()),
        Err(DeleteError::Status { current, .. }) => Err(other_status(current, &input.status)),
        Err(error @ DeleteError::NoDescription) => Err(failure(INVOICE_NO_DESCRIPTION, error.to_string())),
        Err(error) => Err(failure(LIGHTNINGD, error.to_string())),
    }
}

fn not_found() -> RpcError {
    failure(INVOICE_NOT_FOUND, "there is no invoice with this label")
}

fn other_status(current: InvoiceStatus, expected: &str) -> RpcError {
    let current = current.as_str();
    let message = format!("the invoice is {current}, not {}", super::shortened(expected));
    let data = json!({"current_status": current, "expected_status": expected});
    RpcError { data: Some(data), ..failure(INVOICE_STATUS_UNEXPECTED, message) }
}
