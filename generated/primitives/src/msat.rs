//! Millisatoshi.

use crate::amount::{self, AmountVisitor, ParseAmountError, Unit};
use crate::text::excerpt;
use bitcoin::Amount;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// An amount in millisatoshi, a thousandth of a satoshi.
///
/// On the wire it is written as a JSON number. Read are a whole JSON number and a text: `"1000"`, `"1000msat"`,
/// `"1sat"`, `"0.00000001btc"` (at most 11 decimals). Whatever is not exactly an amount is a [`ParseAmountError`].
///
/// Arithmetic is checked only: money that silently wraps or saturates is money lost.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Msat(u64);

impl Msat {
    /// Nothing.
    pub const ZERO: Msat = Msat(0);
    /// The largest amount that can be represented, far above all bitcoin there will ever be.
    pub const MAX: Msat = Msat(u64::MAX);

    /// An amount of so many millisatoshi.
    pub const fn from_msat(msat: u64) -> Self {
        Msat(msat)
    }

    /// An amount of so many satoshi; `None` when that is more than [`Msat::MAX`].
    pub const fn from_sat(sat: u64) -> Option<Self> {
        Self::wrap(sat.checked_mul(1000))
    }

    /// How many millisatoshi this is.
    pub const fn as_msat(self) -> u64 {
        self.0
    }

    /// How many satoshi this is; `None` when it is no whole number of them.
    pub const fn to_sat_exact(self) -> Option<u64> {
        if self.0.is_multiple_of(1000) { Some(self.0 / 1000) } else { None }
    }

    /// How many whole satoshi this holds; a part of a satoshi is dropped.
    pub const fn to_sat_floor(self) -> u64 {
        self.0 / 1000
    }

    /// The sum; `None` on overflow.
    pub const fn checked_add(self, other: Msat) -> Option<Msat> {
        Self::wrap(self.0.checked_add(other.0))
    }

    /// The difference; `None` when `other` is the larger.
    pub const fn checked_sub(self, other: Msat) -> Option<Msat> {
        Self::wrap(self.0.checked_sub(other.0))
    }

    /// The amount `factor` times; `None` on overflow.
    pub const fn checked_mul(self, factor: u64) -> Option<Msat> {
        Self::wrap(self.0.checked_mul(factor))
    }

    /// The amount divided, rounded down; `None` when the divisor is zero.
    pub const fn checked_div(self, divisor: u64) -> Option<Msat> {
        Self::wrap(self.0.checked_div(divisor))
    }

    /// `Option::map`, which is not yet `const`.
    const fn wrap(msat: Option<u64>) -> Option<Msat> {
        match msat {
            Some(msat) => Some(Msat(msat)),
            None => None,
        }
    }
}

impl fmt::Display for Msat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}msat", self.0)
    }
}

impl fmt::Debug for Msat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Msat {
    type Err = ParseAmountError;

    fn from_str(text: &str) -> Result<Self, ParseAmountError> {
        let msat = amount::parse(text, Unit::Msat, 11)?;
        match msat.map(u64::try_from) {
            Some(Ok(msat)) => Ok(Msat(msat)),
            _ => Err(too_large(text)),
        }
    }
}

fn too_large(text: &str) -> ParseAmountError {
    ParseAmountError::Overflow { input: excerpt(text), most: Msat::MAX.to_string() }
}

impl From<Msat> for u64 {
    /// The number of millisatoshi.
    fn from(amount: Msat) -> u64 {
        amount.0
    }
}

impl TryFrom<Amount> for Msat {
    type Error = ParseAmountError;

    fn try_from(amount: Amount) -> Result<Self, ParseAmountError> {
        Msat::from_sat(amount.to_sat()).ok_or_else(|| too_large(&format!("{}sat", amount.to_sat())))
    }
}

