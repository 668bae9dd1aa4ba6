//! What a lightningd remembers.

use std::collections::BTreeMap;
use std::task::Waker;

use cln_primitives::{Hash32, Msat, Secret};
use cln_runtime::bolt12::{Invoice, Verified};
use serde_json::{Value, json};

use crate::simulate::keys;
use crate::simulate::world::World;

/// A lightningd: its tables, and what it loses when it stops.
#[derive(Default)]
pub(crate) struct Lightningd {
    pub(crate) up: bool,
    pub(crate) invoices: BTreeMap<String, InvoiceRow>,
    pub(crate) parts: Vec<PartRow>,
    pub(super) created: u64,
    pub(super) updated: u64,
    pub(crate) paid: u64,
    /// The neighbours that cannot be reached, and until when, in milliseconds.
    pub(super) cut: BTreeMap<usize, u64>,
    /// Volatile: the calls that wait for a change of a table.
    waiting: Vec<Waker>,
}

impl Lightningd {
    /// Its calls are gone.
    pub(crate) fn stop(&mut self) {
        self.up = false;
        self.waiting.clear();
    }

    /// Wakes at the next change of a table.
    pub(super) fn wait(&mut self, waker: &Waker) {
        self.waiting.push(waker.clone());
    }

    pub(super) fn changed(&mut self) {
        self.waiting.drain(..).for_each(Waker::wake);
    }

    pub(super) fn by_hash(&mut self, hash: Hash32) -> Option<&mut InvoiceRow> {
        self.invoices.values_mut().find(|row| row.payment_hash() == hash)
    }

    /// An invoice is another than it was.
    pub(super) fn set(&mut self, hash: Hash32, status: InvoiceStatus) {
        self.updated += 1;
        let updated = self.updated;
        if let Some(row) = self.by_hash(hash) {
            row.status = status;
            row.updated_index = Some(updated);
        }
        self.changed();
    }
}

/// An invoice, as `listinvoices` tells it.
#[derive(Clone)]
pub(crate) struct InvoiceRow {
    pub(crate) label: String,
    pub(crate) invoice: Invoice<Verified>,
    pub(super) preimage: Secret,
    pub(super) expires_at: u64,
    pub(crate) status: InvoiceStatus,
    pub(super) created_index: u64,
    pub(super) updated_index: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InvoiceStatus {
    Unpaid,
    Expired,
    Paid { pay_index: u64, received: Msat, at: u64 },
}

impl InvoiceStatus {
    pub(super) fn name(self) -> &'static str {
        match self {
            InvoiceStatus::Unpaid => "unpaid",
            InvoiceStatus::Expired => "expired",
            InvoiceStatus::Paid { .. } => "paid",
        }
    }
}

impl InvoiceRow {
    pub(crate) fn payment_hash(&self) -> Hash32 {
        self.invoice.payment().payment_hash
    }

    pub(super) fn to_json(&self) -> Value {
        let mut row = json!({
            "label": self.label,
            "bolt12": self.invoice.to_string(),
            "payment_hash": self.payment_hash(),
            "amount_msat": self.invoice.payment().amount,
            "status": self.status.name(),
        });
        if let InvoiceStatus::Paid { pay_index, received, at } = self.status {
            row["pay_index"] = json!(pay_index);
            row["amount_received_msat"] = json!(received);
            row["paid_at"] = json!(at);
            row["payment_preimage"] = json!(self.preimage);
        }
        if let Some(description) = self.invoice.offer_description() {
            row["description"] = json!(description);
        }
        row["expires_at"] = json!(self.expires_at);
        row["created_index"] = json!(self.created_index);
        if let Some(updated) = self.updated_index {
            row["updated_index"] = json!(updated);
        }
        row
    }
}

/// A part of a payment, as `listsendpays` tells it.
#[derive(Clone)]
pub(crate) struct PartRow {
    /// The payment's number in the ledger.
    pub(crate) payment: usize,
    /// Counted from 1, as all its rows are.
    pub(crate) part: u32,
    /// Which call of `xpay` has sent it.
    pub(super) group: u64,
    pub(crate) hash: Hash32,
    pub(super) amount: u64,
    pub(super) payee: usize,
    pub(super) bolt12: String,
    pub(super) created_at: u64,
    pub(crate) status: PartStatus,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PartStatus {
    Pending,
    Complete { preimage: Secret, at: u64 },
    Failed,
}

impl PartRow {
    /// `number` is the row's, from 1.
    pub(super) fn to_json(&self, number: usize) -> Value {
        let mut row = json!({
            "created_index": number,
            "id": number,
            "payment_hash": self.hash,
            "groupid": self.group,
            "partid": self.part,
            "destination": keys::of(self.payee).id,
            "amount_msat": self.amount,
            "amount_sent_msat": self.amount,
            "created_at": self.created_at,
            "bolt12": self.bolt12,
        });
        match &self.status {
            PartStatus::Pending => row["status"] = json!("pending"),
            PartStatus::Complete { preimage, at } => {
                row["status"] = json!("complete");
                row["completed_at"] = json!(at);
                row["payment_preimage"] = json!(preimage);
            }
            PartStatus::Failed => row["status"] = json!("failed"),
        }
        row
    }
}

impl World {
    /// A node's lightningd.
    ///
    /// # Panics
    /// When it is an embedded node: nobody asks that for one.
    pub(super) fn lightningd(&mut self, node: usize) -> &mut Lightningd {
        self.nodes[node].lightningd.as_mut().expect("only nodes with a lightningd are asked for it")
    }
}
