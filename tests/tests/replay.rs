//! The binary `replay` and what it is made of: what it says and how it ends.

use std::fs;
use std::process::Command;
use std::sync::LazyLock;

use cln_codegen::model::{EnumValue, Field, Type};
use cln_tests::replay::{Checked, Checker};
use serde_json::{Value, json};
use tempfile::tempdir;

fn checker() -> &'static Checker {
    static CHECKER: LazyLock<Checker> = LazyLock::new(|| Checker::new().unwrap());
    &CHECKER
}

/// The report on a recording, and whether all is well.
fn replayed(recording: &[u8]) -> (String, bool) {
    let folder = tempdir().unwrap();
    let file = folder.path().join("a.jsonl");
    fs::write(&file, recording).unwrap();
    let report = checker().replay(&[&file]);
    (report.to_string(), report.is_ok())
}

/// A recording must go through and have all of `words` in its report.
fn check(recording: impl AsRef<[u8]>, words: &[&str]) {
    let (text, ok) = replayed(recording.as_ref());
    assert!(ok, "{text}");
    words.iter().for_each(|word| assert!(text.contains(word), "no `{word}` in\n{text}"));
}

/// A recording must fail with all of `words`.
fn check_failure(recording: impl AsRef<[u8]>, words: &[&str]) {
    let (text, ok) = replayed(recording.as_ref());
    assert!(!ok, "{text}");
    words.iter().for_each(|word| assert!(text.contains(word), "no `{word}` in\n{text}"));
}

/// What the binary prints, and its exit code.
fn run(recording: &str, arguments: &[&str]) -> (String, Option<i32>) {
    let folder = tempdir().unwrap();
    let file = folder.path().join("a.jsonl");
    fs::write(&file, recording).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_replay")).arg(&file).args(arguments).output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    (String::from_utf8(output.stdout).unwrap(), output.status.code())
}

fn invoice() -> Value {
    json!({
        "label": "a", "payment_hash": "00".repeat(32), "expires_at": 5, "created_index": 1, "amount_msat": 7,
        "status": "paid", "pay_index": 1, "amount_received_msat": 7, "paid_at": 4, "payment_preimage": "11".repeat(32),
    })
}

/// A line with an answer of `listinvoices`.
fn answered(invoice: Value) -> String {
    json!({"method": "listinvoices", "request": {}, "response": {"invoices": [invoice]}}).to_string()
}

fn with(field: &str, value: Value) -> String {
    let mut invoice = invoice();
    invoice[field] = value;
    answered(invoice)
}

fn without(field: &str) -> String {
    let mut invoice = invoice();
    invoice.as_object_mut().unwrap().remove(field);
    answered(invoice)
}

fn failed(error: Value) -> String {
    json!({"method": "sendinvoice", "request": {}, "error": error}).to_string()
}

#[test]
fn an_answer_that_is_as_documented_goes_through() {
    check(answered(invoice()), &["1 line of 1 file, 0 failures", "answers                1         1       1"]);
}

#[test]
fn a_required_field_that_is_missing_is_a_failure() {
    check_failure(
        without("label"),
        &["a.jsonl:1", "answer of `listinvoices` at `invoices[0]`", "missing field `label`"],
    );
    check_failure(without("paid_at"), &["`paid` requires `paid_at`, which is missing"]);
}

#[test]
fn a_documented_field_that_is_lost_is_a_failure() {
    check_failure(
        with("status", json!("unpaid")),
        &["at `invoices[0].paid_at`", "is lost", "documents for other variants only", "4 failures"],
    );
}

#[test]
fn what_nobody_documents_is_listed() {
    check(with("new", json!({"a": 1})), &["1  the answer of `listinvoices`: invoices[].new\n"]);
    check(with("status", json!("held")), &["invoices[].status = \"held\""]);
    check(with("status", json!("h".repeat(50))), &[&format!("= \"{}…\"", "h".repeat(40))]);
}

#[test]
fn amounts_and_nulls_have_several_forms() {
    check(with("amount_msat", json!("7msat")), &["0 failures"]);
    check(with("bolt11", Value::Null), &["0 failures"]);
    check_failure(with("amount_msat", json!("0.5sat")), &["has decimals"]);
}

