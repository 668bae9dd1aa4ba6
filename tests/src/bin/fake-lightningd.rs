//! A lightningd for tests, as a process that can be killed: see [`cln_tests::lightningd`].

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use cln_primitives::Msat;
use cln_tests::lightningd::Daemon;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::signal::unix::{SignalKind, signal};

/// Runs a daemon with a plugin until SIGTERM, and starts the plugin anew whenever it is gone. The line `kill` on its
/// standard input kills the plugin, which leaves it no time for anything.
#[derive(Parser)]
#[command(name = "fake-lightningd")]
struct Arguments {
    /// The folder of all daemons.
    #[arg(long, value_name = "FOLDER")]
    root: PathBuf,
    /// The name of its folder in there.
    #[arg(long)]
    name: String,
    /// What it has when it is new.
    #[arg(long, value_name = "AMOUNT", default_value = "0sat")]
    balance: Msat,
    /// The plugin's executable.
    #[arg(long, value_name = "FILE")]
    plugin: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fake-lightningd: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), String> {
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let daemon = Daemon::new(&arguments.root, &arguments.name).balance(arguments.balance).plugin(arguments.plugin);
    let lightningd = daemon.start().await?;
    // Whoever has started it may have stopped listening.
    let _ = writeln!(std::io::stdout(), "ready: {}", lightningd.daemon().rpc_path().display());
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    while let Some(plugin) = lightningd.plugin() {
        tokio::select! {
            _ = terminate.recv() => {
                lightningd.stop().await;
                return Ok(());
            }
            () = plugin.gone() => {}
            order = orders.next_line() => match order.map_err(|error| error.to_string())?.as_deref() {
                Some("kill") => {}
                Some(order) => return Err(format!("{order}: there is no such order")),
                // Whoever has started it is gone.
                None => return Ok(()),
            },
        }
        lightningd.kill_plugin().await;
        lightningd.start_plugin().await?;
    }
    Err("the plugin is gone".to_owned())
}
