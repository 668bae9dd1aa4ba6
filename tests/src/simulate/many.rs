//! Many seeds, on all processors.

use std::fmt;
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::bug::Bug;
use super::plan::{Backend, Fault, Kind, Plan};
use super::run::{Outcome, run};
use super::seen::{Counters, Violation};
use super::shrink::shrink;

/// What to run.
#[derive(Clone, Copy, Debug)]
pub struct Series {
    /// The first seed.
    pub from: u64,
    /// How many.
    pub seeds: u64,
    /// What the nodes are.
    pub backend: Backend,
    /// What is wrong on purpose.
    pub bug: Option<Bug>,
}

/// What many runs have shown.
#[derive(Clone, Debug)]
pub struct Summary {
    /// How many seeds were run: fewer than wanted when one has failed.
    pub seeds: u64,
    /// How many calls of ports there were.
    pub steps: u64,
    /// What has happened how often.
    pub counters: Counters,
    /// The lowest seed that failed.
    pub failure: Option<u64>,
    /// How long it took.
    pub took: Duration,
}

/// Runs seeds until one fails.
pub fn run_all(series: Series) -> Summary {
    let start = Instant::now();
    let next = AtomicU64::new(0);
    let failed = AtomicBool::new(false);
    let workers = std::thread::available_parallelism().map_or(1, NonZero::get);
    let parts: Vec<Summary> = std::thread::scope(|scope| {
        let work = || work(series, &next, &failed);
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let mut all = Summary::new();
    for part in &parts {
        all.seeds += part.seeds;
        all.steps += part.steps;
        all.counters.add(&part.counters);
        all.failure = [all.failure, part.failure].into_iter().flatten().min();
    }
    all.took = start.elapsed();
    all
}

fn work(series: Series, next: &AtomicU64, failed: &AtomicBool) -> Summary {
    let mut summary = Summary::new();
    while !failed.load(Ordering::Relaxed) {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= series.seeds {
            break;
        }
        let seed = series.from.wrapping_add(number);
        let outcome = run(&Plan::new(seed, series.backend), series.bug, false);
        summary.seeds += 1;
        summary.steps += outcome.steps;
        summary.counters.add(&outcome.counters);
        if outcome.violation.is_some() {
            summary.failure = Some(seed);
            failed.store(true, Ordering::Relaxed);
        }
    }
    summary
}

impl Summary {
    fn new() -> Self {
        Summary { seeds: 0, steps: 0, counters: Counters::default(), failure: None, took: Duration::ZERO }
    }
}

impl fmt::Display for Summary {
    /// One line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { seeds, steps, failure, took, .. } = self;
        let violations = u8::from(failure.is_some());
        let noun = if violations == 1 { "violation" } else { "violations" };
        write!(f, "{seeds} seeds, {steps} steps, {violations} {noun}, {:.1} s", took.as_secs_f64())
    }
}

/// A seed's failure, in as few steps as could be found.
#[derive(Clone, Debug)]
pub struct Failure {
    seed: u64,
    backend: Backend,
    bug: Option<Bug>,
    plan: Plan,
    violation: Violation,
    trace: Vec<String>,
}

/// Runs a seed that fails again, to show how.
pub fn explain(seed: u64, backend: Backend, bug: Option<Bug>) -> Option<Failure> {
    let plan = shrink(Plan::new(seed, backend), bug);
    let Outcome { violation, trace, .. } = run(&plan, bug, true);
    Some(Failure { seed, backend, bug, plan, violation: violation?, trace })
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { seed, backend, bug, plan, violation, trace } = self;
        writeln!(f, "seed {seed} breaks: {}", violation.invariant)?;
        writeln!(f, "{}\n\nWhat was to be done, without what is not needed for it:", violation.what)?;
        let lightningds = plan.kinds.iter().enumerate().filter(|(_, kind)| **kind == Kind::Lightningd);
        let lightningds: Vec<String> = lightningds.map(|(node, _)| node.to_string()).collect();
        if !lightningds.is_empty() {
            writeln!(f, "lightningd: {}", lightningds.join(", "))?;
        }
        for (at, step) in &plan.steps {
            writeln!(f, "{:>10.3} {step}", *at as f64 / 1_000.0)?;
        }
        let faults = Fault::ALL.iter().filter(|fault| plan.rates.of(**fault) > 0);
        let faults: Vec<&str> = faults.map(|fault| fault.name()).collect();
        writeln!(
            f,
            "faults: {}\n\nWhat happened:",
            if faults.is_empty() { "none".to_owned() } else { faults.join(", ") }
        )?;
        for line in trace {
            writeln!(f, "{line}")?;
        }
        let bug = bug.map_or_else(String::new, |bug| format!(" --bug {}", bug.name()));
        let command = "cargo run --release -p cln-tests --bin simulate --";
        write!(f, "\nTo see it again: {command} --ports {backend} --from {seed} --seeds 1{bug}")
    }
}
