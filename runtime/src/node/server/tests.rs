//! What goes over the socket, byte by byte.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::*;

/// Commands for tests: `echo` gives the parameters, `fail` fails, `big` is a long answer, `wait` only waits, and `work`
/// goes on until it is told to end.
#[derive(Default)]
struct Kit {
    waiting: AtomicUsize,
    worked: AtomicUsize,
    made: AtomicUsize,
    go: Notify,
}

struct Counted<'a>(&'a AtomicUsize);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Service for Kit {
    async fn call(&self, method: &str, params: &RawValue) -> Result<Value, RpcError> {
        match method {
            "echo" => Ok(serde_json::from_str(params.get()).unwrap()),
            "big" => {
                self.made.fetch_add(1, Ordering::SeqCst);
                Ok("x".repeat(1 << 18).into())
            }
            "wait" => {
                self.waiting.fetch_add(1, Ordering::SeqCst);
                let _counted = Counted(&self.waiting);
                std::future::pending().await
            }
            "work" => {
                self.go.notified().await;
                self.worked.fetch_add(1, Ordering::SeqCst);
                Ok(json!("done"))
            }
            _ => Err(RpcError { code: 7, message: "no".into(), data: Some(json!([1])) }),
        }
    }

    fn only_waits(&self, method: &str) -> bool {
        method == "wait"
    }
}

struct Running {
    kit: Arc<Kit>,
    stop: watch::Sender<bool>,
    served: tokio::task::JoinHandle<()>,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

fn start(limits: Limits) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rpc");
    let (kit, stop) = (Arc::<Kit>::default(), watch::Sender::new(false));
    let socket = Socket::listen(&path).unwrap();
    let served = tokio::spawn(serve(socket, Arc::clone(&kit), stop.subscribe(), limits));
    Running { kit, stop, served, path, _folder: folder }
}

impl Running {
    async fn connect(&self) -> UnixStream {
        UnixStream::connect(&self.path).await.unwrap()
    }
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let so = async {
        while !is_so() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(10), so).await.expect(what);
}

async fn send(client: &mut UnixStream, text: &str) {
    client.write_all(text.as_bytes()).await.unwrap();
}

/// All that comes until the connection is closed.
async fn rest(mut client: UnixStream) -> String {
    let mut text = String::new();
    timeout(Duration::from_secs(10), client.read_to_string(&mut text)).await.expect("closed").unwrap();
    text
}

/// One answer.
async fn next(client: &mut UnixStream) -> Value {
    let mut bytes = Vec::new();
    let read = async {
        while !bytes.ends_with(b"\n\n") {
            bytes.push(client.read_u8().await.unwrap());
        }
    };
    timeout(Duration::from_secs(10), read).await.expect("an answer");
    serde_json::from_slice(&bytes).unwrap()
}

fn request(id: u32, method: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{{}}}}"#)
}

/// What is answered to bytes, however they are cut. The client then closes its half.
async fn check(sent: &str, expected: &[&str]) {
    let expected = sorted(expected.iter().map(|&answer| answer.to_owned()));
    let node = start(Limits { request: 1000, ..Limits::default() });
    for size in [1, 7, sent.len()] {
        let mut client = node.connect().await;
        for piece in sent.as_bytes().chunks(size) {
            client.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        client.shutdown().await.unwrap();
        let answers = sorted(rest(client).await.split_terminator("\n\n").map(str::to_owned));
        assert_eq!(answers, expected, "{sent} by {size}");
    }
}

/// Answers may overtake each other.
fn sorted(answers: impl Iterator<Item = String>) -> Vec<String> {
    let mut answers: Vec<_> = answers.collect();
    answers.sort();
    answers
}

fn error(id: &str, code: i32, message: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{}}}"#, json!({"code": code, "message": message}))
}

async fn check_error(sent: &str, id: &str, code: i32, message: &str) {
    check(sent, &[&error(id, code, message)]).await;
}

#[tokio::test]
async fn an_answer_has_the_requests_id_as_it_was_written() {
    for id in ["1", "\"str\"", "null", "1.5", "-7", "1e400", "true", "\"\\u0041\\/\"", "123456789012345678901234567890"]
    {
        let sent = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"echo","params":[5]}}"#);
        check(&sent, &[&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":[5]}}"#)]).await;
    }
}

