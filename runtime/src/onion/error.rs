//! What can be wrong with a path or a packet.

use cln_primitives::NodeId;

use crate::bolt12;

/// Something is no blinded path that a message can go by, or none can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// The bytes end too early, or hold what is no public key.
    #[error("not a blinded path: the bytes are cut at byte {0}, or no public key starts there")]
    Malformed(usize),
    /// The bytes go on behind the path's end.
    #[error("not a blinded path: {0} bytes stand behind its end")]
    Long(usize),
    /// It has no hop, so it leads nowhere.
    #[error("the blinded path has no hop")]
    Empty,
    /// It has more hops, or more data for one, than can be written.
    #[error("the blinded path has more than 255 hops, or more than 65535 bytes for one of them")]
    TooLong,
    /// It does not say where it starts, or not by which key.
    #[error("the blinded path lacks {0}")]
    Missing(&'static str),
    /// The channel has two ends only.
    #[error("the blinded path starts at end {0} of a channel: there are only 0 and 1")]
    Direction(u32),
    /// A node of the route has an id that is no public key.
    #[error("{0} is no public key")]
    NotAPoint(NodeId),
    /// No key can be made of these random bytes, which one in 2^128 draws meets.
    #[error("these random bytes make no key: draw others")]
    Entropy,
}

/// No packet was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// The route has no node, not even the own one.
    #[error("the route has no node: it starts with the own one")]
    NoRoute,
    /// The blinded path starts elsewhere than the route ends.
    #[error("the blinded path starts at {start}, but the route ends at {end}")]
    Detached {
        /// Where the path starts.
        start: NodeId,
        /// Where the route ends.
        end: NodeId,
    },
    /// A node of the route has an id that is no public key.
    #[error("{0} is no public key")]
    NotAPoint(NodeId),
    /// The path to go by, or that for the answer, cannot be used.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The message and its way need more than the 32768 bytes that a packet has room for.
    #[error("the message is too long for an onion: with its route it has room for 32768 bytes")]
    TooLong,
    /// The packet could not be made of these values.
    #[error("the onion cannot be made: {0}")]
    Failed(String),
}

/// A packet is not for this node, or says what it may not: it is to be dropped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeelError {
    /// It has another version than 0, the only one there is.
    #[error("onion version {0} is not known")]
    Version(u8),
    /// It has less than the smallest, or more than the longest packet's bytes.
    #[error("an onion packet of {0} bytes: at least 67 and at most 65535 are possible")]
    Length(usize),
    /// A key that came with it is no public key.
    #[error("the {0} is no public key")]
    NotAPoint(&'static str),
    /// It is for another node, or was changed on its way.
    #[error("the onion is not for this node, or was changed on its way")]
    Hmac,
    /// What it says to this node is no row of records.
    #[error("the onion's {part} cannot be read: {source}")]
    Records {
        /// Which part of it.
        part: &'static str,
        /// What is wrong; the names of fields there are not those of onions.
        source: bolt12::Error,
    },
    /// What it says to this node is against the rules.
    #[error("the onion's {0}")]
    Rule(&'static str),
    /// The path for the answer cannot be used.
    #[error("the onion's reply path: {0}")]
    ReplyPath(PathError),
}
