//! What all types written as one JSON string share: a visitor that takes a borrowed `&str`, and short excerpts of bad
//! input for error messages.

use serde::de::{Deserializer, Error, Visitor};
use std::fmt::{self, Display};

/// Reads a JSON string through `parse`. The text is only lent: a parser that needs no copy makes none.
pub(crate) fn deserialize<'de, D, T, E>(
    deserializer: D,
    expecting: &'static str,
    parse: fn(&str) -> Result<T, E>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    E: Display,
{
    deserializer.deserialize_str(TextVisitor { expecting, parse })
}

struct TextVisitor<T, E> {
    expecting: &'static str,
    parse: fn(&str) -> Result<T, E>,
}

impl<T, E: Display> Visitor<'_> for TextVisitor<T, E> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_str<F: Error>(self, text: &str) -> Result<T, F> {
        (self.parse)(text).map_err(F::custom)
    }
}

/// Implements `Serialize` by `Display` and `Deserialize` by `FromStr`.
macro_rules! serde_as_text {
    ($type:ty, $expecting:literal) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::text::deserialize(deserializer, $expecting, <Self as std::str::FromStr>::from_str)
            }
        }
    };
}
pub(crate) use serde_as_text;

/// The start of a bad input, for an error message: enough to recognise it, whatever its length.
pub(crate) fn excerpt(input: &str) -> String {
    const LONGEST: usize = 40;
    match input.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &input[..end]),
        None => input.to_owned(),
    }
}

/// Reads a number written with ASCII digits only: no sign, no space, at least one digit, leading zeros allowed.
pub(crate) fn parse_digits(digits: &str) -> Option<u64> {
    let digits_only = digits.bytes().all(|byte| byte.is_ascii_digit());
    if digits_only { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_keeps_short_input_and_cuts_long_input_between_characters() {
        assert_eq!(excerpt("12x"), "12x");
        assert_eq!(excerpt(&"é".repeat(50)), format!("{}…", "é".repeat(40)));
    }

    #[test]
    fn digits_are_nothing_but_digits() {
        assert_eq!(parse_digits("007"), Some(7));
        for bad in ["", "+1", "-1", " 1", "1 ", "1_0", "٣", "18446744073709551616"] {
            assert_eq!(parse_digits(bad), None, "{bad:?}");
        }
    }
}
