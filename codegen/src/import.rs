//! A release's facts into our schema files: names, types, values, conditions, codes, versions. Sentences stay ours.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::diagnostic::{Diagnostics, Sink};
use crate::dialect::{self, Kind};
use crate::overlay::file_id;
use crate::parse;

/// Keywords of a schema object, in the order in which they are printed. What is not here is not taken.
const SCHEMA_ORDER: &[&str] = &[
    "description",
    "type",
    "enum",
    "default",
    "added",
    "deprecated",
    "hidden",
    "untyped",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minItems",
    "maxItems",
    "oneOf",
    "anyOf",
    "items",
    "additionalProperties",
    "required",
    "oneOfMany",
    "pairedWith",
    "dependentUpon",
    "properties",
    "if",
    "then",
    "else",
    "allOf",
];

/// Takes the facts of `theirs` and the sentences of `ours`. The files of our `schemas/`, by path in it.
///
/// # Errors
///
/// Everything in `theirs` that the dialect does not have.
pub fn import(theirs: &[(String, String)], ours: &[(String, String)]) -> Result<BTreeMap<String, String>, Diagnostics> {
    let mut sink = Sink::default();
    let parsed = parse(theirs, &mut sink);
    let files = dialect::read_files(&parsed, &mut sink);
    let faults = sink.into_sorted();
    if !faults.is_empty() {
        return Err(Diagnostics(faults));
    }
    // What is wrong in a file of ours is told when code is generated; its sentences cannot be kept.
    let ours = parse(ours, &mut Sink::default());
    let mut written = BTreeMap::new();
    for file in &files {
        let id = file_id(&file.path);
        let kind = match file.kind {
            Kind::Command => "rpc",
            Kind::Notification => "notification",
            Kind::Hook => "hook",
        };
        let mut root = Map::new();
        root.insert(kind.to_owned(), Value::String(file.name.clone()));
        let source = parsed.iter().find(|(path, _)| *path == file.path).map(|(_, value)| value);
        if let Some(added) = file.added {
            // The one moment that is no release keeps its form.
            let written = source.and_then(|value| value.get("added")).cloned();
            root.insert("added".to_owned(), written.unwrap_or_else(|| added.to_string().into()));
        }
        if let Some(deprecation) = file.deprecated {
            let releases: Vec<Value> =
                [deprecation.since, deprecation.removed].iter().flatten().map(|v| v.to_string().into()).collect();
            let deprecated = if releases.is_empty() { Value::Bool(true) } else { Value::Array(releases) };
            root.insert("deprecated".to_owned(), deprecated);
        }
        for half in ["request", "response"] {
            if let Some(schema) = source.and_then(|value| value.get(half)) {
                root.insert(half.to_owned(), facts(schema));
            }
        }
        if !file.errors.is_empty() {
            let lines = file.errors.iter().map(|line| match &line.name {
                Some(name) => format!("- {} ({name}):", line.code),
                None => format!("- {}:", line.code),
            });
            root.insert("errors".to_owned(), lines.collect());
        }
        if !file.see_also.is_empty() {
            root.insert("see_also".to_owned(), file.see_also.iter().cloned().collect());
        }
        let mut root = Value::Object(root);
        let path = format!("{id}.json");
        if let Some((_, ours)) = ours.iter().find(|(known, _)| file_id(known) == id) {
            keep_sentences(&mut root, ours);
        }
        let mut text = serde_json::to_string_pretty(&ordered_root(&root)).unwrap_or_default();
        text.push('\n');
        written.insert(path, text);
    }
    Ok(written)
}

/// The facts of a schema object, in canonical order.
fn facts(value: &Value) -> Value {
    let Some(object) = value.as_object() else { return value.clone() };
    let mut facts = Map::new();
    for key in SCHEMA_ORDER.iter().filter(|key| **key != "description") {
        let Some(value) = object.get(*key) else { continue };
        let value = match *key {
            "properties" => each(value, self::facts),
            "items" | "additionalProperties" | "if" | "then" | "else" => self::facts(value),
            "oneOf" | "anyOf" | "allOf" => list(value, self::facts),
            // A default that is a sentence is one of theirs.
            "default" if value.as_str().is_some_and(is_sentence) => continue,
            // An empty list of required names says nothing.
            "required" if value.as_array().is_some_and(Vec::is_empty) => continue,
            _ => value.clone(),
        };
        facts.insert((*key).to_owned(), value);
    }
    Value::Object(facts)
}

