//! What a client sends to an embedded node.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use cln_runtime::node::EmbeddedNode;
use serde_json::{Value, json};

/// The longest request that is read, and room for what the system keeps between two sockets.
const MOST_READ: usize = (4 << 20) + (2 << 20);

/// Sends bytes to a node and hears what it answers; then it still serves others. How many bytes it took is told too.
fn send(node: &EmbeddedNode, bytes: &[u8]) -> (String, usize) {
    let stream = connect(node);
    let taken = thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut taken = 0;
            while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
                match (&stream).write(rest) {
                    Ok(written) => taken += written,
                    Err(_) => break,
                }
            }
            let _ = stream.shutdown(std::net::Shutdown::Write);
            taken
        });
        let mut heard = String::new();
        // The node may have closed before it had read all.
        let _ = (&stream).read_to_string(&mut heard);
        (heard, writing.join().unwrap())
    });
    assert!(ask(node, "getinfo")["result"]["id"].is_string(), "it does not serve any more");
    taken
}

fn connect(node: &EmbeddedNode) -> UnixStream {
    let stream = UnixStream::connect(node.rpc_path()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

fn ask(node: &EmbeddedNode, method: &str) -> Value {
    let stream = connect(node);
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": {}});
    write!(&stream, "{request}").unwrap();
    serde_json::Deserializer::from_reader(&stream).into_iter().next().unwrap().unwrap()
}

fn request(method: &str, params: &str) -> Vec<u8> {
    format!(r#"{{"jsonrpc":"2.0","id":7,"method":"{method}","params":{params}}}"#).into_bytes()
}

fn code(heard: &str) -> i64 {
    let answer: Value = serde_json::from_str(heard.trim()).unwrap_or_else(|error| panic!("{error}: {heard}"));
    assert!(heard.len() < 1000, "an error is told in few words");
    answer["error"]["code"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_goes_on_whatever_a_client_sends() {
    let folder = tempfile::tempdir().unwrap();
    let node = EmbeddedNode::start(folder.path().join("node")).await.unwrap();
    tokio::task::block_in_place(|| {
        let (open, deep) = ("[".repeat(1_000_000), format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000)));
        // Levels: parameters are none that a command has, or too deep to be read.
        for method in ["getinfo", "decode", "nosuch"] {
            assert!(matches!(code(&send(&node, &request(method, &deep)).0), -32602 | -32601), "{method}");
            let named = format!(r#"{{"string":{deep}}}"#);
            assert!(matches!(code(&send(&node, &request(method, &named)).0), -32602 | -32601), "{method}");
        }
        assert_eq!(send(&node, &request("getinfo", &open)).0, "", "a request that never ends has no answer");
        let filter = format!(r#"{{"jsonrpc":"2.0","id":7,"method":"getinfo","params":{{}},"filter":{{"a":{deep}}}}}"#);
        assert_eq!(code(&send(&node, filter.as_bytes()).0), -32602);
        // Members and values.
        let members: Vec<String> = (0..200_000).map(|at| format!(r#""{at}":[]"#)).collect();
        assert_eq!(code(&send(&node, &request("getinfo", &format!("{{{}}}", members.join(",")))).0), -32602);
        assert_eq!(code(&send(&node, &request("getinfo", &format!("[{}0]", "0,".repeat(1_000_000)))).0), -32602);
        // A text as long as any that is read, and one of 64 MiB, which is not.
        let long = format!(r#"{{"string":"{}"}}"#, "x".repeat(3 << 20));
        assert!(code(&send(&node, &request("decode", &long)).0) < 0);
        let (heard, taken) = send(&node, &request("decode", &format!(r#"{{"string":"{}"}}"#, "x".repeat(64 << 20))));
        assert!(heard.is_empty() || code(&heard) == -32600, "{heard}");
        assert!(taken < MOST_READ, "the node took {taken} bytes");
        let (_, taken) = send(&node, &vec![b' '; 16 << 20]);
        assert_eq!(taken, 16 << 20, "what is blank takes nothing, and is read for ever");
        for junk in [&b"\0"[..], b"x", b"]", b"{\"", b"{]", b"\xff\xfe", b"{\"a\":1}}"] {
            let _ = send(&node, &junk.repeat(100_000));
        }
    });
    node.stop().await;
}
