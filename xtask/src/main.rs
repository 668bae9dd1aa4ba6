//! `cargo xtask`: the project's own commands.

mod folder;
mod swap;
mod task;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

/// The project's own commands.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Generate the typed crate, and the book's page of error codes: schemas/ to generated/src and docs/src/errors.md.
    Codegen {
        /// Change nothing; exit with 1 and the names of the files that differ.
        #[arg(long, conflicts_with = "out")]
        check: bool,
        /// Another schema folder: a checkout's doc/, or a release's folder. Needs --out.
        #[arg(long, value_name = "DIR", requires = "out")]
        schemas: Option<PathBuf>,
        /// Write a whole crate into this folder.
        #[arg(long, value_name = "CRATE")]
        out: Option<PathBuf>,
    },
    /// Take a release's facts into schemas/, and keep our sentences.
    Import {
        /// A checkout's doc/, or a release's folder.
        dir: PathBuf,
    },
    /// Write an OpenRPC document of all commands, for tools in other languages.
    Openrpc {
        /// The file to write; printed when missing.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Another schema folder.
        #[arg(long, value_name = "DIR")]
        schemas: Option<PathBuf>,
    },
    /// Count what the schemas have and what became types.
    Coverage {
        /// Another schema folder.
        #[arg(long, value_name = "DIR")]
        schemas: Option<PathBuf>,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Tell what changed between two releases' schemas, for users of the typed API and on the wire.
    Diff {
        /// The release before: a checkout's doc/, or a release's folder.
        old: PathBuf,
        /// The release after.
        new: PathBuf,
        /// How to print it.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        /// Exit with 1 if there is a change of this kind.
        #[arg(long, value_enum)]
        deny: Option<Denied>,
    },
}

/// How a diff is printed.
#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For a terminal.
    Text,
    /// For a changelog.
    Markdown,
    /// For machines.
    Json,
}

/// What a diff may not have.
#[derive(Clone, Copy, ValueEnum)]
enum Denied {
    /// Anything that breaks code on the typed API.
    Breaking,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Codegen { check: true, .. } => task::check(),
        Task::Codegen { schemas, out: Some(out), .. } => task::codegen_elsewhere(schemas.as_deref(), &out),
        Task::Codegen { .. } => task::codegen(),
        Task::Import { dir } => task::import(&dir),
        Task::Openrpc { out, schemas } => task::openrpc(schemas.as_deref(), out.as_deref()),
        Task::Coverage { schemas, json } => task::coverage(schemas.as_deref(), json),
        Task::Diff { old, new, format, deny } => task::diff(&old, &new, format, deny),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
