//! SQLite for async programs: one connection writes, a few read, and writes that wait together are made durable
//! together.
//!
//! ```text
//! write ─▶ queue ─▶ writer's thread: BEGIN, each job in a savepoint of its own, COMMIT ─▶ answers
//! read  ─▶ a blocking thread with a connection of its own
//! ```
//!
//! Nobody waits for others to come: while one `COMMIT` waits for the disk the next jobs queue up, and all of them are
//! the next transaction. So a single writer has the disk's own speed, and many writers share it.
//!
//! What is written is durable (`journal_mode=WAL`, `synchronous=FULL`) before its job is answered, also for a program
//! that is killed or a machine that loses power. A job that fails is undone alone; a `COMMIT` that fails undoes, and
//! fails, all jobs of its transaction.

mod fault;
mod open;
mod readers;
#[cfg(test)]
mod tests;
mod writer;

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;

pub(crate) use fault::Fault;
pub use writer::Writes;

use crate::engine::StoreError;
use readers::Readers;
use writer::Writer;

/// A database file, open.
#[derive(Debug)]
pub(crate) struct Database {
    writer: Writer,
    readers: Readers,
}

impl Database {
    /// Opens a file, which is made when there is none, readable by its owner alone, and brings it to the newest schema:
    /// each of the `steps` once, in their order. A step never changes once it was released.
    ///
    /// # Errors
    /// When the file cannot be opened, is no database, or was written by a newer program.
    pub(crate) fn open(path: &Path, steps: &[&str]) -> Result<Self, StoreError> {
        let name: Arc<Path> = path.into();
        let connection = open::writable(&name, steps).map_err(|fault| fault.told("opening the database", &name))?;
        Ok(Database { writer: Writer::start(connection, name.clone())?, readers: Readers::new(name) })
    }

    /// Does one atomic step, durable when it returns. It is done whether or not the caller still waits.
    pub(crate) async fn write<T, F>(&self, doing: &'static str, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        self.write_then(doing, job, |_| ()).await
    }

    /// Like [`write`](Self::write); `after` is called when the step is durable, also when the caller waits no longer.
    pub(crate) async fn write_then<T, F, A>(&self, doing: &'static str, job: F, after: A) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
        A: FnOnce(&T) + Send + 'static,
    {
        self.writer.write(doing, job, after).await
    }

    /// Waits until every step that was asked for before is done or has failed, also those whose callers have gone.
    pub(crate) async fn drain(&self) {
        // Steps are done in their order. How this one ends says nothing of the others.
        let _ = self.write("waiting for earlier steps", |_| Ok(())).await;
    }

    /// Reads by one statement, what is durable by now.
    pub(crate) async fn read<T, F>(&self, doing: &'static str, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        self.readers.read(doing, job).await
    }

    /// How much was written so far.
    pub(crate) fn writes(&self) -> Writes {
        self.writer.writes()
    }
}
