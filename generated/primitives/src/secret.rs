//! Secrets: values that never show themselves, compare in constant time and are wiped from memory when dropped.
//!
//! Wiping reaches the copy held here. Copies that a JSON parser, a socket's buffer or the stack made on the way are
//! beyond it.

use crate::hex::{self, ParseHexError};
use crate::text;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A secret of 32 bytes, such as a payment preimage or a shared secret; 64 hex digits on the wire.
///
/// It has no `Display`, and its `Debug` shows nothing of it: who wants the bytes says [`reveal`](Secret::reveal).
#[derive(Clone)]
pub struct Secret(Zeroizing<[u8; 32]>);

impl Secret {
    /// The secret that these bytes are.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Secret(Zeroizing::new(bytes))
    }

    /// The bytes. What the caller does with them is no longer guarded.
    pub fn reveal(&self) -> &[u8; 32] {
        &self.0
    }

    /// The bytes as 64 lower-case hex digits, in a text that is not wiped by itself.
    pub fn reveal_hex(&self) -> String {
        hex::encode(self.reveal())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

impl PartialEq for Secret {
    /// In constant time.
    fn eq(&self, other: &Self) -> bool {
        self.reveal().ct_eq(other.reveal()).into()
    }
}

impl Eq for Secret {}

impl FromStr for Secret {
    type Err = ParseHexError;

    fn from_str(text: &str) -> Result<Self, ParseHexError> {
        hex::decode_array(text).map(Secret::from_bytes)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(self.reveal_hex()))
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer, "a secret of 64 hex digits", Self::from_str)
    }
}

/// A secret text, such as a rune or a codex32 backup; a string on the wire.
///
/// It has no `Display`, and its `Debug` shows nothing of it, not even its length: who wants the text says
/// [`reveal`](SecretString::reveal).
#[derive(Clone)]
pub struct SecretString(Zeroizing<String>);

impl SecretString {
    /// The secret that this text is.
    pub fn new(text: impl Into<String>) -> Self {
        SecretString(Zeroizing::new(text.into()))
    }

    /// The text. What the caller does with it is no longer guarded.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for SecretString {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for SecretString {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for SecretString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretString(redacted)")
    }
}

impl PartialEq for SecretString {
    /// In constant time for texts of one length; that lengths differ is told at once.
    fn eq(&self, other: &Self) -> bool {
        self.reveal().as_bytes().ct_eq(other.reveal().as_bytes()).into()
    }
}

impl Eq for SecretString {}

impl Serialize for SecretString {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.reveal())
    }
}

impl<'de> Deserialize<'de> for SecretString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::deserialize(deserializer, "a secret text", |text| Ok::<_, Infallible>(Self::new(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";

    #[test]
    fn debug_shows_nothing_of_a_secret() {
        let secrets = (Secret::from_bytes([0x5a; 32]), SecretString::new("rune"));
        assert_eq!(format!("{secrets:?}"), "(Secret(redacted), SecretString(redacted))");
        assert_eq!(format!("{:#?}", secrets.0), "Secret(redacted)");
    }

    #[test]
    fn a_secret_is_read_and_written_as_hex() {
        let secret: Secret = serde_json::from_str(&format!("\"{HEX}\"")).unwrap();
        assert_eq!((secret.reveal(), secret.reveal_hex().as_str()), (&[0x5a; 32], HEX));
        assert_eq!(serde_json::to_string(&secret).unwrap(), format!("\"{HEX}\""));
        assert_eq!(secret, HEX.parse().unwrap());
        assert_ne!(secret, Secret::from_bytes([0x5b; 32]));
    }

    #[test]
    fn a_secret_text_is_read_and_written_as_it_is() {
        let rune: SecretString = serde_json::from_str(r#""a\nb""#).unwrap();
        assert_eq!(rune.reveal(), "a\nb");
        assert_eq!(serde_json::to_string(&rune).unwrap(), r#""a\nb""#);
        assert_eq!(rune, "a\nb".into());
        assert_ne!(rune, SecretString::from("a\nb".to_owned() + "c"));
    }

    #[test]
    fn an_error_quotes_nothing_of_what_was_meant_to_be_secret() {
        let almost = format!("{}zz", &HEX[2..]);
        for bad in [&almost, "correct horse battery staple"] {
            let message = serde_json::from_str::<Secret>(&format!("\"{bad}\"")).unwrap_err().to_string();
            assert!(!message.contains("5a") && !message.contains("horse") && !message.contains("zz"), "{message}");
        }
    }
}
