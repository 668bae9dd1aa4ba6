//! Brings messages to other nodes of the network, as onions.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cln_primitives::{NodeId, Secret};
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;

use super::folder::Folder;
use super::frame::{self, Frame, Message, Receipt};
use super::{MESSAGES, in_time};
use crate::bolt12::{BlindedPathBuf, FirstNode, Invoice, InvoiceError, InvoiceRequest, Verified};
use crate::engine::{self, Answer, ReplyPath, SendError};
use crate::node::keys::Keys;
use crate::onion::{self, Contents, NextNode, Packet, Peeled, Received, Replies, Reply};
use crate::random::bytes32;

/// Brings messages to other nodes of the network. A clone is the same courier.
#[derive(Clone, Debug)]
pub struct Courier {
    keys: Arc<Keys>,
    folder: Folder,
    /// The node's own folder, when the node is private: there it says which neighbour it has.
    private: Option<PathBuf>,
    replies: Replies,
    /// Where nodes were found, to look for them once.
    known: Arc<Mutex<HashMap<(NodeId, Bond), PathBuf>>>,
}

/// Why a node gives something to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Bond {
    /// They are neighbours, or the same.
    Neighbours,
    /// Both have accounts in one ledger.
    Ledger,
}

impl Courier {
    /// The courier of a public node.
    pub fn new(keys: Arc<Keys>, folder: Folder) -> Self {
        Courier { keys, folder, private: None, replies: Replies::default(), known: Arc::default() }
    }

    /// The courier of a private node in this folder, which only one neighbour can reach.
    pub fn private(keys: Arc<Keys>, folder: Folder, node: PathBuf) -> Self {
        Courier { private: Some(node), ..Self::new(keys, folder) }
    }

    #[cfg(test)]
    pub(super) fn replies(&self) -> &Replies {
        &self.replies
    }

    /// Gives a message to who waits for it as an answer. `false` when nobody does.
    pub fn take_answer(&self, received: &Received) -> bool {
        let Some(secret) = &received.path_secret else { return false };
        self.replies.answer(secret, || match &received.contents {
            Some(Contents::InvoiceError(bytes)) => read_answer(bytes),
            _ => Answer::Nonsense(Vec::new()),
        })
    }

    /// Sends a packet whose first layer is this node's own: as `injectonionmessage` does.
    ///
    /// # Errors
    /// [`SendError::NotSent`] when this node cannot peel it, else what became of it at the next node.
    pub async fn inject(&self, packet: Packet) -> Result<(), SendError> {
        match self.keys.peel(&packet).map_err(|error| SendError::NotSent(error.to_string()))? {
            Peeled::Received(_) => self.deliver(self.node_id(), onion(packet)).await,
            Peeled::Forward { next, packet } => self.forward(next, packet).await,
        }
    }

    pub(super) async fn forward(&self, next: NextNode, packet: Packet) -> Result<(), SendError> {
        match next {
            NextNode::Node(node) => self.deliver(node, onion(packet)).await,
            NextNode::Channel(channel) => Err(SendError::Unreachable(format!("no channel {channel} is known"))),
        }
    }

    /// The nodes over which others reach this one: itself, if it is public; if not, its neighbour and itself. `None` while a
    /// private node has no neighbour.
    ///
    /// # Errors
    /// When the network's folder cannot be read.
    pub async fn way_here(&self) -> io::Result<Option<Vec<NodeId>>> {
        let own = self.node_id();
        let Some(place) = self.private.clone() else { return Ok(Some(vec![own])) };
        let folder = self.folder.clone();
        let neighbour = tokio::task::spawn_blocking(move || folder.hide(&place, own)).await??;
        Ok(neighbour.map(|neighbour| vec![neighbour, own]))
    }

    /// Is this node reached through a neighbour only?
    pub fn is_private(&self) -> bool {
        self.private.is_some()
    }

    fn node_id(&self) -> NodeId {
        self.keys.node_id()
    }

    /// Makes a packet, and sends it by the first of these ways that there is: to a node, and on by a path.
    async fn send(
        &self,
        ways: &[(NodeId, Option<BlindedPathBuf>)],
        contents: &Contents,
        reply_path: Option<&BlindedPathBuf>,
        back: &[NodeId],
    ) -> Result<(), SendError> {
        let mut why = SendError::Unreachable("there is no path to go by".to_owned());
        for (target, onward) in ways {
            let route = self.route(back, *target);
            let packet = onion::create(&route, onward.as_ref(), contents, reply_path, &bytes32());
            let packet = packet.map_err(|error| SendError::NotSent(error.to_string()))?;
            match self.inject(packet).await {
                Err(error @ SendError::Unreachable(_)) => why = error,
                end => return end,
            }
        }
        Err(why)
    }

    /// From this node, as [`way_here`](Self::way_here) in reverse, to another one.
    fn route(&self, way_here: &[NodeId], target: NodeId) -> Vec<NodeId> {
        if target == self.node_id() {
            return vec![target];
        }
        let mut route: Vec<_> = way_here.iter().rev().copied().chain([target]).collect();
        // The target may be the neighbour.
        route.dedup();
        route
    }

    async fn nodes_back(&self) -> Result<Vec<NodeId>, SendError> {
        let way = self.way_here().await;
        let way = way.map_err(|error| SendError::NotSent(format!("cannot look for a neighbour: {error}")))?;
        way.ok_or_else(|| {
            SendError::Unreachable("this private node has no neighbour yet: start a public node".to_owned())
        })
    }

