//! Two embedded nodes that know each other: `payer` publishes requests, `payee` sends invoices.

use std::path::Path;
use std::sync::Mutex;

use cln_primitives::RpcError;
use cln_runtime::client::{CallError, Client};
use cln_runtime::node::EmbeddedNode;
use serde_json::{Value, json};

/// A running network. Its folder goes with it.
pub struct Network {
    /// Has money.
    pub payer: Party,
    /// Has none.
    pub payee: Party,
    recording: Mutex<Vec<Value>>,
    folder: tempfile::TempDir,
}

/// A node and a connection to it.
pub struct Party {
    pub node: EmbeddedNode,
    pub client: Client,
}

impl Network {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (payer, payee) = tokio::join!(
            Party::start(folder.path(), "payer", "1000000sat"),
            Party::start(folder.path(), "payee", "0sat")
        );
        Network { payer, payee, recording: Mutex::default(), folder }
    }

    #[allow(dead_code, reason = "not every test looks at its recording")]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// One call, which is recorded.
    pub async fn call(&self, who: &Party, method: &str, params: Value) -> Result<Value, RpcError> {
        let outcome = match who.client.call_raw(method, params.clone()).await {
            Ok(answer) => Ok(answer),
            Err(CallError::Rpc(error)) => Err(error),
            Err(error) => panic!("{method}: {error}"),
        };
        let (kind, told) = match &outcome {
            Ok(answer) => ("response", answer.clone()),
            Err(error) => ("error", serde_json::to_value(error).unwrap()),
        };
        self.recording.lock().unwrap().push(json!({"method": method, "request": params, kind: told}));
        outcome
    }

    /// A call that succeeds.
    pub async fn ok(&self, who: &Party, method: &str, params: Value) -> Value {
        let told = params.to_string();
        self.call(who, method, params).await.unwrap_or_else(|error| panic!("{method} {told}: {error}"))
    }

    /// A call that fails by this code, in these words among others.
    pub async fn fails(&self, who: &Party, method: &str, params: Value, code: i32, words: &str) -> Value {
        let told = params.to_string();
        match self.call(who, method, params).await {
            Ok(answer) => panic!("{method} {told}: {answer}"),
            Err(error) => {
                assert_eq!(error.code, code, "{method} {told}: {error}");
                assert!(error.message.contains(words), "{method} {told}: {error}");
                error.data.unwrap_or_default()
            }
        }
    }

    /// A new request of the payer, over 5000 msat unless the parameters say else.
    pub async fn request(&self, more: Value) -> String {
        let mut params = json!({"amount": 5000, "description": "tea"});
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let made = self.ok(&self.payer, "invoicerequest", params).await;
        made["bolt12"].as_str().unwrap().to_owned()
    }

    /// All calls so far, a line each.
    #[allow(dead_code, reason = "not every test looks at its recording")]
    pub fn recording(&self) -> String {
        self.recording.lock().unwrap().iter().map(|line| format!("{line}\n")).collect()
    }
}

impl Party {
    pub async fn start(network: &Path, name: &str, balance: &str) -> Self {
        let node = EmbeddedNode::builder(network.join(name)).balance(balance.parse().unwrap()).start().await.unwrap();
        let client = Client::builder().strict(true).connect(node.rpc_path()).await.unwrap();
        Party { node, client }
    }
}
