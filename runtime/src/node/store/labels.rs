//! Requests that are made once for their label.

use rusqlite::{Connection, params};

use super::Store;
use super::requests::{find, insert};
use super::rows::{self, REQUEST};
use crate::engine::{Insertion, LabelledRequests, RequestRecord, StoreError};
use crate::node::sqlite::Fault;

impl LabelledRequests for Store {
    async fn labelled(&self, label: &str) -> Result<Option<RequestRecord>, StoreError> {
        let label = label.to_owned();
        self.database().read("looking for a label", move |connection| labelled(connection, &label)).await
    }

    async fn insert_labelled(&self, label: &str, record: &RequestRecord) -> Result<Insertion, StoreError> {
        let (label, record) = (label.to_owned(), record.clone());
        let job = move |connection: &Connection| insert_labelled(connection, &label, &record);
        self.database().write("storing a request", job).await
    }
}

fn labelled(connection: &Connection, label: &str) -> Result<Option<RequestRecord>, Fault> {
    let sql = format!("SELECT {REQUEST} FROM invoicerequests WHERE unique_label = ?1");
    rows::first(connection, &sql, [label], rows::request)
}

fn insert_labelled(connection: &Connection, label: &str, record: &RequestRecord) -> Result<Insertion, Fault> {
    if let Some(earlier) = labelled(connection, label)? {
        return Ok(Insertion::LabelTaken(earlier));
    }
    if !insert(connection, record)? {
        return Ok(find(connection, record.invreq_id)?.map_or(Insertion::Done, Insertion::Exists));
    }
    connection
        .prepare_cached("UPDATE invoicerequests SET unique_label = ?2 WHERE invreq_id = ?1")?
        .execute(params![record.invreq_id.as_bytes(), label])?;
    Ok(Insertion::Done)
}
