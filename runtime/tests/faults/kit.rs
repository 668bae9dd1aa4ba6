//! The testing kit itself, where the faults do not use it.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use super::*;

/// Sends a request; so many bytes of what comes back.
fn ask(socket: &mut UnixStream, request: &str, bytes: usize) -> String {
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = vec![0; bytes];
    socket.read_exact(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

#[test]
fn a_node_serves_tests_without_a_runtime() {
    let node = node();
    node.reply("slow", Reply::result(json!(1)).delay(Duration::from_millis(1)));
    node.in_pieces(3);
    let mut socket = UnixStream::connect(node.path()).unwrap();
    let request = r#"{"id":7,"method":"slow"}"#;
    let answer = "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":1}\n\n";
    assert_eq!(ask(&mut socket, request, answer.len()), answer);
    let received = node.received_blocking("slow");
    assert_eq!((received.id.as_str(), received.params, received.connection), ("7", Value::Null, 1));
    assert_eq!(received.raw, request);
}

#[test]
fn replies_for_once_come_first_and_held_ones_when_they_are_released() {
    let node = node();
    node.answer("x", json!("always"));
    node.reply_once("x", Reply::result(json!("first")));
    node.reply_once("x", Reply::result(json!("second")).held());
    let mut socket = UnixStream::connect(node.path()).unwrap();
    let answer = |text: &str| format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"{text}\"}}\n\n");
    let request = r#"{"id":1,"method":"x","params":{}}"#;
    let expected = answer("first") + &answer("always");
    assert_eq!(ask(&mut socket, &request.repeat(3), expected.len()), expected);
    node.release_many("x", 1);
    assert_eq!(ask(&mut socket, "", answer("second").len()), answer("second"));
    assert_eq!(node.count("x"), 3);
}

#[test]
fn a_request_that_comes_in_pieces_is_one() {
    let node = node();
    let mut socket = UnixStream::connect(node.path()).unwrap();
    for byte in r#" {"id":"ü","method":"hello","params":["}{"]} "#.as_bytes() {
        socket.write_all(&[*byte]).unwrap();
    }
    assert_eq!(node.received_blocking("hello").params, json!(["}{"]));
}

#[test]
fn nothing_of_a_node_stays_when_it_is_dropped() {
    let node = node();
    node.reply("held", Reply::result(json!(1)).held());
    let path = node.path().to_owned();
    let mut socket = UnixStream::connect(&path).unwrap();
    socket.write_all(br#"{"id":1,"method":"held"}"#).unwrap();
    node.received_blocking("held");
    drop(node);
    assert!(!path.exists() && !path.parent().unwrap().exists());
    assert_eq!(socket.read(&mut [0; 9]).unwrap(), 0);
}
