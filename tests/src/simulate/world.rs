//! Everything that a run consists of but its tasks: the time, the nodes' stores, the network, and what was seen.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use cln_primitives::{Hash32, Secret};
use cln_runtime::bolt12::{InvoiceRequest, Verified};
use cln_runtime::engine::{Answer, Claim, HtlcSetId, InvoiceRecord, RequestRecord};
use cln_runtime::onion::Received;
use fastrand::Rng;

use super::bug::Bug;
use super::ledger::Ledger;
use super::lightningd::Lightningd;
use super::plan::{Fault, Kind, Plan};
use super::seen::{Seen, Violation};

/// When all runs start, in seconds since 1970.
pub(super) const START: u64 = 1_760_000_000;

/// The world, for all who act in it.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<World>>);

impl Shared {
    pub(super) fn new(world: World) -> Self {
        Shared(Arc::new(Mutex::new(world)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What runs tasks, and stops with all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Process {
    /// The rules of a node: all of an embedded one, and what stands beside a lightningd.
    Rules(usize),
    /// A node's lightningd.
    Daemon(usize),
}

/// What a process does beside all else.
pub(super) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(super) struct World {
    /// Milliseconds since the start.
    pub(super) now: u64,
    pub(super) plan: Plan,
    pub(super) bug: Option<Bug>,
    pub(super) rng: Rng,
    events: BinaryHeap<Reverse<Scheduled>>,
    /// How many chances for a fault there have been.
    chances: u64,
    /// Nothing goes wrong any more.
    pub(super) healed: bool,
    /// The processes that have stopped and whose tasks are still to be dropped.
    pub(super) crashed: Vec<Process>,
    /// The tasks that are still to be started.
    pub(super) spawned: Vec<(Process, Task)>,
    pub(super) nodes: Vec<Node>,
    pub(super) ledger: Ledger,
    /// How many calls of ports there have been.
    pub(super) steps: u64,
    pub(super) seen: Seen,
}

/// One node: what it has stored, and what it loses when it stops.
#[derive(Default)]
pub(super) struct Node {
    /// Whether the rules run.
    pub(super) up: bool,
    /// What the rules run beside; `None` for an embedded node.
    pub(super) lightningd: Option<Lightningd>,
    /// By how many seconds its clock is wrong.
    pub(super) skew: i64,
    /// How much randomness it has drawn.
    pub(super) drawn: u64,
    pub(super) requests: Vec<RequestRecord>,
    pub(super) claims: Vec<Claim>,
    pub(super) invoices: BTreeMap<String, InvoiceRecord>,
    /// By payment hash.
    pub(super) preimages: HashMap<Hash32, Secret>,
    /// The payment that an invoice is bound to, by payment hash.
    pub(super) bound: HashMap<Hash32, HtlcSetId>,
    pub(super) created: u64,
    pub(super) updated: u64,
    pub(super) paid: u64,
    /// Volatile: who waits for a change of an invoice.
    pub(super) waiting: Vec<Waker>,
    /// Volatile: who waits for an answer, by the secret of the way back.
    pub(super) replies: HashMap<[u8; 32], Waiting>,
}

/// A payee's wait for the answer to one message.
#[derive(Default)]
pub(super) struct Waiting {
    pub(super) answer: Option<Answer>,
    pub(super) waker: Option<Waker>,
}

/// What happens by itself when its time has come.
pub(super) enum Event {
    Wake(Waker),
    Message {
        to: usize,
        message: Box<Received>,
    },
    Part {
        payment: usize,
        noticed: bool,
    },
    Timeout {
        payment: usize,
    },
    Restart {
        process: Process,
    },
    /// A payer's lightningd hears how a part has ended.
    PartEnds {
        payment: usize,
        part: u32,
    },
    /// A lightningd looks which invoices have expired.
    Expiry {
        node: usize,
    },
    LookAfter {
        node: usize,
    },
    Step {
        number: usize,
        tries: u8,
    },
}

/// An event and its time; those of one time come in any order.
struct Scheduled {
    at: u64,
    order: u32,
    event: Event,
}

impl Scheduled {
    fn key(&self) -> (u64, u32) {
        (self.at, self.order)
    }
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}
impl Eq for Scheduled {}
impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl World {
    pub(super) fn new(plan: Plan, bug: Option<Bug>, traced: bool) -> Self {
        let node =
            |kind: &Kind| Node { lightningd: (*kind == Kind::Lightningd).then(Lightningd::default), ..Node::default() };
        let nodes = plan.kinds.iter().map(node).collect();
        let ledger = Ledger::new(plan.balances.clone());
        World {
            now: 0,
            bug,
            rng: Rng::with_seed(plan.schedule),
            events: BinaryHeap::new(),
            chances: 0,
            healed: false,
            crashed: Vec::new(),
            spawned: Vec::new(),
            nodes,
            ledger,
            steps: 0,
            seen: Seen::new(traced),
            plan,
        }
    }

    /// Lets a process do something more.
    pub(super) fn spawn(&mut self, process: Process, task: impl Future<Output = ()> + Send + 'static) {
        self.spawned.push((process, Box::pin(task)));
    }

    /// Lets something happen after some milliseconds.
    pub(super) fn schedule(&mut self, after: u64, event: Event) {
        let order = self.rng.u32(..);
        self.events.push(Reverse(Scheduled { at: self.now + after, order, event }));
    }

    /// A step of the plan that cannot be made yet is made later, a few times.
    pub(super) fn again(&mut self, number: usize, tries: u8) {
        if tries < 5 {
            self.schedule(4_000, Event::Step { number, tries: tries + 1 });
        }
    }

    /// The next event up to this time, to which the clock is set.
    pub(super) fn next_event(&mut self, limit: u64) -> Option<Event> {
        if self.events.peek()?.0.at > limit {
            return None;
        }
        let Reverse(Scheduled { at, event, .. }) = self.events.pop()?;
        self.now = self.now.max(at);
        Some(event)
    }

    /// A chance for something to go wrong.
    pub(super) fn strikes(&mut self, node: usize, fault: Fault) -> bool {
        self.chances += 1;
        let draw = self.rng.u32(0..1000);
        if self.healed || draw >= self.plan.rates.of(fault) || self.plan.spared.contains(&self.chances) {
            return false;
        }
        self.seen.struck(self.chances, fault);
        self.note(node, || format!("! {}", fault.name()));
        true
    }

    /// How long something takes, in milliseconds.
    pub(super) fn delay(&mut self) -> u64 {
        match self.rng.u8(0..16) {
            _ if self.healed => self.rng.u64(0..5),
            0..=8 => self.rng.u64(0..3),
            9..=14 => self.rng.u64(3..150),
            _ => self.rng.u64(150..2_000),
        }
    }

    /// A node's clock, in seconds since 1970.
    pub(super) fn clock(&self, node: usize) -> u64 {
        (START + self.now / 1_000).saturating_add_signed(self.nodes[node].skew)
    }

    /// The rules of a node stop: only what is stored stays.
    pub(super) fn crash(&mut self, node: usize) {
        if !self.nodes[node].up {
            return;
        }
        self.note(node, || "stops".to_owned());
        self.nodes[node].up = false;
        self.nodes[node].waiting.clear();
        self.nodes[node].replies.clear();
        if self.bug == Some(Bug::PreimagesDrawnAgain) {
            self.nodes[node].drawn = 0;
        }
        self.stopped(Process::Rules(node));
    }

    /// A lightningd stops: its tables and its payments on their way stay. Its plugins stop with it; other clients may
    /// go on.
    pub(super) fn crash_daemon(&mut self, node: usize) {
        let Some(daemon) = self.nodes[node].lightningd.as_mut().filter(|daemon| daemon.up) else { return };
        daemon.stop();
        self.note(node, || "lightningd stops".to_owned());
        self.stopped(Process::Daemon(node));
        if self.rng.u8(0..4) > 0 {
            self.crash(node);
        }
    }

    fn stopped(&mut self, process: Process) {
        self.crashed.push(process);
        let down = self.rng.u64(20..20_000);
        self.schedule(down, Event::Restart { process });
    }

    /// Somebody looks at this node's invoices again.
    pub(super) fn invoices_changed(&mut self, node: usize) {
        self.nodes[node].waiting.drain(..).for_each(Waker::wake);
    }

    /// The request with this id, signed, if it was published.
    pub(super) fn published(&self, request: usize) -> Option<(RequestRecord, InvoiceRequest<Verified>)> {
        self.seen.published.get(&request).cloned()
    }

    /// Writes a line of the trace.
    pub(super) fn note(&mut self, node: usize, what: impl FnOnce() -> String) {
        if self.seen.traced {
            let line = format!("{:>10.3} node {node}: {}", self.now as f64 / 1_000.0, what());
            self.seen.trace.push(line);
        }
    }

    /// What must hold does not.
    pub(super) fn violated(&mut self, invariant: &'static str, what: String) {
        self.seen.violation.get_or_insert(Violation { invariant, what });
    }

    /// Demands that something holds.
    pub(super) fn demand(&mut self, holds: bool, invariant: &'static str, what: impl FnOnce() -> String) {
        if !holds {
            self.violated(invariant, what());
        }
    }
}

/// The first digits of a hash, as the trace shows it.
pub(super) fn short(hash: Hash32) -> String {
    hash.to_string().chars().take(8).collect()
}
