//! Finding the way of a message, as Core Lightning does.
//!
//! ```text
//! for each place where the message may start to be blinded, or the payer itself:
//!   the own node? ──▶ [own]
//!   a neighbour that relays onion messages? ──▶ [own, it]
//!   over public channels, all nodes relaying? ──▶ [own, a neighbour, …, it]: the fewest hops
//!   `connect` ──▶ [own, it]
//! ```

use std::sync::Arc;
use std::time::{Duration, Instant};

use cln_api::listpeers::Connection;
use cln_api::{connect, listchannels, listconfigs, listnodes, listpeers};
use cln_primitives::NodeId;
use tokio::sync::Mutex;

use super::graph::{Graph, relays_messages, said};
use crate::bolt12::{BlindedPathBuf, FirstNode, InvoiceRequest, Verified};
use crate::lightningd::{Daemon, Failure};

/// How long gossip is taken for what it was. A channel closed since then only costs a message its arrival.
const GOSSIP_AGE: Duration = Duration::from_secs(300);
/// How long one `connect` may take: the next candidate may be there.
pub(super) const CONNECT: Duration = Duration::from_secs(20);

/// How a message goes: what [`create`](super::create) takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The nodes from the own one to the destination, or to where `onward` starts.
    pub route: Vec<NodeId>,
    /// The blinded path by which it goes on.
    pub onward: Option<BlindedPathBuf>,
}

/// There is no way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoWay {
    /// The destination cannot be reached.
    #[error("could not route or connect directly to {node}: {why}")]
    ToNode {
        /// The destination.
        node: NodeId,
        /// What was tried at last.
        why: String,
    },
    /// No blinded path that leads there can be reached.
    #[error("could not route or connect to blinded path at {start}: {why}")]
    ToPath {
        /// Where the last path starts: a node's id, or a channel and its end.
        start: String,
        /// What was tried at last.
        why: String,
    },
    /// The request names neither a payer nor a path to one.
    #[error("the request names no payer")]
    NoPayer,
    /// The node did not say what it knows.
    #[error("the node was not asked for a way: {0}")]
    Daemon(String),
}

/// Finds ways from a node. A clone knows the same.
#[derive(Clone, Debug)]
pub struct Ways<D> {
    daemon: D,
    own: NodeId,
    gossip: Arc<Mutex<Option<Gossip>>>,
}

/// The network, and when it was read.
#[derive(Debug)]
struct Gossip {
    read: Instant,
    graph: Arc<Graph>,
}

/// Why one candidate is none.
enum Why {
    Unreachable(String),
    Daemon(String),
}

impl<D: Daemon> Ways<D> {
    /// The ways from this node, which has this id.
    pub fn new(daemon: D, own: NodeId) -> Self {
        Ways { daemon, own, gossip: Arc::default() }
    }

    /// The way to a request's payer: by the first of its paths whose start can be reached; when it has none, to its node.
    ///
    /// # Errors
    /// When nobody can be reached: what was wrong with the last candidate.
    pub async fn to_payer(&self, request: &InvoiceRequest<Verified>) -> Result<Way, NoWay> {
        let Some(paths) = request.invreq_paths() else {
            return self.to_node(request.invreq_payer_id().ok_or(NoWay::NoPayer)?).await;
        };
        let mut last = NoWay::NoPayer;
        for path in paths {
            match self.to_path(&path.into()).await {
                Err(why @ NoWay::ToPath { .. }) => last = why,
                end => return end,
            }
        }
        Err(last)
    }

