//! The rows of payments.

use cln_primitives::{Hash32, Msat, NodeId, Secret};
use rusqlite::{Connection, Row, params};

use super::path::OwnPath;
use crate::node::sqlite::Fault;

/// How far a payment is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Offered,
    Fulfilled(Secret),
    Failed(String),
    TimedOut,
}

/// A payment to be offered.
pub(super) struct Offer<'a> {
    pub payer: NodeId,
    pub path: &'a OwnPath,
    pub payment_hash: Hash32,
    pub invreq_id: Hash32,
    pub amount: Msat,
    pub parts: &'a [Msat],
    pub created_at: u64,
    pub timeout_at: u64,
}

/// Locks the money by the hash. Gives the payment's number.
pub(super) fn offer(connection: &Connection, offer: &Offer<'_>) -> Result<u64, Fault> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO payments (payer, payee, payment_hash, invreq_id, amount, path_key, blinded_node_id,
             encrypted_recipient_data, state, created_at, timeout_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'offered', ?9, ?10) RETURNING id",
    )?;
    let values = params![
        offer.payer.as_bytes(),
        offer.path.payee.as_bytes(),
        offer.payment_hash.as_bytes(),
        offer.invreq_id.as_bytes(),
        offer.amount.as_msat(),
        offer.path.path_key.as_bytes(),
        offer.path.blinded_node_id.as_bytes(),
        offer.path.encrypted_recipient_data,
        offer.created_at,
        // A time that does not fit is later than all that do.
        offer.timeout_at.min(i64::MAX.unsigned_abs()),
    ];
    let id: u64 = statement.query_row(values, |row| row.get(0))?;
    let mut insert = connection.prepare_cached("INSERT INTO parts VALUES (?1, ?2, ?3)")?;
    for (part, amount) in (1_u64..).zip(offer.parts) {
        insert.execute([id, part, amount.as_msat()])?;
    }
    Ok(id)
}

/// A payment's number, and how far it is.
pub(super) struct Progress {
    pub id: u64,
    pub state: State,
    pub timeout_at: u64,
}

const PROGRESS: &str = "id, timeout_at, state, preimage, reason";

fn progress(row: &Row<'_>) -> Result<Progress, Fault> {
    Ok(Progress { id: row.get(0)?, timeout_at: row.get(1)?, state: state(row)? })
}

fn state(row: &Row<'_>) -> Result<State, Fault> {
    Ok(match row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)? {
        "fulfilled" => State::Fulfilled(Secret::from_bytes(row.get(3)?)),
        "failed" => State::Failed(row.get(4)?),
        "timed_out" => State::TimedOut,
        _ => State::Offered,
    })
}

/// The latest payment of this hash by this payer.
pub(super) fn latest(connection: &Connection, payer: NodeId, hash: Hash32) -> Result<Option<Progress>, Fault> {
    let sql =
        format!("SELECT {PROGRESS} FROM payments WHERE payer = ?1 AND payment_hash = ?2 ORDER BY id DESC LIMIT 1");
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_and_then([&payer.as_bytes()[..], hash.as_bytes()], progress)?.next().transpose()
}

/// How far a payment is.
pub(super) fn by_id(connection: &Connection, id: u64) -> Result<Option<Progress>, Fault> {
    let mut statement = connection.prepare_cached(&format!("SELECT {PROGRESS} FROM payments WHERE id = ?1"))?;
    statement.query_and_then([id], progress)?.next().transpose()
}

/// Gives the payer its money back, if the payment is still offered. Gives how far it is then.
pub(super) fn time_out(connection: &Connection, id: u64) -> Result<Option<Progress>, Fault> {
    let mut statement =
        connection.prepare_cached("UPDATE payments SET state = 'timed_out' WHERE id = ?1 AND state = 'offered'")?;
    statement.execute([id])?;
    by_id(connection, id)
}

/// A payment as its payee sees it.
pub(super) struct Arrived {
    pub id: u64,
    pub payment_hash: Hash32,
    pub amount: Msat,
    pub path: OwnPath,
}

const ARRIVED: &str = "id, payment_hash, amount, payee, path_key, blinded_node_id, encrypted_recipient_data";

fn arrived(row: &Row<'_>) -> Result<Arrived, Fault> {
    Ok(Arrived {
        id: row.get(0)?,
        payment_hash: Hash32::from_bytes(row.get(1)?),
        amount: Msat::from_msat(row.get(2)?),
        path: OwnPath {
            payee: node_id(row.get(3)?)?,
            path_key: node_id(row.get(4)?)?,
            blinded_node_id: node_id(row.get(5)?)?,
            encrypted_recipient_data: row.get(6)?,
        },
    })
}

fn node_id(bytes: [u8; 33]) -> Result<NodeId, Fault> {
    NodeId::try_from(bytes).map_err(|error| Fault::Damaged(error.to_string()))
}

/// The payments that wait for this payee, the oldest first.
pub(super) fn waiting(connection: &Connection, payee: NodeId) -> Result<Vec<Arrived>, Fault> {
    let sql = format!("SELECT {ARRIVED} FROM payments WHERE payee = ?1 AND state = 'offered' ORDER BY id");
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_and_then([payee.as_bytes()], arrived)?.collect()
}

/// The payment with this number, if it is for this payee.
pub(super) fn arrived_by_id(connection: &Connection, payee: NodeId, id: u64) -> Result<Option<Arrived>, Fault> {
    let sql = format!("SELECT {ARRIVED} FROM payments WHERE id = ?1 AND payee = ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_and_then(params![id, payee.as_bytes()], arrived)?.next().transpose()
}

/// The hash and state of a payment that is for this payee.
pub(super) fn received(connection: &Connection, payee: NodeId, id: u64) -> Result<Option<(Hash32, State)>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT payment_hash, id, state, preimage, reason FROM payments WHERE id = ?1 AND payee = ?2",
    )?;
    let mut rows = statement.query(params![id, payee.as_bytes()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some((Hash32::from_bytes(row.get(0)?), state(row)?)))
}

/// Who has offered a payment; `None` when there is none of this number.
pub(super) fn payer(connection: &Connection, id: u64) -> Result<Option<NodeId>, Fault> {
    let mut statement = connection.prepare_cached("SELECT payer FROM payments WHERE id = ?1")?;
    statement.query_and_then([id], |row| node_id(row.get(0)?))?.next().transpose()
}

pub(super) fn fulfil(connection: &Connection, id: u64, preimage: &Secret) -> Result<(), Fault> {
    let mut statement =
        connection.prepare_cached("UPDATE payments SET state = 'fulfilled', preimage = ?2 WHERE id = ?1")?;
    statement.execute(params![id, preimage.reveal()])?;
    Ok(())
}

pub(super) fn fail(connection: &Connection, payee: NodeId, id: u64, why: &str) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(
        "UPDATE payments SET state = 'failed', reason = ?3 WHERE id = ?1 AND payee = ?2 AND state = 'offered'",
    )?;
    statement.execute(params![id, payee.as_bytes(), why])?;
    Ok(())
}
