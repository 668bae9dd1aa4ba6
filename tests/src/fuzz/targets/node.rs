//! What an embedded node and the plugin are sent.

use std::cell::RefCell;

use cln_primitives::Secret;
use cln_runtime::bolt12::{Accept, Invoice};
use cln_runtime::fuzzing::{HookDesk, neighbour_frame, server_request};
use serde_json::Value;

use crate::fuzz::json::any_json;
use crate::fuzz::{Memory, Target, seeds};

pub(super) const REQUESTS: Target = Target {
    name: "server-requests",
    reads: "requests to an embedded node, and their parameters",
    seeds: seeds::requests,
    mutate: any_json,
    read: |bytes| drop(server_request(bytes)),
    memory: Memory::PerByte(64),
    check: |bytes| match server_request(bytes) {
        Ok(()) => true,
        Err(answer) => {
            assert!(!answer.is_empty() && answer.len() < 4096 + bytes.len(), "an error is told, in few words");
            false
        }
    },
};

pub(super) const FRAMES: Target = Target {
    name: "neighbour-frames",
    reads: "messages between embedded nodes",
    seeds: seeds::frames,
    mutate: |rng, corpus| {
        let json = any_json(rng, corpus);
        let length = if rng.u8(..16) == 0 { rng.u32(..) } else { u32::try_from(json.len()).unwrap_or(u32::MAX) };
        [&length.to_be_bytes()[..], &json].concat()
    },
    read: |bytes| _ = neighbour_frame(bytes),
    memory: Memory::PerByte(8),
    check: neighbour_frame,
};

thread_local! {
    static DESK: RefCell<HookDesk> = RefCell::new(HookDesk::new(known_requests()));
}

/// The requests that the recorded invoices are for.
fn known_requests() -> Vec<cln_primitives::Hash32> {
    let messages = seeds::bolt12_messages().into_iter();
    messages.filter_map(|message| Some(Invoice::from_bytes(message, Accept::Any).ok()?.invreq_id())).collect()
}

/// The hook's answer; none to what is no JSON, which lightningd never sends.
fn call(bytes: &[u8]) -> Option<(Value, usize)> {
    let payload = serde_json::from_slice(bytes).ok()?;
    Some(DESK.with_borrow_mut(|desk| desk.call(payload, &Secret::from_bytes([7; 32]))))
}

pub(super) const HOOKS: Target = Target {
    name: "hook-payloads",
    reads: "the payloads of the plugin's hooks",
    seeds: || {
        let payloads = seeds::hook_payloads().into_iter();
        let expected = |payload: Vec<u8>| {
            let mut json: Value = serde_json::from_slice(&payload).unwrap_or_default();
            json["onion_message"]["pathsecret"] = "07".repeat(32).into();
            [payload, json.to_string().into_bytes()]
        };
        payloads.flat_map(expected).collect()
    },
    mutate: any_json,
    read: |bytes| drop(call(bytes)),
    memory: Memory::PerByte(64),
    check: |bytes| match call(bytes) {
        Some((answer, taken)) => {
            let resolved = answer["result"] == "resolve";
            assert!(resolved || answer["result"] == "continue", "{answer}");
            assert!(taken == 0 || resolved, "what is taken goes to nobody else");
            resolved
        }
        None => false,
    },
};
