//! Where a channel was opened on the chain, which is the channel's short name.

use crate::text::{excerpt, parse_digits, serde_as_text};
use std::fmt;
use std::str::FromStr;

/// A channel named by where its funding output stands: block, transaction within the block, output of the
/// transaction. On the wire `103x1x0`.
///
/// Ids are ordered by that place. A block and a transaction have 24 bits, an output has 16.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShortChannelId(u64);

/// One direction of a channel. On the wire `103x1x0/1`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShortChannelIdDir {
    short_channel_id: ShortChannelId,
    direction: u8,
}

/// Why a text names no channel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseShortChannelIdError {
    /// It has not the parts that it must have.
    #[error("`{0}` is no short channel id: expected three numbers as in `103x1x0`")]
    Shape(String),
    /// One of its numbers is too large.
    #[error("the {part} of the short channel id `{input}` is too large: the most is {most}")]
    TooLarge {
        /// The id as written.
        input: String,
        /// Which of its numbers.
        part: &'static str,
        /// The largest that this number can be.
        most: u64,
    },
    /// The direction is missing or neither 0 nor 1.
    #[error("`{0}` has no channel direction: expected `/0` or `/1` behind the short channel id")]
    Direction(String),
}

const BLOCK_MOST: u64 = 0xff_ffff;
const TX_INDEX_MOST: u64 = 0xff_ffff;
const OUTPUT_MOST: u64 = 0xffff;

impl ShortChannelId {
    /// The id of an output; `None` when the block or the transaction's place in it needs more than 24 bits.
    pub const fn from_parts(block: u32, tx_index: u32, output: u16) -> Option<Self> {
        // Widening only; `From` cannot be called in a `const fn`.
        let (block, tx_index, output) = (block as u64, tx_index as u64, output as u64);
        if block > BLOCK_MOST || tx_index > TX_INDEX_MOST {
            return None;
        }
        Some(ShortChannelId(block << 40 | tx_index << 16 | output))
    }

    /// The id from its packed form, as gossip messages carry it: block, transaction and output from the highest bit
    /// down.
    pub const fn from_u64(packed: u64) -> Self {
        ShortChannelId(packed)
    }

    /// The packed form; see [`from_u64`](ShortChannelId::from_u64).
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// The height of the block.
    pub const fn block(self) -> u32 {
        (self.0 >> 40) as u32
    }

    /// The transaction's place in the block, from 0.
    pub const fn tx_index(self) -> u32 {
        (self.0 >> 16 & TX_INDEX_MOST) as u32
    }

    /// The output of the transaction, from 0.
    pub const fn output(self) -> u16 {
        (self.0 & OUTPUT_MOST) as u16
    }
}

impl fmt::Display for ShortChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}x{}", self.block(), self.tx_index(), self.output())
    }
}

impl fmt::Debug for ShortChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ShortChannelId {
    type Err = ParseShortChannelIdError;

    fn from_str(text: &str) -> Result<Self, ParseShortChannelIdError> {
        let shape = || ParseShortChannelIdError::Shape(excerpt(text));
        let part =
            |part: &'static str, digits: &str, most: u64| {
                if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(shape());
                }
                parse_digits(digits)
                    .filter(|number| *number <= most)
                    .ok_or_else(|| ParseShortChannelIdError::TooLarge { input: excerpt(text), part, most })
            };
        let (block, rest) = text.split_once('x').ok_or_else(shape)?;
        let (tx_index, output) = rest.split_once('x').ok_or_else(shape)?;
        let block = part("block", block, BLOCK_MOST)?;
        let tx_index = part("transaction index", tx_index, TX_INDEX_MOST)?;
        let output = part("output", output, OUTPUT_MOST)?;
        Ok(ShortChannelId(block << 40 | tx_index << 16 | output))
    }
}

impl ShortChannelIdDir {
    /// A direction of a channel, 0 or 1; `None` for another number.
    ///
    /// Direction 0 runs from the node whose id sorts first to the other.
    pub const fn new(short_channel_id: ShortChannelId, direction: u8) -> Option<Self> {
        if direction <= 1 { Some(Self { short_channel_id, direction }) } else { None }
    }