    /// The way to a node that does not hide.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn to_node(&self, node: NodeId) -> Result<Way, NoWay> {
        match self.route(node).await {
            Ok(route) => Ok(Way { route, onward: None }),
            Err(Why::Unreachable(why)) => Err(NoWay::ToNode { node, why }),
            Err(Why::Daemon(why)) => Err(NoWay::Daemon(why)),
        }
    }

    /// The way to where a blinded path starts, and on by it.
    ///
    /// # Errors
    /// When its start is not known, or cannot be reached.
    pub async fn to_path(&self, path: &BlindedPathBuf) -> Result<Way, NoWay> {
        let end = match self.start(path.first_node).await {
            Ok(node) => self.route(node).await,
            Err(why) => Err(why),
        };
        match end {
            Ok(route) => Ok(Way { route, onward: Some(path.clone()) }),
            Err(Why::Unreachable(why)) => {
                let start = match path.first_node {
                    FirstNode::Node(id) => id.to_string(),
                    FirstNode::Channel(channel) => channel.to_string(),
                };
                Err(NoWay::ToPath { start, why })
            }
            Err(Why::Daemon(why)) => Err(NoWay::Daemon(why)),
        }
    }

    /// The nodes over which the answer to a message comes back: for [`blinded_path`](super::blinded_path). It starts at the
    /// last but one of the way's route, if all know that node, else at its last.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn back(&self, way: &Way) -> Result<Vec<NodeId>, NoWay> {
        let mut back: Vec<_> = way.route.iter().rev().copied().collect();
        if let &[_, last_but_one, ..] = back.as_slice() {
            let request = listnodes::Request::new().id(last_but_one);
            let known = self.daemon.call(&request).await.map_err(|error| NoWay::Daemon(said("listnodes", &error)))?;
            if !known.nodes.is_empty() {
                back.remove(0);
            }
        }
        Ok(back)
    }

    async fn start(&self, first: FirstNode) -> Result<NodeId, Why> {
        let end = match first {
            FirstNode::Node(id) => return Ok(id),
            FirstNode::Channel(end) => end,
        };
        let request = listchannels::Request::new().short_channel_id(end.short_channel_id());
        let found = self.daemon.call(&request).await.map_err(|error| Why::Daemon(said("listchannels", &error)))?;
        // A path names the end that would send in this direction.
        let towards = |channel: &listchannels::Channel| match channel.direction == u32::from(end.direction()) {
            true => channel.source,
            false => channel.destination,
        };
        let resolved = found.channels.first().map(towards);
        resolved.ok_or_else(|| Why::Unreachable(format!("no channel {} is known", end.short_channel_id())))
    }

    async fn route(&self, target: NodeId) -> Result<Vec<NodeId>, Why> {
        if target == self.own {
            return Ok(vec![target]);
        }
        if self.neighbours(Some(target)).await?.contains(&target) {
            return Ok(vec![self.own, target]);
        }
        let neighbours = self.neighbours(None).await?;
        let found = match neighbours.is_empty() {
            true => None,
            false => self.gossip().await?.route(&neighbours, self.own, target),
        };
        match found {
            Some(route) => Ok([vec![self.own], route].concat()),
            None => self.connect(target).await,
        }
    }

    /// The neighbours that are connected and relay onion messages; only this one, if it is such.
    async fn neighbours(&self, only: Option<NodeId>) -> Result<Vec<NodeId>, Why> {
        let request = only.map_or_else(listpeers::Request::new, |id| listpeers::Request::new().id(id));
        let found = self.daemon.call(&request).await.map_err(|error| Why::Daemon(said("listpeers", &error)))?;
        let relays = |peer: &listpeers::Peer| matches!(&peer.connected, Connection::Connected(connected) if relays_messages(&connected.features));
        Ok(found.peers.into_iter().filter(relays).map(|peer| peer.id).collect())
    }

    /// Read once for all who ask at a time.
    async fn gossip(&self) -> Result<Arc<Graph>, Why> {
        let mut gossip = self.gossip.lock().await;
        if let Some(known) = gossip.as_ref().filter(|known| known.read.elapsed() < GOSSIP_AGE) {
            return Ok(known.graph.clone());
        }
        let graph = Arc::new(Graph::read(&self.daemon).await.map_err(Why::Daemon)?);
        *gossip = Some(Gossip { read: Instant::now(), graph: graph.clone() });
        Ok(graph)
    }

    async fn connect(&self, target: NodeId) -> Result<Vec<NodeId>, Why> {
        let request = listconfigs::Request::new().config("fetchinvoice-noconnect");
        match self.daemon.call(&request).await {
            Ok(found) => {
                let option = found.configs.and_then(|configs| configs.fetchinvoice_noconnect);
                if option.is_some_and(|option| option.set) {
                    let why = "fetchinvoice-noconnect is set, so no new connection is made";
                    return Err(Why::Unreachable(why.to_owned()));
                }
            }
            // The option is a plugin's, which need not run.
            Err(Failure::Refused(_)) => {}
            Err(error) => return Err(Why::Daemon(said("listconfigs", &error))),
        }
        match self.daemon.call_within(&connect::Request::new(target.to_string()), CONNECT).await {
            Ok(_) => Ok(vec![self.own, target]),
            // A lost answer leaves at most a connection behind: no message is out.
            Err(error @ (Failure::Refused(_) | Failure::Lost(_))) => {
                Err(Why::Unreachable(format!("no route, and connect failed: {error}")))
            }
            Err(error @ Failure::NotCalled(_)) => Err(Why::Daemon(said("connect", &error))),
        }
    }
}
