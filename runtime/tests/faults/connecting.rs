//! Sockets that cannot be used.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use cln_runtime::client::{ConnectError, ConnectionLost};
use socket2::{Domain, SockAddr, Socket, Type};
use tokio::time::Instant;

use super::*;

async fn check_path(path: &Path, expected: &str) {
    let error = Client::connect(path).await.unwrap_err();
    assert_eq!(error.to_string().replace(&path.display().to_string(), "PATH"), expected);
}

#[tokio::test]
async fn what_is_wrong_with_a_socket_is_told_with_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    check_path(&at("missing"), "no socket at PATH: is lightningd running, with this directory and network?").await;

    std::fs::write(at("file"), "").unwrap();
    let no_socket = "PATH is not a socket: name the file `lightning-rpc` in the network's directory";
    check_path(&at("file"), no_socket).await;
    check_path(directory.path(), no_socket).await;

    drop(std::os::unix::net::UnixListener::bind(at("stale")).unwrap());
    let stale = "nobody answers at PATH: lightningd has stopped and left its socket behind; start it again";
    check_path(&at("stale"), stale).await;

    check_path(&at("file").join("below"), "cannot use PATH as a socket: Not a directory (os error 20)").await;
    check_path(&at(&"x".repeat(200)), "cannot use PATH as a socket: path must be shorter than SUN_LEN").await;
}

#[tokio::test]
async fn a_socket_of_another_user_is_told_with_what_to_do() {
    let node = node();
    std::fs::set_permissions(node.path(), PermissionsExt::from_mode(0o000)).unwrap();
    match Client::connect(node.path()).await {
        // The superuser may use every socket.
        Ok(_) => {}
        Err(error) => assert_eq!(
            error.to_string(),
            format!(
                "no permission for {}: run as the node's user, or start lightningd with `rpc-file-mode=0660` and join \
                 its group",
                node.path().display()
            )
        ),
    }
}

/// A socket that nobody accepts from; connections to it as long as there is a place.
fn full_socket(path: &Path) -> (Socket, Vec<Socket>) {
    let address = SockAddr::unix(path).unwrap();
    let listener = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    listener.bind(&address).unwrap();
    listener.listen(1).unwrap();
    let mut waiting = Vec::new();
    loop {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        socket.set_nonblocking(true).unwrap();
        match socket.connect(&address) {
            Ok(()) => waiting.push(socket),
            Err(_) => return (listener, waiting),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_does_not_accept_is_waited_for_and_then_told_to_be_busy() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lightning-rpc");
    let (listener, _waiting) = full_socket(&path);
    let busy = "too many wait for a connection at PATH: the node is busy or hangs; try again later";
    check_path(&path, busy).await;

    let connecting = tokio::spawn(async move { Client::connect(path).await });
    settle().await;
    assert!(!connecting.is_finished());
    listener.accept().unwrap();
    connecting.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_node_that_is_gone_is_tried_again_later_and_later() {
    let node = node();
    let client = client(&node).await;
    node.refuse();
    node.disconnect();
    node.disconnected(1).await;
    tokio::time::pause();
    let mut pauses = Vec::new();
    for _ in 0..9 {
        let start = Instant::now();
        let error = client.call_raw("pay", json!({})).await.unwrap_err();
        pauses.push(start.elapsed().as_millis() / 10 * 10);
        assert!(error.is_retryable() && !error.may_have_taken_effect());
        let expected = format!(
            "nobody answers at {}: lightningd has stopped and left its socket behind; start it again; the request was \
             not sent and has no effect",
            node.path().display()
        );
        assert_eq!(error.to_string(), expected);
    }
    assert_eq!(pauses, [0, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
}

#[tokio::test]
async fn a_node_that_comes_back_is_found() {
    let node = node();
    let client = client(&node).await;
    node.refuse();
    node.disconnect();
    node.disconnected(1).await;
    assert!(client.call_raw("hello", json!({})).await.is_err());
    node.accept();
    assert_eq!(client.call_raw("hello", json!({})).await.unwrap(), "hi");
    assert_eq!((client.statistics().connects, node.connections()), (2, 2));
}

#[tokio::test]
async fn many_calls_share_an_attempt_to_connect() {
    let node = node();
    let client = client(&node).await;
    node.refuse();
    node.disconnect();
    node.disconnected(1).await;
    assert!(client.call_raw("hello", json!({})).await.is_err());
    tokio::time::pause();
    let start = Instant::now();
    let calls: Vec<_> = (0..100).map(|_| pay(&client)).collect();
    for call in calls {
        let error = call.await.unwrap().unwrap_err();
        let lost = matches!(&error, CallError::Connection { source: ConnectionLost::Connect(_), .. });
        assert!(lost, "{error}");
    }
    assert!(start.elapsed() < Duration::from_millis(150), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_path_without_a_home_directory_is_no_node() {
    assert!(matches!(Client::connect("").await, Err(ConnectError::Unusable { .. } | ConnectError::NotFound(_))));
}
