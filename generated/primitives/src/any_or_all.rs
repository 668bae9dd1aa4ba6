//! Amounts in whose place a word may stand: `any` for an amount left open, `all` for everything there is.

use crate::amount::{AmountVisitor, ParseAmountError};
use crate::msat::Msat;
use bitcoin::Amount;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// Defines one such type: the word's variant and text, the amount's variant and type, the unit of a bare number and
/// how to make an amount of it, how to read an amount's text and how to take its number.
macro_rules! amount_or_word {
    (
        $(#[$doc:meta])*
        $name:ident {
            $word:ident = $text:literal: $word_doc:literal,
            $amount:ident($type:ty): $amount_doc:literal
        }
        expecting $expecting:literal, $unit:literal ($suffix:literal),
        number $number:expr, text $parse:expr, get $get:expr
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            #[doc = $word_doc]
            $word,
            #[doc = $amount_doc]
            $amount($type),
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    Self::$word => f.write_str($text),
                    Self::$amount(amount) => write!(f, concat!("{}", $suffix), $get(*amount)),
                }
            }
        }

        impl FromStr for $name {
            type Err = ParseAmountError;

            fn from_str(text: &str) -> Result<Self, ParseAmountError> {
                if text == $text { Ok(Self::$word) } else { $parse(text).map(Self::$amount) }
            }
        }

        impl From<$type> for $name {
            fn from(amount: $type) -> Self {
                Self::$amount(amount)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    Self::$word => serializer.serialize_str($text),
                    Self::$amount(amount) => serializer.serialize_u64($get(*amount)),
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let visitor = AmountVisitor {
                    expecting: $expecting,
                    unit: $unit,
                    number: |number| Self::$amount($number(number)),
                    text: Self::from_str,
                };
                visitor.read(deserializer)
            }
        }
    };
}

amount_or_word! {
    /// An amount in millisatoshi, or `any`: the one who pays chooses. Written as a JSON number or `"any"`; read like
    /// [`Msat`] or that word.
    MsatOrAny { Any = "any": "Any amount: the one who pays chooses it.", Msat(Msat): "Just this amount." }
    expecting "an amount in millisatoshi or \"any\"", "millisatoshi" ("msat"),
    number Msat::from_msat, text Msat::from_str, get Msat::as_msat
}

amount_or_word! {
    /// An amount in millisatoshi, or `all` that there is. Written as a JSON number or `"all"`; read like [`Msat`] or
    /// that word.
    MsatOrAll { All = "all": "Everything there is.", Msat(Msat): "Just this amount." }
    expecting "an amount in millisatoshi or \"all\"", "millisatoshi" ("msat"),
    number Msat::from_msat, text Msat::from_str, get Msat::as_msat
}

amount_or_word! {
    /// An amount in satoshi, or `all` that there is. Written as a JSON number of satoshi or `"all"`; read as
    /// [`sat`](crate::sat) reads amounts, or that word.
    SatOrAll { All = "all": "Everything there is.", Sat(Amount): "Just this amount." }
    expecting "an amount in satoshi or \"all\"", "satoshi" ("sat"),
    number Amount::from_sat, text crate::sat::parse, get Amount::to_sat
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::DeserializeOwned;

    /// Reads the JSON, shows the value, and writes it again.
    fn check<T>(json: &str, shown: &str, written: &str)
    where
        T: DeserializeOwned + Serialize + fmt::Display + FromStr<Err: fmt::Debug> + PartialEq + fmt::Debug,
    {
        let value: T = serde_json::from_str(json).unwrap();
        assert_eq!(value.to_string(), shown);
        assert_eq!(serde_json::to_string(&value).unwrap(), written);
        assert_eq!(shown.parse::<T>().unwrap(), value);
    }

    #[test]
    fn the_word_and_the_amount_are_both_read_and_written() {
        check::<MsatOrAny>(r#""any""#, "any", r#""any""#);
        check::<MsatOrAny>("5", "5msat", "5");
        check::<MsatOrAny>(r#""1sat""#, "1000msat", "1000");
        check::<MsatOrAll>(r#""all""#, "all", r#""all""#);
        check::<MsatOrAll>(r#""7msat""#, "7msat", "7");
        check::<SatOrAll>(r#""all""#, "all", r#""all""#);
        check::<SatOrAll>("5", "5sat", "5");
        check::<SatOrAll>(r#""5000msat""#, "5sat", "5");
    }

    #[test]
    fn another_word_or_a_fraction_is_refused() {
        for json in [r#""all""#, r#""Any""#, r#""""#, "1.5", "-1", "null"] {
            assert!(serde_json::from_str::<MsatOrAny>(json).is_err(), "{json}");
        }
        for json in [r#""any""#, r#""1msat""#, "0.1", "{}"] {
            assert!(serde_json::from_str::<SatOrAll>(json).is_err(), "{json}");
        }
    }
}
