//! Rows, read.

use cln_primitives::{Hash32, Msat, Secret};
use rusqlite::Row;

use crate::bolt12::Invoice;
use crate::engine::{
    AcceptedHtlcs, Claim, ClaimState, HtlcSetId, InvoiceRecord, InvoiceState, Receipt, ReplyPath, RequestRecord,
    RequestStatus,
};
use crate::node::sqlite::Fault;

/// An invoice as it is listed. Nothing of the text was read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceRow {
    /// What the payee calls it.
    pub label: String,
    /// The signed invoice, `lni1…`.
    pub bolt12: String,
    /// What the request was for, unless that was deleted.
    pub description: Option<String>,
    /// The hash by which the payment is known.
    pub payment_hash: Hash32,
    /// What is asked for.
    pub amount: Msat,
    /// The last second in which it can be paid, since 1970.
    pub expires_at: u64,
    /// How far it is.
    pub state: InvoiceState,
    /// Its number among all invoices made, from 1.
    pub created_index: u64,
    /// The number of its last change among all changes, from 1; `None` when it has not changed.
    pub updated_index: Option<u64>,
}

/// How far an invoice is, in the words of the commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvoiceStatus {
    /// It can be paid, or is being paid.
    Unpaid,
    /// It was paid.
    Paid,
    /// It can no longer be paid.
    Expired,
}

impl InvoiceStatus {
    /// As the commands write it.
    pub fn as_str(self) -> &'static str {
        match self {
            InvoiceStatus::Unpaid => "unpaid",
            InvoiceStatus::Paid => "paid",
            InvoiceStatus::Expired => "expired",
        }
    }
}

impl From<&InvoiceState> for InvoiceStatus {
    fn from(state: &InvoiceState) -> Self {
        match state {
            InvoiceState::Unpaid | InvoiceState::Accepted => InvoiceStatus::Unpaid,
            InvoiceState::Paid(_) => InvoiceStatus::Paid,
            InvoiceState::Expired => InvoiceStatus::Expired,
        }
    }
}

/// How far a payment is, in the words of the commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayStatus {
    /// It may be under way.
    Pending,
    /// The payee has been paid.
    Complete,
    /// For certain nothing was paid.
    Failed,
}

impl PayStatus {
    /// As the commands write it.
    pub fn as_str(self) -> &'static str {
        match self {
            PayStatus::Pending => "pending",
            PayStatus::Complete => "complete",
            PayStatus::Failed => "failed",
        }
    }
}

/// Of [`request`].
pub(super) const REQUEST: &str = "invreq_id, bolt12, label, status, min_amount, created_at";

pub(super) fn request(row: &Row<'_>) -> Result<RequestRecord, Fault> {
    let bits: u8 = row.get(3)?;
    let min_amount: Option<u64> = row.get(4)?;
    Ok(RequestRecord {
        invreq_id: Hash32::from_bytes(row.get(0)?),
        bolt12: row.get(1)?,
        label: row.get(2)?,
        status: RequestStatus::from_bits(bits)
            .ok_or_else(|| Fault::Damaged(format!("a request's status is {bits}")))?,
        min_amount: min_amount.map(Msat::from_msat),
        created_at: row.get(5)?,
    })
}

/// Of [`claim`].
pub(super) const CLAIM: &str = "invreq_id, bolt12, reply_path, state, preimage, reason, created_at";

pub(super) fn claim(row: &Row<'_>) -> Result<Claim, Fault> {
    let reply_path: Option<Vec<u8>> = row.get(2)?;
    Ok(Claim {
        invreq_id: Hash32::from_bytes(row.get(0)?),
        invoice: invoice_text(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?,
        reply_path: reply_path.map(ReplyPath),
        state: match row.get_ref(3)?.as_str().map_err(rusqlite::Error::from)? {
            "complete" => ClaimState::Complete(Secret::from_bytes(row.get(4)?)),
            "failed" => ClaimState::Failed(row.get(5)?),
            _ => ClaimState::Pending,
        },
        created_at: row.get(6)?,
    })
}

/// Of [`invoice`] and [`invoice_row`].
pub(super) const INVOICE: &str = "label, bolt12, preimage, attempts, created_index, updated_index, \
    state, pay_index, amount_received, paid_at, description, payment_hash, amount, expires_at";

pub(super) fn invoice(row: &Row<'_>) -> Result<InvoiceRecord, Fault> {
    Ok(InvoiceRecord {
        label: row.get(0)?,
        invoice: invoice_text(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?,
        attempts: row.get(3)?,
        state: invoice_state(row)?,
        created_index: row.get(4)?,
        updated_index: row.get(5)?,
    })
}

pub(super) fn invoice_row(row: &Row<'_>) -> Result<InvoiceRow, Fault> {
    Ok(InvoiceRow {
        label: row.get(0)?,
        bolt12: row.get(1)?,
        created_index: row.get(4)?,
        updated_index: row.get(5)?,
        state: invoice_state(row)?,
        description: row.get(10)?,
        payment_hash: Hash32::from_bytes(row.get(11)?),
        amount: Msat::from_msat(row.get(12)?),
        expires_at: row.get(13)?,
    })
}

fn invoice_state(row: &Row<'_>) -> Result<InvoiceState, Fault> {
    Ok(match row.get_ref(6)?.as_str().map_err(rusqlite::Error::from)? {
        "accepted" => InvoiceState::Accepted,
        "paid" => InvoiceState::Paid(Receipt {
            preimage: Secret::from_bytes(row.get(2)?),
            pay_index: row.get(7)?,
            amount_received: Msat::from_msat(row.get(8)?),
            paid_at: row.get(9)?,
        }),
        "expired" => InvoiceState::Expired,
        _ => InvoiceState::Unpaid,
    })
}

/// Of [`accepted`].
pub(super) const ACCEPTED: &str = "htlcs, payment_hash, amount, preimage";

pub(super) fn accepted(row: &Row<'_>) -> Result<AcceptedHtlcs, Fault> {
    Ok(AcceptedHtlcs {
        id: HtlcSetId(row.get(0)?),
        payment_hash: Hash32::from_bytes(row.get(1)?),
        amount: Msat::from_msat(row.get(2)?),
        preimage: Secret::from_bytes(row.get(3)?),
    })
}

/// All rows that a statement gives.
pub(super) fn all<T>(
    connection: &rusqlite::Connection,
    sql: &str,
    values: impl rusqlite::Params,
    read: fn(&Row<'_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_and_then(values, read)?.collect()
}

/// The first row that a statement gives.
pub(super) fn first<T>(
    connection: &rusqlite::Connection,
    sql: &str,
    values: impl rusqlite::Params,
    read: fn(&Row<'_>) -> Result<T, Fault>,
) -> Result<Option<T>, Fault> {
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_and_then(values, read)?.next().transpose()
}

/// An invoice that was verified before it was stored.
fn invoice_text(text: &str) -> Result<Invoice<crate::bolt12::Verified>, Fault> {
    Invoice::verified_before(text).map_err(|error| Fault::Damaged(format!("an invoice cannot be read: {error}")))
}
