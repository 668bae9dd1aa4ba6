//! The money of a network of embedded nodes: balances, and payments that are locked by a hash and taken by its preimage.
//!
//! It is a simulation of channels: one SQLite file beside the nodes' folders, which all of them open. What it keeps of
//! Lightning is what a payment depends on: money that is offered has left the payer and not reached the payee; it is
//! taken by the preimage or goes back; all parts of a payment together; and whatever crashes, how it ended can be found
//! out afterwards.
//!
//! ```text
//!                    preimage
//! offered ──┬──────────────────────▶ fulfilled   the payee has the money, the payer the preimage
//!           ├── the payee refuses ─▶ failed      the payer has the money again
//!           └── the payer, late ───▶ timed out   the payer has the money again
//! ```
//!
//! Each arrow is one step of the file, taken once. Money moves by triggers of the tables in the same step, so that it is
//! neither made nor lost, whichever program writes.

mod account;
mod audit;
mod htlcs;
mod path;
mod payments;
mod schema;
mod wallet;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use cln_primitives::{Msat, NodeId};
use tokio::sync::watch;

pub use account::{Account, AccountOptions, Now, ReadPath, Tell};
pub use audit::Audit;

use super::sqlite::{Database, Writes};
use super::wake::Waiters;
use crate::engine::StoreError;

/// A network's ledger. Clones share it.
#[derive(Clone)]
pub struct Ledger(Arc<Shared>);

struct Shared {
    database: Database,
    /// Who waits for a payment to end, by its hash.
    waiters: Waiters,
    /// Counts the payments offered here, and what others say has changed.
    changes: watch::Sender<u64>,
}

impl Ledger {
    /// Opens a ledger, which is made when there is none. Its folder must be there. Other programs may have it open.
    ///
    /// # Errors
    /// When the file cannot be opened or made, or was written by a newer program.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let database = Database::open(path, schema::STEPS)?;
        let (changes, _) = watch::channel(0);
        Ok(Ledger(Arc::new(Shared { database, waiters: Waiters::default(), changes })))
    }

    /// The account of a node. A new one has `credit`, which is money out of nothing; one that is there keeps what it has.
    ///
    /// # Errors
    /// When the ledger cannot be written, or the credit is more than all bitcoin.
    pub async fn open_account(
        &self,
        node_id: NodeId,
        credit: Msat,
        options: AccountOptions,
    ) -> Result<Account, StoreError> {
        self.database().write("opening an account", move |to| account::create(to, node_id, credit)).await?;
        Ok(Account::new(self.clone(), node_id, options))
    }

    /// What an account has, without what it has offered; `None` when there is no such account.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn balance(&self, node_id: NodeId) -> Result<Option<Msat>, StoreError> {
        self.database().read("reading a balance", move |from| account::balance(from, node_id)).await
    }

    /// Counts up all money.
    ///
    /// # Errors
    /// When the ledger cannot be read, or an amount is not as it must be.
    pub async fn audit(&self) -> Result<Audit, StoreError> {
        self.database().read("counting all money", audit::audit).await
    }

    /// Another program says that something has changed: all who wait here look again.
    pub fn poke(&self) {
        self.0.waiters.wake_all();
        self.0.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Changes whenever a payment has been offered here, or [another program says so](Self::poke). To lose nothing:
    /// subscribe first, look then, and wait for a change after that. What nobody tells of is to be looked for from time
    /// to time.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// How much this program wrote since the ledger was opened.
    pub fn writes(&self) -> Writes {
        self.0.database.writes()
    }

    /// Waits for what is still to be written, also by those who have gone.
    pub(in crate::node) async fn drain(&self) {
        self.database().drain().await;
    }

    pub(super) fn database(&self) -> &Database {
        &self.0.database
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("writes", &self.writes()).finish_non_exhaustive()
    }
}
