//! Feerates of on-chain transactions, as commands take them.

use crate::text::{excerpt, parse_digits};
use crate::unknown::UnknownValue;
use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A feerate: one of the node's own estimates by name, an estimate for a number of blocks, or an explicit rate.
///
/// On the wire a string: `"normal"`, `"6blocks"`, `"253perkw"`, `"1000perkb"`. A bare number, as a string or as a JSON
/// number, counts per 1000 virtual bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Feerate {
    /// An estimate that the node knows by this name.
    Named(FeerateName),
    /// The node's estimate for confirmation within so many blocks.
    Blocks(u32),
    /// Satoshi per 1000 weight units.
    PerKw(u32),
    /// Satoshi per 1000 virtual bytes.
    PerKb(u32),
    /// A name that these types do not list, kept as it was read.
    Unlisted(UnknownValue),
}

/// The names of the node's own estimates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FeerateName {
    /// Confirmation may take long (`slow`).
    Slow,
    /// Confirmation within some hours (`normal`).
    Normal,
    /// Confirmation as soon as possible (`urgent`).
    Urgent,
    /// The least that the network still relays (`minimum`).
    Minimum,
    /// For opening a channel (`opening`).
    Opening,
    /// For closing a channel together (`mutual_close`).
    MutualClose,
    /// For closing a channel alone (`unilateral_close`).
    UnilateralClose,
    /// For taking back our delayed output after a close (`delayed_to_us`).
    DelayedToUs,
    /// For settling payments in flight on chain (`htlc_resolution`).
    HtlcResolution,
    /// For punishing a peer who cheats (`penalty`).
    Penalty,
}

/// Why a text is no feerate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseFeerateError {
    /// It starts neither with a digit nor with a letter.
    #[error("`{0}` is no feerate: expected a name such as `normal`, or a number with `perkw`, `perkb` or `blocks`")]
    NotAFeerate(String),
    /// Behind the number stands no unit of a feerate.
    #[error("the feerate `{0}` has an unknown unit: only `perkw`, `perkb` and `blocks` exist, without a space")]
    Unit(String),
    /// The number does not fit 32 bits.
    #[error("the feerate `{0}` is too large: the most is 4294967295")]
    TooLarge(String),
}

impl FeerateName {
    const ALL: [FeerateName; 10] = [
        Self::Slow,
        Self::Normal,
        Self::Urgent,
        Self::Minimum,
        Self::Opening,
        Self::MutualClose,
        Self::UnilateralClose,
        Self::DelayedToUs,
        Self::HtlcResolution,
        Self::Penalty,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Slow => "slow",
            Self::Normal => "normal",
            Self::Urgent => "urgent",
            Self::Minimum => "minimum",
            Self::Opening => "opening",
            Self::MutualClose => "mutual_close",
            Self::UnilateralClose => "unilateral_close",
            Self::DelayedToUs => "delayed_to_us",
            Self::HtlcResolution => "htlc_resolution",
            Self::Penalty => "penalty",
        }
    }
}

impl fmt::Display for FeerateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<FeerateName> for Feerate {
    fn from(name: FeerateName) -> Self {
        Feerate::Named(name)
    }
}

impl fmt::Display for Feerate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => fmt::Display::fmt(name, f),
            Self::Blocks(blocks) => write!(f, "{blocks}blocks"),
            Self::PerKw(rate) => write!(f, "{rate}perkw"),
            Self::PerKb(rate) => write!(f, "{rate}perkb"),
            Self::Unlisted(name) => f.write_str(name.as_str()),
        }
    }
}

impl FromStr for Feerate {
    type Err = ParseFeerateError;

    fn from_str(text: &str) -> Result<Self, ParseFeerateError> {
        if text.starts_with(|first: char| first.is_ascii_alphabetic()) {
            let known = FeerateName::ALL.into_iter().find(|name| name.as_str() == text);
            return Ok(known.map_or_else(|| Self::Unlisted(UnknownValue::new(text)), Self::Named));
        }
        let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
        let (digits, unit) = text.split_at(end);
        if digits.is_empty() {
            return Err(ParseFeerateError::NotAFeerate(excerpt(text)));
        }
        let rate = match unit {
            "" | "perkb" => Self::PerKb,
            "perkw" => Self::PerKw,
            "blocks" => Self::Blocks,
            _ => return Err(ParseFeerateError::Unit(excerpt(text))),
        };
        let number = parse_digits(digits).and_then(|number| u32::try_from(number).ok());
        number.map(rate).ok_or_else(|| ParseFeerateError::TooLarge(excerpt(text)))
    }
}

impl Serialize for Feerate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Feerate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FeerateVisitor)
    }
}

struct FeerateVisitor;

impl Visitor<'_> for FeerateVisitor {
    type Value = Feerate;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a feerate, such as \"normal\" or \"253perkw\", or a whole number per 1000 virtual bytes")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Feerate, E> {
        u32::try_from(number)
            .map(Feerate::PerKb)
            .map_err(|_| E::custom(ParseFeerateError::TooLarge(number.to_string())))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Feerate, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: Feerate, written: &str) {
        assert_eq!(serde_json::from_str::<Feerate>(json).unwrap(), expected, "{json}");
        assert_eq!(serde_json::to_string(&expected).unwrap(), format!("\"{written}\""));
        assert_eq!(written.parse(), Ok(expected));
    }

    #[test]
    fn every_form_of_a_feerate_is_read_and_written() {
        for name in FeerateName::ALL {
            check(&format!("\"{name}\""), name.into(), name.as_str());
        }
        check(r#""6blocks""#, Feerate::Blocks(6), "6blocks");
        check(r#""253perkw""#, Feerate::PerKw(253), "253perkw");
        check(r#""1000perkb""#, Feerate::PerKb(1000), "1000perkb");
        check(r#""1000""#, Feerate::PerKb(1000), "1000perkb");
        check("1000", Feerate::PerKb(1000), "1000perkb");
        check(r#""next_day""#, Feerate::Unlisted(UnknownValue::new("next_day")), "next_day");
    }

    fn check_error(text: &str, expected: fn(String) -> ParseFeerateError) {
        assert_eq!(text.parse::<Feerate>(), Err(expected(text.into())));
    }

    #[test]
    fn what_is_no_feerate_is_refused() {
        use ParseFeerateError as E;
        for text in ["", "-1", " 1"] {
            check_error(text, E::NotAFeerate);
        }
        for text in ["253 perkw", "253PERKW", "1.5perkw"] {
            check_error(text, E::Unit);
        }
        for text in ["4294967296perkb", "99999999999999999999blocks"] {
            check_error(text, E::TooLarge);
        }
        for json in ["-1", "1.5", "4294967296", "null"] {
            assert!(serde_json::from_str::<Feerate>(json).is_err(), "{json}");
        }
    }
}
