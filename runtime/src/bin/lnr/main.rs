//! `lnr`: nodes for requests of invoices, without a daemon, and a plugin for those who have one.

mod demo;
mod network;
mod node;
mod plugin;
mod request;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

const HELP: &str = "\
Exit codes: 0 all went well, 1 it failed, 2 wrong arguments.
RUST_LOG says how much is logged to stderr, such as debug or cln_runtime=trace.";

/// Publishes requests for invoices, sends invoices, pays and is paid, on simulated channels
#[derive(Debug, Parser)]
#[command(version, term_width = 80, after_help = HELP)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a node until Ctrl-C, SIGTERM, or its command `stop`
    Node(node::Options),
    /// Make a node publish that it will pay whoever sends an invoice: prints the text for the payee, lnr1…
    Request(request::Options),
    /// Be a plugin of Core Lightning's lightningd, which starts it: see `lnr plugin --help`
    Plugin(plugin::Options),
    /// Show two nodes at work: a request, its invoice, the payment, and what a second invoice meets
    Demo,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = plugin::arguments(std::env::args_os());
    match run(Arguments::parse_from(arguments).command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lnr: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Node(options) => {
            log("info");
            node::run(options).await
        }
        Command::Request(options) => {
            log("warn");
            request::run(options).await
        }
        Command::Plugin(options) => plugin::run(options).await,
        Command::Demo => {
            log("warn");
            demo::run().await
        }
    }
}

/// Logs to stderr, as much as `RUST_LOG` says, or else from this level up.
fn log(level: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
