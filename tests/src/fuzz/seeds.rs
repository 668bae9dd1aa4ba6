//! Real inputs: recorded traffic, the schemas' examples, and messages made from the model.

use std::sync::LazyLock;

use cln_codegen::Lowered;
use cln_codegen::model::Object;
use cln_codegen::vectors::{Expected, vectors};
use serde_json::{Value, json};

use super::tlv::record;
use super::words::bolt12_bytes;
use crate::schemas;

/// The lines of all recordings of this checkout.
static RECORDED: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let files = [
        include_str!("../../../schemas/examples.jsonl"),
        include_str!("../../traffic/direct.jsonl"),
        include_str!("../../traffic/events.jsonl"),
        include_str!("../../traffic/exchanges.jsonl"),
        include_str!("../../traffic/raw.jsonl"),
    ];
    files.iter().flat_map(|file| file.lines()).filter_map(|line| serde_json::from_str(line).ok()).collect()
});

/// Every text in the recordings.
fn texts() -> Vec<&'static str> {
    let mut texts = Vec::new();
    let mut left: Vec<&Value> = RECORDED.iter().collect();
    while let Some(value) = left.pop() {
        match value {
            Value::String(text) => texts.push(text.as_str()),
            Value::Array(values) => left.extend(values),
            Value::Object(members) => left.extend(members.values()),
            _ => {}
        }
    }
    texts.sort_unstable();
    texts.dedup();
    texts
}

/// BOLT 12 messages, and one of each field that an offer can have.
pub(super) fn bolt12_messages() -> Vec<Vec<u8>> {
    let mut messages: Vec<_> = texts().into_iter().filter_map(bolt12_bytes).collect();
    let point = [&[2][..], &[1; 32]].concat();
    let path = [&point[..], &point, &[1], &point, &[0, 3, 1, 2, 3]].concat();
    let recurrence = [1, 0, 0, 0, 7];
    let offer: &[(u64, &[u8])] = &[
        (2, &[7; 32]),
        (4, b"metadata"),
        (6, b"USD"),
        (8, &[1, 0]),
        (10, b"a coffee"),
        (12, &[2]),
        (14, &[1, 0, 0, 0, 0]),
        (16, &path),
        (18, b"a caf\xc3\xa9"),
        (20, &[5]),
        (22, &point),
        (1_000_000_024, &recurrence),
        (1_000_000_026, &[0, 0, 0, 0, 0, 0, 0, 9]),
        (1_000_000_027, &[0, 0, 0, 1, 0, 0, 0, 2, 1]),
        (1_000_000_029, &[9]),
        (1_000_000_101, b"unknown"),
    ];
    messages.push(offer.iter().flat_map(|(number, value)| record(*number, value)).collect());
    messages.push([record(1, &[82]), record(3, &[1]), record(5, b"no")].concat());
    messages
}

/// Texts of BOLT 11 and runes.
pub(super) fn invoices_and_runes() -> Vec<Vec<u8>> {
    let is_rune = |text: &str| text.len() >= 44 && text.ends_with(['=', '0', '9', 'A']) && !text.contains(' ');
    let is_meant = |text: &&str| text.starts_with("lnbc") || text.starts_with("lntb") || is_rune(text);
    let links = ["lightning:lnbc1", "LIGHTNING:", "lnp1", "clnemerg1", "lno1", "lnbc1"];
    texts().into_iter().filter(is_meant).chain(links).map(|text| text.as_bytes().to_vec()).collect()
}

/// Requests as clients write them.
pub(super) fn requests() -> Vec<Vec<u8>> {
    let calls = RECORDED.iter().filter_map(|line| Some((line.get("method")?, line.get("request")?)));
    let calls = calls.flat_map(|(method, params)| {
        let request = json!({"jsonrpc": "2.0", "id": "a#1", "method": method, "params": params});
        let mut filtered = request.clone();
        filtered["filter"] = json!({"list": [{"a": true, "b": {"c": [true]}}], "id": true});
        [request, filtered]
    });
    let sent = RECORDED.iter().filter_map(|line| line.get("sent")?.as_array()).flatten().filter_map(Value::as_str);
    calls.map(|call| call.to_string().into_bytes()).chain(sent.map(|text| text.as_bytes().to_vec())).collect()
}

/// What a node answered, as it came.
pub(super) fn answers() -> Vec<Vec<u8>> {
    let received = RECORDED.iter().filter_map(|line| line.get("received")?.as_str()).map(str::to_owned);
    let list =
        json!({"rows": [{"a": [1, {"b": "]}\\\""}]}, 2, "x", [], {}], "warning_rows": "x", "more": {"rows": [1]}});
    let made = [
        json!({"jsonrpc": "2.0", "id": 1, "result": list}),
        json!({"id": null, "error": {"code": -1, "message": "}"}, "result": null}),
        json!({"method": "log", "params": {"id": 5}}),
    ];
    received.chain(made.map(|json| json.to_string())).map(String::into_bytes).collect()
}

/// What the hooks of onion messages brought.
pub(super) fn hook_payloads() -> Vec<Vec<u8>> {
    let is_meant = |line: &&Value| line["name"].as_str().is_some_and(|name| name.starts_with("onion_message_recv"));
    RECORDED.iter().filter(is_meant).map(|line| line["payload"].to_string().into_bytes()).collect()
}

/// Messages between embedded nodes.
pub(super) fn frames() -> Vec<Vec<u8>> {
    let node = "02eec7245d6b7d2ccb30380bfbe2a3648cd7a942653f5aa340edcea1f283686619";
    let messages = [json!({"kind": "ledger"}), json!({"kind": "onion", "path_key": node, "message": "00ff"})];
    messages.map(|message| json!({"to": node, "from": node, "message": message}).to_string().into_bytes()).to_vec()
}

/// The project's schema files by name.
pub(super) fn schema_files() -> Vec<(String, String)> {
    schemas::input(&schemas::root().join("schemas")).map(|input| input.schemas).unwrap_or_default()
}

/// What is read of every type, by the name of the type: a message that the model says is right.
pub(super) fn messages() -> Vec<(String, Value)> {
    let input = schemas::input(&schemas::root().join("schemas")).ok();
    let Some(Lowered { api, .. }) = input.and_then(|input| cln_codegen::lower(&input).ok()) else {
        return Vec::new();
    };
    let mut objects: Vec<(String, &Object)> = Vec::new();
    for it in &api.commands {
        objects.push((format!("{} request", it.method), &it.request.object));
        objects.push((format!("{} response", it.method), &it.response));
    }
    objects.extend(api.notifications.iter().map(|it| (format!("notification {}", it.name), &it.payload)));
    for it in &api.hooks {
        objects.push((format!("hook {}", it.name), &it.payload));
        objects.push((format!("hook {} action", it.name), &it.action));
    }
    let of = |(name, object): (String, &Object)| {
        let right =
            vectors(&api.shared, object).into_iter().filter(|vector| matches!(vector.expected, Expected::Read(_)));
        right.map(move |vector| (name.clone(), vector.json)).collect::<Vec<_>>()
    };
    objects.into_iter().flat_map(of).collect()
}
