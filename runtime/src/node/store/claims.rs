//! The payer's claims: which invoices it pays.

use cln_primitives::Hash32;
use rusqlite::{Connection, params};

use super::budget::{self, Budget};
use super::next;
use super::requests::{find as find_request, set_status};
use super::rows::{self, CLAIM};
use crate::engine::{Claim, ClaimLimits, ClaimRefusal, ClaimState, Claimed};
use crate::node::sqlite::Fault;

/// Counts how often a claim, or a payment by hand, has ended.
pub(super) const UPDATED: &str = "claims_updated";

pub(super) fn claim(
    connection: &Connection,
    claim: &Claim,
    limits: ClaimLimits,
    budget: Budget,
) -> Result<Claimed, Fault> {
    let claimed = claim_known(connection, claim, limits, budget)?;
    if claimed != Claimed::New {
        return Ok(claimed);
    }
    match find(connection, claim.payment_hash())? {
        Some(_) => revive(connection, claim, budget)?,
        None => insert(connection, claim, budget)?,
    }
    forget(connection, claim.invreq_id, limits.failed)?;
    Ok(claimed)
}

/// Does as [`claim`] does, but makes no claim: `New` tells that one can be made.
pub(super) fn claim_known(
    connection: &Connection,
    claim: &Claim,
    limits: ClaimLimits,
    budget: Budget,
) -> Result<Claimed, Fault> {
    if let Some(earlier) = find(connection, claim.payment_hash())? {
        // Another invoice with this hash, also one for the same request: what is known of the one says nothing of it.
        if earlier.invoice.as_bytes() != claim.invoice.as_bytes() {
            return Ok(Claimed::Refused(ClaimRefusal::PaymentHashTaken));
        }
        match earlier.state {
            ClaimState::Pending => {
                set_reply_path(connection, claim)?;
                return Ok(Claimed::Pending);
            }
            ClaimState::Complete(_) => return Ok(Claimed::Complete),
            ClaimState::Failed(_) => {}
        }
    }
    if let Some(refusal) = refusal(connection, claim, limits)? {
        return Ok(Claimed::Refused(refusal));
    }
    if budget::is_exceeded(connection, claim.created_at, budget)? {
        return Ok(Claimed::Refused(ClaimRefusal::DailyLimit));
    }
    Ok(Claimed::New)
}

/// Why the request may not be paid now.
fn refusal(connection: &Connection, claim: &Claim, limits: ClaimLimits) -> Result<Option<ClaimRefusal>, Fault> {
    let Some(request) = find_request(connection, claim.invreq_id)? else {
        return Ok(Some(ClaimRefusal::UnknownRequest(claim.invreq_id)));
    };
    if !request.status.is_active() {
        return Ok(Some(ClaimRefusal::Inactive));
    }
    let mut count =
        connection.prepare_cached("SELECT count(*) FROM claims WHERE invreq_id = ?1 AND state = 'pending'")?;
    let pending: u32 = count.query_row([claim.invreq_id.as_bytes()], |row| row.get(0))?;
    Ok(match request.status.is_single_use() {
        true if pending > 0 => Some(ClaimRefusal::InProgress),
        false if pending >= limits.pending => Some(ClaimRefusal::TooManyPending),
        _ => None,
    })
}

fn insert(connection: &Connection, claim: &Claim, budget: Budget) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO claims (payment_hash, invreq_id, single_use, bolt12, reply_path, state, created_at, budget)
         SELECT ?1, invreq_id, single_use, ?3, ?4, 'pending', ?5, ?6 FROM invoicerequests WHERE invreq_id = ?2",
    )?;
    statement.execute(params![
        claim.payment_hash().as_bytes(),
        claim.invreq_id.as_bytes(),
        claim.invoice.to_string(),
        claim.reply_path.as_ref().map(|path| &path.0),
        claim.created_at,
        budget.set_aside.as_msat(),
    ])?;
    Ok(())
}

