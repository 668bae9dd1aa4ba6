//! Helpers of generated code for objects whose fields depend on one of them.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::decode::missing_in_variant;

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
/// Names the field.
#[doc(hidden)]
pub fn from_json<T: DeserializeOwned>(value: Option<Value>, field: &str) -> Result<Option<T>, String> {
    value.map(|value| serde_json::from_value(value).map_err(|error| format!("`{field}`: {error}"))).transpose()
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
    }
}
