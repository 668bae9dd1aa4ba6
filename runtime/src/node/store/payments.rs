//! Payments that were asked for by hand: for no request of this node, so that no claim stands for them.

use cln_primitives::{Hash32, Secret};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::Store;
use super::claims;
use super::next;
use super::rows;
use crate::bolt12::{Invoice, Verified};
use crate::engine::{ClaimState, StoreError};
use crate::node::sqlite::Fault;

/// A payment to be begun.
#[derive(Clone, Debug)]
pub struct NewPayment {
    /// What is paid.
    pub invoice: Invoice<Verified>,
    /// What the payer calls it.
    pub label: Option<String>,
    /// When, in seconds since 1970.
    pub created_at: u64,
}

/// What became of [`Store::begin_payment`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentBegun {
    /// It is the caller's to be paid.
    New,
    /// A payment of this hash is under way.
    Pending,
    /// This hash has been paid.
    Complete,
}

/// How a payment ended.
#[derive(Clone, Debug)]
pub enum PaymentEnd {
    /// The payee has been paid; the preimage is the receipt.
    Complete(Secret),
    /// For certain nothing was paid. The reason is in the wallet's words.
    Failed(String),
}

impl Store {
    /// Notes that a payment begins, unless its hash is paid already or being paid, by hand or by a claim. One that has
    /// failed may begin again.
    ///
    /// # Errors
    /// When the store failed: then the payment may have been noted.
    pub async fn begin_payment(&self, new: NewPayment) -> Result<PaymentBegun, StoreError> {
        self.database().write("noting a payment", move |connection| begin(connection, &new)).await
    }

    /// Tells how a pending payment ended; one that has ended already stays as it is.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn end_payment(&self, payment_hash: Hash32, end: PaymentEnd) -> Result<(), StoreError> {
        let step = move |connection: &Connection| finish(connection, payment_hash, &end);
        self.database().write("storing how a payment ended", step).await
    }

    /// The hashes of the payments by hand that are pending, the oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn pending_payments(&self) -> Result<Vec<Hash32>, StoreError> {
        let sql = "SELECT payment_hash FROM payments WHERE state = 'pending' ORDER BY created_index";
        let list = |connection: &Connection| rows::all(connection, sql, [], |row| Ok(Hash32::from_bytes(row.get(0)?)));
        self.database().read("reading the pending payments", list).await
    }
}

fn begin(connection: &Connection, new: &NewPayment) -> Result<PaymentBegun, Fault> {
    let hash = new.invoice.payment().payment_hash;
    match claims::find(connection, hash)?.map(|claim| claim.state) {
        Some(ClaimState::Pending) => return Ok(PaymentBegun::Pending),
        Some(ClaimState::Complete(_)) => return Ok(PaymentBegun::Complete),
        Some(ClaimState::Failed(_)) | None => {}
    }
    match state(connection, hash)?.as_deref() {
        Some("failed") => begin_again(connection, hash, new)?,
        Some("complete") => return Ok(PaymentBegun::Complete),
        Some(_) => return Ok(PaymentBegun::Pending),
        None => insert(connection, hash, new)?,
    }
    Ok(PaymentBegun::New)
}

fn state(connection: &Connection, hash: Hash32) -> Result<Option<String>, Fault> {
    let mut statement = connection.prepare_cached("SELECT state FROM payments WHERE payment_hash = ?1")?;
    Ok(statement.query_row([hash.as_bytes()], |row| row.get(0)).optional()?)
}

fn insert(connection: &Connection, hash: Hash32, new: &NewPayment) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO payments (created_index, payment_hash, invreq_id, bolt12, label, state, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, 'pending', ?6)",
    )?;
    statement.execute(params![
        next_created(connection)?,
        hash.as_bytes(),
        new.invoice.invreq_id().as_bytes(),
        new.invoice.to_string(),
        new.label,
        new.created_at,
    ])?;
    Ok(())
}

/// The next number of what claims and payments share.
fn next_created(connection: &Connection) -> Result<i64, Fault> {
    let mut count =
        connection.prepare_cached("UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'claims' RETURNING seq")?;
    if let Some(next) = count.query_row([], |row| row.get(0)).optional()? {
        return Ok(next);
    }
    connection.prepare_cached("INSERT INTO sqlite_sequence (name, seq) VALUES ('claims', 1)")?.execute([])?;
    Ok(1)
}

/// Another invoice of the same hash may take the place of one that failed.
fn begin_again(connection: &Connection, hash: Hash32, new: &NewPayment) -> Result<(), Fault> {
    let updated = next(connection, claims::UPDATED)?;
    let mut statement = connection.prepare_cached(
        "UPDATE payments SET state = 'pending', reason = NULL, invreq_id = ?2, bolt12 = ?3, label = ?4, created_at = ?5,
             updated_index = ?6
         WHERE payment_hash = ?1",
    )?;
    statement.execute(params![
        hash.as_bytes(),
        new.invoice.invreq_id().as_bytes(),
        new.invoice.to_string(),
        new.label,
        new.created_at,
        updated,
    ])?;
    Ok(())
}

fn finish(connection: &Connection, hash: Hash32, end: &PaymentEnd) -> Result<(), Fault> {
    if state(connection, hash)?.as_deref() != Some("pending") {
        return Ok(());
    }
    let (state, preimage, reason) = match end {
        PaymentEnd::Complete(preimage) => ("complete", Some(preimage.reveal()), None),
        PaymentEnd::Failed(reason) => ("failed", None, Some(reason)),
    };
    let updated = next(connection, claims::UPDATED)?;
    let mut statement = connection.prepare_cached(
        "UPDATE payments SET state = ?2, preimage = ?3, reason = ?4, updated_index = ?5,
             completed_at = iif(?2 = 'complete', unixepoch(), NULL)
         WHERE payment_hash = ?1",
    )?;
    statement.execute(params![hash.as_bytes(), state, preimage, reason, updated])?;
    Ok(())
}
