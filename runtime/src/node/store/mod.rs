//! What a node remembers: its requests and their claims as a payer, its invoices as a payee, in one SQLite file.
//!
//! [`Store`] is the engine's [`RequestStore`](crate::engine::RequestStore) and
//! [`InvoiceStore`](crate::engine::InvoiceStore), and answers what the listing commands ask.
//!
//! The rules that money hangs on are constraints of the tables: a single-use request has one claim at most that has not
//! failed; a payment hash has one claim and one invoice at most; an invoice is bound to one payment before it is paid;
//! numbers that are shown to others never come twice.

mod budget;
mod claims;
mod deleting;
mod invoices;
mod labels;
mod lists;
mod owner;
mod payments;
mod requests;
mod rows;
mod schema;
mod settings;
mod steps;
mod waiting;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::watch;

pub use budget::Budget;
pub use deleting::DeleteError;
pub use lists::{Index, InvoiceFilter, Page, PayFilter, PayRow};
pub use owner::Owner;
pub use payments::{NewPayment, PaymentBegun, PaymentEnd};
pub use rows::{InvoiceRow, InvoiceStatus, PayStatus};

use super::sqlite::{Database, Fault, Writes};
use super::wake::Waiters;
use crate::bolt12::{Invoice, Unsigned, Verified};
use crate::engine::{SignError, StoreError};

/// Adds the node's own path to an invoice that has none, and signs it. Called on the runtime's threads.
pub type SignInvoice = Arc<dyn Fn(Invoice<Unsigned>) -> Result<Invoice<Verified>, SignError> + Send + Sync>;

/// A node's store. Clones share it.
#[derive(Clone)]
pub struct Store(Arc<Shared>);

struct Shared {
    database: Database,
    sign: SignInvoice,
    /// Who waits for an invoice, by its payment hash.
    waiters: Waiters,
    /// Counts payments received, for those who wait for any.
    payments: watch::Sender<u64>,
}

impl Store {
    /// Opens a store, which is made when there is none. Its folder must be there.
    ///
    /// # Errors
    /// When the file cannot be opened or made, or was written by a newer program.
    pub fn open(path: &Path, sign: SignInvoice) -> Result<Self, StoreError> {
        let database = Database::open(path, schema::STEPS)?;
        let (payments, _) = watch::channel(0);
        Ok(Store(Arc::new(Shared { database, sign, waiters: Waiters::default(), payments })))
    }

    /// How much was written since the store was opened.
    pub fn writes(&self) -> Writes {
        self.0.database.writes()
    }

    /// Waits for what is still to be written, also by those who have gone.
    pub(crate) async fn drain(&self) {
        self.database().drain().await;
    }

    pub(super) fn database(&self) -> &Database {
        &self.0.database
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("writes", &self.writes()).finish_non_exhaustive()
    }
}

/// The next number of a counter, from 1.
fn next(connection: &Connection, counter: &str) -> Result<i64, Fault> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO counters VALUES (?1, 1) ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value",
    )?;
    Ok(statement.query_row([counter], |row| row.get(0))?)
}