#[tokio::test]
async fn requests_come_back_to_back() {
    let answers = [
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":2,"error":{"code":7,"message":"no","data":[1]}}"#,
    ];
    for between in ["", "\n\n", " \t\r\n"] {
        check(&format!("{between}{}{between}{}{between}", request(1, "echo"), request(2, "fail")), &answers).await;
    }
}

#[tokio::test]
async fn members_that_mean_nothing_are_passed_over() {
    check(
        r#"{"extra":{"id":5},"jsonrpc":"2.0","id":1,"method":"echo","params":[]}"#,
        &[r#"{"jsonrpc":"2.0","id":1,"result":[]}"#],
    )
    .await;
}

#[tokio::test]
async fn what_is_no_request_is_told_and_the_next_one_is_read() {
    for (sent, id, message) in [
        (r#"{"id":1,"method":"echo","params":{}}"#, "null", "the request has no `jsonrpc`: it must be \"2.0\""),
        (r#"{"jsonrpc":"1.0","id":1,"method":"echo","params":{}}"#, "null", "the request's `jsonrpc` is not \"2.0\""),
        (
            r#"{"jsonrpc":"2.0","method":"echo","params":{}}"#,
            "null",
            "the request has no `id`: nobody would know its answer",
        ),
        (
            r#"{"jsonrpc":"2.0","id":{"a":1},"method":"echo","params":{}}"#,
            "null",
            "the request's `id` must be a string, a number, a truth value or null",
        ),
        (r#"{"jsonrpc":"2.0","id":1,"params":{}}"#, "1", "the request has no `method`"),
        (r#"{"jsonrpc":"2.0","id":1,"method":5,"params":{}}"#, "1", "the request's `method` is not a string"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"echo"}"#, "1", "the request has no `params`: they may be {} or []"),
    ] {
        check_error(sent, id, -32600, message).await;
        let both = [r#"{"jsonrpc":"2.0","id":9,"result":{}}"#, &error(id, -32600, message)];
        check(&format!("{sent}{}", request(9, "echo")), &both).await;
    }
}

#[tokio::test]
async fn behind_what_is_no_json_nothing_is_read() {
    let cases = [
        ("junk", "`j` where a JSON object was expected"),
        ("[1,2]", "`[` where a JSON object was expected"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"echo","params":{},}"#, "`}` where the name of a member was expected"),
        (r#"{"jsonrpc":"2.0","id":1,"method":"echo","params":[tru]}"#, "expected ident at line 1 column 54"),
        (&format!(r#"{{"jsonrpc":{}"#, "[".repeat(1000)), "a message of more than 1000 bytes"),
    ];
    for (sent, why) in cases {
        let node = start(Limits { request: 1000, ..Limits::default() });
        let mut client = node.connect().await;
        send(&mut client, &format!("{sent}\n\n{}", request(2, "echo"))).await;
        let message = format!("not a JSON-RPC request: {why}; the connection is closed");
        assert_eq!(rest(client).await, error("null", -32600, &message) + "\n\n", "{sent}");
    }
}

#[tokio::test]
async fn half_a_request_is_waited_for() {
    check(r#"{"jsonrpc":"2.0","id":1,"method":"echo","params":{}"#, &[]).await;
}

#[tokio::test]
async fn a_filter_gives_what_it_names() {
    let sent =
        r#"{"jsonrpc":"2.0","id":1,"method":"echo","params":{"a":1,"b":[{"c":2,"d":3}]},"filter":{"b":[{"c":true}]}}"#;
    check(sent, &[r#"{"jsonrpc":"2.0","id":1,"result":{"b":[{"c":2}]}}"#]).await;
    let sent = r#"{"jsonrpc":"2.0","id":1,"method":"echo","params":{},"filter":"junk"}"#;
    check_error(sent, "1", -32602, "filter: must be an object").await;
}

#[tokio::test]
async fn one_that_waits_holds_up_nobody() {
    let node = start(Limits::default());
    let (mut one, mut other) = (node.connect().await, node.connect().await);
    send(&mut one, &(request(1, "wait") + &request(2, "echo"))).await;
    assert_eq!(next(&mut one).await["id"], 2);
    send(&mut other, &request(3, "echo")).await;
    assert_eq!(next(&mut other).await["id"], 3);
}

#[tokio::test]
async fn a_client_that_reads_nothing_holds_up_nobody() {
    let node = start(Limits { unread: 2, ..Limits::default() });
    let (mut slow, mut other) = (node.connect().await, node.connect().await);
    let flood: String = (0..50).map(|id| request(id, "big")).collect();
    send(&mut slow, &flood).await;
    send(&mut other, &request(3, "echo")).await;
    assert_eq!(next(&mut other).await["id"], 3);
    sleep(Duration::from_millis(50)).await;
    // Two that wait, one that is being written, and what the system buffers, which is less than another one.
    assert!(node.kit.made.load(Ordering::SeqCst) <= 4, "{:?} answers fill the memory", node.kit.made);
    slow.shutdown().await.unwrap();
    assert_eq!(rest(slow).await.matches("\n\n").count(), 50);
}

#[tokio::test]
async fn a_client_that_goes_ends_its_waits_and_nothing_else() {
    let node = start(Limits::default());
    let mut client = node.connect().await;
    send(&mut client, &(request(1, "wait") + &request(2, "work"))).await;
    until("waiting", || node.kit.waiting.load(Ordering::SeqCst) == 1).await;
    drop(client);
    until("no longer waiting", || node.kit.waiting.load(Ordering::SeqCst) == 0).await;
    node.kit.go.notify_one();
    until("worked", || node.kit.worked.load(Ordering::SeqCst) == 1).await;
}

#[tokio::test]
async fn no_more_requests_of_a_client_run_than_may() {
    let node = start(Limits { in_flight: 2, ..Limits::default() });
    let mut client = node.connect().await;
    send(&mut client, &(request(1, "work") + &request(2, "work") + &request(3, "echo"))).await;
    let early = timeout(Duration::from_millis(50), client.read_u8()).await;
    assert!(early.is_err(), "the third ran");
    node.kit.go.notify_one();
    let answers = [next(&mut client).await, next(&mut client).await];
    assert!(answers.iter().any(|answer| answer["id"] == 3), "{answers:?}");
}

#[tokio::test]
async fn requests_that_run_have_no_more_bytes_than_four_of_the_longest() {
    let longest = request(1, "work").len();
    let node = start(Limits { request: longest, ..Limits::default() });
    let mut client = node.connect().await;
    let works: String = (1..=4).map(|id| request(id, "work")).collect();
    send(&mut client, &(works + &request(5, "echo"))).await;
    let early = timeout(Duration::from_millis(50), client.read_u8()).await;
    assert!(early.is_err(), "the fifth ran");
    node.kit.go.notify_one();
    let answers = [next(&mut client).await, next(&mut client).await];
    assert!(answers.iter().any(|answer| answer["id"] == 5), "{answers:?}");
}

#[tokio::test]
async fn too_many_clients_are_told_so() {
    let node = start(Limits { connections: 1, ..Limits::default() });
    let mut first = node.connect().await;
    send(&mut first, &request(1, "echo")).await;
    next(&mut first).await;
    let told = rest(node.connect().await).await;
    assert_eq!(told, error("null", -1, "1 clients are connected, which is the most: close some") + "\n\n");
    drop(first);
    for _ in 0..1000 {
        let mut next_one = node.connect().await;
        if next_one.write_all(request(2, "echo").as_bytes()).await.is_ok() && rest_starts_with_result(next_one).await {
            return;
        }
    }
    panic!("the place of a client that has gone stays taken");
}

async fn rest_starts_with_result(mut client: UnixStream) -> bool {
    client.shutdown().await.is_ok() && {
        let mut text = String::new();
        client.read_to_string(&mut text).await.is_ok() && text.contains("result")
    }
}

#[tokio::test]
async fn a_node_that_stops_answers_all_and_is_gone() {
    let node = start(Limits::default());
    let mut client = node.connect().await;
    send(&mut client, &(request(1, "wait") + &request(2, "work"))).await;
    until("waiting", || node.kit.waiting.load(Ordering::SeqCst) == 1).await;
    node.stop.send_replace(true);
    let stopped = next(&mut client).await;
    assert_eq!((&stopped["id"], &stopped["error"]["code"]), (&json!(1), &json!(-5)));
    node.kit.go.notify_one();
    assert_eq!(next(&mut client).await, json!({"jsonrpc": "2.0", "id": 2, "result": "done"}));
    assert_eq!(rest(client).await, "");
    node.served.await.unwrap();
    assert!(!node.path.exists());
}
