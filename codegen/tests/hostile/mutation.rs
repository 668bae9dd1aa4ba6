//! Real schema files with a few places changed at random.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use cln_codegen::{Input, emit_rust, lower};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::rust::parse_all;

/// The project's own files and tables.
static REAL: LazyLock<Input> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas");
    let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let mut schemas = Vec::new();
    for kind in ["", "hook", "notification"] {
        for entry in fs::read_dir(folder.join(kind)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let name = path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
                schemas.push((name.clone(), text(&name)));
            }
        }
    }
    schemas.sort();
    Input {
        schemas,
        overlay: text("overlay.toml"),
        error_codes: text("error-codes.toml"),
        glossary: text("glossary.toml"),
    }
});

/// Lowers one file; what comes of it is code, or faults that tell where they are.
fn check(path: &str, text: String) {
    let input = Input { schemas: vec![(path.to_owned(), text)], ..REAL.clone() };
    match lower(&input) {
        Ok(lowered) => {
            let emitted = emit_rust(&lowered.api).unwrap_or_else(|faults| panic!("{faults}\n{}", input.schemas[0].1));
            parse_all(&emitted);
        }
        Err(faults) => {
            assert!(!faults.0.is_empty());
            for fault in &faults.0 {
                assert_eq!(fault.file, path, "{fault}");
                assert!(fault.pointer.is_empty() || fault.pointer.starts_with('/'), "{fault}");
                assert!(fault.problem.to_string().len() > 10, "{fault}");
            }
        }
    }
}

/// What becomes of a place.
#[derive(Clone, Debug)]
enum Change {
    Replace(Value),
    Remove,
    Rename(String),
    Copy(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let schema = || json!({ "type": "string", "enum": ["x"] });
    let values = vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!("x"),
        json!("\u{0}`\n```"),
        json!([]),
        json!({}),
        json!([[]]),
        json!({ "": {} }),
        json!({ "../x": schema() }),
        json!({ "type": "u128" }),
        json!({ "type": "array" }),
        json!({ "type": ["u8", "null"] }),
        json!({ "oneOf": [schema(), schema()] }),
        json!({ "if": {}, "then": {} }),
        json!({ "required": ["x"], "properties": { "x": schema() } }),
        json!({ "type": "object", "additionalProperties": schema() }),
        json!(["x", "x"]),
        json!(["a", "a b", "a_b"]),
        json!({ "properties": { "type": schema(), "self": schema(), "extra": schema() } }),
        schema(),
        json!({ "$ref": "file:///etc/passwd" }),
        json!({ "allOf": [{ "$ref": "#" }] }),
    ];
    let names = [
        "",
        "..",
        "type",
        "properties",
        "required",
        "if",
        "then",
        "else",
        "allOf",
        "oneOf",
        "anyOf",
        "items",
        "enum",
        "additionalProperties",
        "added",
        "deprecated",
        "x`",
        "self",
        "status",
        "$ref",
        "rpc",
        "hook",
        "untyped",
        "hidden",
    ];
    prop_oneof![
        4 => prop::sample::select(values).prop_map(Change::Replace),
        2 => Just(Change::Remove),
        3 => prop::sample::select(names.to_vec()).prop_map(|name| Change::Rename(name.to_owned())),
        2 => any::<Index>().prop_map(Change::Copy),
    ]
}

/// The JSON pointers of all places below the root.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let child = |token: &str| format!("{at}/{}", token.replace('~', "~0").replace('/', "~1"));
    let children: Vec<(String, &Value)> = match value {
        Value::Object(object) => object.iter().map(|(key, value)| (child(key), value)).collect(),
        Value::Array(values) => values.iter().enumerate().map(|(n, value)| (child(&n.to_string()), value)).collect(),
        _ => Vec::new(),
    };
    for (at, value) in children {
        found.push(at.clone());
        places(value, &at, found);
    }
}

fn apply(root: &mut Value, at: &Index, change: Change) {
    let mut found = Vec::new();
    places(root, "", &mut found);
    if found.is_empty() {
        return;
    }
    let place = at.get(&found);
    let (parent, token) = place.rsplit_once('/').unwrap();
    let token = token.replace("~1", "/").replace("~0", "~");
    match change {
        Change::Replace(value) => *root.pointer_mut(place).unwrap() = value,
        Change::Copy(from) => {
            *root.pointer_mut(place).unwrap() = root.pointer(from.get(&found).as_str()).unwrap().clone()
        }
        Change::Remove | Change::Rename(_) => match (root.pointer_mut(parent).unwrap(), change) {
            (Value::Object(object), Change::Rename(name)) => {
                let value = object.shift_remove(&token).unwrap();
                object.insert(name, value);
            }
            (Value::Object(object), _) => drop(object.shift_remove(&token)),
            (Value::Array(values), _) => drop(values.remove(token.parse().unwrap())),
            _ => unreachable!("only these have children"),
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn other_json(file in any::<Index>(), changes in prop::collection::vec((any::<Index>(), change()), 1..5)) {
        let (path, text) = file.get(&REAL.schemas);
        let mut root: Value = serde_json::from_str(text).unwrap();
        for (at, change) in changes {
            apply(&mut root, &at, change);
        }
        check(path, root.to_string());
    }

    #[test]
    fn other_bytes(file in any::<Index>(), changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..8), cut in any::<Option<Index>>()) {
        let (path, text) = file.get(&REAL.schemas);
        let mut bytes = text.clone().into_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.map_or(bytes.len(), |cut| cut.index(bytes.len())));
        check(path, String::from_utf8_lossy(&bytes).into_owned());
    }
}
