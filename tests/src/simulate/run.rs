//! One run: the plan is carried out, then all is mended and has to come to its end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use cln_runtime::engine::{Issuer, Limits};

use super::bug::Bug;
use super::check;
use super::executor::Executor;
use super::ledger::PaymentState;
use super::lightningd;
use super::plan::{Plan, Step};
use super::ports::Ports;
use super::seen::{Counters, Violation};
use super::tasks;
use super::turn::wait;
use super::world::{Event, Process, Shared, World};

/// How long the plan is carried out, in milliseconds.
const PLAN: u64 = 100_000;
/// How long all may take to come to its end, once nothing goes wrong any more.
const MENDING: u64 = 20_000_000;
/// After how long a payment that has not ended is back, and the wallet has said so.
const LONGEST_LOCK: u64 = 450_000;
/// The same beside a lightningd: a claim whose call of `xpay` was lost is released when its invoice has expired.
const LONGEST_CLAIM: u64 = 8_600_000;
/// When every invoice has expired.
const LATER: u64 = 1_000_000_000;
/// How often a node looks after what is unfinished.
const LOOK_AFTER: u64 = 20_000;
/// The same when nothing goes wrong any more.
const LOOK_AFTER_ALL_IS_MENDED: u64 = 200_000;

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What must not be and was.
    pub violation: Option<Violation>,
    /// How many calls of ports there were.
    pub steps: u64,
    /// What has happened how often.
    pub counters: Counters,
    /// The chances at which a fault has struck.
    pub struck: Vec<u64>,
    /// What has happened, line by line, when that was wanted.
    pub trace: Vec<String>,
}

/// Carries a plan out; the same plan gives the same outcome always.
pub fn run(plan: &Plan, bug: Option<Bug>, traced: bool) -> Outcome {
    let world = Shared::new(World::new(plan.clone(), bug, traced));
    let mut run = Run::new(&world);
    let ended = catch_unwind(AssertUnwindSafe(|| run.all()));
    if ended.is_err() {
        world.lock().violated("nothing panics", "see what the panic has said".to_owned());
    }
    // The tasks hold the world, and the world may hold their wakers.
    drop(run);
    let mut world = world.lock();
    world.spawned.clear();
    let steps = world.steps;
    let seen = &mut world.seen;
    Outcome {
        violation: seen.violation.take(),
        steps,
        counters: std::mem::take(&mut seen.counters),
        struck: std::mem::take(&mut seen.struck),
        trace: std::mem::take(&mut seen.trace),
    }
}

pub(super) struct Run {
    pub(super) world: Shared,
    pub(super) executor: Executor,
    /// Each running node's rules.
    rules: Vec<Place>,
}

/// Where the rules of one run of a node are, once they have read what they need.
type Place = Arc<Mutex<Option<Rules>>>;

/// The rules of one run of a node.
#[derive(Clone)]
pub(super) struct Rules {
    pub(super) issuer: Arc<Issuer<Ports>>,
    pub(super) ports: Ports,
}

impl Rules {
    fn new(ports: Ports) -> Self {
        Rules { issuer: Arc::new(Issuer::new(ports.clone(), Limits::default())), ports }
    }
}

impl Run {
    /// All nodes are off.
    pub(super) fn new(world: &Shared) -> Self {
        let nodes = world.lock().nodes.len();
        let executor = Executor::new(world.clone());
        Run { world: world.clone(), executor, rules: vec![Place::default(); nodes] }
    }

    fn all(&mut self) {
        let nodes = self.rules.len();
        for node in 0..nodes {
            self.boot(node);
            let mut world = self.world.lock();
            let after = world.rng.u64(1_000..LOOK_AFTER);
            world.schedule(after, Event::LookAfter { node });
        }
        {
            let mut world = self.world.lock();
            for number in 0..world.plan.steps.len() {
                let at = world.plan.steps[number].0;
                world.schedule(at, Event::Step { number, tries: 0 });
            }
        }
        self.until(PLAN);
        self.mend();
        let limit = self.world.lock().now + MENDING;
        self.until_closed(limit);
        let limit = {
            let world = self.world.lock();
            let beside = world.nodes.iter().any(|node| node.lightningd.is_some());
            world.now + if beside { LONGEST_CLAIM + world.plan.jumps() } else { LONGEST_LOCK }
        };
        self.until(limit);
        self.call_for_all_that_is_active();
        let limit = self.world.lock().now + MENDING;
        self.until_closed(limit);
        let later = self.world.lock().now + LATER;
        self.world.lock().now = later;
        for node in 0..nodes {
            self.look_after(node);
        }
        self.until(later + LOOK_AFTER);
        self.call_for_receipts();
        self.until_closed(later + MENDING);
        check::at_the_end(&mut self.world.lock());
    }

