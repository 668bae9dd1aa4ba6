//! `lnr decode`: what a text says, without a node.

use clap::Args;
use cln_primitives::Msat;
use cln_runtime::decode::to_json;
use serde_json::{Map, Value};

use super::amount;
use super::exit::{Exit, Failure};
use super::input;
use super::output::{BAD, GOOD, WIDTH, line, printable, raw, styled, wrapped};
use super::time;

/// The columns before a value that has room beside its name.
const INDENT: usize = 28;

#[derive(Debug, Args)]
pub struct Options {
    /// An offer, invoice request, invoice or rune; a lightning: link, a picture (PNG, JPEG) of its QR code, or - for stdin
    text: String,
    /// Print what the node's command `decode` answers, as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    let text = input::text(&options.text)?;
    let said = to_json(&text).map_err(|error| {
        Failure::new(Exit::BadInput, error.to_string(), "Paste all of the text, or name a picture of its QR code.")
    })?;
    if options.json {
        raw(said.to_string().as_bytes());
    } else if let Value::Object(fields) = &said {
        show(fields, time::now());
    }
    if said.get("valid") == Some(&Value::Bool(true)) {
        return Ok(());
    }
    Err(Failure::new(Exit::BadInput, "the text is not valid: see its warnings", "Ask its issuer for another."))
}

fn show(fields: &Map<String, Value>, now: u64) {
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("valid", Value::Bool(true)) => line(format_args!("{:INDENT$}{}", " valid", styled(GOOD, "yes"))),
            ("valid", _) => line(format_args!("{:INDENT$}{}", " valid", styled(BAD, "no"))),
            _ => put(name, value, 0, now),
        }
    }
}

/// A field, and below it those in it.
fn put(name: &str, value: &Value, depth: usize, now: u64) {
    let name = format!("{:1$}{name}", "", depth * 2);
    match value {
        Value::Object(fields) => {
            line(format_args!(" {name}"));
            fields.iter().for_each(|(inner, value)| put(inner, value, depth + 1, now));
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                put(&format!("{}[{at}]", name.trim_start()), item, depth, now);
            }
        }
        value => long_field(&name, &scalar(name.trim_start(), value, now)),
    }
}

/// The names are those of the RPC, beside most of which an id has no room.
fn long_field(name: &str, value: &str) {
    let value = printable(value);
    if INDENT + value.chars().count() <= WIDTH {
        return line(format_args!("{:INDENT$}{value}", format!(" {name} ")));
    }
    line(format_args!(" {name}"));
    wrapped(&value, WIDTH - 4).into_iter().for_each(|part| line(format_args!("    {part}")));
}

fn scalar(name: &str, value: &Value, now: u64) -> String {
    match value {
        Value::Number(number) => match number.as_u64() {
            Some(msat) if name.ends_with("_msat") => amount::shown(Msat::from_msat(msat)),
            Some(at) if is_time(name) => time::shown(at, now),
            Some(seconds) if matches!(name, "invoice_relative_expiry" | "expiry") => time::lasting(seconds),
            _ => number.to_string(),
        },
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn is_time(name: &str) -> bool {
    matches!(name, "created_at" | "invoice_created_at" | "offer_absolute_expiry" | "timestamp")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_told_as_what_they_mean() {
        let check = |name, value: Value, expected: &str| assert_eq!(scalar(name, &value, 1_795_292_103), expected);
        check("invreq_amount_msat", json!(10_000_000), "10,000 sat");
        check("offer_absolute_expiry", json!(1_795_292_193), "in 1 min 30 s (2026-11-21 20:16:33 UTC)");
        check("invoice_relative_expiry", json!(7200), "2 h");
        check("invreq_quantity", json!(7200), "7200");
        check("offer_description", json!("a b"), "a b");
        check("invreq_recurrence_cancel", json!(true), "true");
    }
}
