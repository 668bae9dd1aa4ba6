//! Onion messages, and what the plugin's hooks bring.

use bitcoin::secp256k1::{Keypair, Secp256k1, SecretKey};
use cln_primitives::Secret;
use cln_runtime::bolt12::BlindedPathBuf;
use cln_runtime::fuzzing::{HookDesk, neighbour_frame};
use cln_runtime::onion::{Packet, PeelError, peel};
use serde_json::{Value, json};

use super::check_memory;

const KEY: &str = "02eec7245d6b7d2ccb30380bfbe2a3648cd7a942653f5aa340edcea1f283686619";

#[test]
fn an_onion_of_any_length() {
    let curve = Secp256k1::new();
    let node = Keypair::from_secret_key(&curve, &SecretKey::from_slice(&[1; 32]).unwrap());
    let key = node.public_key();
    let lengths = (0..150).chain([1365, 1366, 1367, 32_834, 65_534, 65_535, 65_536, 1 << 20, 64 << 20]);
    for length in lengths {
        let mut message = [&[0][..], &key.serialize()].concat();
        message.resize(length, 7);
        let packet = Packet { path_key: key.into(), message };
        let error = check_memory(length, 1, || peel(&node, &packet)).unwrap_err();
        match length {
            0..=66 | 65_536.. => assert_eq!(error, PeelError::Length(length)),
            _ => assert_eq!(error, PeelError::Hmac, "{length}"),
        }
    }
}

#[test]
fn a_blinded_path_of_any_length() {
    for length in [0, 9, 42, 66, 67, 68, 1 << 10, 1 << 20] {
        for byte in [0, 2, 255] {
            let bytes = vec![byte; length];
            assert!(check_memory(length, 1, || BlindedPathBuf::from_bytes(&bytes)).is_err());
        }
    }
}

/// The hook's answer to a payload, which takes so many bytes for each of its JSON at most.
fn call(payload: &Value) -> Value {
    let mut desk = HookDesk::new([]);
    let length = payload.to_string().len();
    let payload = payload.clone();
    check_memory(length, 16, || desk.call(payload, &Secret::from_bytes([7; 32])).0)
}

#[test]
fn a_hook_is_answered_whatever_it_brings() {
    let hop = json!({"blinded_node_id": KEY, "encrypted_recipient_data": ""});
    let path = json!({"first_node_id": KEY, "first_path_key": KEY, "hops": vec![hop; 20_000]});
    let secret = "07".repeat(32);
    let deep = (0..100).fold(json!([]), |inner, _| json!([inner]));
    let payloads = [
        json!({}),
        json!([]),
        json!(null),
        json!({"onion_message": deep}),
        json!({"onion_message": {"invoice": deep}}),
        json!({"onion_message": {"invoice": "00".repeat(1 << 20)}}),
        json!({"onion_message": {"invoice": "0".repeat((1 << 20) + 1)}}),
        json!({"onion_message": {"invoice": "xyz"}}),
        json!({"onion_message": {"invoice": "", "reply_blindedpath": path}}),
        json!({"onion_message": {"invoice": "", "reply_blindedpath": deep}}),
        json!({"onion_message": {"pathsecret": "07", "invoice_error": ""}}),
        json!({"onion_message": vec![0; 100_000]}),
        json!({"onion_message": {"unknown_fields": vec![json!({"number": 1, "value": ""}); 20_000]}}),
    ];
    for payload in payloads {
        assert_eq!(call(&payload), json!({"result": "continue"}));
    }
    for error in ["00".repeat(1 << 20), String::new(), "0503616161".to_owned()] {
        let payload = json!({"onion_message": {"pathsecret": secret, "invoice_error": error}});
        assert_eq!(call(&payload), json!({"result": "resolve"}));
    }
}

#[test]
fn a_neighbour_that_promises_much_takes_no_memory() {
    for length in [0, 1, 1000, 135_166, 135_167, 1 << 20, u32::MAX] {
        let bytes = [&length.to_be_bytes()[..], b"{\"to\":"].concat();
        assert!(!check_memory(bytes.len(), 8, || neighbour_frame(&bytes)), "{length}");
    }
    let deep = "[".repeat(100_000);
    let bytes = [&100_000_u32.to_be_bytes()[..], deep.as_bytes()].concat();
    assert!(!check_memory(bytes.len(), 8, || neighbour_frame(&bytes)));
}
