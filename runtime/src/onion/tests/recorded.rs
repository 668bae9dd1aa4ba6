//! What two nodes of Core Lightning have sent each other.

use cln_api::hook::{onion_message_recv, onion_message_recv_secret};
use serde_json::Value;

use super::*;
use crate::bolt12::{Accept, Invoice, InvoiceError};

const TRAFFIC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/traffic/direct.jsonl");

/// The parts of the recorded lines that have this name, under this key.
fn lines(key: &str, name: &str, part: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(TRAFFIC).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let found: Vec<_> = lines.filter(|line| line[key] == name).map(|mut line| line[part].take()).collect();
    assert!(!found.is_empty());
    found
}

#[test]
fn the_payer_reads_the_invoice_and_the_reply_path() {
    for payload in lines("name", "onion_message_recv", "payload") {
        let payload: onion_message_recv::Payload = serde_json::from_value(payload).unwrap();
        let invoice = payload.onion_message.invoice.unwrap().into_vec();
        Invoice::from_bytes(invoice, Accept::Any).unwrap().verify().unwrap();
        let path = BlindedPathBuf::try_from(payload.onion_message.reply_blindedpath.unwrap()).unwrap();
        assert_eq!(path.hops.len(), 1);
        assert_eq!(BlindedPathBuf::from_bytes(&path.to_bytes().unwrap()), Ok(path));
    }
}

#[test]
fn the_payee_reads_the_refusal() {
    for payload in lines("name", "onion_message_recv_secret", "payload") {
        let payload: onion_message_recv_secret::Payload = serde_json::from_value(payload).unwrap();
        let error = payload.onion_message.invoice_error.unwrap().into_vec();
        let error = InvoiceError::from_bytes(error).unwrap();
        assert!(error.error().is_some_and(|words| words.starts_with("Failed invoice lni1")), "{error}");
    }
}

#[test]
fn packets_are_whole_and_for_nobody_else() {
    for request in lines("method", "injectonionmessage", "request") {
        let request: cln_api::injectonionmessage::Request = serde_json::from_value(request).unwrap();
        let packet = Packet { path_key: request.path_key, message: request.message.into_vec() };
        assert_eq!(peel(&node(1), &packet), Err(PeelError::Hmac));
    }
}

#[test]
fn a_reply_path_of_a_hook_starts_somewhere() {
    let hop = serde_json::json!({"blinded_node_id": id(1), "encrypted_recipient_data": "00"});
    let check = |path: Value, expected: Result<FirstNode, PathError>| {
        let path: onion_message_recv::BlindedPath = serde_json::from_value(path).unwrap();
        assert_eq!(BlindedPathBuf::try_from(path).map(|path| path.first_node), expected);
    };
    let with = |start: Value| {
        let mut path = serde_json::json!({"first_path_key": id(2), "hops": [hop]});
        path.as_object_mut().unwrap().extend(start.as_object().unwrap().clone());
        path
    };
    let nowhere = PathError::Missing("`first_node_id`, or `first_scid` with `first_scid_dir`");
    check(with(serde_json::json!({"first_node_id": id(3)})), Ok(FirstNode::Node(id(3))));
    let channel = FirstNode::Channel("103x1x0/1".parse().unwrap());
    check(with(serde_json::json!({"first_scid": "103x1x0", "first_scid_dir": 1})), Ok(channel));
    check(with(serde_json::json!({"first_scid": "103x1x0", "first_scid_dir": 2})), Err(PathError::Direction(2)));
    check(with(serde_json::json!({"first_scid": "103x1x0"})), Err(nowhere));
    check(with(serde_json::json!({"first_node_id": id(3), "hops": []})), Err(PathError::Empty));
}
