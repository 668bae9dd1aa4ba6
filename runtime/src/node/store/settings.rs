//! What the store is told once and keeps.

use cln_primitives::Secret;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::Store;
use crate::engine::StoreError;
use crate::node::sqlite::Fault;

/// What the secrets of the requests' paths are made of.
const PATH_BASE: &str = "path_base";
/// One byte: whether paying is paused.
const PAUSED: &str = "paused";

impl Store {
    /// What the secrets of the requests' paths are made of: `new` the first time, and the same for ever.
    ///
    /// # Errors
    /// When the store cannot be written, or holds something else there.
    pub async fn path_base(&self, new: Secret) -> Result<Secret, StoreError> {
        let job = move |connection: &Connection| {
            connection
                .prepare_cached("INSERT INTO settings VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
                .execute(params![PATH_BASE, new.reveal()])?;
            let kept = value(connection, PATH_BASE)?.and_then(|bytes| bytes.try_into().ok());
            kept.map(Secret::from_bytes).ok_or_else(|| Fault::Damaged("the base of the paths' secrets".to_owned()))
        };
        self.database().write("looking for the base of the paths' secrets", job).await
    }

    /// Whether paying is paused.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn paused(&self) -> Result<bool, StoreError> {
        let job = |connection: &Connection| Ok(value(connection, PAUSED)?.is_some_and(|bytes| bytes != [0]));
        self.database().read("looking whether paying is paused", job).await
    }

    /// Pauses or resumes paying, over restarts too.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn set_paused(&self, paused: bool) -> Result<(), StoreError> {
        let job = move |connection: &Connection| {
            connection
                .prepare_cached("INSERT INTO settings VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2")?
                .execute(params![PAUSED, [u8::from(paused)]])?;
            Ok(())
        };
        self.database().write("storing whether paying is paused", job).await
    }
}

fn value(connection: &Connection, name: &str) -> Result<Option<Vec<u8>>, Fault> {
    let mut find = connection.prepare_cached("SELECT value FROM settings WHERE name = ?1")?;
    Ok(find.query_row([name], |row| row.get(0)).optional()?)
}
