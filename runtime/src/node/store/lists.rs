//! What the listing commands ask.

use cln_primitives::{Hash32, Msat, Secret};
use rusqlite::{Connection, Row, params};

use super::Store;
use super::rows::{self, INVOICE, InvoiceRow, PayStatus};
use crate::bolt12::{Accept, Invoice};
use crate::engine::{HtlcSetId, StoreError};
use crate::node::sqlite::Fault;

/// By which number a list is ordered, and cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Index {
    /// The number that a row got when it was made.
    #[default]
    Created,
    /// The number of its last change; rows that never changed are left out.
    Updated,
}

/// A part of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The order, and what `start` counts.
    pub index: Index,
    /// The first number of the list.
    pub start: u64,
    /// The most rows; `None` for all.
    pub limit: Option<u64>,
}

impl Page {
    fn column(self) -> &'static str {
        match self.index {
            Index::Created => "created_index",
            Index::Updated => "updated_index",
        }
    }

    /// A number that does not fit is beyond all that do.
    fn start(self) -> i64 {
        i64::try_from(self.start).unwrap_or(i64::MAX)
    }

    fn limit(self) -> i64 {
        self.limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX))
    }
}

/// Which invoices are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum InvoiceFilter {
    /// All.
    #[default]
    All,
    /// The one with this label.
    Label(String),
    /// The one with this text, in lower case without a `+`.
    Bolt12(String),
    /// The one with this payment hash.
    PaymentHash(Hash32),
    /// Those for an offer.
    OfferId(Hash32),
}

/// Which payments are listed. All that is said must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PayFilter {
    /// The one for the invoice with this text, in lower case without a `+`.
    pub bolt12: Option<String>,
    /// The one with this payment hash.
    pub payment_hash: Option<Hash32>,
    /// Those that are so far.
    pub status: Option<PayStatus>,
}

/// A payment as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayRow {
    /// The hash by which the payment is known.
    pub payment_hash: Hash32,
    /// The request.
    pub invreq_id: Hash32,
    /// The invoice, `lni1…`.
    pub bolt12: String,
    /// What the payer calls the payment.
    pub label: Option<String>,
    /// What the invoice asks for; this is what is paid, as there are no fees.
    pub amount: Msat,
    /// How far it is.
    pub status: PayStatus,
    /// The receipt, when it is complete.
    pub preimage: Option<Secret>,
    /// Why it failed, when it has.
    pub reason: Option<String>,
    /// When it was begun, the last time it was, in seconds since 1970.
    pub created_at: u64,
    /// When it was known to be complete, in seconds since 1970, by the clock of the machine.
    pub completed_at: Option<u64>,
    /// Its number among all payments begun, from 1.
    pub created_index: u64,
    /// The number of its last change among all changes, from 1; `None` when it has not changed.
    pub updated_index: Option<u64>,
}

impl Store {
    /// The invoices that pass the filter.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn list_invoices(&self, filter: InvoiceFilter, page: Page) -> Result<Vec<InvoiceRow>, StoreError> {
        self.database().read("listing the invoices", move |connection| invoices(connection, &filter, page)).await
    }

    /// The payments that pass the filter.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn list_pays(&self, filter: PayFilter, page: Page) -> Result<Vec<PayRow>, StoreError> {
        self.database().read("listing the payments", move |connection| pays(connection, &filter, page)).await
    }

    /// The payments that invoices are bound to at this moment: each is to be settled, also when it has ended already.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn accepted_htlcs(&self) -> Result<Vec<HtlcSetId>, StoreError> {
        let sql = "SELECT htlcs FROM invoices WHERE state = 'accepted' ORDER BY htlcs";
        let list = |connection: &Connection| rows::all(connection, sql, [], |row| Ok(HtlcSetId(row.get(0)?)));
        self.database().read("listing the payments that are being taken", list).await
    }
}

fn invoices(connection: &Connection, filter: &InvoiceFilter, page: Page) -> Result<Vec<InvoiceRow>, Fault> {
    let column = page.column();
    let list = |condition: &str, value: &dyn rusqlite::ToSql| {
        let sql =
            format!("SELECT {INVOICE} FROM invoices WHERE {condition} AND {column} >= ?2 ORDER BY {column} LIMIT ?3");
        rows::all(connection, &sql, params![value, page.start(), page.limit()], rows::invoice_row)
    };
    match filter {
        InvoiceFilter::All => list("?1", &true),
        InvoiceFilter::Label(label) => list("label = ?1", label),
        InvoiceFilter::Bolt12(text) => list("bolt12 = ?1", text),
        InvoiceFilter::PaymentHash(hash) => list("payment_hash = ?1", hash.as_bytes()),
        InvoiceFilter::OfferId(id) => list("offer_id = ?1", id.as_bytes()),
    }
}

fn pays(connection: &Connection, filter: &PayFilter, page: Page) -> Result<Vec<PayRow>, Fault> {
    let column = page.column();
    let sql = format!(
        "SELECT payment_hash, invreq_id, bolt12, state, preimage, reason, created_at, completed_at, created_index,
             updated_index, label
         FROM pays WHERE (?1 IS NULL OR payment_hash = ?1) AND (?2 IS NULL OR bolt12 = ?2)
             AND (?3 IS NULL OR state = ?3) AND {column} >= ?4
         ORDER BY {column} LIMIT ?5"
    );
    let hash = filter.payment_hash.as_ref().map(Hash32::as_bytes);
    let status = filter.status.map(PayStatus::as_str);
    rows::all(connection, &sql, params![hash, filter.bolt12, status, page.start(), page.limit()], pay)
}

fn pay(row: &Row<'_>) -> Result<PayRow, Fault> {
    let bolt12: String = row.get(2)?;
    let preimage: Option<[u8; 32]> = row.get(4)?;
    let invoice = Invoice::parse(&bolt12, Accept::Any)
        .map_err(|error| Fault::Damaged(format!("an invoice cannot be read: {error}")))?;
    Ok(PayRow {
        payment_hash: Hash32::from_bytes(row.get(0)?),
        invreq_id: Hash32::from_bytes(row.get(1)?),
        amount: invoice.invoice_amount().unwrap_or_default(),
        bolt12,
        status: match row.get_ref(3)?.as_str().map_err(rusqlite::Error::from)? {
            "complete" => PayStatus::Complete,
            "failed" => PayStatus::Failed,
            _ => PayStatus::Pending,
        },
        preimage: preimage.map(Secret::from_bytes),
        reason: row.get(5)?,
        created_at: row.get(6)?,
        completed_at: row.get(7)?,
        created_index: row.get(8)?,
        updated_index: row.get(9)?,
        label: row.get(10)?,
    })
}
