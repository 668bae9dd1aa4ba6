//! Schemas in, text out.

use std::collections::BTreeMap;

use cln_codegen::{Input, emit_rust, lower};

/// What the overlay of a test without one is.
pub const OVERLAY: &str = "oldest_release = \"v24.11\"\n";

/// The input of some files.
pub fn input(files: &[(&str, &str)], overlay: &str) -> Input {
    Input {
        schemas: files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect(),
        overlay: overlay.to_owned(),
        error_codes: String::new(),
        glossary: String::new(),
    }
}

/// The emitted modules of some files.
#[allow(dead_code, reason = "not every test emits")]
pub fn emitted(files: &[(&str, &str)], overlay: &str) -> BTreeMap<String, String> {
    let lowered = lower(&input(files, overlay)).unwrap_or_else(|faults| panic!("{faults}"));
    emit_rust(&lowered.api).unwrap()
}
