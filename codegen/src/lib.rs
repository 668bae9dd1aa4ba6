//! Core Lightning's rpc-schema files in, the text of a typed Rust crate out.
//!
//! One direction, and no step looks behind the one before: [`dialect`] reads what the files say, `lower` turns it into
//! [`model`], what the API *is*, and the emitters print that. Nothing here reads or writes a file: `cargo xtask` does.

#![warn(missing_docs)]

mod coverage;
pub mod diagnostic;
pub mod dialect;
pub mod diff;
mod emit;
mod glossary;
mod import;
mod lower;
pub mod model;
mod overlay;
mod texts;
pub mod vectors;

use std::collections::BTreeMap;

use serde_json::Value;

pub use coverage::{Coverage, coverage};
use diagnostic::{Diagnostic, Diagnostics, Problem, Sink};
pub use emit::error_reference::error_reference;
pub use emit::json_schema;
pub use emit::openrpc::{Example, openrpc};
use glossary::Glossary;
pub use import::import;
pub use lower::LoweredCondition;
use model::Api;
use overlay::Overlay;

/// The README's program.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The texts that generation starts from.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// Schema files: path and text.
    pub schemas: Vec<(String, String)>,
    /// `overlay.toml`.
    pub overlay: String,
    /// `error-codes.toml`.
    pub error_codes: String,
    /// `glossary.toml`.
    pub glossary: String,
}

/// The API of some schema files.
#[derive(Debug)]
pub struct Lowered {
    /// What the API is.
    pub api: Api,
    /// How each `if` was lowered.
    pub conditions: Vec<LoweredCondition>,
    /// Entries of the overlay that apply to nothing, and commands that it does not know. In the project's own schemas
    /// these are faults; those of another release may well differ.
    pub notes: Vec<Diagnostic>,
    /// Items without a text, and sentences of the glossary that no item needs: faults and notes likewise.
    pub text_notes: Vec<Diagnostic>,
    /// How many items have a text.
    pub documented: usize,
}

/// Reads and lowers schema files.
///
/// # Errors
///
/// Every fault of the input, with its file and JSON pointer.
pub fn lower(input: &Input) -> Result<Lowered, Diagnostics> {
    let mut sink = Sink::default();
    let mut overlay = Overlay::read(&input.overlay, &input.error_codes, &mut sink);
    let mut parsed = parse(&input.schemas, &mut sink);
    overlay.fix(&mut parsed);
    let files = dialect::read_files(&parsed, &mut sink);
    let mut glossary = Glossary::read(&input.glossary, &mut sink);
    let mut lowered = lower::lower(&files, &parsed, &overlay);
    let texts = texts::fill(&mut lowered.api, &mut glossary);
    let mut faults = sink.into_sorted();
    faults.extend(lowered.faults);
    if faults.is_empty() {
        let documented = texts.documented();
        let mut stale = Sink::default();
        glossary.report_stale(&mut stale);
        let text_notes = texts.into_missing().into_iter().chain(stale.into_sorted()).collect();
        let lower::Lowered { api, conditions, stale: notes, .. } = lowered;
        return Ok(Lowered { api, conditions, notes, text_notes, documented });
    }
    faults.sort();
    faults.dedup();
    Err(Diagnostics(faults))
}

/// The files of a crate's `src`, by path in it.
///
/// # Errors
///
/// Code that does not parse: a defect of the generator.
pub fn emit_rust(api: &Api) -> Result<BTreeMap<String, String>, Diagnostics> {
    emit::rust::sources(api)
}

fn parse(schemas: &[(String, String)], sink: &mut Sink) -> Vec<(String, Value)> {
    let mut parsed = Vec::new();
    for (path, text) in schemas {
        if text.len() > dialect::MAX_FILE_BYTES {
            sink.push(path, "", Problem::TooLarge(text.len()));
            continue;
        }
        match serde_json::from_str(text) {
            Ok(value) => parsed.push((path.clone(), value)),
            Err(error) if error.to_string().contains("recursion limit") => sink.push(path, "", Problem::TooDeep),
            Err(error) => sink.push(path, "", Problem::NotJson(error.to_string())),
        }
    }
    dialect::join_pairs(parsed)
}

/// The manifest of a crate of its own; `primitives` is the path of `cln-primitives` seen from it.
pub fn emit_manifest(api: &Api, primitives: &str) -> String {
    emit::rust::manifest(api, primitives)
}
