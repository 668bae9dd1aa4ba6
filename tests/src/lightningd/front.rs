//! The socket for clients: commands of the plugin go to it, all others to the embedded node.

use std::io;
use std::sync::Arc;

use cln_primitives::RpcError;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Mutex;

use super::frames::Frames;
use super::host::Host;

/// Serves clients until it is dropped.
pub async fn serve(listener: UnixListener, host: Arc<Host>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve_one(stream, host.clone()));
    }
}

/// Requests of a client run side by side, as it may wait for one of them.
async fn serve_one(stream: UnixStream, host: Arc<Host>) {
    let (from, to) = stream.into_split();
    let (mut requests, to) = (Frames::new(from), Arc::new(Mutex::new(to)));
    while let Ok(Some(request)) = requests.next().await {
        let (host, to) = (host.clone(), to.clone());
        tokio::spawn(async move {
            // The client may have gone.
            let _ = answer(&host, request, &to).await;
        });
    }
}

async fn answer(host: &Host, request: Value, to: &Mutex<OwnedWriteHalf>) -> io::Result<()> {
    let answer = match plugin_answer(host, &request).await {
        Some(answer) => told(&request["id"], answer),
        None => match pass_on(host, &request).await {
            Ok(answer) => answer,
            Err(error) => told(&request["id"], Err(lost(&error))),
        },
    };
    to.lock().await.write_all(format!("{answer}\n\n").as_bytes()).await
}

/// `None` when the node has to answer.
async fn plugin_answer(host: &Host, request: &Value) -> Option<Result<Value, RpcError>> {
    let (method, params) = (request["method"].as_str()?, &request["params"]);
    let plugin = host.plugin();
    if let Some(plugin) = plugin.as_ref().filter(|plugin| plugin.manifest().has_command(method)) {
        return Some(plugin.call(method, params.clone()).await);
    }
    // The embedded node has such a command of its own, which no lightningd has.
    if method.starts_with("lnr-") {
        let message = format!("there is no command `{method}`: its plugin does not run");
        return Some(Err(RpcError { code: -32601, message, data: None }));
    }
    let plugin = plugin?;
    let option = params["config"].as_str().filter(|_| method == "setconfig")?;
    let option = plugin.manifest().options.iter().find(|known| known.name == option)?;
    if !option.dynamic {
        let message = format!("the option {} cannot be set while the node runs", option.name);
        return Some(Err(RpcError { code: -32602, message, data: None }));
    }
    let set = plugin.call("setconfig", json!({"config": option.name, "val": params["val"]})).await;
    Some(set.map(|_| json!({"config": {"config": option.name, "dynamic": true}})))
}

fn told(id: &Value, answer: Result<Value, RpcError>) -> Value {
    match answer {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err(error) => json!({"jsonrpc": "2.0", "id": id, "error": error}),
    }
}

/// Over a connection of its own, so that no answer waits for another.
async fn pass_on(host: &Host, request: &Value) -> io::Result<Value> {
    let mut node = UnixStream::connect(host.node_rpc()).await?;
    node.write_all(request.to_string().as_bytes()).await?;
    let answer = Frames::new(node).next().await?;
    answer.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

fn lost(error: &io::Error) -> RpcError {
    RpcError { code: -1, message: format!("the node did not answer: {error}"), data: None }
}