fn each(value: &Value, lower: fn(&Value) -> Value) -> Value {
    let object = value.as_object().into_iter().flatten();
    Value::Object(object.map(|(name, value)| (name.clone(), lower(value))).collect())
}

fn list(value: &Value, lower: fn(&Value) -> Value) -> Value {
    Value::Array(value.as_array().into_iter().flatten().map(lower).collect())
}

/// Puts our sentences where they stood.
fn keep_sentences(theirs: &mut Value, ours: &Value) {
    let (Some(object), Some(ours)) = (theirs.as_object_mut(), ours.as_object()) else { return };
    for key in ["title", "description"] {
        // A field may be called so: a sentence is a text or a list of texts.
        if let Some(sentence) = ours.get(key).filter(|sentence| !sentence.is_object()) {
            object.insert(key.to_owned(), sentence.clone());
        }
    }
    for key in ["request", "response", "items", "additionalProperties", "then", "else"] {
        if let (Some(theirs), Some(ours)) = (object.get_mut(key), ours.get(key)) {
            keep_sentences(theirs, ours);
        }
    }
    if let (Some(Value::Object(theirs)), Some(ours)) = (object.get_mut("properties"), ours.get("properties")) {
        for (name, theirs) in theirs {
            if let Some(ours) = ours.get(name) {
                keep_sentences(theirs, ours);
            }
        }
    }
    for key in ["allOf", "oneOf", "anyOf"] {
        if let (Some(Value::Array(theirs)), Some(Value::Array(ours))) = (object.get_mut(key), ours.get(key)) {
            for theirs in theirs {
                if let Some(ours) = ours.iter().find(|ours| same_place(theirs, ours)) {
                    keep_sentences(theirs, ours);
                }
            }
        }
    }
    if let (Some(Value::Array(theirs)), Some(Value::Array(ours))) = (object.get_mut("errors"), ours.get("errors")) {
        for line in theirs {
            let head = line.as_str().unwrap_or_default().to_owned();
            if let Some(ours) = ours.iter().find(|ours| ours.as_str().is_some_and(|ours| ours.starts_with(&head))) {
                *line = ours.clone();
            }
        }
    }
}

/// Branches of one test are one place, wherever they stand; alternatives of one type likewise.
fn same_place(theirs: &Value, ours: &Value) -> bool {
    match (theirs.get("if"), ours.get("if")) {
        (Some(theirs), Some(ours)) => facts(theirs) == facts(ours),
        (None, None) => theirs.get("type") == ours.get("type"),
        _ => false,
    }
}

/// The root and every schema object with their keys in canonical order, sentences in place.
fn ordered_root(root: &Value) -> Value {
    const ROOT_ORDER: &[&str] = &[
        "rpc",
        "notification",
        "hook",
        "added",
        "deprecated",
        "title",
        "description",
        "request",
        "response",
        "errors",
        "see_also",
    ];
    let mut ordered = Map::new();
    for key in ROOT_ORDER {
        if let Some(value) = root.get(key) {
            let value = if matches!(*key, "request" | "response") { self::ordered(value) } else { value.clone() };
            ordered.insert((*key).to_owned(), value);
        }
    }
    Value::Object(ordered)
}

fn ordered(value: &Value) -> Value {
    let Some(object) = value.as_object() else { return value.clone() };
    let mut ordered = Map::new();
    for key in SCHEMA_ORDER {
        let Some(value) = object.get(*key) else { continue };
        let value = match *key {
            "properties" => each(value, self::ordered),
            "items" | "additionalProperties" | "if" | "then" | "else" => self::ordered(value),
            "oneOf" | "anyOf" | "allOf" => list(value, self::ordered),
            _ => value.clone(),
        };
        ordered.insert((*key).to_owned(), value);
    }
    Value::Object(ordered)
}

/// True for a default that is no value, nor a few words for one.
pub(crate) fn is_sentence(default: &str) -> bool {
    default.split_whitespace().count() > 6
}
