//! Messages made from the model: every object's least and whole form, each variant and enum value, and what must be
//! refused. An independent JSON Schema validator judges the messages as well.

mod support;

use std::collections::BTreeSet;
use std::fmt::Debug;

use cln_api::primitives::{Message, decode};
use cln_codegen::json_schema;
use cln_codegen::model::{Api, Direction, Object};
use cln_codegen::vectors::{Expected, Vector, vectors};
use cln_tests::typed::{Read, readers};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use support::{beside, input, root};

/// A message that was read and written again, and whether a part of it was taken for unknown; or the error's path and
/// whole text.
type Again = Result<(Value, bool), (String, String)>;

struct Twice;

impl Read for Twice {
    type End = Again;

    fn read<T: DeserializeOwned + Serialize + Debug>(message: Message, name: &'static str, json: &[u8]) -> Again {
        let read: T = decode(message, name, json).map_err(|error| (error.path.clone(), error.to_string()))?;
        let unknown = format!("{read:?}").contains("Unknown(");
        Ok((serde_json::to_value(read).unwrap(), unknown))
    }
}

/// Every object that travels, with the JSON Schema of it.
fn objects(api: &Api) -> Vec<(String, String, &Object, Value)> {
    let of = |object| json_schema::document(api, object);
    let mut objects = Vec::new();
    for it in &api.commands {
        let (name, request) = (it.method.clone(), &it.request.object);
        // Rules between parameters are no matter of reading: `validate()` has them.
        objects.push((format!("{name} request"), name.clone(), request, of(request)));
        objects.push((format!("{name} response"), name, &it.response, of(&it.response)));
    }
    for it in &api.notifications {
        objects.push((format!("notification {}", it.name), it.name.clone(), &it.payload, of(&it.payload)));
    }
    for it in &api.hooks {
        objects.push((format!("hook {}", it.name), it.name.clone(), &it.payload, of(&it.payload)));
        objects.push((format!("hook {} action", it.name), it.name.clone(), &it.action, of(&it.action)));
    }
    objects
}

/// What is wrong with one message, if anything is.
fn check(read: fn(&[u8]) -> Again, name: &str, vector: &Vector) -> Result<(), String> {
    let json = serde_json::to_vec(&vector.json).unwrap();
    match (&vector.expected, read(&json)) {
        (Expected::Read(expected), Ok((again, _))) if *expected != again => Err(format!("became {again}")),
        (Expected::Read(_), Ok((_, unknown))) if unknown == vector.schema_agrees => {
            Err(format!("something {} taken for unknown", if unknown { "was" } else { "was not" }))
        }
        (Expected::Read(_), Ok(_)) => Ok(()),
        (Expected::Read(_), Err((_, error))) => Err(error),
        (Expected::Refused { .. }, Ok((again, _))) => Err(format!("was read as {again}")),
        (Expected::Refused { path, reason }, Err((at, error))) => {
            let told = error.contains(&format!("`{name}`")) && error.contains(reason.as_str());
            if at == *path && told { Ok(()) } else { Err(format!("expected `{path}` and {reason:?} in: {error}")) }
        }
    }
}

fn failures(failures: &BTreeSet<String>) -> String {
    let shown: Vec<&str> = failures.iter().take(60).map(String::as_str).collect();
    format!("{} failures\n{}", failures.len(), shown.join("\n"))
}

#[test]
fn every_message_of_the_model_is_read_or_refused_as_it_must_be() {
    let lowered = cln_codegen::lower(&input(&root().join("schemas"))).unwrap();
    let readers = readers::<Twice>();
    let (mut files, mut count, mut wrong) = (BTreeSet::new(), 0, BTreeSet::new());
    for (what, name, object, _) in objects(&lowered.api) {
        files.insert(
            what.trim_end_matches(" request").trim_end_matches(" response").trim_end_matches(" action").to_owned(),
        );
        let reader = readers[&what];
        for vector in vectors(&lowered.api.shared, object) {
            count += 1;
            if let Err(error) = check(reader, &name, &vector) {
                wrong.insert(format!("{what}, {}: {error}\n    {}", vector.what, vector.json));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", failures(&wrong));
    assert_eq!(files.len(), 201);
    println!("{count} messages");
    assert!(count > 10_000, "only {count} messages");
}

#[test]
fn a_json_schema_validator_agrees_with_every_message() {
    let lowered = cln_codegen::lower(&input(&root().join("schemas"))).unwrap();
    let mut wrong = BTreeSet::new();
    for (what, _, object, schema) in objects(&lowered.api) {
        let validator = jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{what}: {error}"));
        for vector in vectors(&lowered.api.shared, object) {
            let valid = validator.is_valid(&vector.json);
            let expected = matches!(vector.expected, Expected::Read(_)) == vector.schema_agrees;
            if valid != expected {
                let said = validator.iter_errors(&vector.json).map(|error| error.to_string()).collect::<Vec<_>>();
                wrong.insert(format!("{what}, {}: {said:?}\n    {}", vector.what, vector.json));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", failures(&wrong));
}

#[test]
fn messages_are_the_same_in_every_run() {
    let lowered = cln_codegen::lower(&input(&root().join("schemas"))).unwrap();
    for (what, _, object, _) in objects(&lowered.api) {
        assert_eq!(vectors(&lowered.api.shared, object), vectors(&lowered.api.shared, object), "{what}");
    }
}

/// Releases whose nodes the types serve, of which schemas are at hand.
const SERVED: &[&str] = &["v25.02", "v25.09", "v25.12", "v26.04", "v26.06"];

/// What a release's own schema requires is enough for our types, in every variant.
#[test]
fn the_least_that_a_served_release_sends_is_read() {
    let readers = readers::<Twice>();
    let mut wrong = BTreeSet::new();
    for release in SERVED {
        let Some(dir) = beside(&format!("cln-schemas/{release}/schemas")) else { return };
        let mut input = input(&dir);
        // Without a floor, nothing is optional because it came late.
        input.overlay =
            input.overlay.lines().filter(|line| !line.starts_with("oldest_release")).collect::<Vec<_>>().join("\n");
        let lowered = cln_codegen::lower(&input).unwrap();
        let mut count = 0;
        for (what, _, object, _) in
            objects(&lowered.api).into_iter().filter(|(_, _, o, _)| o.direction == Direction::Received)
        {
            let Some(read) = readers.get(&what) else { continue };
            // What a release leaves untyped is anything in its own messages, and has its type in ours.
            let typed = |vector: &Vector| !vector.json.to_string().contains(r#"{"any":"#);
            let least =
                vectors(&lowered.api.shared, object).into_iter().filter(|v| v.what.ends_with("least") && typed(v));
            for vector in least {
                count += 1;
                if let Err((_, error)) = read(&serde_json::to_vec(&vector.json).unwrap()) {
                    wrong.insert(format!("{release} {what}, {}: {error}", vector.what));
                }
            }
        }
        assert!(count > 200, "{release}: only {count} messages");
    }
    assert!(wrong.is_empty(), "{}", failures(&wrong));
}