    /// The channel.
    pub const fn short_channel_id(self) -> ShortChannelId {
        self.short_channel_id
    }

    /// The direction, 0 or 1.
    pub const fn direction(self) -> u8 {
        self.direction
    }
}

impl fmt::Display for ShortChannelIdDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.short_channel_id, self.direction)
    }
}

impl fmt::Debug for ShortChannelIdDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ShortChannelIdDir {
    type Err = ParseShortChannelIdError;

    fn from_str(text: &str) -> Result<Self, ParseShortChannelIdError> {
        let (id, direction) = match text.split_once('/') {
            Some((id, "0")) => (id, 0),
            Some((id, "1")) => (id, 1),
            _ => return Err(ParseShortChannelIdError::Direction(excerpt(text))),
        };
        Ok(Self { short_channel_id: id.parse()?, direction })
    }
}

serde_as_text!(ShortChannelId, "a short channel id, such as \"103x1x0\"");
serde_as_text!(ShortChannelIdDir, "a short channel id with a direction, such as \"103x1x0/1\"");

#[cfg(test)]
mod tests {
    use super::*;
    use ParseShortChannelIdError as E;

    fn check(text: &str, parts: (u32, u32, u16)) {
        let id: ShortChannelId = serde_json::from_str(&format!("\"{text}\"")).unwrap();
        assert_eq!((id.block(), id.tx_index(), id.output()), parts);
        assert_eq!(Some(id), ShortChannelId::from_parts(parts.0, parts.1, parts.2));
        assert_eq!(ShortChannelId::from_u64(id.as_u64()), id);
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{text}\""));
    }

    #[test]
    fn an_id_is_made_of_block_transaction_and_output() {
        check("103x1x0", (103, 1, 0));
        check("0x0x0", (0, 0, 0));
        check("16777215x16777215x65535", (0xff_ffff, 0xff_ffff, 0xffff));
        assert_eq!("103x1x0".parse::<ShortChannelId>().map(ShortChannelId::as_u64), Ok(113_249_697_726_464));
        assert_eq!(ShortChannelId::from_parts(0x100_0000, 0, 0), None);
        assert!(ShortChannelId::from_parts(9, 9, 9) < ShortChannelId::from_parts(10, 0, 0));
    }

    #[test]
    fn what_is_not_three_numbers_in_range_is_refused() {
        for bad in
            ["", "103", "103x1", "103x1x", "x1x0", "103xx0", "+103x1x0", "103 x1x0", "103x1x0x0", "1x-1x0", "103x1x0/1"]
        {
            assert_eq!(bad.parse::<ShortChannelId>(), Err(E::Shape(bad.into())));
        }
        let large = |input: &str, part, most| E::TooLarge { input: input.into(), part, most };
        for (bad, part, most) in [
            ("16777216x0x0", "block", 0xff_ffff),
            ("0x16777216x0", "transaction index", 0xff_ffff),
            ("0x0x65536", "output", 0xffff),
            ("99999999999999999999x0x0", "block", 0xff_ffff),
        ] {
            assert_eq!(bad.parse::<ShortChannelId>(), Err(large(bad, part, most)));
        }
    }

    #[test]
    fn a_direction_is_0_or_1() {
        let channel: ShortChannelIdDir = serde_json::from_str(r#""103x1x0/1""#).unwrap();
        assert_eq!((channel.short_channel_id().block(), channel.direction()), (103, 1));
        assert_eq!(serde_json::to_string(&channel).unwrap(), r#""103x1x0/1""#);
        assert_eq!(ShortChannelIdDir::new(channel.short_channel_id(), 2), None);
        for bad in ["103x1x0", "103x1x0/", "103x1x0/2", "103x1x0/01", "103x1x0/+1", "103x1x0/1/1"] {
            assert_eq!(bad.parse::<ShortChannelIdDir>(), Err(E::Direction(bad.into())));
        }
        assert_eq!("1x1/0".parse::<ShortChannelIdDir>(), Err(E::Shape("1x1".into())));
    }
}