    /// Runs up to a time.
    pub(super) fn until(&mut self, limit: u64) {
        while let Some(event) = self.executor.run(limit) {
            self.handle(event);
        }
        let mut world = self.world.lock();
        world.now = world.now.max(limit);
    }

    /// Runs until the last call has ended that has to end well.
    pub(super) fn until_closed(&mut self, limit: u64) {
        while self.world.lock().seen.open > 0 {
            match self.executor.run(limit) {
                Some(event) => self.handle(event),
                None => break,
            }
        }
        let mut world = self.world.lock();
        let open = world.seen.open;
        world.demand(open == 0, "every call comes to its end", || format!("{open} calls have not"));
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Wake(waker) => waker.wake(),
            Event::Message { to, message } => self.message(to, *message),
            Event::Part { payment, noticed } => self.part(payment, noticed),
            Event::Timeout { payment } => {
                let mut world = self.world.lock();
                let back = PaymentState::Failed("the payment timed out".to_owned());
                if world.end_payment(payment, back) {
                    world.seen.counters.count("payments timed out");
                    let payer = world.ledger.payments[payment].payer;
                    world.note(payer, || format!("payment {payment} has timed out"));
                }
            }
            Event::Restart { process: Process::Rules(node) } => self.boot_rules(node),
            Event::Restart { process: Process::Daemon(node) } => self.boot(node),
            Event::PartEnds { payment, part } => self.world.lock().part_ends(payment, part),
            Event::Expiry { node } => lightningd::expire(&mut self.world.lock(), node),
            Event::LookAfter { node } => {
                self.look_after(node);
                let mut world = self.world.lock();
                let after = if world.healed { LOOK_AFTER_ALL_IS_MENDED } else { LOOK_AFTER };
                world.schedule(after, Event::LookAfter { node });
            }
            Event::Step { number, tries } => self.step(number, tries),
        }
    }

    /// The ports of a node that runs.
    #[cfg(test)]
    pub(super) fn ports(&self, node: usize) -> Option<Ports> {
        self.running(node).map(|rules| rules.ports)
    }

    pub(super) fn running(&self, node: usize) -> Option<Rules> {
        let rules = self.rules[node].lock().unwrap_or_else(PoisonError::into_inner).clone();
        rules.filter(|_| self.world.lock().nodes[node].up)
    }

    /// Starts a node, with its lightningd.
    pub(super) fn boot(&mut self, node: usize) {
        let is_down = {
            let world = self.world.lock();
            world.nodes[node].lightningd.as_ref().is_some_and(|daemon| !daemon.up)
        };
        if is_down {
            lightningd::resume(&self.world, node);
        }
        self.boot_rules(node);
    }

    fn boot_rules(&mut self, node: usize) {
        {
            let mut world = self.world.lock();
            if world.nodes[node].up {
                return;
            }
            world.nodes[node].up = true;
            world.note(node, || "starts".to_owned());
        }
        // What it had in memory is gone.
        self.rules[node] = Place::default();
        if self.world.lock().nodes[node].lightningd.is_some() {
            let (place, world) = (self.rules[node].clone(), self.world.clone());
            self.executor.spawn(node, async move {
                let ports = Ports::beside(&world, node).await;
                let rules = Rules::new(ports);
                *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(rules.clone());
                tasks::look_after(rules.ports, rules.issuer).await;
            });
        } else {
            let ports = Ports::embedded(&self.world, node);
            *self.rules[node].lock().unwrap_or_else(PoisonError::into_inner) = Some(Rules::new(ports));
            self.look_after(node);
        }
    }

    fn look_after(&mut self, node: usize) {
        if let Some(rules) = self.running(node) {
            self.executor.spawn(node, tasks::look_after(rules.ports, rules.issuer));
        }
    }

    fn step(&mut self, number: usize, tries: u8) {
        let step = self.world.lock().plan.steps[number].1;
        match step {
            Step::Crash { node } => {
                let mut world = self.world.lock();
                world.crash(node);
                drop(world);
                self.executor.look();
            }
            Step::CrashDaemon { node } => {
                let mut world = self.world.lock();
                if world.nodes[node].lightningd.is_some() {
                    world.crash_daemon(node)
                } else {
                    world.crash(node)
                }
                drop(world);
                self.executor.look();
            }
            Step::Jump { node, seconds } => {
                let mut world = self.world.lock();
                world.nodes[node].skew += seconds;
                world.seen.counters.count("clock jumps");
                world.note(node, || step.to_string());
                world.schedule(0, Event::Expiry { node });
            }
            Step::LookAfter { node } => self.look_after(node),
            Step::Publish { node, .. } => self.user(node, number, tries, step),
            Step::Collect { payee, request, .. } => {
                // Nobody can ask for what is not published yet.
                let published = self.world.lock().published(request).is_some();
                if published {
                    self.user(payee, number, tries, step);
                } else {
                    self.world.lock().again(number, tries);
                }
            }
            Step::Disable { request } => {
                let node = self.world.lock().plan.payer(request);
                let published = self.world.lock().published(request).is_some();
                match node.filter(|_| published) {
                    Some(node) => self.user(node, number, tries, step),
                    None => self.world.lock().again(number, tries),
                }
            }
        }
    }

    /// Somebody calls a command of a node, later if it is down.
    fn user(&mut self, node: usize, number: usize, tries: u8, step: Step) {
        let Some(Rules { issuer, ports }) = self.running(node) else {
            return self.world.lock().again(number, tries);
        };
        self.world.lock().note(node, || format!("> {step}"));
        match step {
            Step::Publish { .. } => self.executor.spawn(node, tasks::publish(ports, issuer, step)),
            Step::Collect { .. } => self.executor.spawn(node, tasks::collect(ports, step)),
            Step::Disable { request } => self.executor.spawn(node, tasks::disable(ports, issuer, request)),
            Step::Crash { .. } | Step::CrashDaemon { .. } | Step::Jump { .. } | Step::LookAfter { .. } => {}
        }
    }

    /// From now on nothing goes wrong, the clocks are right and all nodes run. Every call is made again.
    fn mend(&mut self) {
        let calls = {
            let mut world = self.world.lock();
            world.healed = true;
            world.note(0, || "-- all is mended".to_owned());
            for node in 0..world.nodes.len() {
                world.nodes[node].skew = 0;
                world.schedule(0, Event::Expiry { node });
            }
            let calls = world.plan.calls();
            world.seen.open = calls.len();
            calls
        };
        for node in 0..self.rules.len() {
            self.boot(node);
            self.look_after(node);
        }
        for step in calls {
            let Step::Collect { payee, .. } = step else { continue };
            self.spawn_when_ready(payee, move |ports| tasks::collect_to_the_end(ports, step));
        }
    }

    /// Starts what needs a node's rules, which may still have to read something. They do not stop any more.
    fn spawn_when_ready<T: Future<Output = ()> + Send + 'static>(
        &mut self,
        node: usize,
        task: impl FnOnce(Ports) -> T + Send + 'static,
    ) {
        let (place, world) = (self.rules[node].clone(), self.world.clone());
        self.executor.spawn(node, async move {
            let rules = loop {
                if let Some(rules) = place.lock().unwrap_or_else(PoisonError::into_inner).clone() {
                    break rules;
                }
                wait(&world, 1_000).await;
            };
            task(rules.ports).await;
        });
    }

    /// A request that may be paid is paid when all is well: nothing is stuck.
    fn call_for_all_that_is_active(&mut self) {
        let orders = check::payable(&mut self.world.lock());
        self.world.lock().seen.open = orders.len();
        for (payee, order) in orders {
            self.spawn_when_ready(payee, move |ports| tasks::must_be_paid(ports, order));
        }
    }

    /// Whoever has a receipt gets it again.
    fn call_for_receipts(&mut self) {
        let orders = check::receipts(&mut self.world.lock());
        self.world.lock().seen.open = orders.len();
        for (payee, order) in orders {
            self.spawn_when_ready(payee, move |ports| tasks::must_be_paid(ports, order));
        }
    }
}
