//! Files that are large, deep or entangled: each costs no more than a real file of the largest size that is read.
//!
//! Nothing here measures time. What grew with the square or the power of its size would not end at all.

use cln_codegen::dialect::MAX_FILE_BYTES;
use cln_codegen::{coverage, emit_rust, lower};
use serde_json::{Value, json};

use crate::common;

/// Lowers and emits; the kinds of faults, if any.
fn kinds(text: &str) -> Vec<String> {
    let input = common::input(&[("schemas/test.json", text)], common::OVERLAY);
    match lower(&input) {
        Ok(lowered) => {
            coverage(&input).unwrap();
            emit_rust(&lowered.api).unwrap();
            Vec::new()
        }
        Err(faults) => {
            assert!(faults.0.iter().all(|fault| fault.file == "schemas/test.json"));
            assert!(faults.to_string().len() < 4 * MAX_FILE_BYTES, "the faults are longer than what has them");
            let name = |fault: &_| format!("{fault:?}").split(['(', ' ', '{']).next().unwrap_or_default().to_owned();
            let mut kinds: Vec<String> = faults.0.iter().map(|fault| name(&fault.problem)).collect();
            kinds.sort();
            kinds.dedup();
            kinds
        }
    }
}

fn check(response: &Value, expected: &[&str]) {
    let file = json!({ "rpc": "test", "request": {}, "response": response });
    assert_eq!(kinds(&file.to_string()), expected);
}

fn check_in_both(schema: &Value, expected: &[&str]) {
    check(schema, expected);
    let file = json!({ "rpc": "test", "request": schema, "response": { "properties": {} } });
    let found = kinds(&file.to_string());
    // In requests, conditions are faults.
    assert!(found == expected || found == ["UnsupportedCondition"], "{found:?}");
}

#[test]
fn a_file_of_64_mib_is_not_read() {
    assert_eq!(kinds(&"x".repeat(64 << 20)), ["TooLarge"]);
    let text = json!({ "rpc": "test", "request": {}, "response": {}, "description": "x".repeat(64 << 20) });
    assert_eq!(kinds(&text.to_string()), ["TooLarge"]);
}

#[test]
fn the_largest_text_that_is_read() {
    for piece in ["x", "` ", "<", "\\", "http://", "```\n", "\n", "\u{202e}", "a b "] {
        let text = piece.repeat((MAX_FILE_BYTES - 300) / (2 * piece.len().max(2)));
        let schema = json!({ "properties": { "a": { "type": "u8", "description": text } } });
        check(&schema, &[]);
    }
}

#[test]
fn a_name_of_any_length() {
    let name = "x".repeat(500_000);
    let below: Vec<Value> = (0..50_000).map(|_| json!({})).collect();
    check(&json!({ "properties": { (&name): { "oneOf": below } } }), &["BadName"]);
    check(&json!({ (&name): below }), &["UnknownKeyword"]);
    check(&json!({ "properties": { "a": { "type": "string", "enum": [name] } } }), &["BadName"]);
    check(&json!({ "properties": { "a": { "type": name } } }), &["UnknownType"]);
    check(&json!({ "properties": { "a": { "type": "u8", "added": name } } }), &["BadVersion"]);
    check(&json!({ "properties": {}, "required": [name] }), &["RequiredUndefined"]);
}

#[test]
fn lists_of_any_length() {
    let values = |count: usize| (0..count).map(|n| format!("v{n}")).collect::<Vec<_>>();
    let fields = |count: usize| {
        let fields = values(count).into_iter().map(|name| (name, json!({ "type": "u8" })));
        Value::Object(fields.collect())
    };
    check_in_both(&json!({ "properties": { "a": { "type": "string", "enum": values(1_000) } } }), &[]);
    check_in_both(&json!({ "properties": { "a": { "type": "string", "enum": values(80_000) } } }), &["TooMany"]);
    check_in_both(&json!({ "required": values(1_000), "properties": fields(1_000) }), &[]);
    check_in_both(&json!({ "properties": fields(40_000) }), &["TooMany"]);
    check_in_both(&json!({ "properties": {}, "required": vec!["a"; 200_000] }), &["TooMany"]);
    check_in_both(&json!({ "properties": { "a": { "oneOf": vec![json!({}); 200_000] } } }), &["TooMany"]);
    let lists = vec![json!({ "type": "string", "enum": values(1_000) }); 20];
    let fields = lists.into_iter().enumerate().map(|(n, list)| (format!("v{n}"), list));
    check_in_both(&json!({ "properties": Value::Object(fields.collect()) }), &[]);
}