impl Serialize for Msat {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for Msat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = AmountVisitor {
            expecting: "an amount in millisatoshi",
            unit: "millisatoshi",
            number: Msat,
            text: Msat::from_str,
        };
        visitor.read(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ParseAmountError as E;

    fn check(text: &str, expected: u64) {
        assert_eq!(text.parse(), Ok(Msat(expected)), "{text}");
        let json = serde_json::Value::from(text);
        assert_eq!(serde_json::from_value::<Msat>(json).unwrap(), Msat(expected), "{text}");
    }

    fn check_error(text: &str, expected: fn(String) -> E) {
        assert_eq!(text.parse::<Msat>(), Err(expected(text.to_owned())), "{text}");
    }

    #[test]
    fn every_accepted_form_of_an_amount_is_read_exactly() {
        let max = "2100000000000000000";
        for bare in [(0, "0"), (1, "1"), (2_100_000_000_000_000_000, max), (7, "007")] {
            check(bare.1, bare.0);
            check(&format!("{}msat", bare.1), bare.0);
        }
        check("0sat", 0);
        check("1sat", 1000);
        check("2100000000000000sat", 2_100_000_000_000_000_000);
        check("1btc", 100_000_000_000);
        check("1.btc", 100_000_000_000);
        check("0.00000000btc", 0);
        check("0.00000001btc", 1000);
        check("0.00000000001btc", 1);
        check("1.2btc", 120_000_000_000);
        check("1.23456789012btc", 123_456_789_012);
        check("18446744073709551615", u64::MAX);
        check("184467440.73709551615btc", u64::MAX);
    }

    #[test]
    fn every_refused_form_has_its_own_reason() {
        assert_eq!("".parse::<Msat>(), Err(E::Empty));
        for sign in ["-1", "-1sat", "+1"] {
            check_error(sign, E::Sign);
        }
        for exponent in ["1e5", "1E5", "1e-5", "1e+5btc"] {
            check_error(exponent, E::Exponent);
        }
        for junk in ["1msatfoo", "1sats", "1btc ", "1.0btc0"] {
            check_error(junk, E::TextAfterUnit);
        }
        for unit in ["1MSAT", "1 sat", "1e", "1 ", "1mbtc", "0x10", "1,0", "1..2btc"] {
            check_error(unit, E::UnknownUnit);
        }
        for decimals in ["0.0", "0.00000000msat", "1.000sat", "1.5sat", "1.5", "1."] {
            check_error(decimals, E::DecimalsWithoutBtc);
        }
        check_error(".5btc", E::NoLeadingDigit);
        for text in ["x", "x100", "NaN", " 1", "sat", "any"] {
            check_error(text, E::NotANumber);
        }
        check_error("1.000000000000btc", |input| E::TooManyDecimals { input, most: 11 });
        let huge = "9".repeat(39);
        for large in ["18446744073709551616", "18446744073709552sat", "184467440.73709551616btc", &huge] {
            check_error(large, |input| E::Overflow { input, most: "18446744073709551615msat".into() });
        }
        assert!(matches!("21000000000000000000000000.00000000btc".parse::<Msat>(), Err(E::Overflow { .. })));
    }

    #[test]
    fn json_that_is_no_whole_amount_is_refused_and_says_why() {
        for json in ["-1", "1.0", "0.5", "1e3", "18446744073709551616"] {
            let message = serde_json::from_str::<Msat>(json).unwrap_err().to_string();
            assert!(message.contains("amounts are whole millisatoshi"), "{json}: {message}");
        }
        let nan = serde::de::value::F64Deserializer::<serde::de::value::Error>::new(f64::NAN);
        assert!(Msat::deserialize(nan).is_err());
        for json in ["null", "true", "[1]", "{}"] {
            assert!(serde_json::from_str::<Msat>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn an_amount_is_written_as_a_number_and_shown_with_its_unit() {
        assert_eq!(serde_json::to_string(&Msat(1000)).unwrap(), "1000");
        assert_eq!(format!("{} {:?}", Msat(1000), Msat(7)), "1000msat 7msat");
    }

    #[test]
    fn arithmetic_never_wraps() {
        assert_eq!(Msat(1).checked_add(Msat::MAX), None);
        assert_eq!(Msat(1).checked_sub(Msat(2)), None);
        assert_eq!(Msat::MAX.checked_mul(2), None);
        assert_eq!(Msat(7).checked_div(0), None);
        assert_eq!(Msat(7).checked_div(2), Some(Msat(3)));
        assert_eq!((Msat(1999).to_sat_floor(), Msat(1999).to_sat_exact()), (1, None));
        assert_eq!(Msat::from_sat(2).and_then(Msat::to_sat_exact), Some(2));
        assert_eq!(Msat::from_sat(u64::MAX), None);
        assert!(Msat::try_from(Amount::from_sat(u64::MAX)).is_err());
        assert_eq!(Msat::try_from(Amount::from_sat(3)), Ok(Msat(3000)));
    }
}
