//! Clients and codecs side by side.

use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use cln_tests::compare::{Case, Error, Side, bolt12, cycles, measure, run, serve, serve_node};

/// Compares what this workspace has with what others offer.
#[derive(Parser)]
#[command(name = "compare")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The client of `cln-runtime` beside that of `cln-rpc`, by the same answers over a real socket.
    ///
    /// Medians of several runs, each in a process of its own. Build it with --release, and leave the machine alone
    /// meanwhile.
    Client {
        /// Print the ratios as a JSON object instead of a table.
        #[arg(long)]
        json: bool,
        /// How many runs of each case.
        #[arg(long, default_value_t = 5)]
        runs: usize,
    },
    /// Reading and verifying a BOLT 12 invoice, beside LDK and beside the verification of its signature alone.
    ///
    /// Medians of rounds that take turns. Build it with --release, and leave the machine alone meanwhile.
    Bolt12 {
        /// Print the ratios as a JSON object instead of a table.
        #[arg(long)]
        json: bool,
        /// How many rounds.
        #[arg(long, default_value_t = 4000)]
        rounds: usize,
    },
    /// Two embedded nodes: cycles of invoicerequest, sendinvoice and payment, and their waits for the disk, beside what the
    /// disk does by itself.
    ///
    /// By one client, then by 64 at once. Build it with --release, and leave the machine alone meanwhile.
    Cycles {
        /// Print the figures as a JSON object instead of a table.
        #[arg(long)]
        json: bool,
        /// For how many seconds, each time.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
        seconds: u64,
        /// Where the nodes' folders are made for the time being: on the disk that is to be measured. By default beside this
        /// program.
        #[arg(long)]
        folder: Option<PathBuf>,
    },
    /// A node of the cycles.
    #[command(hide = true)]
    ServeNode { folder: PathBuf },
    /// The server of a comparison.
    #[command(hide = true)]
    Serve { socket: PathBuf },
    /// One measurement.
    #[command(hide = true)]
    Measure { side: Side, case: Case, socket: PathBuf },
}

fn main() -> ExitCode {
    match execute(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn execute(command: Command) -> Result<(), Error> {
    let text = match command {
        Command::Serve { socket } => return serve(&socket),
        Command::Client { json, runs } => {
            let report = run(runs.max(1))?;
            if json { format!("{}\n", report.to_json()) } else { report.to_string() }
        }
        Command::Bolt12 { json, rounds } => {
            let report = bolt12(rounds)?;
            if json { format!("{}\n", report.to_json()) } else { report.to_string() }
        }
        Command::ServeNode { folder } => return serve_node(&folder),
        Command::Cycles { json, seconds, folder } => {
            let folder = folder.map_or_else(beside_this_program, Ok)?;
            let report = cycles(Duration::from_secs(seconds), &folder)?;
            if json { format!("{}\n", report.to_json()) } else { report.to_string() }
        }
        Command::Measure { side, case, socket } => {
            let figures = measure(side, case, &socket)?;
            format!("{}\n", serde_json::to_string(&figures).map_err(|error| Error::Call(error.to_string()))?)
        }
    };
    let printed = io::stdout().write_all(text.as_bytes());
    printed.map_err(|source| Error::Io { what: "cannot print the result", source })
}

/// A temporary folder of the system may be in memory; that of a program seldom is.
fn beside_this_program() -> Result<PathBuf, Error> {
    let program = env::current_exe().map_err(|source| Error::Io { what: "cannot find this program", source })?;
    Ok(program.parent().map_or_else(PathBuf::new, Path::to_owned))
}
