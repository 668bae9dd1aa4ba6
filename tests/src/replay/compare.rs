//! A message before and after the types had it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::path::member;

/// What became of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is gone.
    Lost,
    /// It is another one.
    Changed,
    /// It was not there.
    Added,
}

/// A value that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where, such as `invoices[2].status`.
    pub path: String,
    /// What became of it.
    pub change: Change,
}

/// Where a message differs from what was written of it. Equal are `null` and nothing, `5` and `5.0`, an amount and its
/// one form, which `amounts` has by path.
pub fn differences(before: &Value, after: &Value, amounts: &BTreeMap<String, Value>) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(before, after, "", amounts, &mut found);
    found
}

fn compare(before: &Value, after: &Value, path: &str, amounts: &BTreeMap<String, Value>, found: &mut Vec<Difference>) {
    let mut tell = |path: String, change| found.push(Difference { path, change });
    match (amounts.get(path).unwrap_or(before), after) {
        (Value::Object(before), Value::Object(after)) => {
            for (name, value) in before.iter().filter(|(_, value)| !value.is_null()) {
                let path = member(path, name);
                match after.get(name) {
                    Some(after) => compare(value, after, &path, amounts, found),
                    None => found.push(Difference { path, change: Change::Lost }),
                }
            }
            let is_new = |name: &String| before.get(name).is_none_or(Value::is_null);
            for (name, _) in after.iter().filter(|(name, value)| is_new(name) && !value.is_null()) {
                found.push(Difference { path: member(path, name), change: Change::Added });
            }
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            for (index, (before, after)) in before.iter().zip(after).enumerate() {
                compare(before, after, &format!("{path}[{index}]"), amounts, found);
            }
        }
        (Value::Number(before), Value::Number(after)) => {
            // Beyond 2^53 two integers may be one float.
            let float = before.is_f64() || after.is_f64();
            if before != after && !(float && before.as_f64() == after.as_f64()) {
                tell(path.to_owned(), Change::Changed);
            }
        }
        (before, after) if before == after => {}
        _ => tell(path.to_owned(), Change::Changed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(before: Value, after: Value, expected: &[(&str, Change)]) {
        let amounts = BTreeMap::from([("fee".to_owned(), json!(5))]);
        let found = differences(&before, &after, &amounts);
        let found: Vec<(&str, Change)> = found.iter().map(|it| (it.path.as_str(), it.change)).collect();
        assert_eq!(found, expected, "{before} → {after}");
    }

    #[test]
    fn what_says_the_same_is_equal() {
        check(json!({"a": null, "b": [1.0]}), json!({"b": [1]}), &[]);
        check(json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1}), &[]);
        check(json!({"fee": "5msat"}), json!({"fee": 5}), &[]);
    }

    #[test]
    fn a_difference_tells_where_it_is() {
        check(json!({"a": [{"b": 1}]}), json!({"a": [{}]}), &[("a[0].b", Change::Lost)]);
        check(json!({"a": [1, 2]}), json!({"a": [1]}), &[("a", Change::Changed)]);
        check(json!({"fee": "5msat"}), json!({"fee": 5000}), &[("fee", Change::Changed)]);
        check(json!({}), json!({"a": 1}), &[("a", Change::Added)]);
        check(json!(9007199254740993_u64), json!(9007199254740992_u64), &[("", Change::Changed)]);
    }
}