/// `depth` times what `around` makes of a schema.
fn nested(depth: usize, around: impl Fn(Value) -> Value) -> Value {
    (0..depth).fold(json!({ "type": "u8" }), |schema, _| around(schema))
}

/// As deep as is read, and deeper, on the small stack of a test's thread.
#[test]
fn schemas_inside_of_schemas() {
    let object = |schema| json!({ "type": "object", "required": ["a"], "properties": { "a": schema, "b": { "type": "string", "enum": ["\"", "x"] } } });
    let plain = |schema| json!({ "type": "object", "required": ["a"], "properties": { "a": schema } });
    let union =
        |schema| json!({ "oneOf": [{ "type": "array", "items": schema }, { "type": "string", "enum": ["x", "y"] }] });
    let list = |schema| json!({ "type": "array", "items": schema });
    let map = |schema| json!({ "type": "object", "additionalProperties": schema });
    let in_field = |schema: Value| json!({ "properties": { "a": schema } });
    check_in_both(&in_field(nested(22, plain)), &[]);
    check_in_both(&in_field(nested(11, union)), &[]);
    check_in_both(&in_field(nested(22, list)), &[]);
    check_in_both(&in_field(nested(22, map)), &[]);
    check_in_both(&in_field(nested(3, object)), &["BadName"]);
    for around in [plain, union, list, map] {
        let file = json!({ "rpc": "test", "request": {}, "response": in_field(nested(40, around)) });
        assert!(kinds(&file.to_string()).contains(&"TooDeep".to_owned()));
    }
    let text = format!("{}{}", "[".repeat(500_000), "]".repeat(500_000));
    assert_eq!(kinds(&text), ["TooDeep"]);
}

/// An object with a field on whose value another depends, in both branches as in neither.
fn conditional(schema: &Value) -> Value {
    json!({
        "type": "object",
        "required": ["kind", "a"],
        "properties": { "kind": { "type": "string", "enum": ["x", "y", "z"] } },
        "allOf": [
            { "if": { "properties": { "kind": { "enum": ["x"] } } }, "then": { "required": ["a"], "properties": { "kind": {}, "a": schema } } },
            { "if": { "properties": { "kind": { "enum": ["y"] } } }, "then": { "required": ["a"], "properties": { "kind": {}, "a": schema } } },
            { "if": { "properties": { "kind": { "enum": ["z"] } } }, "then": { "required": ["a"], "properties": { "kind": {}, "a": { "type": "u8" } } } }
        ]
    })
}

#[test]
fn conditions_inside_of_conditions() {
    check(&nested(2, |schema| conditional(&schema)), &[]);
    let mut deep = json!({ "type": "u8" });
    for _ in 0..10 {
        deep = conditional(&deep);
    }
    check(&deep, &["TooEntangled"]);
    let chain = nested(10, |schema| {
        let test = json!({ "properties": { "kind": { "enum": ["x"] } } });
        json!({ "if": test, "then": { "properties": { "kind": {}, "a": schema } }, "else": {} })
    });
    check(&chain, &[]);
}

#[test]
fn many_conditions_over_many_fields() {
    let values: Vec<String> = (0..300).map(|n| format!("v{n}")).collect();
    let fields = |from: usize, count: usize| {
        let fields = (from..from + count).map(|n| (format!("f{n}"), json!({ "type": "u8" })));
        Value::Object(fields.collect())
    };
    let conditions: Vec<Value> = values
        .iter()
        .enumerate()
        .map(|(n, value)| json!({ "if": { "properties": { "kind": { "enum": [value] } } }, "then": { "properties": fields(n * 30, 30) } }))
        .collect();
    let kind = json!({ "kind": { "type": "string", "enum": values } });
    check(&json!({ "required": ["kind"], "properties": kind, "allOf": conditions }), &["TooEntangled"]);
    let keys: Vec<Value> =
        (0..999).map(|n| json!({ "if": { "required": [format!("f{n}")] }, "then": { "required": ["g"] } })).collect();
    let found = kinds(
        &json!({ "rpc": "test", "request": {}, "response": { "properties": fields(0, 999), "allOf": keys } })
            .to_string(),
    );
    assert!(!found.is_empty(), "{found:?}");
}
