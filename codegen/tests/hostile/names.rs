//! Names: of commands, fields, values and error codes, and of the files themselves.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use cln_codegen::diagnostic::Problem;
use cln_codegen::{emit_rust, import, lower};
use serde_json::{Value, json};

use crate::common;
use crate::rust::parse_all;

const HOSTILE: &[&str] = &[
    "",
    " ",
    "_",
    "..",
    "../../x",
    "/etc/x",
    "C:\\x",
    "a\0b",
    "a\nb",
    "a\rb",
    "a\"b",
    "a`b",
    "a\\b",
    "r#\"",
    "\u{202e}a",
    "naïve",
    "ŉ",
    "\u{1f980}",
    "a b ",
    "\u{1b}[2J",
];

const WORDS: &[&str] = &[
    "type",
    "self",
    "Self",
    "super",
    "crate",
    "gen",
    "async",
    "true",
    "new",
    "clone",
    "default",
    "unknown",
    "Option",
    "String",
    "result",
    "err",
    "serde",
    "std",
    "other",
    "r#type",
    "2fa",
    "a-b",
    "a.b",
    "x/y",
    "# version",
    "<=",
    "{}",
];

/// The files with a name in each place that has one: a command, a field, a value, a code.
fn command(name: &str) -> Value {
    json!({ "rpc": name, "request": {}, "response": { "properties": {} } })
}

fn field(name: &str) -> Value {
    let fields = json!({ "type": "object", "required": [name], "properties": { (name): { "type": "u8" } } });
    json!({ "rpc": "test", "request": fields, "response": fields })
}

fn value(name: &str) -> Value {
    let kind = json!({ "type": "string", "enum": [name, "plain"] });
    json!({ "rpc": "test", "request": { "properties": { "kind": kind } }, "response": {
        "required": ["kind"], "properties": { "kind": kind },
        "if": { "properties": { "kind": { "enum": [name] } } },
        "then": { "required": ["at"], "properties": { "kind": {}, "at": { "type": "u8" } } } } })
}

fn code(name: &str) -> Value {
    json!({ "rpc": "test", "request": {}, "response": { "properties": {} }, "errors": [format!("- 900 ({name}): Why.")] })
}

fn faults(path: &str, file: &Value) -> Option<String> {
    let input = common::input(&[(path, &file.to_string())], common::OVERLAY);
    match lower(&input) {
        Ok(lowered) => {
            let emitted = emit_rust(&lowered.api).unwrap();
            assert!(parse_all(&emitted).len() > 5);
            emitted.keys().for_each(|path| stays_inside(path));
            None
        }
        Err(faults) => {
            assert!(faults.0.iter().all(|fault| fault.file == path), "{faults}");
            let said = faults.to_string();
            assert!(said.chars().all(|c| c == '\n' || !c.is_control()), "{said:?}");
            Some(said)
        }
    }
}

fn stays_inside(path: &str) {
    let parts: Vec<Component<'_>> = Path::new(path).components().collect();
    assert!(parts.iter().all(|part| matches!(part, Component::Normal(_))), "{path}");
    assert!(path.chars().all(|c| c.is_ascii_alphanumeric() || "._/".contains(c)), "{path}");
}

#[test]
fn a_name_that_is_none_is_refused_with_its_place() {
    let mut said = BTreeSet::new();
    for name in HOSTILE {
        // What is a path is a name on the wire like any other: no file is called like a field or a value.
        let is_path = ["../../x", "/etc/x"].contains(name);
        for (file, place) in [
            (command(name), "schemas/test.json: "),
            (field(name), "schemas/test.json#/request/properties/"),
            (value(name), "schemas/test.json#/request/properties/kind/enum/0: "),
        ]
        .into_iter()
        .take(if is_path { 1 } else { 3 })
        {
            let faults = faults("schemas/test.json", &file).unwrap_or_else(|| panic!("{name:?} is taken in {file}"));
            // An empty one has words of its own.
            assert!(faults.contains(place) || name.is_empty(), "{name:?}: {faults}");
            if *name == "a`b" {
                said.extend(faults.lines().next().map(str::to_owned));
            }
        }
    }
    insta::assert_snapshot!("a_name_with_a_backtick", said.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn an_error_code_of_a_hostile_name_is_refused_or_no_code_at_all() {
    for name in HOSTILE.iter().filter(|name| !name.contains(['\n', '\r'])) {
        let refused = faults("schemas/test.json", &code(name));
        assert!(refused.is_none_or(|faults| faults.contains("schemas/test.json#/errors/0: ")), "{name:?}");
    }
}

#[test]
fn words_of_rust_and_of_the_emitted_code_become_names_or_faults() {
    for name in WORDS {
        for file in [command(name), field(name), value(name), code(name)] {
            faults("schemas/test.json", &file);
        }
    }
}

/// A file's name is a command's where the file says none.
#[test]
fn a_file_of_a_hostile_name() {
    let nameless = json!({ "request": {}, "response": { "properties": {} } });
    for path in ["schemas/.json", "schemas/...json", "schemas/a\0b.json", "schemas/naïve.json", "hook/..json", ".json"]
    {
        let said = faults(path, &nameless).unwrap_or_else(|| panic!("{path:?} is taken"));
        assert!(said.contains("is not a name"), "{said}");
    }
}

#[test]
fn modules_that_cargo_or_rustc_would_take_for_something_else() {
    for (path, name) in [("a.json", "main"), ("a.json", "mod"), ("a.json", "lib"), ("hook/a.json", "mod")] {
        let kind = if path.starts_with("hook") { "hook" } else { "rpc" };
        let file = json!({ (kind): name, "request": { "properties": {} }, "response": { "properties": {} } });
        let said = faults(path, &file).unwrap_or_else(|| panic!("{name} is taken"));
        assert!(said.contains("the crate's own module"), "{said}");
    }
}

#[test]
fn what_is_imported_stays_inside_the_folder() {
    for name in HOSTILE.iter().chain(WORDS) {
        let theirs = [(format!("theirs/{}.json", name.replace('/', "_")), command(name).to_string())];
        match import(&theirs, &[]) {
            Ok(files) => files.keys().for_each(|path| {
                assert!(!path.contains('/') && path.ends_with(".json") && path.len() > ".json".len(), "{path:?}");
            }),
            Err(faults) => assert!(
                faults.0.iter().all(|fault| matches!(fault.problem, Problem::BadName(_) | Problem::Shape { .. }))
            ),
        }
    }
}
