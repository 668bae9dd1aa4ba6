//! `lnr`: payments by requests (BOLT 12), from both sides, and nodes to try them with.

mod amount;
mod call;
mod collect;
mod decode;
mod demo;
mod disable;
mod doctor;
mod documents;
mod exit;
mod find;
mod input;
mod list;
mod make;
mod network;
mod node;
mod output;
mod parameters;
mod plugin;
mod qr;
mod request;
mod requests;
mod show;
mod time;
mod wait;
mod watch;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use exit::Failure;

const HELP: &str = "\
With --json, and by call, a node's error is printed to stdout, as JSON. Those of
collect have the codes of `sendinvoice` and words of lnr's own. What lnr refuses
by itself is told on stderr only.
RUST_LOG says how much is logged to stderr, such as debug or cln_runtime=trace.
NO_COLOR switches colours off.";

/// Pays and is paid by requests, lnr1… (BOLT 12), on Core Lightning nodes and on nodes of its own
///
/// A payer publishes what it pays to whoever sends an invoice (request); a payee sends one and is paid (collect).
#[derive(Debug, Parser)]
#[command(name = "lnr", version, term_width = 80, after_help = format!("{}\n\n{HELP}", exit::HELP))]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Promise a payment: makes the text lnr1… for the payee
    Request(request::Options),
    /// Be paid by a request of somebody else: sends an invoice for it and waits
    Collect(collect::Options),
    /// List the node's own requests
    List(list::Options),
    /// Show one of the node's own requests
    Show(show::Options),
    /// Take a request back: it takes no more invoices
    Disable(disable::Options),
    /// Say what a text means, without a node: lnr1…, lno1…, lni1…, lnbc…, or a rune
    Decode(decode::Options),
    /// Run a node until Ctrl-C, SIGTERM, or its command `stop`; its channels are simulated
    Node(node::Options),
    /// Be a plugin of Core Lightning's lightningd, which starts it
    Plugin(plugin::Options),
    /// Show two nodes at work: a request, its invoice, the payment, and what a second invoice meets
    Demo,
    /// Call any command of the node; its parameters are checked before they are sent
    Call(call::Options),
    /// Call `invoicerequest` with lightning-cli's parameters
    #[command(name = "invoicerequest")]
    InvoiceRequest(call::AliasOptions),
    /// Call `sendinvoice` with lightning-cli's parameters
    #[command(name = "sendinvoice")]
    SendInvoice(call::AliasOptions),
    /// Look why something does not work: the socket, the node, its channels, the clock
    Doctor(doctor::Options),
    /// Print a script by which a shell completes lnr's arguments
    Completions(documents::CompletionsOptions),
    /// Print the manual page
    Man(documents::ManOptions),
}

impl Command {
    /// Does its output go to programs, so that a node's error does too?
    fn is_for_programs(&self) -> bool {
        match self {
            Command::Request(options) => options.json,
            Command::Collect(options) => options.json,
            Command::List(options) => options.json,
            Command::Show(options) => options.json,
            Command::Disable(options) => options.json,
            Command::Call(_) | Command::InvoiceRequest(_) | Command::SendInvoice(_) => true,
            _ => false,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let command = Arguments::parse_from(plugin::arguments(std::env::args_os())).command;
    match command {
        // It logs to the node.
        Command::Plugin(_) => {}
        Command::Node(_) => log("info"),
        _ => log("warn"),
    }
    let is_for_programs = command.is_for_programs();
    match run(command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(error) = failure.error.as_ref().filter(|_| is_for_programs) {
                output::raw(&serde_json::to_vec(error).unwrap_or_default());
            }
            eprint!("{}", failure.words());
            failure.exit.into()
        }
    }
}

async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Request(options) => request::run(options).await,
        Command::Collect(options) => collect::run(options).await,
        Command::List(options) => list::run(options).await,
        Command::Show(options) => show::run(options).await,
        Command::Disable(options) => disable::run(options).await,
        Command::Decode(options) => decode::run(&options),
        Command::Node(options) => node::run(options).await,
        Command::Plugin(options) => plugin::run(options).await,
        Command::Demo => demo::run().await,
        Command::Call(options) => call::run(options).await,
        Command::InvoiceRequest(options) => call::invoicerequest(options).await,
        Command::SendInvoice(options) => call::sendinvoice(options).await,
        Command::Doctor(options) => doctor::run(options).await,
        Command::Completions(options) => {
            documents::completions(&options);
            Ok(())
        }
        Command::Man(options) => documents::man(&options),
    }
}

/// Logs to stderr, as much as `RUST_LOG` says, or else from this level up.
fn log(level: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let is_coloured =
        std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    // Colours are only ever taken away: whether the logger is built with any is not known here.
    if is_coloured { subscriber.init() } else { subscriber.with_ansi(false).init() }
}
