//! The other nodes of the network: `listpeers`, `ping`.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use cln_api::error_code::LIGHTNINGD;
use cln_api::{listpeers, ping};
use cln_primitives::NodeId;
use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::{Answer, Command, command, failure, shaped};
use crate::node::handle::Node;
use crate::node::network::{Folder, MESSAGES};
use crate::node::params::{Kind, Param, optional, required};

const LIST: &[Param] = &[
    optional("id", Kind::NodeId),
    optional("level", Kind::OneOf(&["io", "trace", "debug", "info", "unusual", "broken"])),
];
const PING: &[Param] =
    &[required("id", Kind::NodeId), optional("len", Kind::Number(LONGEST)), optional("pongbytes", Kind::U16)];

/// How long a node may take to let somebody in.
const PATIENCE: Duration = Duration::from_secs(1);
/// Bytes of a message that are not its padding: the type and the padding's length.
const OVERHEAD: u16 = 4;
/// The longest padding of a message.
const LONGEST: u64 = (u16::MAX - OVERHEAD) as u64;
/// What nodes can do, as a BOLT 9 bitmap in hex digits: bit 39, onion messages.
pub(super) const FEATURES: &str = "8000000000";
/// How much padding is asked for when it is not said.
const PADDING: u16 = 128;

pub(super) fn commands() -> Vec<Command> {
    vec![command::<listpeers::Request, List, _>(LIST, list), command::<ping::Request, Ping, _>(PING, ping)]
}

/// The nodes that are this one's neighbours, with their folders.
pub(super) async fn others(node: &Node) -> Answer<Vec<(NodeId, PathBuf)>> {
    let own = node.node_id();
    list_folder(node, move |folder| folder.neighbours(own)).await
}

/// All public nodes of the network, with their folders.
pub(super) async fn public(node: &Node) -> Answer<Vec<(NodeId, PathBuf)>> {
    list_folder(node, Folder::nodes).await
}

async fn list_folder(
    node: &Node,
    list: impl FnOnce(&Folder) -> io::Result<Vec<(NodeId, PathBuf)>> + Send + 'static,
) -> Answer<Vec<(NodeId, PathBuf)>> {
    let folder = node.network().clone();
    let failed = |error: io::Error| failure(LIGHTNINGD, format!("cannot list the network's folder: {error}"));
    let found = tokio::task::spawn_blocking(move || list(&folder)).await;
    found.map_err(io::Error::from).and_then(|nodes| nodes).map_err(failed)
}

/// Does the node run? Whoever listens for messages does.
pub(super) async fn runs(folder: PathBuf) -> bool {
    matches!(timeout(PATIENCE, UnixStream::connect(folder.join(MESSAGES))).await, Ok(Ok(_)))
}

#[derive(Deserialize)]
struct List {
    id: Option<NodeId>,
    /// Nodes keep no log of each other.
    #[serde(rename = "level")]
    _level: Option<String>,
}

async fn list(node: Node, input: List) -> Answer<listpeers::Response> {
    let mut others = others(&node).await?;
    others.retain(|(id, _)| input.id.is_none_or(|wanted| wanted == *id));
    let peer = |(id, folder): (NodeId, PathBuf)| async move {
        let netaddr = vec![folder.join(MESSAGES).display().to_string()];
        match runs(folder).await {
            true => json!({"id": id, "connected": true, "num_channels": 0, "features": FEATURES, "netaddr": netaddr}),
            false => json!({"id": id, "connected": false, "num_channels": 0}),
        }
    };
    let peers: Vec<Value> = join_all(others.into_iter().map(peer)).await;
    shaped(json!({"peers": peers}))
}

#[derive(Deserialize)]
struct Ping {
    id: NodeId,
    /// Nothing is padded.
    #[serde(rename = "len")]
    _len: Option<u16>,
    pongbytes: Option<u16>,
}

async fn ping(node: Node, input: Ping) -> Answer<ping::Response> {
    let found = others(&node).await?.into_iter().find(|(id, _)| *id == input.id);
    let runs = match found {
        Some((_, folder)) => runs(folder).await,
        None => false,
    };
    if !runs {
        return Err(failure(LIGHTNINGD, format!("the node {} does not run in this network", input.id)));
    }
    // To what asks for more than a message can hold nobody answers.
    let totlen = input.pongbytes.unwrap_or(PADDING).checked_add(OVERHEAD).unwrap_or(0);
    shaped(json!({"totlen": totlen}))
}
