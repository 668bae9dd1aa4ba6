//! Every text that `decode` knows.

use cln_runtime::decode::{Error, decode, to_json};

use crate::fuzz::{Memory, Target, seeds, words};

/// What a text says in JSON is many times as long.
const MEMORY: Memory = Memory::PerByte(512);

pub(super) const DECODE: Target = Target {
    name: "decode-bolt12",
    reads: "what BOLT 12 texts say, as JSON",
    seeds: seeds::bolt12_messages,
    mutate: words::bolt12,
    read,
    memory: MEMORY,
    check,
};

pub(super) const BOLT_11_AND_RUNES: Target = Target {
    name: "decode-others",
    reads: "what BOLT 11 invoices and runes say, as JSON",
    seeds: seeds::invoices_and_runes,
    mutate: words::bolt11,
    read,
    memory: MEMORY,
    check,
};

fn read(bytes: &[u8]) {
    drop(to_json(&String::from_utf8_lossy(bytes)));
}

fn check(bytes: &[u8]) -> bool {
    match decode(&String::from_utf8_lossy(bytes)) {
        Ok(_) => true,
        Err(Error::Form(error)) => panic!("what was decoded has not the type of the answer: {error}"),
        Err(error) => error.to_string().is_empty(),
    }
}
