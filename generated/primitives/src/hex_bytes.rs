//! Bytes of any number.

use crate::hex::{self, ParseHexError};
use crate::text::serde_as_text;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

/// Bytes of any number, such as a transaction, a script or feature bits; hex digits on the wire, two a byte.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HexBytes(Vec<u8>);

impl HexBytes {
    /// The bytes, taken out.
    pub fn into_vec(self) -> Vec<u8> {
        self.0
    }
}

impl Deref for HexBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for HexBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for HexBytes {
    fn from(bytes: Vec<u8>) -> Self {
        HexBytes(bytes)
    }
}

impl fmt::Display for HexBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(&self.0, f)
    }
}

/// Shows the first bytes only, and how many there are: a transaction would fill a log.
impl fmt::Debug for HexBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 32;
        match self.0.get(..SHOWN) {
            Some(start) if self.0.len() > SHOWN => {
                hex::write(start, f)?;
                write!(f, "… ({} bytes)", self.0.len())
            }
            _ => hex::write(&self.0, f),
        }
    }
}

impl FromStr for HexBytes {
    type Err = ParseHexError;

    fn from_str(text: &str) -> Result<Self, ParseHexError> {
        hex::decode(text).map(HexBytes)
    }
}

serde_as_text!(HexBytes, "an even number of hex digits");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_pairs_of_digits() {
        let bytes = HexBytes::from(vec![0, 0xab]);
        assert_eq!(serde_json::to_string(&bytes).unwrap(), r#""00ab""#);
        assert_eq!(serde_json::from_str::<HexBytes>(r#""00AB""#).unwrap(), bytes);
        assert_eq!((bytes.len(), bytes.as_ref()), (2, &[0, 0xab][..]));
        assert_eq!(serde_json::from_str::<HexBytes>(r#""""#).unwrap(), HexBytes::default());
    }

    #[test]
    fn debug_cuts_long_bytes_and_display_does_not() {
        let (short, long) = (HexBytes::from(vec![1; 32]), HexBytes::from(vec![1; 100]));
        assert_eq!(format!("{short:?}"), "01".repeat(32));
        assert_eq!(format!("{long:?}"), format!("{}… (100 bytes)", "01".repeat(32)));
        assert_eq!(long.to_string(), "01".repeat(100));
    }

    #[test]
    fn an_error_tells_what_is_wrong() {
        assert_eq!("abc".parse::<HexBytes>(), Err(ParseHexError::OddLength { found: 3 }));
        assert_eq!("abcg".parse::<HexBytes>(), Err(ParseHexError::Digit { position: 4 }));
    }
}
