//! The payer's requests.

use cln_primitives::Hash32;
use rusqlite::{Connection, params};

use super::Store;
use super::budget::Budget;
use super::claims;
use super::rows::{self, REQUEST};
use crate::engine::{
    Claim, ClaimLimits, ClaimState, Claimed, Disabling, RequestRecord, RequestStatus, RequestStore, StoreError,
};
use crate::node::sqlite::Fault;

impl RequestStore for Store {
    async fn insert_request(&self, record: &RequestRecord) -> Result<bool, StoreError> {
        let record = record.clone();
        self.database().write("storing a request", move |connection| insert(connection, &record)).await
    }

    async fn request(&self, invreq_id: Hash32) -> Result<Option<RequestRecord>, StoreError> {
        self.database().read("reading a request", move |connection| find(connection, invreq_id)).await
    }

    async fn requests(&self) -> Result<Vec<RequestRecord>, StoreError> {
        let list = |connection: &Connection| {
            let sql = format!("SELECT {REQUEST} FROM invoicerequests ORDER BY number");
            rows::all(connection, &sql, params![], rows::request)
        };
        self.database().read("listing the requests", list).await
    }

    async fn disable_request(&self, invreq_id: Hash32) -> Result<Disabling, StoreError> {
        self.database().write("disabling a request", move |connection| disable(connection, invreq_id)).await
    }

    async fn claim(&self, claim: &Claim, limits: ClaimLimits) -> Result<Claimed, StoreError> {
        self.claim_within(claim, limits, Budget::default()).await
    }

    async fn settle_claim(&self, payment_hash: Hash32, end: ClaimState) -> Result<Option<Claim>, StoreError> {
        let settle = move |connection: &Connection| claims::settle(connection, payment_hash, &end);
        self.database().write("storing how a payment ended", settle).await
    }

    async fn find_claim(&self, payment_hash: Hash32) -> Result<Option<Claim>, StoreError> {
        self.database().read("reading a payment", move |connection| claims::find(connection, payment_hash)).await
    }

    async fn pending_claims(&self) -> Result<Vec<Claim>, StoreError> {
        self.database().read("reading the pending payments", claims::pending).await
    }
}

pub(super) fn insert(connection: &Connection, record: &RequestRecord) -> Result<bool, Fault> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO invoicerequests (invreq_id, bolt12, label, status, single_use, min_amount, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (invreq_id) DO NOTHING",
    )?;
    let inserted = statement.execute(params![
        record.invreq_id.as_bytes(),
        record.bolt12,
        record.label,
        record.status.bits(),
        record.status.is_single_use(),
        record.min_amount.map(|amount| amount.as_msat()),
        record.created_at,
    ])?;
    Ok(inserted == 1)
}

pub(super) fn find(connection: &Connection, invreq_id: Hash32) -> Result<Option<RequestRecord>, Fault> {
    let sql = format!("SELECT {REQUEST} FROM invoicerequests WHERE invreq_id = ?1");
    rows::first(connection, &sql, [invreq_id.as_bytes()], rows::request)
}

fn disable(connection: &Connection, invreq_id: Hash32) -> Result<Disabling, Fault> {
    let Some(mut record) = find(connection, invreq_id)? else {
        return Ok(Disabling::Unknown);
    };
    let Some(status) = record.status.disabled() else {
        return Ok(Disabling::Inactive(record));
    };
    set_status(connection, invreq_id, status)?;
    record.status = status;
    Ok(Disabling::Done(record))
}

pub(super) fn set_status(connection: &Connection, invreq_id: Hash32, status: RequestStatus) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached("UPDATE invoicerequests SET status = ?2 WHERE invreq_id = ?1")?;
    statement.execute(params![invreq_id.as_bytes(), status.bits()])?;
    Ok(())
}
