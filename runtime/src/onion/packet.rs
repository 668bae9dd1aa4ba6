//! What goes between nodes, and what is in it.

use std::fmt;

use cln_primitives::{NodeId, Secret, ShortChannelId};

use crate::bolt12::BlindedPathBuf;

/// What a node gives to the next one: BOLT 4's `onion_message`, and the parameters of `injectonionmessage`.
#[derive(Clone, PartialEq, Eq)]
pub struct Packet {
    /// The key by which the next node reads its part.
    pub path_key: NodeId,
    /// The onion packet: a byte of version, a public key, the payloads and an HMAC.
    pub message: Vec<u8>,
}

/// Shows no contents, which are long.
impl fmt::Debug for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Packet");
        shown.field("path_key", &self.path_key).field("length", &self.message.len()).finish()
    }
}

/// A message between a payer and a payee: the bytes of a BOLT 12 message, its records alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// An `invoice_request` (type 64).
    InvoiceRequest(Vec<u8>),
    /// An invoice (type 66).
    Invoice(Vec<u8>),
    /// An `invoice_error` (type 68).
    InvoiceError(Vec<u8>),
}

impl Contents {
    /// The record's type in the onion's last payload.
    pub fn tlv_type(&self) -> u64 {
        match self {
            Contents::InvoiceRequest(_) => 64,
            Contents::Invoice(_) => 66,
            Contents::InvoiceError(_) => 68,
        }
    }

    /// The message's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Contents::InvoiceRequest(bytes) | Contents::Invoice(bytes) | Contents::InvoiceError(bytes) => bytes,
        }
    }

    pub(super) fn read(tlv_type: u64, bytes: &[u8]) -> Option<Self> {
        let kind = match tlv_type {
            64 => Contents::InvoiceRequest,
            66 => Contents::Invoice,
            68 => Contents::InvoiceError,
            _ => return None,
        };
        Some(kind(bytes.to_vec()))
    }
}

/// What a packet says to the node that has peeled it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peeled {
    /// It is to be given to another node.
    Forward {
        /// To whom.
        next: NextNode,
        /// What is to be given.
        packet: Packet,
    },
    /// It is for this node.
    Received(Received),
}

/// The node that a packet is to be given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextNode {
    /// By its id.
    Node(NodeId),
    /// The other end of this channel of the forwarding node, by the channel's public id or an alias.
    Channel(ShortChannelId),
}

/// A message that has arrived.
#[derive(Clone, PartialEq, Eq)]
pub struct Received {
    /// The `path_id` of the path by which it came; `None` when it came openly, or by a path with one that is not 32
    /// bytes long, as none of ours has.
    pub path_secret: Option<Secret>,
    /// Where the answer goes; `None` when none is wanted.
    pub reply_path: Option<BlindedPathBuf>,
    /// What it says; `None` when that is nothing known.
    pub contents: Option<Contents>,
    /// The records that are not known, by type and value.
    pub unknown_fields: Vec<(u64, Vec<u8>)>,
}

/// Shows no reply path: whoever has it can answer.
impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("path_secret", &self.path_secret)
            .field("reply_path", &self.reply_path.as_ref().map(|_| format_args!("…")))
            .field("contents", &self.contents)
            .field("unknown_fields", &self.unknown_fields)
            .finish()
    }
}
