//! A store in a folder of its own, and the messages to fill it with.

use std::path::PathBuf;
use std::sync::Arc;

use cln_primitives::{Hash32, Msat, Secret};
use cln_runtime::bolt12::{Chain, Invoice, InvoiceRequest, RequestBuilder, Unsigned, Verified};
use cln_runtime::engine::{
    Acceptance, Claim, ClaimLimits, ClaimState, Creation, HtlcSet, HtlcSetId, InvoiceRecord, InvoiceStore as _,
    NewInvoice, ReplyPath, RequestRecord, RequestStatus, RequestStore as _, SettlementStore as _, SignError,
    payment_hash,
};
use cln_runtime::node::keys::Keys;
use cln_runtime::node::store::{SignInvoice, Store};
use rusqlite::Connection;
use tempfile::TempDir;

pub const AMOUNT: Msat = Msat::from_msat(1000);
/// When invoices are made here; they expire [`EXPIRY`] seconds later.
pub const NOW: u64 = 1_800_000_000;
pub const EXPIRY: u32 = 100;
pub const LIMITS: ClaimLimits = ClaimLimits { pending: 2, failed: 1 };

pub struct Scene {
    folder: TempDir,
    pub store: Store,
}

impl Scene {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder);
        Scene { folder, store }
    }

    /// As after the program has ended, and begun anew.
    pub fn reopen(&mut self) {
        self.store = open(&self.folder);
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("node.sqlite3")
    }

    /// The tables, past all code.
    pub fn sql(&self) -> Connection {
        let connection = Connection::open(self.path()).unwrap();
        connection.pragma_update(None, "foreign_keys", true).unwrap();
        connection
    }

    /// Stores a request.
    pub async fn request(&self, number: u8, single_use: bool) -> Hash32 {
        let record = record(number, single_use);
        assert!(self.store.insert_request(&record).await.unwrap());
        record.invreq_id
    }

    /// Stores an invoice, and gives its payment hash.
    pub async fn invoice(&self, label: &str, preimage: u8) -> Hash32 {
        match self.store.create_invoice(new_invoice(label, 1, preimage)).await.unwrap() {
            Creation::Created(record) => record.payment_hash(),
            Creation::LabelTaken(_) => panic!("{label} is taken"),
        }
    }

    /// Takes a payment of an invoice, and gives whether it was.
    pub async fn accept(&self, preimage: u8, htlcs: u64) -> bool {
        let accepted = self.store.accept_htlcs(&htlc_set(preimage, htlcs, AMOUNT), NOW).await.unwrap();
        matches!(accepted, Acceptance::Accepted(_))
    }

    /// Pays an invoice.
    pub async fn pay(&self, preimage: u8, htlcs: u64) {
        assert!(self.accept(preimage, htlcs).await);
        self.store.mark_paid(hash(preimage), HtlcSetId(htlcs), AMOUNT, NOW).await.unwrap();
    }

    pub async fn find(&self, label: &str) -> Option<InvoiceRecord> {
        self.store.invoice(label).await.unwrap()
    }
}

fn open(folder: &TempDir) -> Store {
    Store::open(&folder.path().join("node.sqlite3"), signer()).unwrap()
}

pub fn signer() -> SignInvoice {
    let keys = keys(2);
    Arc::new(move |invoice| keys.finish_invoice(invoice).map_err(|error| SignError(error.to_string())))
}

/// Keys of no worth: 1 pays, 2 is paid.
pub fn keys(number: u8) -> Keys {
    Keys::from_seed(&[number; 32], Chain::REGTEST).unwrap()
}

pub fn signed_request(number: u8) -> InvoiceRequest<Verified> {
    let keys = keys(1);
    let request = RequestBuilder::stand_alone(&[number; 16], keys.node_id(), Chain::REGTEST, AMOUNT);
    keys.sign_request(request.offer_description("tea").build().unwrap()).unwrap()
}

pub fn record(number: u8, single_use: bool) -> RequestRecord {
    let request = signed_request(number);
    RequestRecord {
        invreq_id: request.invreq_id(),
        bolt12: request.to_string(),
        label: Some(format!("request {number}")),
        status: RequestStatus::new(single_use),
        min_amount: Some(Msat::from_msat(number.into())),
        created_at: NOW,
    }
}

pub fn preimage(number: u8) -> Secret {
    Secret::from_bytes([number; 32])
}

pub fn hash(number: u8) -> Hash32 {
    payment_hash(&preimage(number))
}

pub fn unsigned(request: u8, preimage: u8) -> Invoice<Unsigned> {
    let invoice = signed_request(request).invoice(hash(preimage), AMOUNT, NOW, keys(2).node_id());
    invoice.invoice_relative_expiry(EXPIRY).build().unwrap()
}

pub fn new_invoice(label: &str, request: u8, number: u8) -> NewInvoice {
    NewInvoice { label: label.to_owned(), invoice: unsigned(request, number), preimage: preimage(number) }
}

/// A claim of an invoice. The same numbers are not the same invoice: its path's key is drawn.
pub fn claim(request: u8, preimage: u8) -> Claim {
    let invoice = keys(2).finish_invoice(unsigned(request, preimage)).unwrap();
    Claim {
        invreq_id: invoice.invreq_id(),
        invoice,
        reply_path: Some(ReplyPath(vec![preimage])),
        state: ClaimState::Pending,
        created_at: NOW,
    }
}

pub fn htlc_set(preimage: u8, id: u64, amount: Msat) -> HtlcSet {
    HtlcSet { id: HtlcSetId(id), payment_hash: hash(preimage), amount, path_secret: None }
}
