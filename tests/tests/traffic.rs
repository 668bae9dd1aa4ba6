//! Every answer, hook and notification that a running node sent is read by the generated types.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use cln_api::{Command, Hook, Notification};
use serde_json::Value;

/// Requests that a node takes and its own schemas do not describe.
const UNDESCRIBED: &[(&str, &str)] = &[
    ("check", "takes the parameters of the command that it checks"),
    ("pay", "takes `invstring`, the name that `xpay` has for its invoice"),
    ("sendpay", "takes hops as `getroute` gives them, with a `direction` that it ignores"),
    ("invoicerequest", "takes a request without `description`, which BOLT 12 requires"),
];

/// Notifications without a schema.
const WITHOUT_SCHEMA: &[&str] = &["channel_hint_update", "pay_failure", "pay_success"];

type Read = fn(&[u8]) -> Result<Value, String>;

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn answers() -> BTreeMap<&'static str, Read> {
    let mut readers: BTreeMap<&'static str, Read> = BTreeMap::new();
    macro_rules! add {
        ($request:ty) => {
            readers.insert(<$request>::METHOD, |json| {
                let answer = <$request>::decode_response(json).map_err(text)?;
                serde_json::to_value(answer).map_err(text)
            });
        };
    }
    cln_api::for_each_command!(add);
    readers
}

fn requests() -> BTreeMap<&'static str, Read> {
    let mut readers: BTreeMap<&'static str, Read> = BTreeMap::new();
    macro_rules! add {
        ($request:ty) => {
            readers.insert(<$request>::METHOD, |json| {
                let request: $request = serde_json::from_slice(json).map_err(text)?;
                request.validate().map_err(text)?;
                serde_json::to_value(request).map_err(text)
            });
        };
    }
    cln_api::for_each_command!(add);
    readers
}

fn shared(name: &str) -> Option<Vec<Value>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/traffic/v26.06").join(name);
    let Ok(text) = fs::read_to_string(&path) else {
        assert!(std::env::var("CI").is_err(), "{} is missing, and CI has to have it", path.display());
        return None;
    };
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

#[test]
fn every_recorded_answer_is_read() {
    let Some(lines) = shared("exchanges.jsonl") else { return };
    let (answers, requests) = (answers(), requests());
    let mut failures = Vec::new();
    let mut read = 0;
    for line in &lines {
        let method = line["method"].as_str().unwrap();
        let (Some(response), Some(reader)) = (line.get("response"), answers.get(method)) else { continue };
        read += 1;
        match reader(&serde_json::to_vec(response).unwrap()) {
            Ok(again) => lost(method, response, &again, &mut failures),
            Err(error) => failures.push(error),
        }
        let described = UNDESCRIBED.iter().all(|(undescribed, _)| *undescribed != method);
        let request = serde_json::to_vec(&line["request"]).unwrap();
        if described
            && line["request"].is_object()
            && let Err(error) = requests[method](&request)
        {
            failures.push(format!("REQUEST {method}: {error}"));
        }
    }
    failures.sort();
    failures.dedup();
    assert!(failures.is_empty(), "{read} answers\n{}", failures.join("\n"));
}

fn lost(at: &str, before: &Value, after: &Value, failures: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            // `null` says the same as nothing.
            for (key, value) in before.iter().filter(|(_, value)| !value.is_null()) {
                match after.get(key) {
                    Some(after) => lost(&format!("{at}.{key}"), value, after, failures),
                    None => failures.push(format!("LOST {at}.{key}")),
                }
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            for (before, after) in before.iter().zip(after) {
                lost(&format!("{at}[]"), before, after, failures);
            }
        }
        (before, after) if before == after => {}
        (before, after) if before.as_f64().is_some() && before.as_f64() == after.as_f64() => {}
        (before, after) => failures.push(format!("CHANGED {at}: {before} → {after}")),
    }
}

#[test]
fn every_recorded_event_is_read() {
    let Some(lines) = shared("events.jsonl") else { return };
    let mut readers: BTreeMap<(&'static str, &'static str), Read> = BTreeMap::new();
    macro_rules! add_notification {
        ($payload:ty) => {
            readers.insert(("notification", <$payload>::NAME), |json| {
                <$payload as Notification>::decode(json).map_err(text).map(|it| serde_json::to_value(it).unwrap())
            });
        };
    }
    macro_rules! add_hook {
        ($payload:ty) => {
            readers.insert(("hook", <$payload>::NAME), |json| {
                <$payload as Hook>::decode(json).map_err(text).map(|it| serde_json::to_value(it).unwrap())
            });
        };
    }
    cln_api::for_each_notification!(add_notification);
    cln_api::for_each_hook!(add_hook);
    let mut failures = Vec::new();
    for line in &lines {
        let (kind, name) = (line["kind"].as_str().unwrap(), line["name"].as_str().unwrap());
        let Some((_, reader)) = readers.iter().find(|((k, n), _)| *k == kind && *n == name) else {
            if !WITHOUT_SCHEMA.contains(&name) {
                failures.push(format!("no {kind} `{name}`"));
            }
            continue;
        };
        let payload = &line["payload"];
        match reader(&serde_json::to_vec(payload).unwrap()) {
            Ok(again) => {
                let inner = if kind == "notification" { payload.get(name).unwrap_or(payload) } else { payload };
                lost(name, inner, &again, &mut failures);
            }
            Err(error) => failures.push(error),
        }
    }
    failures.sort();
    failures.dedup();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
