//! Every request works with the client of the crate `cln-rpc`.

mod support;

use std::collections::{BTreeSet, VecDeque};
use std::fmt::Debug;
use std::fs;
use std::io::Write;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use cln_api::{Command, getinfo};
use cln_rpc::ClnRpc;
use cln_rpc::model::TypedRequest;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use support::{beside, root};

/// What `ClnRpc::call_typed` asks of a request and its answer.
fn method_of<R>() -> &'static str
where
    R: TypedRequest<Response = <R as Command>::Response> + Command + Serialize + Debug,
    <R as Command>::Response: DeserializeOwned + Debug,
{
    R::METHOD
}

#[test]
fn every_request_is_one_of_theirs() {
    let mut methods = Vec::new();
    macro_rules! add {
        ($request:ty) => {
            methods.push(method_of::<$request>());
        };
    }
    cln_api::for_each_command!(add);
    // Those of the schemas, six of our plugin, and two that lightningd has for its own plugins.
    assert_eq!(methods.len(), 162 + 6 + 2);
    assert_eq!(TypedRequest::method(&getinfo::Request::new()), "getinfo");
}

/// A server that gives the next of its answers to whatever is asked, and notes what that was.
struct Server {
    socket: PathBuf,
    answers: Arc<Mutex<VecDeque<Value>>>,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
    _folder: tempfile::TempDir,
}

impl Server {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("lightning-rpc");
        let listener = UnixListener::bind(&socket).unwrap();
        let (answers, asked) =
            (Arc::<Mutex<VecDeque<Value>>>::default(), Arc::<Mutex<Vec<(String, Value)>>>::default());
        let (to_give, to_tell) = (Arc::clone(&answers), Arc::clone(&asked));
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            for request in serde_json::Deserializer::from_reader(stream.try_clone().unwrap()).into_iter::<Value>() {
                let Ok(mut request) = request else { return };
                let method = request["method"].as_str().unwrap().to_owned();
                to_tell.lock().unwrap().push((method, request["params"].take()));
                let mut answer = to_give.lock().unwrap().pop_front().unwrap();
                answer["id"] = request["id"].take();
                write!(stream, "{answer}\n\n").unwrap();
            }
        });
        Self { socket, answers, asked, _folder: folder }
    }
}

/// A request and its answer, as a node was seen to give it.
struct Recorded {
    method: String,
    request: Value,
    response: Value,
}

fn recorded() -> Vec<Recorded> {
    let own = root().join("tests/traffic/exchanges.jsonl");
    let files = [Some(own), beside("traffic/v26.06/exchanges.jsonl")];
    let mut recorded = Vec::new();
    let mut seen = BTreeSet::new();
    for line in files.iter().flatten().flat_map(|file| lines(file)) {
        let mut line: Value = serde_json::from_str(&line).unwrap();
        let (Some(method), true, true) =
            (line["method"].as_str(), line["response"].is_object(), line["request"].is_object())
        else {
            continue;
        };
        let method = method.to_owned();
        // A few of each command tell as much as hundreds.
        if seen.insert((method.clone(), line["request"].to_string())) {
            recorded.push(Recorded { method, request: line["request"].take(), response: line["response"].take() });
        }
    }
    recorded
}

fn lines(file: &Path) -> Vec<String> {
    fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect()
}

/// Sends all recorded requests of a command by their client; how many there are.
async fn exchange<R>(theirs: &mut ClnRpc, server: &Server, recorded: &[Recorded]) -> usize
where
    R: TypedRequest<Response = <R as Command>::Response> + Command + Serialize + DeserializeOwned + Debug,
    <R as Command>::Response: DeserializeOwned + Serialize + Debug,
{
    let mut count = 0;
    for it in recorded.iter().filter(|it| it.method == R::METHOD).take(5) {
        // Nodes accept forms in requests that the types do not write.
        let Ok(request) = serde_json::from_value::<R>(it.request.clone()) else { continue };
        server.answers.lock().unwrap().push_back(json!({ "jsonrpc": "2.0", "result": it.response }));
        let response = theirs.call_typed(&request).await.unwrap();
        let asked = server.asked.lock().unwrap().pop();
        assert_eq!(asked, Some((R::METHOD.to_owned(), serde_json::to_value(&request).unwrap())));
        let expected = R::decode_response(it.response.to_string().as_bytes()).unwrap();
        let [read, expected] = [response, expected].map(|response| serde_json::to_value(response).unwrap());
        assert_eq!(read, expected, "{}", R::METHOD);
        count += 1;
    }
    count
}

#[tokio::test]
async fn their_client_sends_our_requests_and_reads_our_answers() {
    let (server, recorded) = (Server::new(), recorded());
    let mut theirs = ClnRpc::new(&server.socket).await.unwrap();
    let mut commands = 0;
    macro_rules! add {
        ($request:ty) => {
            commands += usize::from(exchange::<$request>(&mut theirs, &server, &recorded).await > 0);
        };
    }
    cln_api::for_each_command!(add);
    assert!(commands >= 25, "{commands}");
}

#[tokio::test]
async fn their_client_tells_the_nodes_error() {
    let server = Server::new();
    let mut theirs = ClnRpc::new(&server.socket).await.unwrap();
    server.answers.lock().unwrap().push_back(json!({ "error": { "code": -32602, "message": "no" } }));
    let error = theirs.call_typed(&getinfo::Request::new()).await.unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (Some(-32602), "no"));
}
