//! The rules of `invoicerequest` and `sendinvoice` under a simulated world.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use cln_tests::simulate::{Backend, Bug, Series, Summary, explain, run_all};

/// Runs nodes that publish requests, send invoices and pay them, in a simulated world in which nodes stop, messages get
/// lost, stores fail, wallets do not know and clocks jump, and checks that nothing is paid twice, lost or stuck.
///
/// A seed decides all that happens. When one fails, what has led to it is printed, cut down to what is needed for it,
/// and the exit code is 1.
#[derive(Parser)]
#[command(name = "simulate")]
struct Arguments {
    /// How many seeds to run.
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    from: u64,
    /// What the nodes are: embedded ones, or doubles of lightningd with the rules beside them, and some embedded ones.
    #[arg(long, value_enum, default_value_t)]
    ports: Backend,
    /// A mistake put in on purpose, to see that it is found.
    #[arg(long, value_name = "NAME")]
    bug: Option<Bug>,
}

fn main() -> ExitCode {
    let Arguments { seeds, from, ports, bug } = Arguments::parse();
    let summary = run_all(Series { from, seeds, backend: ports, bug });
    // Who closes the pipe does not want to read more.
    let _ = print(&summary, ports, bug);
    if summary.failure.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn print(summary: &Summary, ports: Backend, bug: Option<Bug>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for (name, count) in summary.counters.iter() {
        writeln!(out, "{count:>12} {name}")?;
    }
    if let Some(failure) = summary.failure.and_then(|seed| explain(seed, ports, bug)) {
        writeln!(out, "\n{failure}\n")?;
    }
    writeln!(out, "{summary}")
}
