//! What a newer node says and this version of the types does not name: kept, so that nothing is lost.
//!
//! Both types can only be read. Code that matches on their text breaks on the day when the value gets a name here; code
//! that treats them as "something else" goes on working.

use serde_json::{Map, Value};
use std::fmt;

/// A wire text that this version of the types does not name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnknownValue(Box<str>);

impl UnknownValue {
    #[doc(hidden)]
    pub fn new(value: impl Into<Box<str>>) -> Self {
        UnknownValue(value.into())
    }

    /// The text as it stood on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A variant that this version of the types does not name: its wire text, and the fields that came with it and that
/// no other part of the object claims. The text is empty for fields that came without the one that tells their variant.
#[derive(Clone, PartialEq, Eq)]
pub struct UnknownVariant {
    value: Box<str>,
    fields: Map<String, Value>,
}

impl UnknownVariant {
    #[doc(hidden)]
    pub fn new(value: impl Into<Box<str>>, fields: Map<String, Value>) -> Self {
        UnknownVariant { value: value.into(), fields }
    }

    /// The variant's text as it stood on the wire.
    pub fn as_str(&self) -> &str {
        &self.value
    }

    /// The fields that came with it, by name.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    #[doc(hidden)]
    pub fn into_parts(self) -> (String, Map<String, Value>) {
        (self.value.into(), self.fields)
    }
}

/// Shows the fields' names only: nobody knows which of their values are secret.
impl fmt::Debug for UnknownVariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.fields.keys().collect();
        f.debug_struct("UnknownVariant").field("value", &self.value).field("fields", &names).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_variant_keeps_its_fields_and_shows_only_their_names() {
        let fields = Map::from_iter([("payment_preimage".to_owned(), Value::from("5a5a"))]);
        let unknown = UnknownVariant::new("held", fields.clone());
        assert_eq!(unknown.as_str(), "held");
        assert_eq!(unknown.fields(), &fields);
        assert_eq!(format!("{unknown:?}"), r#"UnknownVariant { value: "held", fields: ["payment_preimage"] }"#);
        assert_eq!(unknown.into_parts(), ("held".to_owned(), fields));
    }

    #[test]
    fn an_unknown_value_is_the_text_on_the_wire() {
        let unknown = UnknownValue::new("held");
        assert_eq!(format!("{unknown} {unknown:?} {}", unknown.as_str()), r#"held "held" held"#);
    }
}
