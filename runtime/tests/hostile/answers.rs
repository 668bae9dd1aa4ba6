//! What a node answers to the client.

use std::io::Write as _;
use std::os::unix::net::UnixListener;
use std::thread;

use cln_api::getinfo;
use cln_runtime::client::{CallError, Client};
use serde_json::{Value, json};

use super::{LONG_TEXT, check_memory};

/// So many bytes the client takes at most for each of an answer: those of the message, whose buffer doubles, and of what
/// they are read as.
const TYPED: u64 = 6;
/// The same where the caller wants JSON, of which a value of two bytes takes some hundred.
const JSON: u64 = 128;

const INFO: &str = r#""id":"02eec7245d6b7d2ccb30380bfbe2a3648cd7a942653f5aa340edcea1f283686619","alias":"a","color":"02eec7",
    "num_peers":0,"num_pending_channels":0,"num_active_channels":0,"num_inactive_channels":0,"version":"v26.06","blockheight":1,
    "network":"regtest","address":[],"fees_collected_msat":0,"lightning-dir":"/","our_features":{"init":"","node":"","channel":"","invoice":""}"#;

/// Calls a node that answers by this result, and then by a small one: the client goes on.
fn call<T>(result: &str, most: u64, read: impl AsyncFnOnce(&Client) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lightning-rpc");
    let listener = UnixListener::bind(&path).unwrap();
    let answers = [result.to_owned(), "{}".to_owned()];
    let node = thread::spawn(move || {
        let mut answers = answers.into_iter();
        // A client that was sent what is no JSON makes another connection.
        while let Some(stream) = (answers.len() > 0).then(|| listener.accept().unwrap().0) {
            let requests = serde_json::Deserializer::from_reader(stream.try_clone().unwrap()).into_iter::<Value>();
            for request in requests.map_while(Result::ok) {
                let answer = answers.next().unwrap();
                let written = write!(&stream, r#"{{"jsonrpc":"2.0","id":{},"result":{answer}}}"#, request["id"]);
                if written.is_err() || answers.len() == 0 {
                    break;
                }
            }
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = runtime.block_on(Client::connect(&path)).unwrap();
    let read = check_memory(result.len(), most, || runtime.block_on(read(&client)));
    assert_eq!(runtime.block_on(client.call_raw("after", json!({}))).unwrap(), json!({}));
    node.join().unwrap();
    read
}

fn info(fields: &str) -> Result<getinfo::Response, CallError<getinfo::Error>> {
    call(&format!("{{{INFO},{fields}}}"), TYPED, async |client: &Client| client.call(&getinfo::Request::new()).await)
}

fn json_of(result: &str) -> Result<Value, CallError<cln_primitives::RpcError>> {
    call(result, JSON, async |client: &Client| client.call_raw("any", json!({})).await)
}

#[test]
fn a_million_levels() {
    let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    let objects = format!("{}0{}", r#"{"a":"#.repeat(1_000_000), "}".repeat(1_000_000));
    for deep in [&deep, &objects] {
        // What has no name in the type is passed over.
        assert!(info(&format!(r#""x":{deep}"#)).is_ok());
        let error = info(&format!(r#""binding":{deep}"#)).unwrap_err().to_string();
        assert!(error.contains("binding") && error.len() < 1000, "{error}");
        assert!(matches!(json_of(deep), Err(CallError::Unreadable { .. })));
    }
}

#[test]
fn a_text_of_64_mib() {
    let long = "x".repeat(LONG_TEXT);
    let escaped = "\\u0041".repeat(LONG_TEXT / 6);
    assert_eq!(info(&format!(r#""warning_bitcoind_sync":"{long}""#)).unwrap().alias, "a");
    assert!(json_of(&format!(r#""{long}""#)).is_ok());
    assert!(json_of(&format!(r#""{escaped}""#)).is_ok());
    // As long a name, and as long a number.
    assert!(info(&format!(r#""{long}":1"#)).is_ok());
    let error = info(&format!(r#""fees_collected_msat":{}"#, "1".repeat(1 << 20))).unwrap_err().to_string();
    assert!(error.len() < 1000, "{error}");
}

#[test]
fn a_million_members() {
    let members: Vec<String> = (0..1_000_000).map(|at| format!(r#""{at}":[]"#)).collect();
    assert!(info(&members.join(",")).is_ok());
    let count = 1_000_000 / if cfg!(debug_assertions) { 10 } else { 1 };
    assert_eq!(json_of(&format!("{{{}}}", members[..count].join(","))).unwrap().as_object().unwrap().len(), count);
    assert_eq!(json_of(&format!("[{}[]]", "[],".repeat(count))).unwrap().as_array().unwrap().len(), count + 1);
}
