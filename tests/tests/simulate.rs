//! The engine in a simulated world: many seeds hold, and mistakes put in on purpose are found.

use clap::ValueEnum as _;
use cln_tests::simulate::{Backend, Bug, Fault, Plan, Series, explain, run, run_all};

/// What has to be reached by many seeds, besides every fault.
const REACHED: &[&str] = &[
    "answers nobody waits for",
    "calls answered by a receipt",
    "calls for an expired request (1002)",
    "calls not sent (-1)",
    "calls refused (1004)",
    "calls timed out (1005)",
    "calls until the expiry (903)",
    "calls with a taken label (900)",
    "calls without a way (1003)",
    "claims resumed",
    "clock jumps",
    "invoices expired",
    "labels freed: never delivered",
    "labels freed: refused",
    "labels not freed",
    "messages for a node that is down",
    "messages known",
    "payments failed",
    "payments given back",
    "payments gone after they were taken",
    "payments in parts",
    "payments timed out",
    "payments without funds",
    "refused: amount too large",
    "refused: amount too small",
    "refused: amount zero",
    "refused: in progress",
    "refused: inactive",
    "refused: invalid",
    "refused: invoice expired",
    "refused: request expired",
    "refused: unknown request",
    "requests disabled",
    "wallet asked again",
];

/// The same where there are lightningds.
const REACHED_BESIDE_A_LIGHTNINGD: &[&str] = &[
    "answers lost before the call was done",
    "answers nobody waits for",
    "calls answered by a receipt",
    "calls for an expired request (1002)",
    "calls of a lightningd that is down",
    "calls refused (1004)",
    "calls timed out (1005)",
    "calls until the expiry (903)",
    "calls with a taken label (900)",
    "calls without a way (1003)",
    "claims resumed",
    "expired invoices that gave way",
    "invoices expired",
    "labels freed: never delivered",
    "labels freed: refused",
    "messages refused by a lightningd alone",
    "payments given back",
    "payments in parts",
    "payments timed out",
    "wallet: failed",
    "wallet: not settled",
    "wallet: paid",
    "xpay gives up while parts are on their way",
    "xpay late",
    "xpay of an expired invoice (207)",
    "xpay of what is paid (219)",
];

fn check(series: Series, reached: &[&str], is_possible: impl Fn(&Fault) -> bool) {
    let summary = run_all(series);
    if let Some(failure) = summary.failure.and_then(|seed| explain(seed, series.backend, None)) {
        panic!("{failure}");
    }
    assert_eq!(summary.seeds, series.seeds, "{summary}");
    let faults = Fault::ALL.iter().filter(|fault| is_possible(fault)).map(|fault| fault.name());
    let missing: Vec<&str> =
        faults.chain(reached.iter().copied()).filter(|name| summary.counters.of(name) == 0).collect();
    assert_eq!(missing, Vec::<&str>::new(), "{summary}");
}

#[test]
fn ten_thousand_seeds_hold_and_everything_happens_in_them() {
    let series = Series { from: 0, seeds: 10_000, backend: Backend::Embedded, bug: None };
    check(series, REACHED, |fault| !fault.is_of_lightningd());
}

#[test]
fn five_hundred_seeds_hold_beside_lightningds_and_everything_happens_in_them() {
    let series = Series { from: 1_000, seeds: 500, backend: Backend::Lightningd, bug: None };
    check(series, REACHED_BESIDE_A_LIGHTNINGD, |_| true);
}

#[test]
fn each_mistake_is_found_within_a_thousand_seeds() {
    for bug in Bug::value_variants() {
        let series = Series { from: found_near(*bug), seeds: 1_000, backend: bug.backend(), bug: Some(*bug) };
        let summary = run_all(series);
        assert!(summary.failure.is_some(), "{}: {summary}", bug.name());
    }
}

/// Where to begin, as the first seeds that show these take long to reach.
fn found_near(bug: Bug) -> u64 {
    match bug {
        Bug::AcceptedForgotten => 400,
        _ => 0,
    }
}

#[test]
fn a_failure_is_shown_in_few_steps_and_with_the_command_to_see_it() {
    let bug = Some(Bug::LabelFreedTooEarly);
    let backend = Backend::Embedded;
    let seed = run_all(Series { from: 0, seeds: 1_000, backend, bug }).failure.unwrap();
    let shown = explain(seed, backend, bug).unwrap().to_string();
    assert!(shown.starts_with(&format!("seed {seed} breaks: ")), "{shown}");
    assert!(shown.ends_with(&format!("--from {seed} --seeds 1 --bug label-freed-too-early")), "{shown}");
    let steps = shown.lines().skip_while(|line| !line.starts_with("What was to be done"));
    let steps = steps.skip(1).take_while(|line| !line.starts_with("faults: ")).count();
    assert!(steps <= 6, "{shown}");
}

#[test]
fn the_same_seed_is_the_same_run() {
    for backend in [Backend::Embedded, Backend::Lightningd] {
        for seed in 0..20 {
            let once = || run(&Plan::new(seed, backend), None, true);
            let (first, second) = (once(), once());
            assert_eq!((first.trace, first.steps), (second.trace, second.steps));
        }
    }
}