/// A claim that failed is pending again.
fn revive(connection: &Connection, claim: &Claim, budget: Budget) -> Result<(), Fault> {
    let updated = next(connection, UPDATED)?;
    let mut statement = connection.prepare_cached(
        "UPDATE claims SET state = 'pending', reason = NULL, reply_path = coalesce(?2, reply_path), created_at = ?3,
             updated_index = ?4, budget = ?5
         WHERE payment_hash = ?1",
    )?;
    statement.execute(params![
        claim.payment_hash().as_bytes(),
        claim.reply_path.as_ref().map(|path| &path.0),
        claim.created_at,
        updated,
        budget.set_aside.as_msat(),
    ])?;
    Ok(())
}

/// A message that wants no answer leaves the path of an earlier one.
fn set_reply_path(connection: &Connection, claim: &Claim) -> Result<(), Fault> {
    let Some(path) = &claim.reply_path else { return Ok(()) };
    let mut statement = connection
        .prepare_cached("UPDATE claims SET reply_path = ?2 WHERE payment_hash = ?1 AND reply_path IS NOT ?2")?;
    statement.execute(params![claim.payment_hash().as_bytes(), path.0])?;
    Ok(())
}

/// Forgets the oldest claims of a request that failed, beyond so many.
fn forget(connection: &Connection, invreq_id: Hash32, kept: u32) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(
        "DELETE FROM claims WHERE created_index IN (
             SELECT created_index FROM claims WHERE invreq_id = ?1 AND state = 'failed'
             ORDER BY created_index DESC LIMIT -1 OFFSET ?2)",
    )?;
    statement.execute(params![invreq_id.as_bytes(), kept])?;
    Ok(())
}

pub(super) fn settle(connection: &Connection, payment_hash: Hash32, end: &ClaimState) -> Result<Option<Claim>, Fault> {
    let Some(mut claim) = find(connection, payment_hash)?.filter(|claim| claim.state == ClaimState::Pending) else {
        return find(connection, payment_hash);
    };
    let (state, preimage, reason) = match end {
        ClaimState::Pending => return Ok(Some(claim)),
        ClaimState::Complete(preimage) => ("complete", Some(preimage.reveal()), None),
        ClaimState::Failed(reason) => ("failed", None, Some(reason)),
    };
    let updated = next(connection, UPDATED)?;
    let mut statement = connection.prepare_cached(
        "UPDATE claims SET state = ?2, preimage = ?3, reason = ?4, updated_index = ?5,
             completed_at = iif(?2 = 'complete', unixepoch(), NULL)
         WHERE payment_hash = ?1",
    )?;
    statement.execute(params![payment_hash.as_bytes(), state, preimage, reason, updated])?;
    if let (ClaimState::Complete(_), Some(request)) = (end, find_request(connection, claim.invreq_id)?) {
        set_status(connection, request.invreq_id, request.status.paid())?;
    }
    claim.state = end.clone();
    Ok(Some(claim))
}

pub(super) fn find(connection: &Connection, payment_hash: Hash32) -> Result<Option<Claim>, Fault> {
    let sql = format!("SELECT {CLAIM} FROM claims WHERE payment_hash = ?1");
    rows::first(connection, &sql, [payment_hash.as_bytes()], rows::claim)
}

pub(super) fn pending(connection: &Connection) -> Result<Vec<Claim>, Fault> {
    let sql = format!("SELECT {CLAIM} FROM claims WHERE state = 'pending' ORDER BY created_index");
    rows::all(connection, &sql, [], rows::claim)
}

/// The claims of a request, the oldest first.
pub(super) fn of_request(connection: &Connection, invreq_id: Hash32) -> Result<Vec<Claim>, Fault> {
    let sql = format!("SELECT {CLAIM} FROM claims WHERE invreq_id = ?1 ORDER BY created_index");
    rows::all(connection, &sql, [invreq_id.as_bytes()], rows::claim)
}