    /// Tells a node that the ledger has something new for it. Whether it hears is not known: it looks by itself, too.
    pub async fn ring(&self, node: NodeId) {
        if let Err(error) = self.deliver(node, Message::Ledger).await {
            tracing::debug!(%error, %node, "a node was not told to look at the ledger");
        }
    }

    async fn deliver(&self, to: NodeId, message: Message) -> Result<(), SendError> {
        let bond = if matches!(message, Message::Ledger) { Bond::Ledger } else { Bond::Neighbours };
        let frame = frame::encode(&Frame { to, from: self.node_id(), message });
        let frame = frame.map_err(|error| SendError::NotSent(format!("the message cannot be made: {error}")))?;
        let known = self.known().get(&(to, bond)).cloned();
        if let Some(place) = known {
            match deliver_at(&place, to, &frame).await {
                // It may have moved: nobody has the message, so look for it.
                Err(SendError::Unreachable(_)) => self.known().remove(&(to, bond)),
                end => return end,
            };
        }
        let network = self.folder.path().display();
        let places = self.find(to, bond).await;
        let places =
            places.map_err(|error| SendError::NotSent(format!("cannot look for nodes in {network}: {error}")))?;
        let mut why = format!("node {to} is not in the network {network}");
        for place in places {
            match deliver_at(&place, to, &frame).await {
                Err(SendError::Unreachable(reason)) => why = reason,
                end => {
                    self.known().insert((to, bond), place);
                    return end;
                }
            }
        }
        Err(SendError::Unreachable(why))
    }

    async fn find(&self, node: NodeId, bond: Bond) -> io::Result<Vec<PathBuf>> {
        let (folder, own) = (self.folder.clone(), self.node_id());
        let find = move || match bond {
            Bond::Neighbours if node != own => {
                let found = folder.neighbours(own)?.into_iter().filter(|(id, _)| *id == node);
                Ok(found.map(|(_, place)| place).collect())
            }
            _ => folder.find(node),
        };
        tokio::task::spawn_blocking(find).await?
    }

    fn known(&self) -> MutexGuard<'_, HashMap<(NodeId, Bond), PathBuf>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl engine::Courier for Courier {
    type Reply = Reply;

    async fn send_invoice(
        &self,
        request: &InvoiceRequest<Verified>,
        invoice: &Invoice<Verified>,
    ) -> Result<Reply, SendError> {
        let ways = match request.invreq_paths() {
            Some(paths) => paths.map(BlindedPathBuf::from).filter_map(by_path).collect(),
            None => {
                let payer = request.invreq_payer_id();
                vec![(payer.ok_or_else(|| SendError::NotSent("the request names no payer".into()))?, None)]
            }
        };
        let token = Secret::from_bytes(bytes32());
        let back = self.nodes_back().await?;
        let reply_path = onion::blinded_path(&back, &token, &bytes32());
        let reply_path = reply_path.map_err(|error| SendError::NotSent(format!("the reply path: {error}")))?;
        // First, as the answer may be faster than the receipt.
        let reply = self.replies.expect(&token);
        let contents = Contents::Invoice(invoice.as_bytes().to_vec());
        self.send(&ways, &contents, Some(&reply_path), &back).await?;
        Ok(reply)
    }

    async fn send_error(&self, to: &ReplyPath, error: &InvoiceError) -> Result<(), SendError> {
        let path = BlindedPathBuf::from_bytes(&to.0).map_err(|error| SendError::NotSent(error.to_string()))?;
        let ways: Vec<_> = by_path(path).into_iter().collect();
        let contents = Contents::InvoiceError(error.as_bytes().to_vec());
        self.send(&ways, &contents, None, &self.nodes_back().await?).await
    }
}

/// Where a path starts, and the path; `None` when that is a channel, as embedded nodes have none.
fn by_path(path: BlindedPathBuf) -> Option<(NodeId, Option<BlindedPathBuf>)> {
    match path.first_node {
        FirstNode::Node(start) => Some((start, Some(path))),
        FirstNode::Channel(_) => None,
    }
}

fn onion(packet: Packet) -> Message {
    Message::Onion { path_key: packet.path_key, message: packet.message.into() }
}

fn read_answer(bytes: &[u8]) -> Answer {
    match InvoiceError::from_bytes(bytes.to_vec()) {
        Ok(error) => Answer::Refusal(error),
        Err(_) => Answer::Nonsense(bytes.to_vec()),
    }
}

/// [`SendError::Unreachable`] means that this place is the wrong one, or nobody is there.
async fn deliver_at(place: &Path, to: NodeId, frame: &[u8]) -> Result<(), SendError> {
    let stream = in_time(UnixStream::connect(place.join(MESSAGES))).await;
    let mut stream = stream.map_err(|error| {
        SendError::Unreachable(format!("node {to} does not listen at {}: {error}", place.display()))
    })?;
    let exchange = async {
        stream.write_all(frame).await?;
        frame::read(&mut stream).await
    };
    match in_time(exchange).await {
        Ok(Receipt::Taken) => Ok(()),
        Ok(Receipt::NotMe) => {
            Err(SendError::Unreachable(format!("another node listens at {}: start {to} again", place.display())))
        }
        Ok(Receipt::Busy) => Err(SendError::NotSent(format!("node {to} has too much to do: try again"))),
        Err(error) => Err(SendError::Unknown(error.to_string())),
    }
}
