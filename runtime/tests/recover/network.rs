//! Two embedded nodes: alice promises and pays, bob collects.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use cln_api::listsendpays;
use cln_api::shared::PaymentStatus;
use cln_primitives::{Hash32, Msat};
use cln_runtime::client::Client;
use cln_runtime::node::{EmbeddedNode, StartError};
use cln_runtime::recover::Recover;
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::time::sleep;

use crate::proxy::Proxy;

pub const BALANCE: Msat = Msat::from_msat(1_000_000);

/// How a node goes.
#[derive(Clone, Copy, Debug)]
pub enum Leave {
    /// By `stop`, which waits for its end.
    Stopped,
    /// Without a word: its tasks end some time after.
    Dropped,
}

/// A node that comes and goes, and the proxy before it, which stays.
pub struct Side {
    folder: PathBuf,
    node: Mutex<Option<EmbeddedNode>>,
    pub proxy: Proxy,
}

impl Side {
    async fn new(network: &Path, name: &str) -> Self {
        let folder = network.join(name);
        let proxy = Proxy::start(network.join(format!("{name}-proxy")), folder.join("lightning-rpc"));
        let side = Side { folder, node: Mutex::default(), proxy };
        side.start().await;
        side
    }

    /// Starts the node as soon as its folder is free.
    pub async fn start(&self) {
        let begun = Instant::now();
        let node = loop {
            match EmbeddedNode::builder(&self.folder).balance(BALANCE).start().await {
                Err(StartError::Directory(_)) if begun.elapsed() < Duration::from_secs(20) => {
                    sleep(Duration::from_millis(5)).await;
                }
                started => break started.unwrap(),
            }
        };
        *self.node.lock().unwrap() = Some(node);
    }

    pub async fn leave(&self, how: Leave) {
        let node = self.node.lock().unwrap().take().unwrap();
        match how {
            Leave::Stopped => node.stop().await,
            Leave::Dropped => drop(node),
        }
    }

    /// The node goes while a database is held, which is let go when its tasks have ended.
    pub async fn leave_while(&self, hold: Hold, how: Leave) {
        let release = async {
            sleep(Duration::from_millis(200)).await;
            drop(hold);
        };
        tokio::join!(self.leave(how), release);
    }

    /// The flows, through the proxy, as a program of its own.
    pub async fn recover(&self) -> Recover {
        Recover::new(Client::connect(self.proxy.path()).await.unwrap())
    }

    /// The node itself.
    pub async fn client(&self) -> Client {
        Client::connect(self.folder.join("lightning-rpc")).await.unwrap()
    }

    /// The node's own database.
    pub fn store(&self) -> PathBuf {
        self.folder.join("node.sqlite3")
    }

    /// How many invoices the node has claimed.
    pub fn claims(&self) -> u64 {
        let store = Connection::open(self.store()).unwrap();
        store.query_row("SELECT count(*) FROM claims", [], |row| row.get(0)).unwrap()
    }
}

pub struct Network {
    pub alice: Side,
    pub bob: Side,
    folder: TempDir,
}

impl Network {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (alice, bob) = (Side::new(folder.path(), "alice").await, Side::new(folder.path(), "bob").await);
        Network { alice, bob, folder }
    }

    pub fn ledger(&self) -> PathBuf {
        self.folder.path().join("ledger.sqlite3")
    }

    /// Waits until alice has begun to pay, and cannot go on as the ledger is held.
    pub async fn payment_begins(&self) {
        let client = self.alice.client().await;
        let pending = listsendpays::Request::new().status(PaymentStatus::Pending);
        until(async || !client.call(&pending).await.unwrap().payments.is_empty()).await;
    }

    /// Waits until alice pays nothing any more.
    pub async fn payments_end(&self) {
        let client = self.alice.client().await;
        let pending = listsendpays::Request::new().status(PaymentStatus::Pending);
        until(async || client.call(&pending).await.unwrap().payments.is_empty()).await;
    }

    /// How often a request was paid.
    pub fn payments(&self, invreq_id: Hash32) -> u64 {
        self.count("SELECT count(*) FROM payments WHERE state = 'fulfilled' AND invreq_id = ?1", invreq_id)
    }

    /// How often a payment of a request was begun.
    pub fn offers(&self, invreq_id: Hash32) -> u64 {
        self.count("SELECT count(*) FROM payments WHERE invreq_id = ?1", invreq_id)
    }

    fn count(&self, sql: &str, invreq_id: Hash32) -> u64 {
        let ledger = Connection::open(self.ledger()).unwrap();
        ledger.query_row(sql, [invreq_id.as_bytes()], |row| row.get(0)).unwrap()
    }

    /// When all is quiet, alice has lost what bob has got.
    pub async fn check_money(&self, moved: Msat) {
        let accounts = [&self.alice, &self.bob].map(|side| {
            let node = side.node.lock().unwrap();
            node.as_ref().unwrap().node().account().clone()
        });
        until(async || accounts[0].ledger().audit().await.unwrap().offered == Msat::ZERO).await;
        assert!(accounts[0].ledger().audit().await.unwrap().is_balanced());
        let [alice, bob] = [accounts[0].balance().await.unwrap(), accounts[1].balance().await.unwrap()];
        assert_eq!([alice, bob], [BALANCE.checked_sub(moved).unwrap(), BALANCE.checked_add(moved).unwrap()]);
    }
}

/// Waits until this is so.
pub async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < Duration::from_secs(20), "it never becomes so");
        sleep(Duration::from_millis(5)).await;
    }
}

/// Nobody else writes this database as long as this lives. Writers wait ten seconds for it.
pub struct Hold(#[expect(dead_code, reason = "held")] Connection);

impl Hold {
    pub fn of(database: PathBuf) -> Self {
        let connection = Connection::open(database).unwrap();
        connection.busy_timeout(Duration::from_secs(5)).unwrap();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        Hold(connection)
    }
}
