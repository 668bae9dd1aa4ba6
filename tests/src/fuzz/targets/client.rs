//! What a node sends to the client.

use cln_runtime::fuzzing::{client_messages, client_records};
use serde_json::value::RawValue;

use crate::fuzz::json::any_json;
use crate::fuzz::{Memory, Target, seeds};

pub(super) const MESSAGES: Target = Target {
    name: "client-messages",
    reads: "where messages begin and end in what a node sends",
    seeds: seeds::answers,
    mutate: any_json,
    read: |bytes| drop(client_messages(bytes, 100)),
    memory: Memory::PerByte(8),
    check: |bytes| {
        let whole = client_messages(bytes, bytes.len());
        assert_eq!(
            client_messages(bytes, 1 + bytes.len() % 13),
            whole,
            "the pieces in which bytes come change nothing"
        );
        whole.1
    },
};

pub(super) const RECORDS: Target = Target {
    name: "client-records",
    reads: "the records of a list that is read as a stream",
    seeds: seeds::answers,
    mutate: any_json,
    read: |bytes| drop(client_records(bytes, 100)),
    memory: Memory::PerByte(64),
    check: |bytes| {
        let whole = client_records(bytes, bytes.len());
        assert_eq!(client_records(bytes, 1 + bytes.len() % 13), whole, "the pieces in which bytes come change nothing");
        // An answer that is JSON has records that are.
        if serde_json::from_slice::<&RawValue>(bytes).is_ok() {
            whole.0.iter().for_each(|record| assert!(serde_json::from_slice::<&RawValue>(record).is_ok()));
        }
        whole.1
    },
};
