//! Satoshi on the wire: serde helpers for [`bitcoin::Amount`], used as `#[serde(with = "cln_primitives::sat")]`.
//!
//! Written is a JSON number of satoshi. Read are a whole JSON number of satoshi and a text: `"1000"` and `"1000sat"`,
//! `"1000000msat"` when that is a whole number of satoshi, `"0.00001btc"` with at most 8 decimals.

use crate::amount::{self, AmountVisitor, ParseAmountError, Unit};
use crate::text::excerpt;
use bitcoin::Amount;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An amount inside of a list, a map or a union, where no attribute can say how it is read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Sat(#[serde(with = "crate::sat")] pub Amount);

impl From<Amount> for Sat {
    fn from(amount: Amount) -> Self {
        Self(amount)
    }
}

/// Writes the amount as a JSON number of satoshi.
pub fn serialize<S: Serializer>(amount: &Amount, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(amount.to_sat())
}

/// Reads an amount from a JSON number of satoshi or from a text; see the [module](self) for its grammar.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
    let visitor =
        AmountVisitor { expecting: "an amount in satoshi", unit: "satoshi", number: Amount::from_sat, text: parse };
    visitor.read(deserializer)
}

/// Reads an amount from a text; a number without a unit counts satoshi.
pub(crate) fn parse(text: &str) -> Result<Amount, ParseAmountError> {
    let too_large = || ParseAmountError::Overflow { input: excerpt(text), most: format!("{}sat", u64::MAX) };
    let msat = amount::parse(text, Unit::Sat, 8)?.ok_or_else(too_large)?;
    if !msat.is_multiple_of(1000) {
        return Err(ParseAmountError::NotWholeSatoshi(excerpt(text)));
    }
    u64::try_from(msat / 1000).map(Amount::from_sat).map_err(|_| too_large())
}

/// The same for an amount that may be missing or `null`: `#[serde(with = "cln_primitives::sat::option", default)]`.
pub mod option {
    use super::*;

    /// Writes the amount as a JSON number of satoshi, or `null`.
    pub fn serialize<S: Serializer>(amount: &Option<Amount>, serializer: S) -> Result<S::Ok, S::Error> {
        match amount {
            Some(amount) => serializer.serialize_some(&amount.to_sat()),
            None => serializer.serialize_none(),
        }
    }

    /// Reads an amount as [`super::deserialize`] does; `null` is `None`.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Amount>, D::Error> {
        Ok(Option::<Sat>::deserialize(deserializer)?.map(|Sat(amount)| amount))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Both {
        #[serde(with = "crate::sat")]
        must: Amount,
        #[serde(with = "crate::sat::option", default, skip_serializing_if = "Option::is_none")]
        may: Option<Amount>,
    }

    fn check(text: &str, expected: u64) {
        assert_eq!(parse(text), Ok(Amount::from_sat(expected)), "{text}");
    }

    #[test]
    fn satoshi_are_read_in_every_unit() {
        check("1000", 1000);
        check("1000sat", 1000);
        check("1000msat", 1);
        check("0.00000001btc", 1);
        check("21000000.btc", 2_100_000_000_000_000);
        check("18446744073709551615", u64::MAX);
        check("18446744073709551615000msat", u64::MAX);
    }

    #[test]
    fn what_is_no_whole_number_of_satoshi_is_refused() {
        assert_eq!(parse("1001msat"), Err(ParseAmountError::NotWholeSatoshi("1001msat".into())));
        let decimals = ParseAmountError::TooManyDecimals { input: "0.000000010btc".into(), most: 8 };
        assert_eq!(parse("0.000000010btc"), Err(decimals));
        assert_eq!(parse("1.5"), Err(ParseAmountError::DecimalsWithoutBtc("1.5".into())));
        for large in ["18446744073709551616", "99999999999999999999999999999999999999999btc"] {
            assert!(matches!(parse(large), Err(ParseAmountError::Overflow { .. })), "{large}");
        }
        for json in ["-1", "0.5", "18446744073709551616"] {
            let message = serde_json::from_str::<Both>(&format!(r#"{{"must":{json}}}"#)).unwrap_err().to_string();
            assert!(message.contains("amounts are whole satoshi"), "{message}");
        }
    }

    #[test]
    fn satoshi_are_written_as_numbers() {
        let both = Both { must: Amount::from_sat(5), may: Some(Amount::from_sat(6)) };
        assert_eq!(serde_json::to_string(&both).unwrap(), r#"{"must":5,"may":6}"#);
        assert_eq!(serde_json::from_str::<Both>(r#"{"must":"5sat","may":"6000msat"}"#).unwrap(), both);
        let one = serde_json::from_str::<Both>(r#"{"must":5,"may":null}"#).unwrap();
        assert_eq!(serde_json::to_string(&one).unwrap(), r#"{"must":5}"#);
    }
}
