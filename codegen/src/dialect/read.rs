//! From JSON to the dialect's types; everything that does not fit is a diagnostic, and reading goes on.

use std::collections::HashSet;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::keywords::{SCHEMA_FACTS, SCHEMA_PROSE};
use super::limits::{self, MAX_DEPTH, MAX_ENTRIES, MAX_NAME_LENGTH};
use super::{Additional, Condition, Deprecation, ErrorLine, Limits, Schema, TypeName, Version};
use crate::diagnostic::{Problem, Sink, printable};

/// Reads one schema object that stands outside a schema file, such as the shape of an error's data.
pub(crate) fn schema_from_value(file: &str, pointer: &str, value: &Value, sink: &mut Sink) -> Schema {
    Reader::new(file, sink).schema(pointer, value)
}

pub(super) struct Reader<'a> {
    file: &'a str,
    sink: &'a mut Sink,
    /// Schemas around the one that is read.
    depth: usize,
}

/// Appends a token to a JSON pointer, escaped as RFC 6901 says. Of one that cannot be a name, its beginning.
pub(crate) fn child(pointer: &str, token: &str) -> String {
    format!("{pointer}/{}", shown(token).replace('~', "~0").replace('/', "~1"))
}

fn kind_of(value: &Value) -> String {
    match value {
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) => format!("\"{}\"", shown(text)),
        other => other.to_string(),
    }
}

/// A text for a message; of one that is longer than any name, its beginning.
pub(super) fn shown(text: &str) -> String {
    let end = text.char_indices().nth(MAX_NAME_LENGTH).map(|(end, _)| end);
    let beginning = printable(&text[..end.unwrap_or(text.len())]);
    if end.is_some() { format!("{beginning}…") } else { beginning }
}

impl<'a> Reader<'a> {
    pub(super) fn new(file: &'a str, sink: &'a mut Sink) -> Self {
        Self { file, sink, depth: 0 }
    }

    pub(super) fn problem(&mut self, pointer: &str, problem: Problem) {
        self.sink.push(self.file, pointer, problem);
    }

    pub(super) fn shape(&mut self, pointer: &str, expected: &'static str, found: &Value) {
        self.problem(pointer, Problem::Shape { expected, found: kind_of(found) });
    }

