//! What each kind of change means, rule by rule, on the smallest schemas that have it.

#[path = "../common/mod.rs"]
mod common;
mod conditions;
mod fields;
mod items;
mod report;

use cln_codegen::diff::{Change, Diff, diff};
use cln_codegen::lower;
use cln_codegen::model::Api;
use serde_json::{Value, json};

fn api(files: &[(&str, &str)], overlay: &str) -> Api {
    lower(&common::input(files, overlay)).unwrap_or_else(|faults| panic!("{faults}")).api
}

fn diff_of(overlay: &str, before: &[(&str, &str)], after: &[(&str, &str)]) -> Diff {
    diff(("old", &api(before, overlay)), ("new", &api(after, overlay)))
}

/// A change as one line: what it is, where in Rust and on the wire, how it was and is; then the three verdicts.
fn line(change: &Change) -> String {
    let word = |value: Value| value.as_str().unwrap().to_owned();
    let verdict = json!(change.verdict);
    let [api, old, new] = ["api", "old_client", "new_client"].map(|name| word(verdict[name].clone()));
    let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "-".to_owned());
    let (kind, path, wire) = (word(json!(change.kind)), &change.path, change.wire.join(" "));
    format!("{kind} {path} [{wire}] {} > {}: {api}, {old}, {new}", side(&change.before), side(&change.after))
}

fn check_files(overlay: &str, before: &[(&str, &str)], after: &[(&str, &str)], expected: &str) {
    let diff = diff_of(overlay, before, after);
    let lines: Vec<String> = diff.items.iter().flat_map(|item| &item.changes).map(line).collect();
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, expected);
    // And nothing changed in itself.
    assert!(diff_of(overlay, before, before).is_empty());
    assert!(diff_of(overlay, after, after).is_empty());
}

/// Two states of the command `test`, each a schema file without its name.
fn check(before: &str, after: &str, expected: &str) {
    check_with(common::OVERLAY, before, after, expected);
}

fn check_with(overlay: &str, before: &str, after: &str, expected: &str) {
    let file = |parts: &str| {
        let mut file = json!({"rpc": "test", "request": {"properties": {}}, "response": {"properties": {}}});
        let parts: serde_json::Map<String, Value> = serde_json::from_str(parts).unwrap();
        file.as_object_mut().unwrap().extend(parts);
        file.to_string()
    };
    check_files(overlay, &[("test.json", &file(before))], &[("test.json", &file(after))], expected);
}

/// Two states of what the command answers.
fn received(before: &str, after: &str, expected: &str) {
    check(&format!(r#"{{"response": {before}}}"#), &format!(r#"{{"response": {after}}}"#), expected);
}

/// Two states of its parameters.
fn sent(before: &str, after: &str, expected: &str) {
    check(&format!(r#"{{"request": {before}}}"#), &format!(r#"{{"request": {after}}}"#), expected);
}

const NONE: &str = r#"{"properties": {}}"#;
const OPTIONAL: &str = r#"{"properties": {"a": {"type": "u8"}}}"#;
const REQUIRED: &str = r#"{"required": ["a"], "properties": {"a": {"type": "u8"}}}"#;

/// A response of which `a` has a type.
fn of(ty: &str) -> String {
    format!(r#"{{"required": ["a"], "properties": {{"a": {ty}}}}}"#)
}

/// An answer with a status; `branches` are conditions on it.
fn status(values: &str, common: &str, branches: &str) -> String {
    format!(
        r#"{{"required": ["status"], "properties": {{"label": {{"type": "u8"}},
            "status": {{"type": "string", "enum": [{values}]}}{common}}},
            "allOf": [{branches}]}}"#
    )
}

fn when(value: &str, required: &str, properties: &str) -> String {
    format!(
        r#"{{"if": {{"properties": {{"status": {{"type": "string", "enum": ["{value}"]}}}}}},
            "then": {{"required": [{required}], "properties": {{{properties}}}}}}}"#
    )
}
