//! Helpers of generated code for objects whose fields depend on one of them.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::fmt;

use crate::decode::{missing_in_variant, without_value};
use crate::path;

/// What an object holds besides the fields that are named elsewhere.
#[doc(hidden)]
pub fn leftover(wire: &impl Serialize, named_elsewhere: &[&str]) -> Map<String, Value> {
    let mut fields = match serde_json::to_value(wire) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    fields.retain(|name, _| !named_elsewhere.contains(&name.as_str()));
    fields
}

/// What an object holds of these fields.
#[doc(hidden)]
pub fn those_of(wire: &impl Serialize, names: &[&str]) -> Map<String, Value> {
    let mut fields = leftover(wire, &[]);
    fields.retain(|name, _| names.contains(&name.as_str()));
    fields
}

/// A field that an arm must have.
///
/// # Errors
/// Names the field and what requires it.
#[doc(hidden)]
pub fn required<T>(value: Option<T>, field: &str, arm: &str) -> Result<T, String> {
    value.ok_or_else(|| missing_in_variant(field, arm))
}

/// Reads a field whose type is known only now.
///
/// # Errors
/// Names the field's path, see [`late_path`](crate::decode::late_path).
#[doc(hidden)]
pub fn from_json<T: DeserializeOwned>(value: Option<Value>, field: &str) -> Result<Option<T>, String> {
    let read = |value| read_late(value).map_err(|late| late.inside(field).to_string());
    value.map(read).transpose()
}

/// One form of an object: the keys that tell it, and how it is read.
#[doc(hidden)]
pub type Form<T> = (&'static [&'static str], fn(Value) -> Result<T, LateError>);

/// Reads an object that is one of several sets of keys.
///
/// # Errors
/// What is wrong with the form that fits best: the one in which reading came furthest.
#[doc(hidden)]
pub fn one_of<T>(json: &Value, forms: &[Form<T>]) -> Result<T, String> {
    let mut best: Option<LateError> = None;
    for (keys, read) in forms {
        if keys.iter().any(|key| json.get(key).is_none()) {
            continue;
        }
        match read(json.clone()) {
            Ok(read) => return Ok(read),
            Err(error) if best.as_ref().is_none_or(|best| best.depth() < error.depth()) => best = Some(error),
            Err(_) => {}
        }
    }
    let known = || {
        let sets =
            forms.iter().map(|(keys, _)| keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" and "));
        format!("expected an object with {}", sets.collect::<Vec<_>>().join(", or "))
    };
    Err(best.map_or_else(known, |error| error.to_string()))
}

/// Reads JSON that was kept until its type was known.
///
/// # Errors
/// Tells where inside of it something is wrong.
#[doc(hidden)]
pub fn read_late<T: DeserializeOwned>(value: Value) -> Result<T, LateError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = path::text(error.path());
        LateError { path, reason: without_value(error.into_inner().to_string()) }
    })
}

/// What is wrong with JSON that was kept, and where in it.
#[doc(hidden)]
#[derive(Debug)]
pub struct LateError {
    path: String,
    reason: String,
}

impl LateError {
    fn inside(mut self, field: &str) -> Self {
        self.path = path::joined(field, &self.path);
        self
    }

    fn depth(&self) -> usize {
        if self.path.is_empty() { 0 } else { 1 + self.path.matches(['.', '[']).count() }
    }
}

impl fmt::Display for LateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { f.write_str(&self.reason) } else { write!(f, "`{}`: {}", self.path, self.reason) }
    }
}

/// Writes a field whose type differs from arm to arm. What cannot be written is left out.
#[doc(hidden)]
pub fn to_json<T: Serialize>(value: Option<T>) -> Option<Value> {
    value.and_then(|value| serde_json::to_value(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn leftover_is_what_no_other_place_names() {
        let fields = leftover(&json!({"status": "held", "label": "a", "held_since": 5}), &["status", "label"]);
        assert_eq!(Value::Object(fields), json!({"held_since": 5}));
        assert!(leftover(&json!(1), &[]).is_empty());
    }

    #[test]
    fn late_fields_name_themselves_in_errors() {
        assert_eq!(from_json::<u8>(Some(json!(5)), "n"), Ok(Some(5)));
        assert_eq!(from_json::<u8>(None, "n"), Ok(None));
        let error = from_json::<u8>(Some(json!("x")), "n").unwrap_err();
        assert!(error.starts_with("`n`: "), "{error}");
        // The text may be secret.
        assert_eq!(
            from_json::<Vec<u8>>(Some(json!([1, "x"])), "n"),
            Err("`n[1]`: invalid type: string, expected u8".to_owned())
        );
    }

    #[test]
    fn of_several_forms_the_one_that_fits_best_is_told() {
        type Numbers = std::collections::BTreeMap<String, Vec<u8>>;
        let forms: &[Form<&str>] = &[
            (&["a"], |json| read_late::<Vec<u8>>(json).map(|_| "list")),
            (&["a"], |json| read_late::<Numbers>(json).map(|_| "map")),
            (&["b", "c"], |json| read_late::<Numbers>(json).map(|_| "two")),
        ];
        assert_eq!(one_of(&json!({ "a": [1] }), forms), Ok("map"));
        assert_eq!(one_of(&json!({ "b": [1], "c": [] }), forms), Ok("two"));
        assert!(one_of(&json!({ "a": [1, "x"] }), forms).unwrap_err().starts_with("`a[1]`: "));
        assert_eq!(
            one_of(&json!({ "b": [] }), forms),
            Err("expected an object with `a`, or `a`, or `b` and `c`".to_owned())
        );
    }
}
