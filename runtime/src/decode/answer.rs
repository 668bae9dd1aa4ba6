//! An answer under construction.

use serde_json::{Map, Value};

/// The fields found so far, and whether all is well.
pub(super) struct Answer {
    fields: Map<String, Value>,
    is_valid: bool,
}

impl Answer {
    /// Begins an answer about this kind of text.
    pub(super) fn new(kind: &str) -> Self {
        let mut answer = Answer { fields: Map::new(), is_valid: true };
        answer.put("type", kind);
        answer
    }

    pub(super) fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.fields.insert(name.to_owned(), value.into());
    }

    /// Adds a field that may be absent.
    pub(super) fn put_some(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    /// Adds a field that must be there, or the warning that it is not.
    pub(super) fn require(&mut self, name: &str, value: Option<impl Into<Value>>, warning: &str, why: &str) {
        match value {
            Some(value) => self.put(name, value),
            None => self.warn(warning, why),
        }
    }

    /// Tells what is wrong: then the text is not valid.
    pub(super) fn warn(&mut self, name: &str, why: &str) {
        self.put(name, why);
        self.is_valid = false;
    }

    pub(super) fn finish(mut self) -> Value {
        let is_valid = self.is_valid;
        self.put("valid", is_valid);
        Value::Object(self.fields)
    }
}

/// Bytes as they stand in JSON.
pub(super) fn hex(bytes: &[u8]) -> String {
    cln_primitives::HexBytes::from(bytes.to_vec()).to_string()
}
