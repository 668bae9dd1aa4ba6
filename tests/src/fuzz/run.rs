//! Runs targets, and tells what has broken.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use fastrand::Rng;

use super::{Corpus, Target};

/// Every so many cases the memory is measured, which means to read once more.
const MEASURED: u64 = 16;
/// A case that takes so long has grown faster than its input, which is small.
const PATIENCE: Duration = Duration::from_secs(20);

/// Makes a call, and tells the most bytes that it had at a time.
pub type Measure = fn(&mut dyn FnMut()) -> u64;

/// What to run.
pub struct Options {
    /// The number of the first case.
    pub seed: u64,
    /// Ends the run after so many cases.
    pub cases: Option<u64>,
    /// Ends the run after so long.
    pub time: Duration,
    /// Measures memory.
    pub measure: Measure,
}

/// What was run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Report {
    /// So many cases.
    pub cases: u64,
    /// So many of them were accepted.
    pub accepted: u64,
}

/// A promise that is broken.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The target.
    pub target: &'static str,
    /// The number of the case; none for an input that was given.
    pub seed: Option<u64>,
    /// The input.
    pub input: Vec<u8>,
    /// What is wrong.
    pub problem: String,
}

/// Runs cases of a target, one after the other.
///
/// # Errors
/// The first that breaks a promise.
pub fn run(target: &Target, options: &Options) -> Result<Report, Failure> {
    let corpus = Corpus { seeds: (target.seeds)() };
    let begun = Instant::now();
    let mut report = Report::default();
    while options.cases.is_none_or(|cases| report.cases < cases) && begun.elapsed() < options.time {
        let seed = options.seed.wrapping_add(report.cases);
        let input = (target.mutate)(&mut Rng::with_seed(seed), &corpus);
        let measure = seed.is_multiple_of(MEASURED).then_some(options.measure);
        match one(target, &input, measure) {
            Ok(accepted) => report.accepted += u64::from(accepted),
            Err(problem) => return Err(Failure { target: target.name, seed: Some(seed), input, problem }),
        }
        report.cases += 1;
    }
    Ok(report)
}

/// Runs one input; true when it is accepted.
///
/// # Errors
/// When it breaks a promise.
pub fn run_input(target: &Target, input: Vec<u8>, options: &Options) -> Result<bool, Failure> {
    one(target, &input, Some(options.measure)).map_err(|problem| Failure {
        target: target.name,
        seed: None,
        input,
        problem,
    })
}

fn one(target: &Target, input: &[u8], measure: Option<Measure>) -> Result<bool, String> {
    let begun = Instant::now();
    let checked = catch_unwind(AssertUnwindSafe(|| {
        let taken = measure.map(|measure| measure(&mut || (target.read)(input)));
        ((target.check)(input), taken)
    }));
    let (accepted, taken) = checked.map_err(|panic| format!("it panics: {}", words(&*panic)))?;
    let allowed = target.memory.allowed(input.len());
    match taken.filter(|taken| *taken > allowed) {
        Some(taken) => return Err(format!("it takes {taken} bytes for {}, of {allowed} allowed", input.len())),
        None if begun.elapsed() > PATIENCE => return Err(format!("it takes {:?}", begun.elapsed())),
        None => {}
    }
    Ok(accepted)
}

fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("without words")
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { target, seed, input, problem } = self;
        writeln!(f, "{target}: {problem}")?;
        write!(f, "input: ")?;
        input.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        write!(f, "\nagain: cargo run -p cln-tests --bin fuzz -- --target {target} ")?;
        match seed {
            Some(seed) => write!(f, "--seed {seed} --cases 1"),
            None => write!(f, "--input FILE, with these bytes in the file"),
        }
    }
}
