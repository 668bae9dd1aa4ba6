//! What is wrong with a message, told without the values that it holds: those may be secret.

use std::collections::BTreeSet;

use serde_json::Value;

/// What is wrong, and where in the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where, such as `invoices[2].status`; empty for the message as a whole.
    pub path: String,
    /// What is wrong there.
    pub reason: String,
}

impl Fault {
    /// A fault at a place.
    pub fn new(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), reason: reason.into() }
    }

    /// The same without the message's values; the names that the schemas have may stay.
    #[must_use]
    pub(super) fn without_values(self, message: &Value, names: &BTreeSet<String>) -> Self {
        let mut values = BTreeSet::new();
        collect(message, &mut values);
        let secret = |chunk: &str| {
            let chunk = chunk.trim_end_matches('…');
            !names.contains(chunk) && values.iter().any(|value| value.starts_with(chunk))
        };
        let reason = replace_quoted(&without_quoted(&without_whole(&self.reason, &values)), '`', secret);
        // A number that is no amount is not quoted.
        let reason = match reason.split_once(' ') {
            Some((number, rest)) if number.parse::<f64>().is_ok() => format!("… {rest}"),
            _ => reason,
        };
        Self { path: self.path, reason }
    }
}

fn collect(value: &Value, values: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, values)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, values)),
        Value::String(text) => drop(values.insert(text.clone())),
        Value::Number(number) => drop(values.insert(number.to_string())),
        Value::Bool(_) | Value::Null => {}
    }
}

/// A text without the values that would not be told from what is around them, as they hold backticks themselves.
fn without_whole(text: &str, values: &BTreeSet<String>) -> String {
    let mut text = text.to_owned();
    for value in values.iter().filter(|value| value.contains('`')) {
        // Long values are quoted by their beginning.
        let beginning: String = value.chars().take(QUOTED).collect();
        text = text.replace(value, "…").replace(&beginning, "…");
    }
    text
}

/// So many characters of a value are quoted at most.
const QUOTED: usize = 40;

/// A text without what stands between double quotes: serde quotes strings like that.
pub(super) fn without_quoted(text: &str) -> String {
    replace_quoted(&text.replace("\\\"", ""), '"', |_| true)
}

fn replace_quoted(text: &str, quote: char, secret: impl Fn(&str) -> bool) -> String {
    let chunks = text.split(quote).enumerate();
    let chunks = chunks.map(|(index, chunk)| if index % 2 == 1 && secret(chunk) { "…" } else { chunk });
    chunks.collect::<Vec<_>>().join(&quote.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(reason: &str, expected: &str) {
        let names = BTreeSet::from(["paid".to_owned()]);
        let message = json!({"status": "paid", "preimage": "5a5a", "amount": "12x", "n": 77, "fee": "a`5a5a`b"});
        assert_eq!(Fault::new("", reason).without_values(&message, &names).reason, expected);
    }

    #[test]
    fn values_are_not_told() {
        check(r#"invalid type: string "5a\"5a", expected u64"#, r#"invalid type: string "…", expected u64"#);
        check("the amount `12x` has an unknown unit: only `msat`", "the amount `…` has an unknown unit: only `msat`");
        check("invalid type: integer `77`, expected a string", "invalid type: integer `…`, expected a string");
        check("1.5 is not an amount", "… is not an amount");
        check("the amount `a`5a5a`b` is not a number", "the amount `…` is not a number");
        check("the amount `5a…` is too large", "the amount `…` is too large");
    }

    #[test]
    fn names_are() {
        check(
            "`paid` requires `payment_preimage`, which is missing",
            "`paid` requires `payment_preimage`, which is missing",
        );
        check("missing field `label`", "missing field `label`");
    }
}
