//! What a parameter's value may be.

use cln_primitives::{Hash32, HexBytes, NodeId};
use serde_json::Value;
use serde_json::value::RawValue;

use super::amount;

/// What a parameter's value may be. Each is read from JSON as lightningd reads it, and given on in one form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An amount; given on in millisatoshi.
    Msat,
    /// A JSON string. lightningd refuses those with `\u` in them; here they are what JSON says.
    Text,
    /// A JSON string or number; given on as a string.
    Label,
    /// Digits, also as a string, of at most this number.
    Number(u64),
    /// `true` or `false`, not as a string.
    Bool,
    /// 64 hex digits.
    Hash,
    /// 64 hex digits that no error repeats.
    Secret,
    /// A node's id: 66 hex digits of a point.
    NodeId,
    /// Bytes in hex digits.
    Hex,
    /// A list of JSON strings.
    Texts,
    /// One of these words.
    OneOf(&'static [&'static str]),
}

/// A value is not what it may be. The reason is a phrase that follows "must be".
pub(super) type Reason = String;

impl Kind {
    /// The largest number of 64 bits.
    pub(crate) const U64: Kind = Kind::Number(u64::MAX);
    /// The largest number of 32 bits.
    pub(crate) const U32: Kind = Kind::Number(u32::MAX as u64);
    /// The largest number of 16 bits.
    pub(crate) const U16: Kind = Kind::Number(u16::MAX as u64);

    /// Reads a value.
    pub(super) fn read(self, json: &RawValue) -> Result<Value, Reason> {
        let text = serde_json::from_str::<String>(json.get()).ok();
        // Numbers are read as they are written, so that none is rounded.
        let token = text.as_deref().unwrap_or(json.get());
        let read = match self {
            Kind::Msat => amount::msat(token).map(|amount| amount.as_msat().into()),
            Kind::Text => text.map(Value::from),
            Kind::Label => match json.get().as_bytes() {
                [b'"' | b'-' | b'0'..=b'9', ..] => Some(token.into()),
                _ => None,
            },
            Kind::Number(most) => number(token).filter(|&number| number <= most).map(Value::from),
            Kind::Bool => serde_json::from_str::<bool>(json.get()).ok().map(Value::from),
            Kind::Hash | Kind::Secret => token.parse::<Hash32>().ok().map(|hash| hash.to_string().into()),
            Kind::NodeId => token.parse::<NodeId>().ok().map(|id| id.to_string().into()),
            Kind::Hex => token.parse::<HexBytes>().ok().map(|bytes| bytes.to_string().into()),
            Kind::Texts => serde_json::from_str::<Vec<String>>(json.get()).ok().map(Value::from),
            Kind::OneOf(words) => words.iter().find(|&&word| word == token).map(|&word| word.into()),
        };
        read.ok_or_else(|| self.expected())
    }

    fn expected(self) -> Reason {
        match self {
            Kind::Msat => "an amount in millisatoshi, or with the unit sat or btc".into(),
            Kind::Text => "a string".into(),
            Kind::Label => "a string or a number".into(),
            Kind::Number(most) => format!("a whole number from 0 to {most}"),
            Kind::Bool => "true or false".into(),
            Kind::Hash | Kind::Secret => "64 hex digits".into(),
            Kind::NodeId => "a node's id in 66 hex digits".into(),
            Kind::Texts => "a list of strings".into(),
            Kind::Hex => "an even number of hex digits".into(),
            Kind::OneOf(words) => format!("one of {}", words.join(", ")),
        }
    }
}

fn number(token: &str) -> Option<u64> {
    // Rust's own reader would take a sign.
    token.bytes().all(|byte| byte.is_ascii_digit()).then(|| token.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(kind: Kind, accepted: &[(&str, Value)], refused: &[&str]) {
        let read = |json: &&str| kind.read(&RawValue::from_string((*json).to_owned()).unwrap());
        for (json, expected) in accepted {
            assert_eq!(read(json).as_ref(), Ok(expected), "{kind:?} {json}");
        }
        for json in refused {
            assert_eq!(read(json), Err(kind.expected()), "{kind:?} {json}");
        }
    }

    #[test]
    fn amounts() {
        let accepted = [
            ("5", json!(5)),
            (r#""5""#, json!(5)),
            (r#""5sat""#, json!(5000)),
            (r#""1.5btc""#, json!(150_000_000_000_u64)),
        ];
        check(Kind::Msat, &accepted, &[r#""any""#, "1.5", "1e3", "-1", "true", "null", "{}", "[5]", r#""""#]);
    }

    #[test]
    fn texts() {
        let accepted = [
            (r#""""#, json!("")),
            (r#""a\n\"b""#, json!("a\n\"b")),
            (r#""\u2603""#, json!("☃")),
            (r#""5""#, json!("5")),
        ];
        check(Kind::Text, &accepted, &["5", "true", "null", "{}", r#"["a"]"#, r#""\ud800""#]);
    }

    #[test]
    fn a_label_that_is_a_number_is_the_same_as_a_string() {
        let accepted = [("5", json!("5")), (r#""5""#, json!("5")), ("1.50e2", json!("1.50e2")), ("-1", json!("-1"))];
        check(Kind::Label, &accepted, &["true", "null", "{}", "[]"]);
        check(Kind::Label, &[("18446744073709551617", json!("18446744073709551617"))], &[]);
    }

    #[test]
    fn numbers() {
        let accepted = [("0", json!(0)), (r#""12""#, json!(12)), ("4294967295", json!(4_294_967_295_u64))];
        let refused = ["-1", r#""+1""#, "1.0", "1e2", r#""0x1""#, r#""""#, "4294967296", "true", "null", r#""1 ""#];
        check(Kind::U32, &accepted, &refused);
        check(Kind::U64, &[("18446744073709551615", json!(u64::MAX))], &["18446744073709551616"]);
    }

    #[test]
    fn truth() {
        check(Kind::Bool, &[("true", json!(true)), ("false", json!(false))], &[r#""true""#, "1", "null", r#""""#]);
    }

    #[test]
    fn hashes_and_ids() {
        let (hash, id) = ("aB".repeat(32), format!("02{}", "79".repeat(32)));
        let quoted = |text: &str| format!("\"{text}\"");
        check(Kind::Hash, &[(&quoted(&hash), json!(hash.to_lowercase()))], &[r#""ab""#, r#""""#, "5", &quoted(&id)]);
        check(Kind::NodeId, &[], &[&quoted(&hash), &quoted(&"00".repeat(33)), "5"]);
    }

    #[test]
    fn lists() {
        let accepted = [("[]", json!([])), (r#"["a", "b"]"#, json!(["a", "b"]))];
        check(Kind::Texts, &accepted, &[r#""a""#, "[5]", "null", "{}"]);
    }

    #[test]
    fn words() {
        check(Kind::OneOf(&["a", "b"]), &[(r#""b""#, json!("b"))], &[r#""c""#, r#""""#, "1"]);
    }
}