#[test]
fn values_of_fields_are_never_shown() {
    let secret = "5ec2e7".repeat(11);
    for line in [
        with("payment_preimage", json!(secret)),
        with("amount_msat", json!(secret)),
        with("paid_at", json!(secret)),
        with("new", json!(secret)),
        failed(json!({"code": secret})),
        json!({"method": 5, "request": secret}).to_string(),
    ] {
        let (text, _) = replayed(line.as_bytes());
        assert!(!text.contains("5ec2e7"), "{text}");
    }
}

#[test]
fn a_request_that_succeeded_must_be_one_that_may_be_sent() {
    let line = |request: Value| {
        json!({"method": "listinvoices", "request": request, "response": {"invoices": []}}).to_string()
    };
    check(line(json!({"index": "created", "start": 1})), &["requests               1         1       1"]);
    check_failure(line(json!({"start": 1})), &["request of `listinvoices` at `start`", "only together with `index`"]);
    check_failure(line(json!({"bogus": 1})), &["unknown field `bogus`"]);
    check(line(json!(["a"])), &["1  requests by position"]);
}

#[test]
fn what_nodes_take_beyond_a_schema_excuses_nothing_else() {
    let line = |request: Value| json!({"method": "pay", "request": request, "response": {}}).to_string();
    check_failure(line(json!({"invstring": "a", "bogus": 1})), &["request of `pay`", "unknown field `bogus`"]);
    check_failure(line(json!({"invstring": "a", "maxfee": true})), &["request of `pay` at `maxfee`"]);
    let (request, response) = (json!({"command_to_check": "pay", "a": 1}), json!({"command_to_check": "pay"}));
    let checked = json!({"method": "check", "request": request, "response": response});
    check(checked.to_string(), &["1  `check` takes the parameters"]);
}

#[test]
fn a_request_that_failed_may_be_anything() {
    let line = json!({"method": "listinvoices", "request": {"bogus": 1}, "error": {"code": -32602, "message": "no"}});
    check(line.to_string(), &["1  requests that failed, and that the types refuse", "`listinvoices` -32602"]);
}

#[test]
fn errors_and_their_data_are_read() {
    check(failed(json!({"code": 1004, "message": "no", "data": {"error": "no"}})), &["error data             1"]);
    check_failure(
        failed(json!({"code": 1004, "message": "no", "data": {"error": 5}})),
        &["error data of `sendinvoice`"],
    );
    check(failed(json!({"code": 4711, "message": "no"})), &["nothing lists", "`sendinvoice` 4711"]);
    check_failure(failed(json!({"message": "no"})), &["error of `sendinvoice`", "missing field `code`"]);
}

