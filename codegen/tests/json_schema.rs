//! Standard JSON Schema of three schema files that a person can read.

mod common;

use cln_codegen::{json_schema, lower, openrpc};

const FILES: &[(&str, &str)] = &[
    ("payout.json", include_str!("fixtures/payout.json")),
    ("hook/approve.json", include_str!("fixtures/hook/approve.json")),
    ("notification/told.json", include_str!("fixtures/notification/told.json")),
];

#[test]
fn an_answer_an_action_and_a_request() {
    let api = lower(&common::input(FILES, common::OVERLAY)).unwrap().api;
    insta::assert_json_snapshot!("payout_response", json_schema::document(&api, &api.commands[0].response));
    insta::assert_json_snapshot!("payout_request", json_schema::request_document(&api, &api.commands[0]));
    insta::assert_json_snapshot!("approve_action", json_schema::document(&api, &api.hooks[0].action));
}

#[test]
fn an_openrpc_document() {
    let api = lower(&common::input(FILES, common::OVERLAY)).unwrap().api;
    let request = serde_json::from_str(r#"{"amount_msat": 1000}"#).unwrap();
    let example = cln_codegen::Example { method: "payout".to_owned(), request, response: serde_json::json!({}) };
    insta::assert_json_snapshot!("openrpc", openrpc(&api, Some("v25.02"), &[example]));
}
