//! Rows of the node's table of invoices, read strictly: nothing that a row says of an invoice is believed unless the
//! invoice says it too.

use std::time::Duration;

use cln_api::error_code::{INVOICE_NOT_FOUND, LIGHTNINGD};
use cln_api::listinvoices::{self, Status};
use cln_api::shared::ListIndex;
use cln_api::waitinvoice;
use cln_primitives::{Hash32, NodeId};

use crate::bolt12::{Accept, FieldType, Invoice, Unsigned, Verified};
use crate::engine::{InvoiceRecord, InvoiceState, LabelError, Receipt, StoreError, payment_hash};

/// What the node adds to an invoice that it signs: the path to itself with its price, and the signature.
const PATHS: FieldType = FieldType(160);
const BLINDED_PAY: FieldType = FieldType(162);
const SIGNATURE: FieldType = FieldType(240);
/// How often an invoice was attempted that is found in the table: once for certain, and perhaps now.
const FOUND: u32 = 2;

/// What is done when a row is looked for.
pub(super) const LOOKING: &str = "looking under a label";

/// How many invoices are read at once when all of them are looked through.
const PAGE: u32 = 500;
/// What the node may be late with an invoice's expiry, and a payment's end with its beginning.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// Does the node say by this that there is no such invoice any more? Core Lightning waits for none that is deleted by -1,
/// and does not delete one by 905.
pub(crate) fn is_gone(error: &waitinvoice::Error) -> bool {
    matches!(error.rpc_error().code, LIGHTNINGD | INVOICE_NOT_FOUND)
}

/// The invoice for the request that can still be paid under a label other than this one, if there is any. `page` calls
/// the node, with all of whose invoices it is asked for in turn.
pub(crate) async fn open_under_another_label<P, E>(
    page: impl Fn(listinvoices::Request) -> P,
    label: &str,
    invreq_id: Hash32,
) -> Result<Option<listinvoices::Invoice>, E>
where
    P: Future<Output = Result<listinvoices::Response, E>>,
{
    let mut start = 1;
    loop {
        let request = listinvoices::Request::new().index(ListIndex::Created).start(start).limit(PAGE);
        let invoices = page(request).await?.invoices;
        let Some(last) = invoices.iter().map(|invoice| invoice.created_index).max() else { return Ok(None) };
        let open = invoices.into_iter().find(|row| is_open_under_another_label(row, label, invreq_id));
        if open.is_some() {
            return Ok(open);
        }
        start = last.saturating_add(1);
    }
}

/// A status that nobody has heard of counts as unpaid: nothing is then known to be over.
fn is_open_under_another_label(row: &listinvoices::Invoice, label: &str, invreq_id: Hash32) -> bool {
    if row.label == label || matches!(row.status, Status::Paid(_) | Status::Expired) {
        return false;
    }
    let read = row.bolt12.as_deref().map(|bolt12| Invoice::parse(bolt12, Accept::Any));
    matches!(read, Some(Ok(read)) if read.invreq_id() == invreq_id)
}

/// Reads a row of the node with this id.
///
/// # Errors
/// [`OtherInvoice`](LabelError::OtherInvoice) when the row has no invoice that this node has signed for a request.
pub(super) fn read(row: listinvoices::Invoice, node_id: NodeId) -> Result<InvoiceRecord, LabelError> {
    match verified(row.bolt12.as_deref(), node_id) {
        Ok(invoice) => Ok(record(row, invoice).map_err(|why| StoreError { doing: LOOKING, why })?),
        Err(why) => {
            tracing::debug!(label = row.label, why, "a label holds another invoice");
            Err(LabelError::OtherInvoice(Box::new(row)))
        }
    }
}

/// What the row says of its invoice.
fn record(row: listinvoices::Invoice, invoice: Invoice<Verified>) -> Result<InvoiceRecord, String> {
    let label = row.label;
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
