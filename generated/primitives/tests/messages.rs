//! How commands, notifications and hooks are read by way of their traits.

use cln_primitives::serde_json::json;
use cln_primitives::{Command, DecodeError, Hook, InvalidRequest, Msat, Notification, RpcError, Version, rpc_errors};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize)]
struct Request {
    label: String,
}

#[derive(Debug, PartialEq, Deserialize, Serialize)]
struct Response {
    amount_msat: Msat,
}

#[derive(Debug)]
enum Error {
    Other(RpcError),
}
rpc_errors!("invoice", Error {});

impl Command for Request {
    const METHOD: &'static str = "invoice";
    const ADDED: Option<Version> = Some(Version::BEFORE_0_10_1);
    const DEPRECATED: Option<Version> = None;
    const REMOVED: Option<Version> = None;
    const READ_ONLY: bool = true;
    type Response = Response;
    type Error = Error;

    fn validate(&self) -> Result<(), InvalidRequest> {
        if self.label.is_empty() {
            Err(InvalidRequest::new(Self::METHOD, "label", "must not be empty"))
        } else {
            Ok(())
        }
    }
}

/// Has a field of its own name, as the real one does.
#[derive(Debug, PartialEq, Deserialize)]
struct Log {
    log: String,
}

impl Notification for Log {
    const NAME: &'static str = "log";
    const ADDED: Option<Version> = None;
}

/// Its schema holds the wrapper, which is not named like the hook.
#[derive(Debug, PartialEq, Deserialize)]
struct PeerConnected {
    peer: Peer,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Peer {
    id: u8,
}

impl Hook for PeerConnected {
    const NAME: &'static str = "peer_connected";
    const ADDED: Option<Version> = None;
    type Action = serde_json::Value;
}

#[test]
fn a_command_reads_its_answer_and_checks_itself() {
    assert_eq!(
        Request::decode_response(br#"{"amount_msat":"1sat","new":[]}"#).unwrap().amount_msat,
        Msat::from_msat(1000)
    );
    let error = Request::decode_response(br#"{"amount_msat":0.5}"#).unwrap_err();
    assert_eq!((error.command, error.path.as_str()), ("invoice", "amount_msat"));
    assert!(Request { label: "a".into() }.validate().is_ok());
    let refused = Request { label: String::new() }.validate().unwrap_err();
    assert_eq!(refused.to_string(), "invalid request to `invoice`: parameter `label` must not be empty");
}

fn check_log(params: serde_json::Value) {
    let log = Log::decode(params.to_string().as_bytes()).unwrap();
    assert_eq!(log, Log { log: "text".into() }, "{params}");
}

#[test]
fn a_notification_is_read_with_and_without_its_wrapper() {
    check_log(json!({"log": "text"}));
    check_log(json!({"log": {"log": "text"}}));
    check_log(json!({"origin": "node", "log": {"log": "text"}, "payload": {"log": 1}}));
}

#[test]
fn only_one_level_of_wrapper_is_taken_off() {
    let error = Log::decode(br#"{"log":{"log":{"log":"text"}}}"#).unwrap_err();
    assert_eq!(error.to_string(), "cannot read the notification `log` at `log`: invalid type: map, expected a string");
    assert!(Log::decode(b"[]").is_err());
}

fn peer_connected(params: &serde_json::Value) -> Result<PeerConnected, DecodeError> {
    PeerConnected::decode(params.to_string().as_bytes())
}

#[test]
fn a_hook_is_read_as_it_stands_and_else_without_its_wrapper() {
    let expected = PeerConnected { peer: Peer { id: 2 } };
    assert_eq!(peer_connected(&json!({"peer": {"id": 2}})), Ok(PeerConnected { peer: Peer { id: 2 } }));
    assert_eq!(peer_connected(&json!({"peer_connected": {"peer": {"id": 2}}})), Ok(expected));
}

#[test]
fn a_hook_that_cannot_be_read_either_way_keeps_the_first_error() {
    let error = peer_connected(&json!({"peer_connected": {"peer": {"id": true}}})).unwrap_err();
    assert_eq!(error.to_string(), "cannot read the hook `peer_connected` at the top level: missing field `peer`");
    let error = peer_connected(&json!({"peer": {"id": -2}})).unwrap_err();
    assert_eq!(error.path, "peer.id");
}
