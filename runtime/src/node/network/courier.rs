//! Brings messages to other nodes of the network.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cln_primitives::{HexBytes, NodeId, Secret};
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;

use super::folder::Folder;
use super::frame::{self, Frame, Message, Receipt};
use super::{MESSAGES, in_time};
use crate::bolt12::{BlindedPath, FirstNode, Invoice, InvoiceError, InvoiceRequest, Verified};
use crate::engine::{self, ReplyPath, SendError};
use crate::onion::{Replies, Reply};
use crate::random::bytes32;

/// Brings messages to other nodes of the network. A clone is the same courier.
#[derive(Clone, Debug)]
pub struct Courier {
    node_id: NodeId,
    folder: Folder,
    replies: Replies,
    /// Where nodes were found, to look for them once.
    known: Arc<Mutex<HashMap<NodeId, PathBuf>>>,
}

impl Courier {
    /// The courier of this node.
    pub fn new(node_id: NodeId, folder: Folder) -> Self {
        Courier { node_id, folder, replies: Replies::default(), known: Arc::default() }
    }

    pub(super) fn replies(&self) -> &Replies {
        &self.replies
    }

    /// Tells a node that the ledger has something new for it. Whether it hears is not known: it looks by itself, too.
    pub async fn ring(&self, node: NodeId) {
        if let Err(error) = self.deliver(node, Message::Ledger).await {
            tracing::debug!(%error, %node, "a node was not told to look at the ledger");
        }
    }

    async fn deliver(&self, to: NodeId, message: Message) -> Result<(), SendError> {
        let frame = frame::encode(&Frame { to, from: self.node_id, message });
        let frame = frame.map_err(|error| SendError::NotSent(format!("the message cannot be made: {error}")))?;
        let known = self.known().get(&to).cloned();
        if let Some(place) = known {
            match deliver_at(&place, to, &frame).await {
                // It may have moved: nobody has the message, so look for it.
                Err(SendError::Unreachable(_)) => self.known().remove(&to),
                end => return end,
            };
        }
        let network = self.folder.path().display();
        let places = self.find(to).await;
        let places =
            places.map_err(|error| SendError::NotSent(format!("cannot look for nodes in {network}: {error}")))?;
        let mut why = format!("node {to} is not in the network {network}");
        for place in places {
            match deliver_at(&place, to, &frame).await {
                Err(SendError::Unreachable(reason)) => why = reason,
                end => {
                    self.known().insert(to, place);
                    return end;
                }
            }
        }
        Err(SendError::Unreachable(why))
    }

    async fn find(&self, node: NodeId) -> io::Result<Vec<PathBuf>> {
        let folder = self.folder.clone();
        tokio::task::spawn_blocking(move || folder.find(node)).await?
    }

    fn known(&self) -> MutexGuard<'_, HashMap<NodeId, PathBuf>> {
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
        let payer = request.invreq_payer_id().ok_or_else(|| SendError::NotSent("the request names no payer".into()))?;
        let path = match request.invreq_paths() {
            None => None,
            Some(mut paths) => Some(paths.position(|path| leads_to(&path, payer)).ok_or_else(|| {
                SendError::Unreachable("needs a blinded path, which embedded nodes cannot walk yet".into())
            })?),
        };
        let token = Secret::from_bytes(bytes32());
        // First, as the answer may be faster than the receipt.
        let reply = self.replies.expect(&token);
        let message = Message::Invoice { bytes: invoice.as_bytes().to_vec().into(), reply: token, path };
        self.deliver(payer, message).await?;
        Ok(reply)
    }

    async fn send_error(&self, to: &ReplyPath, error: &InvoiceError) -> Result<(), SendError> {
        let (node, reply) =
            read_reply_path(to).ok_or_else(|| SendError::NotSent("the reply path is none of this network".into()))?;
        self.deliver(node, Message::InvoiceError { bytes: HexBytes::from(error.as_bytes().to_vec()), reply }).await
    }
}

/// Is the path's only hop the payer itself?
fn leads_to(path: &BlindedPath<'_>, node: NodeId) -> bool {
    path.first_node == FirstNode::Node(node) && path.hops.len() == 1
}

/// Where an invoice's answer goes: a node's id, and the token by which it knows the answer.
pub(super) fn reply_path(node: NodeId, token: &Secret) -> ReplyPath {
    ReplyPath([node.as_bytes(), &token.reveal()[..]].concat())
}

fn read_reply_path(path: &ReplyPath) -> Option<(NodeId, Secret)> {
    let (node, token) = path.0.split_first_chunk::<33>()?;
    Some((NodeId::try_from(*node).ok()?, Secret::from_bytes(token.try_into().ok()?)))
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
