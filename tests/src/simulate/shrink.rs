//! Makes a failing plan smaller while it fails in the same way.

use super::bug::Bug;
use super::plan::{Fault, Plan};
use super::run::run;

/// How many calls of ports are spent on it.
const MOST_STEPS: u64 = 10_000_000;
/// How often a plan with a step less is tried.
const TRIES: u64 = 25;

/// A smaller plan that breaks the same invariant: without the steps and the faults that are not needed for it.
pub fn shrink(plan: Plan, bug: Option<Bug>) -> Plan {
    let Some(violation) = run(&plan, bug, false).violation else { return plan };
    let mut steps = 0;
    let mut fails = |plan: &Plan| {
        if steps > MOST_STEPS {
            return false;
        }
        let outcome = run(plan, bug, false);
        steps += outcome.steps;
        outcome.violation.is_some_and(|found| found.invariant == violation.invariant)
    };
    let mut best = plan;
    loop {
        let before = size(&best);
        best = fewer_rates(best, &mut fails);
        best = fewer_steps(best, &mut fails);
        best = fewer_faults(best, bug, &mut fails);
        if size(&best) == before {
            return best;
        }
    }
}

fn size(plan: &Plan) -> (usize, usize, usize) {
    let rates = Fault::ALL.iter().filter(|fault| plan.rates.of(**fault) > 0).count();
    (plan.steps.len(), rates, plan.spared.len())
}

fn fewer_rates(mut best: Plan, fails: &mut impl FnMut(&Plan) -> bool) -> Plan {
    for fault in Fault::ALL {
        if best.rates.of(*fault) > 0 {
            let rates = best.rates.without(*fault);
            best = better(best.clone(), Plan { rates, ..best }, fails);
        }
    }
    best
}

/// A step less shifts all that is left to chance, so each smaller plan gets a few tries.
fn fewer_steps(mut best: Plan, fails: &mut impl FnMut(&Plan) -> bool) -> Plan {
    for at in (0..best.steps.len()).rev() {
        let mut smaller = best.clone();
        smaller.steps.remove(at);
        for luck in 0..TRIES {
            smaller.schedule = best.schedule.wrapping_add(luck);
            if fails(&smaller) {
                best = smaller;
                break;
            }
        }
    }
    best
}

/// Lets faults go by that have struck: many at a time at first.
fn fewer_faults(mut best: Plan, bug: Option<Bug>, fails: &mut impl FnMut(&Plan) -> bool) -> Plan {
    let struck = run(&best, bug, false).struck;
    let mut together = struck.len();
    while together > 0 {
        for some in struck.chunks(together) {
            let mut smaller = best.clone();
            smaller.spared.extend(some);
            best = better(best, smaller, fails);
        }
        together /= 2;
    }
    best
}

fn better(best: Plan, smaller: Plan, fails: &mut impl FnMut(&Plan) -> bool) -> Plan {
    if fails(&smaller) { smaller } else { best }
}
