//! A ledger with a payer and a payee, and invoices to be paid.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use cln_primitives::{Hash32, Msat, Secret};
use cln_runtime::bolt12::{Chain, Features, Invoice, RequestBuilder, Unsigned, Verified};
use cln_runtime::engine::{HtlcSet, Htlcs as _, PayError, SignError, Wallet as _, payment_hash};
use cln_runtime::node::keys::Keys;
use cln_runtime::node::ledger::{Account, AccountOptions, Ledger};
use cln_runtime::node::store::Store;
use rusqlite::Connection;
use tempfile::TempDir;

pub const CREDIT: Msat = Msat::from_msat(10_000);
/// The time when a scene begins.
pub const NOW: u64 = 1_800_000_000;
/// For how many seconds invoices are valid, and payments are offered after that.
pub const EXPIRY: u32 = 100;
pub const GRACE: u64 = 50;
pub const LARGEST_PART: Msat = Msat::from_msat(1000);
pub const INVREQ_ID: Hash32 = Hash32::from_bytes([9; 32]);

pub struct Scene {
    folder: TempDir,
    pub ledger: Ledger,
    pub payer: Account,
    pub payee: Account,
    pub now: Arc<AtomicU64>,
}

impl Scene {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = Arc::new(AtomicU64::new(NOW));
        let ledger = Ledger::open(&folder.path().join("ledger.sqlite3")).unwrap();
        let payer = account(&folder, &ledger, 1, &now).await;
        let payee = account(&folder, &ledger, 2, &now).await;
        Scene { folder, ledger, payer, payee, now }
    }

    /// A node's account as another program sees it, or this one after a restart.
    pub async fn elsewhere(&self, node: u8) -> Account {
        let ledger = Ledger::open(&self.folder.path().join("ledger.sqlite3")).unwrap();
        account(&self.folder, &ledger, node, &self.now).await
    }

    /// The tables, past all code.
    pub fn sql(&self) -> Connection {
        let connection = Connection::open(self.folder.path().join("ledger.sqlite3")).unwrap();
        connection.pragma_update(None, "foreign_keys", true).unwrap();
        connection
    }

    /// How far each payment is.
    pub fn states(&self) -> Vec<String> {
        let sql = self.sql();
        let mut states = sql.prepare("SELECT state FROM payments ORDER BY id").unwrap();
        states.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// Starts to pay, and waits until that is offered.
    pub async fn offer(&self, invoice: &Invoice<Verified>) -> (HtlcSet, Paying) {
        let (payer, invoice) = (self.payer.clone(), invoice.clone());
        let hash = invoice.payment().payment_hash;
        let paying = tokio::spawn(async move { payer.pay(&invoice, INVREQ_ID).await });
        loop {
            let offered = self.payee.offered().await.unwrap();
            if let Some(set) = offered.into_iter().find(|set| set.payment_hash == hash) {
                return (set, paying);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// The payee's invoices.
    pub fn payee_store(&self) -> Store {
        store(&self.folder, 2)
    }

    /// What payer and payee have, and what is between them.
    pub async fn money(&self) -> [u64; 3] {
        let audit = self.ledger.audit().await.unwrap();
        assert!(audit.is_balanced(), "{audit:?}");
        let (payer, payee) = (self.payer.balance().await.unwrap(), self.payee.balance().await.unwrap());
        [payer.as_msat(), audit.offered.as_msat(), payee.as_msat()]
    }
}

pub type Paying = tokio::task::JoinHandle<Result<Secret, PayError>>;

async fn account(folder: &TempDir, ledger: &Ledger, node: u8, now: &Arc<AtomicU64>) -> Account {
    let (reader, now) = (keys(node), now.clone());
    let options = AccountOptions {
        tell: Arc::new(|_| ()),
        store: store(folder, node),
        read_path: Arc::new(move |path_key, hop| reader.read_own_hop(path_key, hop)),
        now: Arc::new(move || now.load(Relaxed)),
        largest_part: LARGEST_PART,
        grace: Duration::from_secs(GRACE),
    };
    ledger.open_account(keys(node).node_id(), CREDIT, options).await.unwrap()
}

fn store(folder: &TempDir, node: u8) -> Store {
    let keys = keys(node);
    let sign = Arc::new(move |invoice| keys.finish_invoice(invoice).map_err(|error| SignError(error.to_string())));
    Store::open(&folder.path().join(format!("{node}.sqlite3")), sign).unwrap()
}

/// Keys of no worth: 1 pays, 2 is paid, others are strangers.
pub fn keys(node: u8) -> Keys {
    Keys::from_seed(&[node; 32], Chain::REGTEST).unwrap()
}

pub fn preimage(number: u8) -> Secret {
    Secret::from_bytes([number; 32])
}

/// An invoice of a node, which may be paid in parts.
pub fn unsigned(node: u8, number: u8, amount: u64) -> Invoice<Unsigned> {
    let (payer, payee) = (keys(1), keys(node));
    let amount = Msat::from_msat(amount);
    let request = RequestBuilder::stand_alone(&[number; 16], payer.node_id(), Chain::REGTEST, amount).build().unwrap();
    let request = payer.sign_request(request).unwrap();
    let invoice = request.invoice(payment_hash(&preimage(number)), amount, NOW, payee.node_id());
    invoice.invoice_relative_expiry(EXPIRY).invoice_features(Features::from_bytes(&[2, 0, 0])).build().unwrap()
}

pub fn invoice_of(node: u8, number: u8, amount: u64) -> Invoice<Verified> {
    keys(node).finish_invoice(unsigned(node, number, amount)).unwrap()
}

pub fn invoice(number: u8, amount: u64) -> Invoice<Verified> {
    invoice_of(2, number, amount)
}
