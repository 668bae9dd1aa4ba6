//! The examples in Core Lightning's own schema files: what satisfies its own schema is read by the generated types.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cln_tests::replay::Checker;
use cln_tests::replay::fault::Fault;
use cln_tests::replay::path::value_at;
use cln_tests::replay::undescribed::excuse;
use serde::Deserialize;
use serde_json::Value;
use support::beside;

/// What is known to be wrong with them.
#[derive(Deserialize)]
struct Known {
    gone: BTreeSet<String>,
    invalid: Vec<Invalid>,
}

#[derive(Deserialize)]
struct Invalid {
    command: String,
    half: String,
    examples: Vec<usize>,
    releases: Vec<String>,
    fault: String,
    #[serde(rename = "reason")]
    _reason: String,
}

/// One half of an example: a request or an answer.
struct Half {
    place: String,
    command: String,
    request: bool,
    json: Value,
}

#[derive(Default)]
struct Outcome {
    valid: usize,
    placeholders: usize,
    positional: usize,
    gone: BTreeSet<String>,
    /// Place and fault.
    invalid: BTreeSet<(String, String)>,
}

fn place(release: &str, command: &str, half: &str, index: usize) -> String {
    format!("{release} {command} {half} {index}")
}

/// Both halves of every example of a release.
fn halves(release: &str, dir: &Path) -> Vec<Half> {
    let mut halves = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_file() {
            continue;
        }
        let schema: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        for (index, example) in schema["examples"].as_array().into_iter().flatten().enumerate() {
            let command = example["request"]["method"].as_str().unwrap().to_owned();
            for (half, json) in [("request", &example["request"]["params"]), ("response", &example["response"])] {
                let place = place(release, &command, half, index);
                halves.push(Half { place, command: command.clone(), request: half == "request", json: json.clone() });
            }
        }
    }
    halves
}

/// What is wrong with a message after its placeholders, of which `replaced` counts, have become hexadecimal.
fn fault(checker: &Checker, half: &mut Half, replaced: &mut usize) -> Option<Fault> {
    loop {
        let json = half.json.to_string();
        let checked =
            if half.request { checker.request(&half.command, &json) } else { checker.answer(&half.command, &json) };
        let fault = checked?.faults.into_iter().next()?;
        if half.request && excuse(&half.command, &fault).is_some_and(|excuse| excuse.mend(&mut half.json, &fault)) {
            continue;
        }
        let value = value_at(&mut half.json, &fault.path);
        match value.and_then(|value| Some((without_placeholder(value.as_str()?)?, value))) {
            Some((valid, value)) => *value = valid.into(),
            None => return Some(fault),
        }
        *replaced += 1;
    }
}

/// A placeholder has words among its digits, and one pattern over and over: `nodeid010101…`. In its place comes a text of
/// its form in hexadecimal digits; `None` for what is no placeholder.
fn without_placeholder(text: &str) -> Option<String> {
    let digits = text.split_once(':').map_or(text, |(txid, _)| txid);
    let is_word = |c: char| c.is_ascii_lowercase() && !c.is_ascii_hexdigit();
    let plain = digits.chars().all(|c| c.is_ascii_digit() || c.is_ascii_lowercase());
    if !plain || !digits.contains(is_word) || !(1..=8).any(|period| repeats(digits.as_bytes(), period)) {
        return None;
    }
    let mut hex = text.replace(is_word, "0");
    // Some are a digit too long.
    if digits.len() % 2 == 1 {
        hex.remove(0);
    }
    if text.starts_with("nodeid") {
        hex.replace_range(..2, "02");
    }
    Some(hex)
}

/// True when some 16 bytes repeat what stands `period` before them.
fn repeats(text: &[u8], period: usize) -> bool {
    let same: Vec<bool> = text.iter().zip(&text[period.min(text.len())..]).map(|(one, other)| one == other).collect();
    same.windows(16).any(|window| window.iter().all(|same| *same))
}

fn check_release(checker: &Checker, release: &str, dir: &Path, outcome: &mut Outcome) {
    for mut half in halves(release, dir) {
        if checker.documented.command(&half.command).is_none() {
            outcome.gone.insert(half.command);
            continue;
        }
        if half.request && half.json.is_array() {
            outcome.positional += 1;
            continue;
        }
        let mut replaced = 0;
        match fault(checker, &mut half, &mut replaced) {
            Some(Fault { path, reason }) => drop(outcome.invalid.insert((half.place, format!("{path}: {reason}")))),
            None if replaced > 0 => outcome.placeholders += 1,
            None => outcome.valid += 1,
        }
    }
}

#[test]
fn examples_are_read_unless_they_are_known_to_be_wrong() {
    let Some(dir) = beside("cln-schemas") else { return };
    let known: Known = toml::from_str(include_str!("examples.toml")).unwrap();
    let checker = Checker::new().unwrap();
    let mut outcome = Outcome::default();
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let schemas = entry.path().join("schemas");
        if schemas.is_dir() {
            check_release(&checker, entry.file_name().to_str().unwrap(), &schemas, &mut outcome);
        }
    }
    let mut left = outcome.invalid.clone();
    for entry in &known.invalid {
        for release in &entry.releases {
            for index in &entry.examples {
                let place = place(release, &entry.command, &entry.half, *index);
                let found = left.iter().find(|(at, fault)| *at == place && fault.starts_with(&entry.fault)).cloned();
                let found = found
                    .unwrap_or_else(|| panic!("{place} no longer has `{}`: take it out of examples.toml", entry.fault));
                left.remove(&found);
            }
        }
    }
    let left: Vec<String> = left.iter().map(|(place, fault)| format!("{place}: {fault}")).collect();
    assert!(left.is_empty(), "not read, and not in examples.toml:\n{}", left.join("\n"));
    assert_eq!(outcome.gone, known.gone);
    println!("{} valid, {} with placeholders, {} by position", outcome.valid, outcome.placeholders, outcome.positional);
}

#[test]
fn placeholders_are_told_from_mistakes() {
    let check =
        |text: &str, expected: Option<&str>| assert_eq!(without_placeholder(text).as_deref(), expected, "{text}");
    check("nodeid0101010101010101010101", Some("02de0d0101010101010101010101"));
    check("onion01010101010101010101010", Some("0000001010101010101010101010"));
    check("utxo0202020202020202020202:1", Some("00000202020202020202020202:1"));
    check("02010101010101010101010101", None);
    check("nodeid01", None);
    check("no hash at all, and no number", None);
}
