//! Ids of nodes: public keys whose point is looked at only when asked for.

use crate::hex::{self, ParseHexError};
use crate::text::serde_as_text;
use bitcoin::secp256k1::{self, PublicKey};
use std::fmt;
use std::str::FromStr;

/// A compressed public key of 33 bytes, such as a node's id; 66 hex digits on the wire.
///
/// Reading checks the length and the first byte (02 or 03) only. Whether the key is a point of the curve is checked by
/// [`to_public_key`](NodeId::to_public_key): a graph of a hundred thousand channels would otherwise spend nearly all
/// its decoding time on that.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId([u8; 33]);

/// Why something is no node id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NodeIdError {
    /// It is not made of 66 hex digits.
    #[error("not a node id: {0}")]
    Hex(#[from] ParseHexError),
    /// It does not start like a compressed public key.
    #[error("not a node id: it starts with {0:02x}, but a compressed public key starts with 02 or 03")]
    Prefix(u8),
    /// The key is not on the curve, so that nobody can own it.
    #[error("the node id {id} is not a valid public key: {source}")]
    NotAPoint {
        /// The id.
        id: NodeId,
        /// What the curve's library says.
        source: secp256k1::Error,
    },
}

impl NodeId {
    /// Its 33 bytes, borrowed.
    pub const fn as_bytes(&self) -> &[u8; 33] {
        &self.0
    }

    /// Its 33 bytes.
    pub const fn to_byte_array(self) -> [u8; 33] {
        self.0
    }

    /// The public key, its point checked.
    ///
    /// # Errors
    /// When no such point exists on the curve.
    pub fn to_public_key(&self) -> Result<PublicKey, NodeIdError> {
        PublicKey::from_slice(&self.0).map_err(|source| NodeIdError::NotAPoint { id: *self, source })
    }
}

impl TryFrom<[u8; 33]> for NodeId {
    type Error = NodeIdError;

    fn try_from(bytes: [u8; 33]) -> Result<Self, NodeIdError> {
        match bytes[0] {
            2 | 3 => Ok(NodeId(bytes)),
            other => Err(NodeIdError::Prefix(other)),
        }
    }
}

impl From<PublicKey> for NodeId {
    fn from(key: PublicKey) -> Self {
        NodeId(key.serialize())
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(&self.0, f)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(&self.0, f)
    }
}

impl FromStr for NodeId {
    type Err = NodeIdError;

    fn from_str(text: &str) -> Result<Self, NodeIdError> {
        hex::decode_array(text)?.try_into()
    }
}

serde_as_text!(NodeId, "a node id of 66 hex digits");

#[cfg(test)]
mod tests {
    use super::*;

    /// The curve's generator.
    const VALID: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

    #[test]
    fn a_valid_id_becomes_a_public_key_and_back() {
        let id: NodeId = serde_json::from_str(&format!("\"{VALID}\"")).unwrap();
        assert_eq!(NodeId::from(id.to_public_key().unwrap()), id);
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{VALID}\""));
        assert_eq!(format!("{id} {id:?}"), format!("{VALID} {VALID}"));
        assert_eq!(NodeId::try_from(id.to_byte_array()), Ok(id));
    }

    #[test]
    fn a_point_off_the_curve_is_read_and_found_when_asked() {
        let id: NodeId = format!("02{}", "ff".repeat(32)).parse().unwrap();
        let message = id.to_public_key().unwrap_err().to_string();
        assert!(message.starts_with("the node id 02ffff"), "{message}");
    }

    #[test]
    fn what_does_not_look_like_a_compressed_key_is_refused() {
        for (prefix, found) in [("00", 0), ("04", 4), ("ff", 0xff)] {
            assert_eq!(format!("{prefix}{}", &VALID[2..]).parse::<NodeId>(), Err(NodeIdError::Prefix(found)));
        }
        let short = NodeIdError::Hex(ParseHexError::Length { expected: 66, found: 64 });
        assert_eq!(VALID[2..].parse::<NodeId>(), Err(short));
        assert_eq!(short.to_string(), "not a node id: expected 66 hex digits, found 64 characters");
    }
}
