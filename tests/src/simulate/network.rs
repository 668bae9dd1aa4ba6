//! The network for messages: onion packets, as real nodes send them, where there is a lightningd to read them. Embedded
//! nodes alone give one another what is in them, which takes a tenth of the time.

use cln_primitives::{Hash32, NodeId, Secret};
use cln_runtime::bolt12::{BlindedPathBuf, Chain, FirstNode, Invoice, InvoiceError};
use cln_runtime::engine::ReplyPath;
use cln_runtime::onion::{self, Contents, NextNode, Packet, Peeled, Received};

use super::keys;
use super::plan::Fault;
use super::world::{Event, World, short};

/// A message did not leave its node.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotInjected {
    #[error("{0}")]
    Packet(String),
    #[error("onion msg: unknown next peer {0}")]
    NextPeer(NodeId),
}

/// What a node gives to the network.
pub(super) enum Message {
    Packet(Packet),
    /// What the packet would bring, and to whom.
    Opened(usize, Received),
}

impl World {
    /// Gives a message to the network.
    pub(super) fn give(&mut self, from: usize, message: Message) -> Result<(), NotInjected> {
        match message {
            Message::Packet(packet) => self.inject(from, &packet),
            Message::Opened(to, received) => {
                self.carry(from, to, received);
                Ok(())
            }
        }
    }

    fn has_lightningd(&self) -> bool {
        self.nodes.iter().any(|node| node.lightningd.is_some())
    }

    /// Gives a packet to the node that has made it, which takes the first layer off: `injectonionmessage`.
    pub(super) fn inject(&mut self, from: usize, packet: &Packet) -> Result<(), NotInjected> {
        let mut at = from;
        let mut packet = packet.clone();
        let received = loop {
            match onion::peel(keys::of(at).key(), &packet) {
                Ok(Peeled::Received(received)) => break received,
                Ok(Peeled::Forward { next: NextNode::Node(id), packet: next }) => match keys::node(id) {
                    Some(node) => (at, packet) = (node, next),
                    None if at == from => return Err(NotInjected::NextPeer(id)),
                    None => return Ok(()),
                },
                Ok(Peeled::Forward { .. }) => return Err(NotInjected::Packet("unknown channel".to_owned())),
                Err(error) if at == from => return Err(NotInjected::Packet(error.to_string())),
                Err(_) => return Ok(()),
            }
        };
        self.carry(from, at, received);
        Ok(())
    }

    /// A message is on its way, if nothing goes wrong.
    fn carry(&mut self, from: usize, to: usize, received: Received) {
        let hash = match &received.contents {
            Some(Contents::Invoice(bytes)) => payment_hash(bytes),
            _ => None,
        };
        if let Some(hash) = hash {
            self.note(from, || format!("  sends {} to node {to}", short(hash)));
            let path = received.reply_path.as_ref().and_then(|path| path.to_bytes().ok());
            self.seen.asked.extend(path.map(|path| (path, hash)));
        }
        let nonsense =
            matches!(received.contents, Some(Contents::InvoiceError(_))) && self.strikes(from, Fault::Nonsense);
        for after in self.copies(from) {
            let mut copy = received.clone();
            if let Some(hash) = hash {
                *self.seen.left.entry(hash).or_default() += 1;
                copy.contents = copy.contents.map(|contents| self.damaged(from, contents));
            }
            if nonsense {
                copy.contents = Some(Contents::InvoiceError(vec![0]));
            }
            self.schedule(after, Event::Message { to, message: Box::new(copy) });
        }
    }

    /// An invoice as it arrives.
    fn damaged(&mut self, node: usize, contents: Contents) -> Contents {
        match contents {
            Contents::Invoice(mut bytes) if self.strikes(node, Fault::Corrupt) => {
                let at = self.rng.usize(0..bytes.len());
                bytes[at] ^= self.rng.u8(1..=255);
                Contents::Invoice(bytes)
            }
            contents => contents,
        }
    }

    /// When the copies of a message arrive.
    fn copies(&mut self, node: usize) -> Vec<u64> {
        let mut copies = Vec::new();
        if !self.strikes(node, Fault::Drop) {
            let late = if self.strikes(node, Fault::Delay) { self.rng.u64(0..60_000) } else { 0 };
            copies.push(late + self.delay());
        }
        if self.strikes(node, Fault::Duplicate) {
            let late = if self.rng.bool() { 120_000 } else { 200 };
            copies.push(self.rng.u64(0..late));
        }
        copies
    }

    /// A payer refuses the invoice that came with this path for the answer.
    pub(super) fn refuses(&mut self, node: usize, path: &ReplyPath, error: &InvoiceError) {
        if let Some(hash) = self.seen.asked.get(&path.0).copied() {
            self.seen.refusals.insert(hash);
            self.note(node, || format!("  refuses {}: {error}", short(hash)));
        }
    }

    /// New randomness for a packet or a path.
    pub(super) fn entropy(&mut self) -> [u8; 32] {
        let mut entropy = [1; 32];
        // The first byte keeps it below the order of the curve.
        self.rng.fill(&mut entropy[1..]);
        entropy
    }

    /// What brings a refusal to where an invoice came from.
    pub(super) fn refusal(&mut self, node: usize, path: &ReplyPath, error: &InvoiceError) -> Option<Message> {
        let path = BlindedPathBuf::from_bytes(&path.0).ok()?;
        let FirstNode::Node(start) = path.first_node else { return None };
        let contents = Contents::InvoiceError(error.as_bytes().to_vec());
        if !self.has_lightningd() {
            let secret = Secret::from_bytes(path.hops.first()?.1.as_slice().try_into().ok()?);
            return Some(Message::Opened(keys::node(start)?, received(contents, Some(secret), None)));
        }
        let packet = onion::create(&route(node, start), Some(&path), &contents, None, &self.entropy());
        packet.ok().map(Message::Packet)
    }

    /// What brings an invoice to its payer, and the way back by which this secret comes.
    pub(super) fn invoice_message(
        &mut self,
        node: usize,
        to: NodeId,
        invoice: &[u8],
        back: &Secret,
    ) -> Option<Message> {
        let contents = Contents::Invoice(invoice.to_vec());
        let own = keys::of(node).id;
        if !self.has_lightningd() {
            let back = Some(opened_path(own, back));
            return Some(Message::Opened(keys::node(to)?, received(contents, None, back)));
        }
        let back = onion::blinded_path(&[own], back, &self.entropy()).ok()?;
        let packet = onion::create(&route(node, to), None, &contents, Some(&back), &self.entropy());
        packet.ok().map(Message::Packet)
    }
}

/// The way back to a node among embedded ones, with the secret for all to see.
pub(super) fn opened_path(node: NodeId, secret: &Secret) -> BlindedPathBuf {
    let hops = vec![(node, secret.reveal().to_vec())];
    BlindedPathBuf { first_node: FirstNode::Node(node), path_key: node, hops }
}

fn received(contents: Contents, path_secret: Option<Secret>, reply_path: Option<BlindedPathBuf>) -> Received {
    Received { path_secret, reply_path, contents: Some(contents), unknown_fields: Vec::new() }
}

/// All nodes are neighbours.
fn route(node: usize, to: NodeId) -> Vec<NodeId> {
    let own = keys::of(node).id;
    if own == to { vec![own] } else { vec![own, to] }
}

fn payment_hash(invoice: &[u8]) -> Option<Hash32> {
    Invoice::from_bytes(invoice.to_vec(), Chain::REGTEST).ok()?.invoice_payment_hash()
}
