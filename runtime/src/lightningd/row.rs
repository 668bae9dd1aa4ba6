//! Rows of the node's table of invoices, read strictly: nothing that a row says of an invoice is believed unless the
//! invoice says it too.

use std::time::Duration;

use cln_api::listinvoices::{self, Status};
use cln_primitives::{Hash32, NodeId};

use crate::bolt12::{Accept, FieldType, Invoice, Unsigned, Verified};
use crate::engine::{InvoiceRecord, InvoiceState, Receipt, payment_hash};

/// What the node adds to an invoice that it signs: the path to itself with its price, and the signature.
const PATHS: FieldType = FieldType(160);
const BLINDED_PAY: FieldType = FieldType(162);
const SIGNATURE: FieldType = FieldType(240);
/// How often an invoice was attempted that is found in the table: once for certain, and perhaps now.
const FOUND: u32 = 2;

/// How many invoices are read at once when all of them are looked through.
pub(crate) const PAGE: u32 = 500;
/// What the node may be late with an invoice's expiry, and a payment's end with its beginning.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// Does a label other than this one have an invoice for the request here that can still be paid? A status that nobody has
/// heard of counts as unpaid: nothing is then known to be over.
pub(crate) fn is_open_under_another_label(row: &listinvoices::Invoice, label: &str, invreq_id: Hash32) -> bool {
    if row.label == label || matches!(row.status, Status::Paid(_) | Status::Expired) {
        return false;
    }
    let read = row.bolt12.as_deref().map(|bolt12| Invoice::parse(bolt12, Accept::Any));
    matches!(read, Some(Ok(read)) if read.invreq_id() == invreq_id)
}

/// Reads a row of the node with this id.
pub(super) fn read(row: listinvoices::Invoice, node_id: NodeId) -> Result<InvoiceRecord, String> {
    let label = row.label;
    let invoice = verified(row.bolt12.as_deref(), node_id)
        .map_err(|why| format!("the label {label:?} has no invoice for an invoice_request, use another one: {why}"))?;
    let payment = invoice.payment();
    if payment.payment_hash != row.payment_hash || row.amount_msat != Some(payment.amount) {
        return Err(format!("the row with the label {label:?} contradicts its invoice: see `listinvoices`"));
    }
    let state = match row.status {
        Status::Unpaid => InvoiceState::Unpaid,
        Status::Expired => InvoiceState::Expired,
        Status::Paid(paid) => {
            if payment_hash(&paid.payment_preimage) != payment.payment_hash {
                return Err(format!("the invoice {label:?} counts as paid, but the preimage is not that of its hash"));
            }
            if paid.amount_received_msat < payment.amount {
                return Err(format!("the invoice {label:?} counts as paid, but less came in than it asks for"));
            }
            InvoiceState::Paid(Receipt {
                preimage: paid.payment_preimage,
                pay_index: paid.pay_index,
                amount_received: paid.amount_received_msat,
                paid_at: paid.paid_at,
            })
        }
        other => return Err(format!("the invoice {label:?} has the status {:?}, which is not known", other.as_str())),
    };
    let (created_index, updated_index) = (row.created_index, row.updated_index);
    Ok(InvoiceRecord { label, invoice, attempts: FOUND, state, created_index, updated_index })
}

/// Reads what the node with this id made of an invoice: the same, with a path to it and a signature.
pub(super) fn signed(
    bolt12: Option<&str>,
    ordered: &Invoice<Unsigned>,
    node_id: NodeId,
) -> Result<Invoice<Verified>, String> {
    let signed = verified(bolt12, node_id)?;
    let has_paths = ordered.invoice_paths().is_some();
    let added = |field: FieldType| field == SIGNATURE || !has_paths && matches!(field, PATHS | BLINDED_PAY);
    let kept = signed.records().filter(|(field, _)| !added(*field));
    match kept.eq(ordered.records()) {
        true => Ok(signed),
        false => Err("its fields are not those ordered".to_owned()),
    }
}

fn verified(bolt12: Option<&str>, node_id: NodeId) -> Result<Invoice<Verified>, String> {
    let bolt12 = bolt12.ok_or("it has no BOLT 12 invoice")?;
    let invoice = Invoice::parse(bolt12, Accept::Any).and_then(Invoice::verify).map_err(|error| error.to_string())?;
    match invoice.payment().node_id == node_id {
        true => Ok(invoice),
        false => Err("its invoice is another node's".to_owned()),
    }
}
