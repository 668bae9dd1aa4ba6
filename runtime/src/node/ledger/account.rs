//! A node's account in the ledger: its wallet, and where its payments arrive.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cln_primitives::{Msat, NodeId, Secret};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::Ledger;
use crate::bolt12::Hop;
use crate::engine::StoreError;
use crate::node::sqlite::Fault;
use crate::node::store::Store;

/// Reads the secret that the node put into a path to itself, from the path's key and only hop; `None` when it is not
/// such a path.
pub type ReadPath = Arc<dyn Fn(NodeId, Hop<'_>) -> Option<Secret> + Send + Sync>;

/// The time, in seconds since 1970.
pub type Now = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Tells another node that the ledger has something new for it: a payment that it is offered, or the end of one that it
/// has offered. Nothing depends on it but how soon that node looks.
pub type Tell = Arc<dyn Fn(NodeId) + Send + Sync>;

/// What an account needs of its node.
#[derive(Clone)]
pub struct AccountOptions {
    /// The node's invoices, which know what payments are to be gone on with.
    pub store: Store,
    /// Reads the node's own paths.
    pub read_path: ReadPath,
    /// The node's clock.
    pub now: Now,
    /// Tells the other node of a payment.
    pub tell: Tell,
    /// A payment of more than this is offered in several parts, if the invoice allows it.
    pub largest_part: Msat,
    /// For how long after the invoice's expiry a payment stays offered.
    pub grace: Duration,
}

impl fmt::Debug for AccountOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountOptions")
            .field("largest_part", &self.largest_part)
            .field("grace", &self.grace)
            .finish_non_exhaustive()
    }
}

/// A node's account. It is the engine's [`Wallet`](crate::engine::Wallet) and [`Htlcs`](crate::engine::Htlcs).
#[derive(Clone, Debug)]
pub struct Account {
    pub(super) ledger: Ledger,
    pub(super) node_id: NodeId,
    pub(super) options: AccountOptions,
}

impl Account {
    pub(super) fn new(ledger: Ledger, node_id: NodeId, options: AccountOptions) -> Self {
        Account { ledger, node_id, options }
    }

    /// Whose account it is.
    pub fn node_id(&self) -> NodeId {
        self.node_id
    }

    /// The ledger that it stands in.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What the node has, without what it has offered.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn balance(&self) -> Result<Msat, StoreError> {
        // It was made when the account was opened, and stays.
        Ok(self.ledger.balance(self.node_id).await?.unwrap_or_default())
    }
}

/// Makes an account, unless it is there.
pub(super) fn create(connection: &Connection, node_id: NodeId, credit: Msat) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached("INSERT INTO accounts VALUES (?1, ?2, ?2)")?;
    if balance(connection, node_id)?.is_none() {
        statement.execute(params![node_id.as_bytes(), credit.as_msat()])?;
    }
    Ok(())
}

pub(super) fn balance(connection: &Connection, node_id: NodeId) -> Result<Option<Msat>, Fault> {
    let mut statement = connection.prepare_cached("SELECT balance FROM accounts WHERE node_id = ?1")?;
    let balance: Option<u64> = statement.query_row([node_id.as_bytes()], |row| row.get(0)).optional()?;
    Ok(balance.map(Msat::from_msat))
}
