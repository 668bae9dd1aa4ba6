//! `lnr node`: a node as a process.

use std::path::PathBuf;

use clap::Args;
use cln_primitives::Msat;
use cln_runtime::node::EmbeddedNode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

use super::amount;
use super::exit::{Exit, Failure};
use super::network::Network;
use super::output::line;

#[derive(Debug, Args)]
pub struct Options {
    /// The node's folder, made if need be; nodes of one network have their folders in the same folder
    #[arg(long, value_name = "FOLDER")]
    dir: PathBuf,
    /// The chain that requests and invoices are for; a node stays on its first one
    #[arg(long, value_enum, default_value = "regtest")]
    network: Network,
    /// What a new node has, out of nothing, such as 1000000sat
    #[arg(long, value_name = "AMOUNT", default_value = "0sat", value_parser = amount::parse)]
    balance: Msat,
    /// Hide the node: others reach it only through one public node of the network, by its requests' paths
    #[arg(long)]
    private: bool,
}

/// So many files a node opens at most, the connections of its clients among them.
const FILES: u64 = 2048;

pub async fn run(options: Options) -> Result<(), Failure> {
    allow_files();
    let failed = |error: &dyn std::fmt::Display, advice| Failure::new(Exit::Failed, error.to_string(), advice);
    let listen = |kind| signal(kind).map_err(|error| failed(&error, "This system lets no program listen for signals."));
    // Before the start, so that a signal during it is not lost.
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    let mut builder = EmbeddedNode::builder(&options.dir).network(options.network.into()).balance(options.balance);
    if options.private {
        builder = builder.private();
    }
    let started = builder.start().await;
    let mut node = started.map_err(|error| failed(&error, "A node needs a folder of its own: --dir FOLDER."))?;
    line(format_args!("ready: node {} at {}", node.node().node_id(), node.rpc_path().display()));
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        () = node.stopped() => return Ok(()),
    }
    tracing::info!("stopping");
    node.stop().await;
    Ok(())
}

/// Systems let programs open few files unless they ask for more. Should they not get more, fewer clients are let in.
fn allow_files() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.map_or(FILES, |most| most.min(FILES));
    if current.is_some_and(|current| current < wanted) {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
    }
}
