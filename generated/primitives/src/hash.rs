//! Hashes of 32 bytes.

use crate::hex::{self, ParseHexError};
use crate::text::serde_as_text;
use bitcoin::hashes::{Hash as _, sha256};
use std::fmt;
use std::str::FromStr;

/// A hash of 32 bytes, such as a payment hash or an offer's id; 64 hex digits on the wire, in the order of its bytes.
///
/// Transaction ids are *not* such hashes: they are written backwards, see [`bitcoin::Txid`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash32([u8; 32]);

impl Hash32 {
    /// The hash that these bytes are.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Hash32(bytes)
    }

    /// Its bytes, borrowed.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Its bytes.
    pub const fn to_byte_array(self) -> [u8; 32] {
        self.0
    }
}

impl fmt::Display for Hash32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(&self.0, f)
    }
}

impl fmt::Debug for Hash32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(&self.0, f)
    }
}

impl FromStr for Hash32 {
    type Err = ParseHexError;

    fn from_str(text: &str) -> Result<Self, ParseHexError> {
        hex::decode_array(text).map(Hash32)
    }
}

impl From<sha256::Hash> for Hash32 {
    fn from(hash: sha256::Hash) -> Self {
        Hash32(hash.to_byte_array())
    }
}

impl From<Hash32> for sha256::Hash {
    fn from(hash: Hash32) -> Self {
        sha256::Hash::from_byte_array(hash.0)
    }
}

serde_as_text!(Hash32, "a hash of 64 hex digits");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_written_in_the_order_of_its_bytes() {
        let hash = Hash32::from(sha256::Hash::hash(b""));
        let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(format!("{hash} {hash:?}"), format!("{text} {text}"));
        assert_eq!(serde_json::to_string(&hash).unwrap(), format!("\"{text}\""));
        assert_eq!(text.to_uppercase().parse(), Ok(hash));
        assert_eq!(sha256::Hash::from(hash).to_string(), text);
        assert_eq!(Hash32::from_bytes(hash.to_byte_array()), hash);
    }

    #[test]
    fn another_length_is_refused_and_named() {
        let message = serde_json::from_str::<Hash32>(r#""abcd""#).unwrap_err().to_string();
        assert!(message.starts_with("expected 64 hex digits, found 4 characters"), "{message}");
    }
}
