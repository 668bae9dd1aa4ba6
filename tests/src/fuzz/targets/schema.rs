//! Schema files.

use std::sync::LazyLock;

use cln_codegen::{Input, emit_rust, lower};

use crate::fuzz::json::any_json_behind;
use crate::fuzz::{Memory, Target, seeds};

static FILE_NAMES: LazyLock<Vec<String>> =
    LazyLock::new(|| seeds::schema_files().into_iter().map(|(name, _)| name).collect());

/// The file alone, under the name that the first byte chooses.
fn input(bytes: &[u8]) -> Option<Input> {
    let (head, text) = bytes.split_first()?;
    let name = FILE_NAMES.get(usize::from(*head))?.clone();
    let text = String::from_utf8_lossy(text).into_owned();
    let overlay = "oldest_release = \"v24.11\"\n".to_owned();
    Some(Input { schemas: vec![(name, text)], overlay, error_codes: String::new(), glossary: String::new() })
}

pub(super) const FILES: Target = Target {
    name: "schema-files",
    reads: "schema files; the first byte chooses the file's name",
    seeds: || {
        let files = (0..).zip(seeds::schema_files());
        files.filter_map(|(at, (_, text))| Some([&[u8::try_from(at).ok()?][..], text.as_bytes()].concat())).collect()
    },
    mutate: any_json_behind::<1>,
    read: |bytes| _ = input(bytes).map(|input| lower(&input)),
    memory: Memory::PerByte(4096),
    check: |bytes| {
        let Some(input) = input(bytes) else { return false };
        match lower(&input) {
            Ok(lowered) => {
                emit_rust(&lowered.api).unwrap_or_else(|faults| panic!("what is understood can be emitted: {faults}"));
                true
            }
            Err(faults) => {
                assert!(!faults.0.is_empty());
                false
            }
        }
    },
};
