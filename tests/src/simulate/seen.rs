//! What an observer, who sees all nodes and forgets nothing, knows of a run.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use cln_primitives::Hash32;
use cln_runtime::bolt12::{InvoiceRequest, Verified};
use cln_runtime::engine::{Free, Receipt, RequestRecord};

use super::plan::Fault;

/// How often something has happened, by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters(BTreeMap<&'static str, u64>);

impl Counters {
    /// One more.
    pub(super) fn count(&mut self, name: &'static str) {
        *self.0.entry(name).or_default() += 1;
    }

    /// Adds those of another run.
    pub fn add(&mut self, other: &Counters) {
        for (name, count) in &other.0 {
            *self.0.entry(name).or_default() += count;
        }
    }

    /// How often this has happened.
    pub fn of(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// All, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().map(|(name, count)| (*name, *count))
    }
}

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What must always hold.
    pub invariant: &'static str,
    /// How it did not.
    pub what: String,
}

/// How an invoice came to be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grave {
    /// Its label was freed.
    Freed(Free),
    /// It had expired, and a new one has its label.
    GaveWay,
}

#[derive(Default)]
pub(super) struct Seen {
    pub(super) traced: bool,
    pub(super) trace: Vec<String>,
    /// The chances at which a fault has struck.
    pub(super) struck: Vec<u64>,
    pub(super) counters: Counters,
    pub(super) violation: Option<Violation>,
    /// By the number in the plan.
    pub(super) published: BTreeMap<usize, (RequestRecord, InvoiceRequest<Verified>)>,
    /// The requests whose signature is known, by id.
    pub(super) signed: HashMap<Hash32, InvoiceRequest<Verified>>,
    /// The ids of requests that a call has disabled.
    pub(super) disabled: HashSet<Hash32>,
    /// How many copies of an invoice have left its payee, by payment hash.
    pub(super) left: HashMap<Hash32, u32>,
    /// The invoice that was sent with a path for the answer, by the path's bytes.
    pub(super) asked: HashMap<Vec<u8>, Hash32>,
    /// The invoices that were refused by a message.
    pub(super) refusals: HashSet<Hash32>,
    /// How often an invoice was judged by a payer, and how often the end was a refusal.
    pub(super) judged: HashMap<(usize, Hash32), (u32, u32)>,
    /// The rows that were deleted, and why.
    pub(super) graves: BTreeMap<(usize, Hash32), Grave>,
    /// The invoices that calls have told of, with their labels.
    pub(super) reported: BTreeSet<(usize, Hash32, String)>,
    /// What calls have answered, by payee and label.
    pub(super) receipts: BTreeMap<(usize, String), (Hash32, Receipt)>,
    /// How many calls are still to end well.
    pub(super) open: usize,
}

impl Seen {
    pub(super) fn new(traced: bool) -> Self {
        Seen { traced, ..Seen::default() }
    }

    pub(super) fn struck(&mut self, chance: u64, fault: Fault) {
        self.struck.push(chance);
        self.counters.count(fault.name());
    }
}
