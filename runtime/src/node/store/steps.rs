//! The steps of an invoice, each in a transaction that is open.

use cln_primitives::{Hash32, Msat, Secret};
use rusqlite::{Connection, Row, params};

use super::next;
use super::rows::{self, INVOICE};
use crate::bolt12::{Invoice, Verified};
use crate::engine::{Acceptance, Creation, Free, HtlcSetId, InvoiceRecord, InvoiceState, Receipt};
use crate::node::sqlite::Fault;

/// Counts the changes of invoices.
pub(super) const UPDATED: &str = "invoices_updated";
/// So many invoices expire in one step: others who write have their turns between.
pub(super) const EXPIRED_AT_ONCE: usize = 1000;
/// Counts the payments received.
const PAID: &str = "pay_index";

/// Gives the hash of the expired invoice that gave way, too.
pub(super) fn create(
    connection: &Connection,
    label: String,
    invoice: Invoice<Verified>,
    preimage: Secret,
) -> Result<(Creation, Option<Hash32>), Fault> {
    let mut replaced = None;
    if let Some(found) = by_label(connection, &label)? {
        if found.state != InvoiceState::Expired || found.invreq_id() != invoice.invreq_id() {
            return Ok((Creation::LabelTaken(found), None));
        }
        delete(connection, found.created_index)?;
        replaced = Some(found.payment_hash());
    }
    Ok((add(connection, label, invoice, preimage)?, replaced))
}

/// Whatever has the label keeps it.
pub(super) fn add(
    connection: &Connection,
    label: String,
    invoice: Invoice<Verified>,
    preimage: Secret,
) -> Result<Creation, Fault> {
    if let Some(found) = by_label(connection, &label)? {
        return Ok(Creation::LabelTaken(found));
    }
    let payment_hash = invoice.payment().payment_hash;
    if by_hash(connection, payment_hash)?.is_some() {
        return Err(Fault::Refused(format!("there is an invoice with the payment hash {payment_hash}: use a new one")));
    }
    let mut record = InvoiceRecord {
        label,
        invoice,
        attempts: 1,
        state: InvoiceState::Unpaid,
        created_index: 0,
        updated_index: None,
    };
    record.created_index = insert(connection, &record, &preimage)?;
    Ok(Creation::Created(record))
}

fn insert(connection: &Connection, record: &InvoiceRecord, preimage: &Secret) -> Result<u64, Fault> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO invoices
             (label, payment_hash, invreq_id, offer_id, bolt12, preimage, description, amount, expires_at, attempts, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'unpaid') RETURNING created_index",
    )?;
    let (payment_hash, invreq_id, offer_id) = (record.payment_hash(), record.invreq_id(), record.invoice.offer_id());
    let values = params![
        record.label,
        payment_hash.as_bytes(),
        invreq_id.as_bytes(),
        offer_id.as_ref().map(Hash32::as_bytes),
        record.invoice.to_string(),
        preimage.reveal(),
        record.invoice.offer_description(),
        record.amount().as_msat(),
        // Whoever says that it never expires means it.
        record.expires_at().min(i64::MAX.unsigned_abs()),
        record.attempts,
    ];
    Ok(statement.query_row(values, |row| row.get(0))?)
}

pub(super) fn attempt_again(
    connection: &Connection,
    label: &str,
    payment_hash: Hash32,
) -> Result<Option<InvoiceRecord>, Fault> {
    let Some(mut record) = find(connection, label, payment_hash)? else { return Ok(None) };
    if record.state == InvoiceState::Unpaid {
        record.attempts = record.attempts.saturating_add(1);
        let mut statement = connection.prepare_cached("UPDATE invoices SET attempts = ?2 WHERE payment_hash = ?1")?;
        statement.execute(params![payment_hash.as_bytes(), record.attempts])?;
    }
    Ok(Some(record))
}

pub(super) fn free(
    connection: &Connection,
    label: &str,
    payment_hash: Hash32,
    why: Free,
) -> Result<Option<InvoiceRecord>, Fault> {
    let Some(record) = find(connection, label, payment_hash)? else { return Ok(None) };
    let holds = match why {
        Free::NeverDelivered => record.attempts == 1,
        Free::Refused => true,
    };
    if record.state != InvoiceState::Unpaid || !holds {
        return Ok(Some(record));
    }
    delete(connection, record.created_index)?;
    Ok(None)
}

pub(super) fn accept(
    connection: &Connection,
    payment_hash: Hash32,
    htlcs: HtlcSetId,
    amount: Msat,
    now: u64,
) -> Result<Acceptance, Fault> {
    let Some(record) = by_hash(connection, payment_hash)? else {
        return Ok(Acceptance::Refused("there is no such invoice"));
    };
    let (preimage, bound) = settlement(connection, payment_hash)?;
    let asked = record.amount();
    let refused = match record.state {
        InvoiceState::Accepted | InvoiceState::Paid(_) if bound == Some(htlcs) => None,
        InvoiceState::Accepted => Some("the invoice is being paid already"),
        InvoiceState::Paid(_) => Some("the invoice is paid already"),
        InvoiceState::Expired => Some("the invoice has expired"),
        InvoiceState::Unpaid if now > record.expires_at() => Some("the invoice has expired"),
        InvoiceState::Unpaid if amount < asked => Some("it is less than the invoice asks for"),
        // More than the largest amount is more than twice of anything.
        InvoiceState::Unpaid if asked.checked_mul(2).is_some_and(|most| amount > most) => {
            Some("it is more than twice of what the invoice asks for")
        }
        InvoiceState::Unpaid => {
            bind(connection, payment_hash, htlcs)?;
            None
        }
    };
    Ok(refused.map_or(Acceptance::Accepted(preimage), Acceptance::Refused))
}