    pub(super) fn object<'v>(&mut self, pointer: &str, value: &'v Value) -> Option<&'v Map<String, Value>> {
        if !value.is_object() {
            self.shape(pointer, "an object", value);
        }
        value.as_object().filter(|object| self.few(pointer, object.len()))
    }

    /// False, and a fault, for more entries than any list or object has.
    fn few(&mut self, pointer: &str, entries: usize) -> bool {
        if entries > MAX_ENTRIES {
            self.problem(pointer, Problem::TooMany(entries));
        }
        entries <= MAX_ENTRIES
    }

    /// False, and a fault, for what is no name.
    fn is_name(&mut self, pointer: &str, is_name: Result<(), Problem>) -> bool {
        is_name.map_err(|problem| self.problem(pointer, problem)).is_ok()
    }

    pub(super) fn schema(&mut self, pointer: &str, value: &Value) -> Schema {
        let mut schema = Schema { pointer: pointer.to_owned(), ..Schema::default() };
        let Some(object) = self.object(pointer, value) else { return schema };
        if self.depth == MAX_DEPTH {
            self.problem(pointer, Problem::TooDeep);
            return schema;
        }
        self.depth += 1;
        self.known_keywords(pointer, object, SCHEMA_FACTS, SCHEMA_PROSE);
        for (key, value) in object {
            let at = child(pointer, key);
            match key.as_str() {
                "type" => (schema.ty, schema.nullable) = self.type_or_null(&at, value),
                "description" => schema.description = self.text(&at, value),
                "enum" => schema.values = self.enum_values(&at, value),
                "properties" => schema.properties = self.properties(&at, value),
                "required" => schema.required = self.strings(&at, value),
                "additionalProperties" => schema.additional = self.additional(&at, value),
                "items" => schema.items = Some(Box::new(self.schema(&at, value))),
                "oneOf" => schema.one_of = self.schemas(&at, value),
                "anyOf" => schema.any_of = self.schemas(&at, value),
                "allOf" => self.all_of(&at, value, &mut schema.conditions),
                "added" => schema.added = self.version(&at, value),
                "deprecated" => schema.deprecated = self.deprecation(&at, value),
                "hidden" => schema.hidden = self.boolean(&at, value),
                "untyped" => schema.untyped = self.boolean(&at, value),
                "default" => schema.default = Some(value.clone()),
                "minLength" => schema.length.min = self.count(&at, value),
                "maxLength" => schema.length.max = self.count(&at, value),
                "minItems" => schema.count.min = self.count(&at, value),
                "maxItems" => schema.count.max = self.count(&at, value),
                "dependentUpon" => schema.dependent_upon = self.dependencies(&at, value),
                "pairedWith" => schema.paired_with = self.sets(&at, value),
                "oneOfMany" => schema.one_of_many = self.sets(&at, value),
                _ => {}
            }
        }
        schema.conditions.extend(self.condition(pointer, object));
        self.depth -= 1;
        if let (true, Some(values)) = (schema.nullable, &mut schema.values) {
            values.retain(|value| !value.is_null());
        }
        schema
    }

    pub(super) fn known_keywords(
        &mut self,
        pointer: &str,
        object: &Map<String, Value>,
        facts: &[&str],
        prose: &[&str],
    ) {
        for key in object.keys() {
            if !facts.contains(&key.as_str()) && !prose.contains(&key.as_str()) {
                self.problem(&child(pointer, key), Problem::UnknownKeyword(shown(key)));
            }
        }
    }

    fn condition(&mut self, pointer: &str, object: &Map<String, Value>) -> Option<Condition> {
        let Some(test) = object.get("if") else {
            if object.contains_key("then") || object.contains_key("else") {
                self.problem(pointer, Problem::UnsupportedCondition("`then` or `else` without `if`".to_owned()));
            }
            return None;
        };
        let at = child(pointer, "if");
        let Some(then) = object.get("then") else {
            self.problem(&at, Problem::UnsupportedCondition("`if` without `then`".to_owned()));
            return None;
        };
        Some(Condition {
            test: self.schema(&at, test),
            pointer: at,
            then: self.schema(&child(pointer, "then"), then),
            otherwise: object.get("else").map(|value| self.schema(&child(pointer, "else"), value)),
        })
    }

    fn all_of(&mut self, pointer: &str, value: &Value, conditions: &mut Vec<Condition>) {
        for (index, entry) in self.array(pointer, value).iter().enumerate() {
            let at = child(pointer, &index.to_string());
            let Some(object) = self.object(&at, entry) else { continue };
            self.known_keywords(&at, object, &["if", "then", "else"], &["comment"]);
            if object.contains_key("if") || object.contains_key("then") || object.contains_key("else") {
                conditions.extend(self.condition(&at, object));
            } else {
                self.problem(&at, Problem::UnsupportedCondition("an entry of `allOf` without `if`".to_owned()));
            }
        }
    }

    fn properties(&mut self, pointer: &str, value: &Value) -> Option<IndexMap<String, Schema>> {
        let mut properties = IndexMap::new();
        for (name, value) in self.object(pointer, value)? {
            let at = child(pointer, name);
            if self.is_name(&at, limits::wire_name(name)) {
                properties.insert(name.clone(), self.schema(&at, value));
            }
        }
        Some(properties)
    }

    fn additional(&mut self, pointer: &str, value: &Value) -> Additional {
        match value {
            Value::Bool(true) => Additional::Allowed,
            Value::Bool(false) => Additional::Denied,
            Value::Object(_) => Additional::Of(Box::new(self.schema(pointer, value))),
            other => {
                self.shape(pointer, "true, false or a schema", other);
                Additional::Unspecified
            }
        }
    }

    fn enum_values(&mut self, pointer: &str, value: &Value) -> Option<Vec<Value>> {
        let values = self.array(pointer, value);
        if value.as_array().is_some_and(Vec::is_empty) {
            self.problem(pointer, Problem::EmptyEnum);
        }
        let mut seen = HashSet::new();
        for (index, value) in values.iter().enumerate() {
            let at = child(pointer, &index.to_string());
            match value.as_str() {
                Some("") => self.problem(&at, Problem::EmptyEnumValue),
                Some(text) => drop(self.is_name(&at, limits::wire_name(text))),
                None => {}
            }
            if !seen.insert(value) {
                self.problem(&at, Problem::DuplicateEnumValue(kind_of(value)));
            }
        }
        Some(values.to_vec())
    }

    /// `"string"`, or the older `["string", "null"]`.
    fn type_or_null(&mut self, pointer: &str, value: &Value) -> (Option<TypeName>, bool) {
        match value.as_array().map(Vec::as_slice) {
            Some([ty, null]) if null == "null" => (self.type_name(&child(pointer, "0"), ty), true),
            _ => (self.type_name(pointer, value), false),
        }
    }

    fn type_name(&mut self, pointer: &str, value: &Value) -> Option<TypeName> {
        let Some(name) = value.as_str() else {
            self.shape(pointer, "the name of a type", value);
            return None;
        };
        let ty = TypeName::from_wire(name);
        if ty.is_none() {
            self.problem(pointer, Problem::UnknownType(shown(name)));
        }
        ty
    }

    pub(super) fn version(&mut self, pointer: &str, value: &Value) -> Option<Version> {
        let Some(text) = value.as_str() else {
            self.shape(pointer, "a version", value);
            return None;
        };
        let version = text.parse().ok();
        if version.is_none() {
            self.problem(pointer, Problem::BadVersion(shown(text)));
        }
        version
    }

    /// A list of releases, one release, or no more than that it is so.
    pub(super) fn deprecation(&mut self, pointer: &str, value: &Value) -> Option<Deprecation> {
        let versions = match value {
            Value::Bool(deprecated) => return deprecated.then_some(Deprecation { since: None, removed: None }),
            Value::String(text) if text == "true" => return Some(Deprecation { since: None, removed: None }),
            Value::String(_) => vec![self.version(pointer, value)],
            _ => {
                let entries = self.array(pointer, value).iter().enumerate();
                entries.map(|(index, value)| self.version(&child(pointer, &index.to_string()), value)).collect()
            }
        };
        let since = versions.first().copied()?;
        Some(Deprecation { since, removed: versions.get(1).copied().flatten() })
    }

    /// A text is one string or a list of lines; an empty one counts as missing.
    pub(super) fn text(&mut self, pointer: &str, value: &Value) -> Option<String> {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Array(_) => self.strings(pointer, value).join("\n"),
            other => {
                self.shape(pointer, "a text or a list of texts", other);
                return None;
            }
        };
        (!text.trim().is_empty()).then_some(text)
    }

    pub(super) fn error_lines(&mut self, pointer: &str, value: &Value) -> Vec<ErrorLine> {
        let mut codes = Vec::new();
        for (index, line) in self.strings(pointer, value).iter().enumerate() {
            let at = child(pointer, &index.to_string());
            match error_line(line, at.clone()) {
                Some(code) if code.name.as_deref().is_none_or(|name| self.is_name(&at, limits::identifier(name))) => {
                    codes.push(code);
                }
                Some(_) => {}
                None if begins_with_a_number(line) => {
                    self.problem(
                        &at,
                        Problem::Shape { expected: "`- CODE: text`", found: format!("`{}`", shown(line)) },
                    );
                }
                None => {}
            }
        }
        codes
    }

    fn array<'v>(&mut self, pointer: &str, value: &'v Value) -> &'v [Value] {
        if !value.is_array() {
            self.shape(pointer, "an array", value);
        }
        value.as_array().filter(|entries| self.few(pointer, entries.len())).map_or(&[], Vec::as_slice)
    }

    fn schemas(&mut self, pointer: &str, value: &Value) -> Vec<Schema> {
        let values = self.array(pointer, value).iter().enumerate();
        values.map(|(index, value)| self.schema(&child(pointer, &index.to_string()), value)).collect()
    }

    pub(super) fn strings(&mut self, pointer: &str, value: &Value) -> Vec<String> {
        let mut strings = Vec::new();
        for (index, value) in self.array(pointer, value).iter().enumerate() {
            match value.as_str() {
                Some(text) => strings.push(text.to_owned()),
                None => self.shape(&child(pointer, &index.to_string()), "a text", value),
            }
        }
        strings
    }

    fn sets(&mut self, pointer: &str, value: &Value) -> Vec<Vec<String>> {
        let values = self.array(pointer, value).iter().enumerate();
        values.map(|(index, value)| self.strings(&child(pointer, &index.to_string()), value)).collect()
    }

    fn dependencies(&mut self, pointer: &str, value: &Value) -> IndexMap<String, Vec<String>> {
        let Some(object) = self.object(pointer, value) else { return IndexMap::new() };
        object.iter().map(|(name, value)| (name.clone(), self.strings(&child(pointer, name), value))).collect()
    }

    fn boolean(&mut self, pointer: &str, value: &Value) -> bool {
        if !value.is_boolean() {
            self.shape(pointer, "true or false", value);
        }
        value.as_bool().unwrap_or_default()
    }

    fn count(&mut self, pointer: &str, value: &Value) -> Option<u64> {
        if !value.is_u64() {
            self.shape(pointer, "a whole number", value);
        }
        value.as_u64()
    }
}

impl Limits {
    /// The number, when least and greatest are the same.
    pub fn exactly(self) -> Option<u64> {
        if self.min == self.max { self.min } else { None }
    }
}

fn begins_with_a_number(line: &str) -> bool {
    let item = line.trim_start().strip_prefix("- ").unwrap_or_default();
    item.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit())
}

/// `- 900: text`, `- 1501 (RUNE_NOT_AUTHORIZED): text`, `- 900:`; any other line is prose between the codes.
fn error_line(line: &str, pointer: String) -> Option<ErrorLine> {
    let (head, text) = line.trim_start().strip_prefix("- ")?.split_once(':')?;
    let (code, name) = match head.trim().split_once(' ') {
        Some((code, name)) => (code, Some(name.trim().strip_prefix('(')?.strip_suffix(')')?.to_owned())),
        None => (head.trim(), None),
    };
    let text = text.trim();
    Some(ErrorLine { code: code.parse().ok()?, name, text: (!text.is_empty()).then(|| text.to_owned()), pointer })
}
