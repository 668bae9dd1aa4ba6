//! Every reader of what others send, under mutated inputs.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use cln_tests::fuzz::{Failure, Options, Report, TARGETS, Target, run, run_input};

/// Reads real inputs that are changed at random: no reader panics, what is accepted is written and read again as the same,
/// and the memory that reading takes is bounded by the length of the input.
///
/// The seed decides all inputs. When one breaks a promise, it is printed with the command that repeats it, and the exit
/// code is 1.
#[derive(Parser)]
#[command(name = "fuzz")]
struct Arguments {
    /// How long to run; all targets have the same part of it.
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    seconds: u64,
    /// Only targets with this in their name.
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// The number of each target's first case.
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    seed: u64,
    /// The most cases of a target.
    #[arg(long, value_name = "N")]
    cases: Option<u64>,
    /// How many threads share the targets.
    #[arg(long, default_value_t = 1, value_name = "N")]
    threads: usize,
    /// Reads this file instead, once by each target.
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match fuzz(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// True when all promises hold.
fn fuzz(arguments: &Arguments) -> io::Result<bool> {
    let is_meant = |target: &&Target| arguments.target.as_ref().is_none_or(|name| target.name.contains(name.as_str()));
    let targets: Vec<&Target> = TARGETS.iter().filter(is_meant).collect();
    if targets.is_empty() {
        let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
        return Err(io::Error::other(format!("no such target: there are {}", names.join(", "))));
    }
    let input = arguments.input.as_ref().map(std::fs::read).transpose()?;
    let threads = arguments.threads.clamp(1, targets.len());
    let time = Duration::from_secs(arguments.seconds) * u32::try_from(threads).unwrap_or(1)
        / u32::try_from(targets.len()).unwrap_or(1);
    let options = &Options { seed: arguments.seed, cases: arguments.cases, time, measure };
    let parts: Vec<Vec<&Target>> =
        (0..threads).map(|at| targets.iter().copied().skip(at).step_by(threads).collect()).collect();
    let begun = Instant::now();
    let results = std::thread::scope(|scope| {
        let input = &input;
        let run_part = |part: Vec<&'static Target>| {
            move || {
                let one = |target| match input {
                    Some(input) => show_input(target, run_input(target, input.clone(), options)),
                    None => show(target, run(target, options)),
                };
                part.into_iter().map(one).collect::<io::Result<Vec<Option<u64>>>>()
            }
        };
        let running: Vec<_> = parts.into_iter().map(|part| scope.spawn(run_part(part))).collect();
        let joined = running.into_iter().map(|thread| thread.join().map_err(|_| io::Error::other("a thread panicked")));
        joined.collect::<io::Result<Vec<_>>>()
    })?;
    let results = results.into_iter().collect::<io::Result<Vec<_>>>()?.concat();
    let cases: u64 = results.iter().flatten().sum();
    writeln!(io::stdout(), "{cases:>12} in {} s", begun.elapsed().as_secs())?;
    Ok(results.iter().all(Option::is_some))
}

/// Tells the result, and gives the number of cases if all is well.
fn show(target: &Target, result: Result<Report, Failure>) -> io::Result<Option<u64>> {
    match result {
        Ok(Report { cases, accepted }) => {
            writeln!(io::stdout(), "{cases:>12} {}, {accepted} accepted", target.name)?;
            Ok(Some(cases))
        }
        Err(failure) => writeln!(io::stdout(), "\n{failure}\n").map(|()| None),
    }
}

fn show_input(target: &Target, result: Result<bool, Failure>) -> io::Result<Option<u64>> {
    match result {
        Ok(accepted) => {
            writeln!(io::stdout(), "{} {}", target.name, if accepted { "accepts it" } else { "refuses it" })?;
            Ok(Some(1))
        }
        Err(failure) => writeln!(io::stdout(), "\n{failure}\n").map(|()| None),
    }
}

/// The most bytes that this thread had more than before.
fn measure(call: &mut dyn FnMut()) -> u64 {
    allocation_counter::measure(call).bytes_max
}