fn bind(connection: &Connection, payment_hash: Hash32, htlcs: HtlcSetId) -> Result<(), Fault> {
    let updated = next(connection, UPDATED)?;
    let mut statement = connection.prepare_cached(
        "UPDATE invoices SET state = 'accepted', htlcs = ?2, updated_index = ?3 WHERE payment_hash = ?1",
    )?;
    statement.execute(params![payment_hash.as_bytes(), htlcs.0, updated])?;
    Ok(())
}

pub(super) fn mark_paid(
    connection: &Connection,
    payment_hash: Hash32,
    htlcs: HtlcSetId,
    amount_received: Msat,
    paid_at: u64,
) -> Result<Receipt, Fault> {
    let unbound = || {
        Fault::Refused(format!("the invoice with the payment hash {payment_hash} was not bound to the HTLCs {htlcs}"))
    };
    let record = by_hash(connection, payment_hash)?.ok_or_else(unbound)?;
    let (preimage, bound) = settlement(connection, payment_hash)?;
    match record.state {
        InvoiceState::Paid(receipt) if bound == Some(htlcs) => return Ok(receipt),
        InvoiceState::Accepted if bound == Some(htlcs) => {}
        _ => return Err(unbound()),
    }
    let (pay_index, updated) = (next(connection, PAID)?, next(connection, UPDATED)?);
    let mut statement = connection.prepare_cached(
        "UPDATE invoices SET state = 'paid', pay_index = ?2, amount_received = ?3, paid_at = ?4, updated_index = ?5
         WHERE payment_hash = ?1",
    )?;
    statement.execute(params![payment_hash.as_bytes(), pay_index, amount_received.as_msat(), paid_at, updated])?;
    Ok(Receipt { preimage, pay_index: pay_index.unsigned_abs(), amount_received, paid_at })
}

pub(super) fn release(connection: &Connection, payment_hash: Hash32, htlcs: HtlcSetId) -> Result<(), Fault> {
    let mut find = connection
        .prepare_cached("SELECT 1 FROM invoices WHERE payment_hash = ?1 AND state = 'accepted' AND htlcs = ?2")?;
    if !find.exists(params![payment_hash.as_bytes(), htlcs.0])? {
        return Ok(());
    }
    let updated = next(connection, UPDATED)?;
    let mut statement = connection.prepare_cached(
        "UPDATE invoices SET state = 'unpaid', htlcs = NULL, updated_index = ?2 WHERE payment_hash = ?1",
    )?;
    statement.execute(params![payment_hash.as_bytes(), updated])?;
    Ok(())
}

/// Gives the hashes of those that expire, so many at most.
pub(super) fn expire(connection: &Connection, now: u64) -> Result<Vec<Hash32>, Fault> {
    // A time that does not fit is later than all that do.
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    // In the order of the index: in that of the table, all its rows would be looked at.
    let over = "SELECT payment_hash FROM invoices WHERE state = 'unpaid' AND expires_at < ?1
        ORDER BY expires_at, created_index LIMIT ?2";
    let limit = EXPIRED_AT_ONCE as i64;
    let hashes = rows::all(connection, over, [now, limit], |row| Ok(Hash32::from_bytes(row.get(0)?)))?;
    for hash in &hashes {
        let updated = next(connection, UPDATED)?;
        let mut statement = connection
            .prepare_cached("UPDATE invoices SET state = 'expired', updated_index = ?2 WHERE payment_hash = ?1")?;
        statement.execute(params![hash.as_bytes(), updated])?;
    }
    Ok(hashes)
}

fn find(connection: &Connection, label: &str, payment_hash: Hash32) -> Result<Option<InvoiceRecord>, Fault> {
    Ok(by_label(connection, label)?.filter(|record| record.payment_hash() == payment_hash))
}

fn by_label(connection: &Connection, label: &str) -> Result<Option<InvoiceRecord>, Fault> {
    rows::first(connection, &format!("SELECT {INVOICE} FROM invoices WHERE label = ?1"), [label], rows::invoice)
}

fn by_hash(connection: &Connection, payment_hash: Hash32) -> Result<Option<InvoiceRecord>, Fault> {
    let sql = format!("SELECT {INVOICE} FROM invoices WHERE payment_hash = ?1");
    rows::first(connection, &sql, [payment_hash.as_bytes()], rows::invoice)
}

/// The preimage of an invoice that is there, and the HTLCs that it is bound to.
fn settlement(connection: &Connection, payment_hash: Hash32) -> Result<(Secret, Option<HtlcSetId>), Fault> {
    let mut find = connection.prepare_cached("SELECT preimage, htlcs FROM invoices WHERE payment_hash = ?1")?;
    let bound = |row: &Row<'_>| Ok((Secret::from_bytes(row.get(0)?), row.get::<_, Option<u64>>(1)?.map(HtlcSetId)));
    Ok(find.query_row([payment_hash.as_bytes()], bound)?)
}

pub(super) fn delete(connection: &Connection, created_index: u64) -> Result<(), Fault> {
    connection.prepare_cached("DELETE FROM invoices WHERE created_index = ?1")?.execute([created_index])?;
    Ok(())
}
