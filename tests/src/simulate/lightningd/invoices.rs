//! The commands about invoices.

use std::task::Poll;

use cln_api::error_code::{
    INVOICE_EXPIRED_DURING_WAIT, INVOICE_LABEL_ALREADY_EXISTS, INVOICE_NOT_FOUND, INVOICE_STATUS_UNEXPECTED,
    JSONRPC2_INVALID_PARAMS, LIGHTNINGD,
};
use cln_primitives::{RpcError, Secret};
use cln_runtime::bolt12::{Chain, Invoice, Unsigned};
use cln_runtime::engine::{Free, payment_hash};
use serde_json::{Value, json};

use super::commands::{Answer, Server, refused, text};
use super::tables::{InvoiceRow, InvoiceStatus};
use crate::simulate::keys;
use crate::simulate::seen::Grave;
use crate::simulate::world::{Event, World, short};

impl World {
    pub(super) fn create_invoice(&mut self, node: usize, params: &Value) -> Answer {
        let (invoice, preimage) = to_be_signed(params)?;
        let label = text(params, "label")?.to_owned();
        if let Some(known) = self.lightningd(node).invoices.get(&label) {
            let data = Some(known.to_json());
            return Err(RpcError { data, ..refused(INVOICE_LABEL_ALREADY_EXISTS, "Duplicate label") });
        }
        let invoice = keys::of(node).sign_invoice(invoice).map_err(|error| unparsable(&error.to_string()))?;
        let (now, hash) = (self.clock(node), invoice.payment().payment_hash);
        let clashes = self.lightningd(node).by_hash(hash).is_some();
        self.demand(!clashes, "createinvoice never gets a hash that an invoice has, which kills lightningd", || {
            format!("node {node} creates {label:?} with the hash {}", short(hash))
        });
        let expires_at = now + u64::from(invoice.valid_for());
        self.note(node, || format!("  invoice {label:?} is {}, until {expires_at}", short(hash)));
        let daemon = self.lightningd(node);
        daemon.created += 1;
        let row = InvoiceRow {
            label: label.clone(),
            invoice,
            preimage,
            expires_at,
            status: InvoiceStatus::Unpaid,
            created_index: daemon.created,
            updated_index: None,
        };
        let answer = row.to_json();
        daemon.invoices.insert(label, row);
        self.schedule((expires_at - now) * 1_000, Event::Expiry { node });
        Ok(answer)
    }

