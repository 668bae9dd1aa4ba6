//! Our client talks to a server made with the crate `cln-plugin`, which frames messages by two line ends.

use std::path::Path;
use std::time::Duration;

use cln_api::getinfo;
use cln_plugin::{Builder, Error, Plugin};
use cln_runtime::client::{CallError, Client};
use serde_json::{Value, json};
use tokio::net::UnixListener;

/// What a node tells a plugin first.
fn init() -> Value {
    json!({
        "options": {},
        "configuration": {
            "lightning-dir": "/home/user/.lightning/regtest",
            "rpc-file": "lightning-rpc",
            "startup": true,
            "network": "regtest",
            "feature_set": { "init": "", "node": "", "channel": "", "invoice": "" },
        },
    })
}

/// A plugin at a socket in place of its standard input and output.
async fn serve(listener: UnixListener) -> Result<(), Error> {
    let (stream, _) = listener.accept().await?;
    let (input, output) = stream.into_split();
    let plugin = Builder::new(input, output)
        .rpcmethod("echo", "Gives back its parameters.", |_: Plugin<()>, params: Value| async move { Ok(params) })
        .rpcmethod("slow", "Gives back its parameters late.", |_: Plugin<()>, params: Value| async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            Ok(params)
        })
        .rpcmethod("getinfo", "Fails.", |_: Plugin<()>, _: Value| async move { Err(cln_plugin::anyhow!("not now")) })
        .with_logging(false)
        .start(())
        .await?;
    match plugin {
        Some(plugin) => plugin.join().await,
        None => Ok(()),
    }
}

async fn connect(socket: &Path) -> Client {
    let listener = UnixListener::bind(socket).unwrap();
    tokio::spawn(serve(listener));
    Client::connect(socket).await.unwrap()
}

#[tokio::test]
async fn a_plugin_is_a_server_too() {
    let folder = tempfile::tempdir().unwrap();
    let client = connect(&folder.path().join("plugin")).await;
    let manifest = client.call_raw("getmanifest", json!({ "allow-deprecated-apis": false })).await.unwrap();
    assert_eq!(manifest["rpcmethods"].as_array().map(Vec::len), Some(3));
    client.call_raw("init", init()).await.unwrap();

    let text = "snow ☃, a \"quote\", two\n\nlines \\ and } ]";
    assert_eq!(client.call_raw("echo", json!({ "text": text })).await.unwrap(), json!({ "text": text }));
    let error = client.call(&getinfo::Request::new()).await.unwrap_err();
    assert!(matches!(&error, CallError::Rpc(getinfo::Error::Other(it)) if it.message.contains("not now")), "{error}");

    // Answers come in another order than requests, each to the one who asked.
    let (slow, quick) = tokio::join!(client.call_raw("slow", json!([1])), client.call_raw("echo", json!([2])));
    assert_eq!((slow.unwrap(), quick.unwrap()), (json!([1]), json!([2])));
    let many = (0..200).map(|number| client.call_raw("echo", json!({ "number": number })));
    for (number, answer) in futures_util::future::join_all(many).await.into_iter().enumerate() {
        assert_eq!(answer.unwrap(), json!({ "number": number }));
    }
}
