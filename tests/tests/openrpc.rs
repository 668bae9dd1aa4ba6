//! The OpenRPC document and the JSON Schemas: valid, complete, and true of what a node really answered.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use cln_codegen::{Example, openrpc};
use serde_json::{Map, Value, json};
use support::{beside, input, root};

/// Real calls, one for each command that answered on a regtest node.
fn examples() -> Vec<Example> {
    let text = std::fs::read_to_string(root().join("schemas/examples.jsonl")).unwrap();
    let lines = text.lines().map(|line| {
        let line: Map<String, Value> = serde_json::from_str(line).unwrap();
        let request = line["request"].as_object().unwrap().clone();
        Example { method: line["method"].as_str().unwrap().to_owned(), request, response: line["response"].clone() }
    });
    lines.collect()
}

fn document() -> Value {
    let lowered = cln_codegen::lower(&input(&root().join("schemas"))).unwrap();
    openrpc(&lowered.api, None, &examples())
}

fn each<'d>(of: &'d Value, key: &str) -> impl Iterator<Item = &'d Value> {
    of[key].as_array().into_iter().flatten()
}

/// A schema of the document with what it refers to.
fn standing_alone(document: &Value, schema: &Value) -> Value {
    let mut schema = schema.clone();
    schema["components"] = document["components"].clone();
    schema["$schema"] = cln_codegen::json_schema::DRAFT.into();
    schema
}

#[test]
fn the_document_has_what_openrpc_asks_for() {
    let document = document();
    assert_eq!(document["openrpc"], "1.3.2");
    assert!(document["info"]["title"].is_string() && document["info"]["version"] == "v26.06");
    let mut names = BTreeSet::new();
    for method in each(&document, "methods") {
        let name = method["name"].as_str().unwrap();
        assert!(names.insert(name), "{name} comes twice");
        assert!(method["summary"].is_string() && method["description"].is_string(), "{name}");
        assert!(method["result"]["name"].is_string() && method["result"]["schema"].is_object(), "{name}");
        assert!(each(method, "tags").all(|tag| tag["name"].is_string()), "{name}");
        let params: Vec<(&str, bool)> = each(method, "params")
            .map(|param| (param["name"].as_str().unwrap(), param["required"].as_bool().unwrap()))
            .collect();
        assert!(params.is_sorted_by_key(|(_, required)| !required), "{name}: required parameters come first");
        assert_eq!(params.iter().collect::<BTreeSet<_>>().len(), params.len(), "{name}");
        for error in each(method, "errors") {
            assert!(error["code"].is_i64() && error["message"].is_string(), "{name}");
            // Error objects take no members of one's own.
            let known = |key: &String| ["code", "message", "data"].contains(&key.as_str());
            assert!(error.as_object().unwrap().keys().all(known), "{name}");
        }
    }
    assert_eq!(names.len(), 162);
    assert_eq!(each(&document, "x-notifications").count(), 24);
    assert_eq!(each(&document, "x-hooks").count(), 15);
}

#[test]
fn every_schema_is_valid_and_its_references_lead_somewhere() {
    let document = document();
    let mut count = 0;
    let mut check = |schema: &Value, what: &str| {
        count += 1;
        let schema = standing_alone(&document, schema);
        jsonschema::meta::validate(&schema).unwrap_or_else(|error| panic!("{what}: {error}"));
        jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{what}: {error}"));
    };
    for method in each(&document, "methods") {
        let name = method["name"].as_str().unwrap();
        each(method, "params").for_each(|param| check(&param["schema"], name));
        each(method, "errors").filter_map(|error| error.get("data")).for_each(|data| check(data, name));
        check(&method["result"]["schema"], name);
    }
    for event in each(&document, "x-notifications").chain(each(&document, "x-hooks")) {
        check(&event["schema"], event["name"].as_str().unwrap());
        event.get("answer").into_iter().for_each(|answer| check(answer, event["name"].as_str().unwrap()));
    }
    assert!(count > 500, "only {count} schemas");
}

