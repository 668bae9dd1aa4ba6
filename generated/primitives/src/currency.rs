//! Amounts of ordinary money.

use crate::text::{excerpt, serde_as_text};
use std::fmt;
use std::str::FromStr;

/// An amount in a currency other than bitcoin, such as `10.5USD`: decimal digits and a three-letter code, one JSON
/// string on the wire.
///
/// The digits are kept as written and never become floating point. Therefore `10.5USD` and `10.50USD` are the same
/// money but not equal here.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CurrencyAmount {
    /// The amount and its code together. Both are ASCII, so that the text can be split before the code.
    text: Box<str>,
}

const CODE_LENGTH: usize = 3;

/// Why a text is no amount in a currency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseCurrencyError {
    /// The currency is not given by three capital letters.
    #[error("`{0}` names no currency: three capital letters must stand at the end, as in `10.5USD`")]
    Code(String),
    /// What stands in front of the currency is no decimal number.
    #[error("`{0}` is no decimal amount: write digits, and behind a point further digits, as in `10.5`")]
    Amount(String),
}

impl CurrencyAmount {
    /// An amount from its decimal digits (`"10.5"`, `"10"`) and its currency's code (`"USD"`).
    ///
    /// # Errors
    /// When the digits are no decimal number, or the code is not three capital letters. Whether such a currency
    /// exists, and how many decimals it has, is not checked.
    pub fn new(major_minor: &str, code: &str) -> Result<Self, ParseCurrencyError> {
        if !is_decimal(major_minor) {
            return Err(ParseCurrencyError::Amount(excerpt(major_minor)));
        }
        if code.len() != CODE_LENGTH || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(ParseCurrencyError::Code(excerpt(code)));
        }
        Ok(Self { text: format!("{major_minor}{code}").into() })
    }

    /// The digits as written, with the decimal point if there was one.
    pub fn amount(&self) -> &str {
        self.split().0
    }

    /// The currency's three capital letters.
    pub fn code(&self) -> &str {
        self.split().1
    }

    fn split(&self) -> (&str, &str) {
        self.text.split_at(self.text.len() - CODE_LENGTH)
    }
}

fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('.') {
        Some((whole, decimals)) => digits(whole) && digits(decimals),
        None => digits(text),
    }
}

impl fmt::Display for CurrencyAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for CurrencyAmount {
    type Err = ParseCurrencyError;

    fn from_str(text: &str) -> Result<Self, ParseCurrencyError> {
        let code_start = text.len().saturating_sub(CODE_LENGTH);
        match text.split_at_checked(code_start) {
            Some((amount, code)) => Self::new(amount, code),
            None => Err(ParseCurrencyError::Code(excerpt(text))),
        }
    }
}

serde_as_text!(CurrencyAmount, "an amount and a currency, such as \"10.5USD\"");

#[cfg(test)]
mod tests {
    use super::*;
    use ParseCurrencyError as E;

    fn check(text: &str, amount: &str, code: &str) {
        let parsed: CurrencyAmount = text.parse().unwrap();
        assert_eq!((parsed.amount(), parsed.code(), parsed.to_string().as_str()), (amount, code, text));
        let json = serde_json::to_string(&parsed).unwrap();
        assert_eq!(json, format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<CurrencyAmount>(&json).unwrap(), parsed);
    }

    fn check_error(text: &str, expected: E) {
        assert_eq!(text.parse::<CurrencyAmount>(), Err(expected), "{text}");
    }

    #[test]
    fn the_digits_are_kept_as_written() {
        check("10.5USD", "10.5", "USD");
        check("10.50USD", "10.50", "USD");
        check("007EUR", "007", "EUR");
        check("123456789012345678901234567890.123456789JPY", "123456789012345678901234567890.123456789", "JPY");
    }

    #[test]
    fn what_is_no_amount_in_a_currency_is_refused() {
        for text in ["-1", "1e3", ".5", "1.", "1.2.3", "", "+1", " 1", "1,5"] {
            check_error(&format!("{text}USD"), E::Amount(text.into()));
        }
        check_error("10usd", E::Code("usd".into()));
        check_error("1.5€", E::Code("€".into()));
        check_error("10éé", E::Code("10éé".into()));
        check_error("", E::Amount(String::new()));
        assert!(serde_json::from_str::<CurrencyAmount>("10.5").is_err());
    }
}
