//! Recorded traffic through the generated types.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use cln_tests::replay::{Checker, Report};

/// Sends recorded traffic of nodes through the generated types: decodes each message, writes it again and compares.
///
/// A line of FILE is a JSON object: {"method","request","response"}, {"method","request","error"},
/// {"kind":"hook"|"notification","name","payload"}, a connection's bytes {"sent":[…],"received"}, or a remark
/// {"scenario"} or {"note"}. Members besides these are ignored.
///
/// Failures, with which the exit code is 1: a file that cannot be read and a line of no known form; an answer, a
/// successful request, an error, a hook's call or a notification that its type does not read; a successful request that
/// validate() refuses; a documented field that is lost, changed or invented; a documented value that becomes an unknown
/// one; an error's data that does not fit its type.
///
/// Reported only: undocumented fields and values, commands without a schema, codes that a schema does not list, and
/// requests by position. Equal are null and nothing, 5 and 5.0, and the forms of an amount.
///
/// Values of fields are never shown, those of enums are.
#[derive(Parser)]
#[command(name = "replay", verbatim_doc_comment)]
struct Arguments {
    /// Recordings, one JSON object a line.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print one JSON object instead of text.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let report = match Checker::new() {
        Ok(checker) => checker.replay(&arguments.files),
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let printed = if arguments.json { as_json(&report) } else { write!(io::stdout(), "{report}") };
    match printed {
        // Nobody reads on; what came of it still counts.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => {
            eprintln!("error: cannot print the report: {error}");
            return ExitCode::FAILURE;
        }
        Ok(()) => {}
    }
    if report.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn as_json(report: &Report) -> io::Result<()> {
    let json = serde_json::to_string_pretty(report)?;
    writeln!(io::stdout(), "{json}")
}
