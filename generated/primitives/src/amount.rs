//! The grammar of money that every amount type shares, and what can be wrong with an amount.
//!
//! An amount is `digits [ "." digits ] [ "msat" | "sat" | "btc" ]`. Lightningd itself ignores what follows the unit
//! (`1msatfoo`); here that is an error, because an amount that is not fully understood must not be guessed.

use crate::text::excerpt;
use serde::de::{Deserializer, Error, Visitor};
use std::fmt;

/// Why a text or a JSON value is not an amount of money. Each message quotes the input (its start, when it is long)
/// and says what would be accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseAmountError {
    /// Nothing was written.
    #[error("the amount is empty: write a whole number, with `msat`, `sat` or `btc` behind it if you like")]
    Empty,
    /// A `+` or `-` stands in front.
    #[error("the amount `{0}` has a sign: amounts are never negative and take no sign")]
    Sign(String),
    /// Scientific notation, such as `1e5`.
    #[error("the amount `{0}` has an exponent: write out all its digits")]
    Exponent(String),
    /// The decimals start without a digit in front of the point.
    #[error("the amount `{0}` starts with a point: write a digit in front of it, as in `0.5btc`")]
    NoLeadingDigit(String),
    /// It does not start with a digit at all.
    #[error("the amount `{0}` is not a number: it must start with a digit")]
    NotANumber(String),
    /// Behind the digits stands something that is no unit.
    #[error("the amount `{0}` has an unknown unit: only `msat`, `sat` and `btc` exist, in lower case, without a space")]
    UnknownUnit(String),
    /// Behind the unit stands more text.
    #[error("the amount `{0}` goes on after its unit: remove what follows `msat`, `sat` or `btc`")]
    TextAfterUnit(String),
    /// Decimals with another unit than `btc`, or with none.
    #[error("the amount `{0}` has decimals: only `btc` takes them, write a whole number of `sat` or `msat`")]
    DecimalsWithoutBtc(String),
    /// More decimals than the type can hold, even if they are zeros.
    #[error("the amount `{input}` has too many decimals: at most {most} are allowed here")]
    TooManyDecimals {
        /// The amount as written.
        input: String,
        /// How many decimals of a bitcoin are allowed: 11 where millisatoshi count, 8 where satoshi do.
        most: usize,
    },
    /// It is no whole number of satoshi, where only those can be meant.
    #[error("the amount `{0}` is not a whole number of satoshi, and nothing smaller can be given here")]
    NotWholeSatoshi(String),
    /// It is larger than the type can hold.
    #[error("the amount `{input}` is too large: the most is {most}")]
    Overflow {
        /// The amount as written.
        input: String,
        /// The largest amount possible here, with its unit.
        most: String,
    },
}

/// What a number without a unit counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Msat,
    Sat,
    Btc,
}

impl Unit {
    /// `msat` must come first: its text ends with `sat`.
    const NAMED: [(&'static str, Unit); 3] = [("msat", Unit::Msat), ("sat", Unit::Sat), ("btc", Unit::Btc)];

    const fn in_msat(self) -> u128 {
        match self {
            Unit::Msat => 1,
            Unit::Sat => 1000,
            Unit::Btc => 100_000_000_000,
        }
    }
}

/// Reads an amount as millisatoshi. The result is wider than any amount type, so that each of them checks its own
/// range; `None` inside `Ok` is an amount wider still.
pub(crate) fn parse(text: &str, bare: Unit, most_decimals: usize) -> Result<Option<u128>, ParseAmountError> {
    let (whole, rest) = split_digits(text);
    if whole.is_empty() {
        return Err(no_digit(text));
    }
    let (decimals, suffix) = match rest.strip_prefix('.') {
        Some(rest) => {
            let (decimals, suffix) = split_digits(rest);
            (Some(decimals), suffix)
        }
        None => (None, rest),
    };
    let unit = if suffix.is_empty() { bare } else { unit(suffix, text)? };
    if decimals.is_some() && (unit != Unit::Btc || suffix.is_empty()) {
        return Err(ParseAmountError::DecimalsWithoutBtc(excerpt(text)));
    }
    let decimals = decimals.unwrap_or_default();
    if decimals.len() > most_decimals {
        return Err(ParseAmountError::TooManyDecimals { input: excerpt(text), most: most_decimals });
    }
    Ok(in_msat(whole, decimals, unit))
}

fn in_msat(whole: &str, decimals: &str, unit: Unit) -> Option<u128> {
    let mut total = digits_value(whole)?.checked_mul(unit.in_msat())?;
    let mut place = unit.in_msat();
    for digit in decimals.bytes() {
        place /= 10;
        total = total.checked_add(u128::from(digit - b'0') * place)?;
    }
    Some(total)
}

fn digits_value(digits: &str) -> Option<u128> {
    digits.bytes().try_fold(0u128, |value, digit| value.checked_mul(10)?.checked_add(u128::from(digit - b'0')))
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

fn no_digit(text: &str) -> ParseAmountError {
    match text.chars().next() {
        None => ParseAmountError::Empty,
        Some('+' | '-') => ParseAmountError::Sign(excerpt(text)),
        Some('.') => ParseAmountError::NoLeadingDigit(excerpt(text)),
        Some(_) => ParseAmountError::NotANumber(excerpt(text)),
    }
}

fn unit(suffix: &str, text: &str) -> Result<Unit, ParseAmountError> {
    for (name, unit) in Unit::NAMED {
        match suffix.strip_prefix(name) {
            Some("") => return Ok(unit),
            Some(_) => return Err(ParseAmountError::TextAfterUnit(excerpt(text))),
            None => {}
        }
    }
    let exponent = suffix.strip_prefix(['e', 'E']).is_some_and(|rest| rest.starts_with(is_exponent_start));
    Err(if exponent { ParseAmountError::Exponent(excerpt(text)) } else { ParseAmountError::UnknownUnit(excerpt(text)) })
}

fn is_exponent_start(character: char) -> bool {
    character.is_ascii_digit() || matches!(character, '+' | '-')
}

/// How one amount type reads a JSON value: a whole number, or a text with or without a unit.
pub(crate) struct AmountVisitor<T> {
    /// What may stand there, for serde's own message on another type of value.
    pub(crate) expecting: &'static str,
    /// What a JSON number counts: `millisatoshi` or `satoshi`.
    pub(crate) unit: &'static str,
    pub(crate) number: fn(u64) -> T,
    pub(crate) text: fn(&str) -> Result<T, ParseAmountError>,
}

impl<T> AmountVisitor<T> {
    pub(crate) fn read<'de, D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn not_whole<E: Error>(&self, found: impl fmt::Display) -> E {
        E::custom(format_args!(
            "{found} is not an amount: amounts are whole {}, from 0 to {}, without fraction or exponent",
            self.unit,
            u64::MAX
        ))
    }
}

impl<T> Visitor<'_> for AmountVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        Ok((self.number)(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => Err(self.not_whole(number)),
        }
    }

    /// Also where an integer beyond 64 bits arrives, which JSON parsers hand over as floating point.
    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        Err(self.not_whole(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.text)(text).map_err(E::custom)
    }
}