#[test]
fn what_has_no_schema_is_counted() {
    check(r#"{"method":"new","request":{},"response":5}"#, &["1  answers without a schema", "1  command `new`"]);
    check(r#"{"kind":"hook","name":"new","payload":{}}"#, &["1  hook `new`"]);
}

#[test]
fn events_are_unwrapped() {
    let plugin = json!({"instance": [], "plugin_name": "a", "plugin_path": "/a", "methods": []});
    let line =
        |payload: Value| json!({"kind": "notification", "name": "plugin_started", "payload": payload}).to_string();
    check(line(json!({"plugin_started": plugin, "origin": "cln"})), &["notifications          1         1       1"]);
    check_failure(line(json!({"plugin_started": {}})), &["notification `plugin_started`", "missing field"]);
}

#[test]
fn bytes_are_taken_apart() {
    let sent = r#"{"jsonrpc":"2.0","id":1,"method":"listinvoices","params":{}}"#;
    let line = |received: &str| json!({"sent": [&sent[..9], &sent[9..]], "received": received}).to_string();
    check(
        line(r#"{"jsonrpc":"2.0","id":1,"result":{"invoices":[]}}"#),
        &["answers                1", "1  connections' bytes"],
    );
    check(line(""), &["1  calls without an answer"]);
    check_failure(line(r#"{"jsonrpc":"2.0","id":1,"result":{"invoices":[{}]}}"#), &["missing field `label`"]);
    check_failure(line(r#"{"jsonrpc":"2.0","id":2,"result":{}}"#), &["a.jsonl:1", "answer what was `sent`"]);
    check_failure(line(r#"{"jsonrpc":"2.0","id":null,"error":{}}"#), &["an error without a readable call"]);
    check_failure(line("junk"), &["not a sequence of JSON-RPC messages"]);
}

#[test]
fn a_line_that_is_no_recording_is_told_by_its_number() {
    check_failure(format!("{}\n{{\"method\":", answered(invoice())), &["a.jsonl:2: not a line of a recording", "EOF"]);
    check_failure(r#"{"method":"getinfo","request":{}}"#, &["a.jsonl:1: a line of no known form"]);
    check_failure(r#"{"method":"getinfo","request":{},"response":{},"error":{}}"#, &["both `response` and `error`"]);
    check_failure("[]", &["a.jsonl:1"]);
    check_failure(b"\xff\n", &["not UTF-8"]);
    check_failure("[".repeat(100_000), &["a.jsonl:1"]);
}

#[test]
fn marks_and_line_ends_of_other_systems_do_not_matter() {
    let line = answered(invoice());
    check(format!("\u{feff}{line}\r\n\r\n   \n{line}"), &["2 lines of 1 file, 0 failures"]);
    check("", &["0 lines of 1 file, 0 failures"]);
}

#[test]
fn a_file_that_is_not_there_is_a_failure() {
    let output = Command::new(env!("CARGO_BIN_EXE_replay")).arg("/nowhere/a.jsonl").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!((output.status.code(), text.contains("/nowhere/a.jsonl: cannot be read")), (Some(1), true), "{text}");
}

#[test]
fn the_exit_code_tells_whether_all_is_well() {
    let (text, code) = run(&answered(invoice()), &[]);
    assert_eq!(code, Some(0), "{text}");
    let (text, code) = run(&without("label"), &[]);
    assert_eq!((code, text.contains("missing field `label`")), (Some(1), true), "{text}");
}

#[test]
fn what_the_schemas_have_and_the_types_forgot_is_a_failure() {
    let mut checker = Checker::new().unwrap();
    let api = &mut checker.documented.api;
    let forwards = api.shared.iter_mut().find(|it| it.name == "ForwardStatus").unwrap();
    forwards.values.push(EnumValue { wire: "held".to_owned(), rust: "Held".to_owned(), text: None });
    let invoices = api.commands.iter_mut().find(|it| it.method == "listinvoices").unwrap();
    let Type::Array(item) = &mut invoices.response.fields[0].ty else { panic!("a list") };
    let Type::Object(item) = &mut **item else { panic!("of objects") };
    let label = item.fields.iter().find(|field| field.wire == "label").unwrap().clone();
    item.fields.push(Field { wire: "held_since".to_owned(), ..label });

    let faults = |checked: Option<Checked>| checked.unwrap().faults.into_iter().map(|it| it.reason).collect::<Vec<_>>();
    let request = checker.request("listforwards", r#"{"status":"held"}"#);
    assert_eq!(faults(request), ["a value that the schema documents is kept as an unknown one"]);
    let mut held = invoice();
    held["held_since"] = "a".into();
    let answer = checker.answer("listinvoices", &json!({"invoices": [held]}).to_string());
    assert_eq!(faults(answer), ["a documented field is lost"]);
}

#[test]
fn json_tells_the_same() {
    let recording = [with("new", json!(1)), without("label"), failed(json!({"code": 4711, "message": ""}))].join("\n");
    let (text, code) = run(&recording, &["--json"]);
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(code, Some(1));
    assert_eq!(report["answers"], json!({"total": 2, "decoded": 1, "equal": 1}));
    assert_eq!(report["failed"], 1);
    let failure = &report["failures"][0];
    assert_eq!(
        (&failure["line"], &failure["kind"], &failure["name"]),
        (&json!(2), &json!("answer"), &json!("listinvoices"))
    );
    let undocumented = json!({
        "kind": "answer", "name": "listinvoices", "path": "invoices[].new", "value": null, "standing": "undocumented",
        "count": 1,
    });
    assert_eq!(report["undocumented"], json!([undocumented]));
    let code = json!({"known": "nowhere", "method": "sendinvoice", "code": 4711, "count": 1});
    assert_eq!(report["unlisted_codes"], json!([code]));
}