    pub(super) fn list_invoices(&mut self, node: usize, params: &Value) -> Answer {
        let given = |name| params.get(name).filter(|value| !value.is_null());
        let rows = self.lightningd(node).invoices.values().map(InvoiceRow::to_json);
        let wanted = |row: &Value| {
            let same = |name, field: &str| given(name).is_none_or(|value| row.get(field) == Some(value));
            same("label", "label") && same("payment_hash", "payment_hash") && same("invstring", "bolt12")
        };
        let mut rows: Vec<Value> = rows.filter(wanted).collect();
        rows.sort_by_key(|row| row["created_index"].as_u64());
        let number = |name| params.get(name).and_then(Value::as_u64);
        if let Some(start) = number("start") {
            rows.retain(|row| row["created_index"].as_u64().is_some_and(|index| index >= start));
        }
        if let Some(limit) = number("limit") {
            rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        Ok(json!({ "invoices": rows }))
    }

    pub(super) fn delete_invoice(&mut self, node: usize, params: &Value) -> Answer {
        let (label, expected) = (text(params, "label")?, text(params, "status")?);
        let Some(row) = self.lightningd(node).invoices.get(label).cloned() else {
            return Err(refused(INVOICE_NOT_FOUND, "Unknown invoice"));
        };
        let current = row.status.name();
        if current != expected {
            let data = Some(json!({ "current_status": current, "expected_status": expected }));
            let message = format!("Invoice status is {current} not {expected}");
            return Err(RpcError { data, ..refused(INVOICE_STATUS_UNEXPECTED, message) });
        }
        self.check_deletion(node, &row);
        let daemon = self.lightningd(node);
        daemon.invoices.remove(label);
        daemon.changed();
        Ok(row.to_json())
    }

    /// Only what nobody can pay any more may go: an expired invoice, one that was refused, one that has never left.
    fn check_deletion(&mut self, node: usize, row: &InvoiceRow) {
        let hash = row.payment_hash();
        let left = self.seen.left.get(&hash).copied().unwrap_or(0);
        let grave = match row.status {
            InvoiceStatus::Expired => Grave::GaveWay,
            _ if self.seen.refusals.contains(&hash) => Grave::Freed(Free::Refused),
            _ => Grave::Freed(Free::NeverDelivered),
        };
        self.seen.graves.insert((node, hash), grave);
        self.note(node, || format!("  {:?} is deleted, {}: {grave:?}", row.label, short(hash)));
        self.seen.counters.count(match grave {
            Grave::GaveWay => "expired invoices that gave way",
            Grave::Freed(Free::Refused) => "labels freed: refused",
            Grave::Freed(Free::NeverDelivered) => "labels freed: never delivered",
        });
        let paid = matches!(row.status, InvoiceStatus::Paid { .. });
        self.demand(!paid, "a paid invoice is not deleted", || format!("node {node} deletes {:?}", row.label));
        let nobody = grave != Grave::Freed(Free::NeverDelivered) || left == 0;
        self.demand(nobody, "a label is freed only when nobody has its invoice", || {
            format!("node {node} frees {:?}, and {left} copies of {} have left", row.label, short(hash))
        });
    }
}

impl Server {
    pub(super) async fn wait_invoice(&self, params: &Value) -> Answer {
        let label = text(params, "label")?;
        self.turn().await;
        let find = |world: &mut World| world.lightningd(self.node).invoices.get(label).cloned();
        let Some(begun) = find(&mut self.world.lock()) else {
            return Err(refused(LIGHTNINGD, "Label not found"));
        };
        let ended = std::future::poll_fn(|cx| {
            let world = &mut *self.world.lock();
            match find(world).filter(|row| row.created_index == begun.created_index) {
                Some(row) if row.status == InvoiceStatus::Unpaid => {
                    world.lightningd(self.node).wait(cx.waker());
                    Poll::Pending
                }
                ended => Poll::Ready(ended),
            }
        })
        .await;
        self.turn().await;
        let row = ended.ok_or_else(|| refused(LIGHTNINGD, "Invoice deleted during wait"))?;
        if row.status == InvoiceStatus::Expired {
            let data = Some(row.to_json());
            return Err(RpcError { data, ..refused(INVOICE_EXPIRED_DURING_WAIT, "invoice expired during wait") });
        }
        Ok(row.to_json())
    }
}

/// Checks in lightningd's order.
fn to_be_signed(params: &Value) -> Result<(Invoice<Unsigned>, Secret), RpcError> {
    let invalid = |message: &str| Err(refused(JSONRPC2_INVALID_PARAMS, message));
    let read = Invoice::parse(text(params, "invstring")?, Chain::REGTEST);
    let invoice = read.map_err(|error| unparsable(&error.to_string()))?;
    if invoice.signature().is_some() {
        return invalid("invoice already signed");
    }
    let preimage = params.get("preimage").and_then(|preimage| serde_json::from_value::<Secret>(preimage.clone()).ok());
    let Some(preimage) = preimage else { return invalid("preimage: should be a 32 byte hex value") };
    if invoice.invoice_payment_hash() != Some(payment_hash(&preimage)) {
        return invalid("Incorrect preimage");
    }
    let invoice = invoice.into_builder().build().map_err(|error| unparsable(&error.to_string()))?;
    Ok((invoice, preimage))
}

fn unparsable(why: &str) -> RpcError {
    refused(JSONRPC2_INVALID_PARAMS, format!("Unparsable invoice: {why}"))
}