#[test]
fn real_calls_are_valid_by_the_document() {
    let document = document();
    let mut count = 0;
    for method in each(&document, "methods") {
        let name = method["name"].as_str().unwrap();
        let result = jsonschema::validator_for(&standing_alone(&document, &method["result"]["schema"])).unwrap();
        for example in each(method, "examples") {
            count += 1;
            let answer = &example["result"]["value"];
            result.validate(answer).unwrap_or_else(|error| panic!("{name}: {error} at {}", error.instance_path()));
            for given in each(example, "params") {
                let param = each(method, "params").find(|param| param["name"] == given["name"]);
                let param = param.unwrap_or_else(|| panic!("{name}: unknown {}", given["name"]));
                let schema = standing_alone(&document, &param["schema"]);
                jsonschema::validate(&schema, &given["value"]).unwrap_or_else(|error| panic!("{name}: {error}"));
            }
        }
    }
    assert!(count > 100, "only {count} calls");
}

#[test]
fn real_events_are_valid_by_the_document() {
    let document = document();
    let mut files = vec![root().join("tests/traffic/events.jsonl")];
    files.extend(beside("traffic/v26.06/events.jsonl"));
    let mut validators = BTreeMap::new();
    for (kind, all) in [("notification", "x-notifications"), ("hook", "x-hooks")] {
        for event in each(&document, all) {
            let validator = jsonschema::validator_for(&standing_alone(&document, &event["schema"])).unwrap();
            validators.insert((kind, event["name"].as_str().unwrap()), validator);
        }
    }
    let mut count = 0;
    for line in files
        .iter()
        .flat_map(|file| std::fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect::<Vec<_>>())
    {
        let line: Value = serde_json::from_str(&line).unwrap();
        let (kind, name) = (line["kind"].as_str().unwrap(), line["name"].as_str().unwrap());
        // Some notifications have no schema.
        let Some(validator) = validators.get(&(kind, name)) else { continue };
        let payload = &line["payload"];
        let inner = payload.get(name).filter(|inner| kind == "notification" && inner.is_object()).unwrap_or(payload);
        count += 1;
        validator.validate(inner).unwrap_or_else(|error| panic!("{name}: {error} at {}", error.instance_path()));
    }
    assert!(count > 20, "only {count} events");
}

#[test]
fn real_requests_are_valid_by_the_schema_that_the_crate_has_at_run_time() {
    for Example { method, request, .. } in examples() {
        let schema: Value = serde_json::from_str(cln_api::schema(&method).unwrap()).unwrap();
        let request = Value::Object(request);
        jsonschema::validate(&schema, &request).unwrap_or_else(|error| panic!("{method}: {error}\n{request}"));
    }
}

#[test]
fn a_request_schema_says_what_the_types_say() {
    let schema = |method| serde_json::from_str::<Value>(cln_api::schema(method).unwrap()).unwrap();
    let check = |method, request: Value, valid| {
        assert_eq!(jsonschema::is_valid(&schema(method), &request), valid, "{method} {request}");
    };
    check("sendinvoice", json!({ "invreq": "lnr1", "label": "a" }), true);
    check("sendinvoice", json!({ "invreq": "lnr1" }), false);
    check("sendinvoice", json!({ "invreq": "lnr1", "label": "a", "amount_msat": "1sat" }), true);
    check("sendinvoice", json!({ "invreq": "lnr1", "label": "a", "amount_msat": "1 sat" }), false);
    check("sendinvoice", json!({ "invreq": "lnr1", "label": "a", "amount": 1 }), false);
    check("delpay", json!({ "payment_hash": "00".repeat(32), "status": "failed", "partid": 1 }), false);
    check("delpay", json!({ "payment_hash": "00".repeat(32), "status": "failed", "partid": 1, "groupid": 1 }), true);
}
