//! Two daemons: one pays, one is paid.

use std::path::Path;
use std::time::Duration;

use cln_primitives::{Msat, RpcError};
use cln_runtime::client::{CallError, Client};
use cln_runtime::node::NodeBuilder;
use cln_tests::lightningd::{Daemon, FakeLightningd, within};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;

/// Our plugin.
pub const PLUGIN: &str = env!("CARGO_BIN_EXE_lnr-plugin");
/// What the payer has at first.
pub const BALANCE: Msat = Msat::from_msat(1_000_000_000);

/// How long who asks waits before it asks again.
pub const PAUSE: Duration = Duration::from_millis(20);

/// A daemon and a client of it.
pub struct Party {
    pub lightningd: FakeLightningd,
    client: Client,
}

/// A running pair. Its folder goes with it.
pub struct Pair {
    pub payer: Party,
    pub payee: Party,
    folder: TempDir,
}

/// Which of the two have the plugin.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum With {
    PayersPlugin,
    PayeesPlugin,
    BothPlugins,
}

impl Pair {
    pub async fn start(with: With) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let daemon = |name, plugin: bool| {
            let daemon = Daemon::new(folder.path(), name);
            if plugin { daemon.plugin(PLUGIN) } else { daemon }
        };
        let payer = daemon("payer", with != With::PayeesPlugin).balance(BALANCE);
        let payee = daemon("payee", with != With::PayersPlugin);
        let (payer, payee) = tokio::join!(Party::start(payer), Party::start(payee));
        Pair { payer, payee, folder }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A request of the payer's plugin, over 5000 msat unless the parameters say else.
    pub async fn request(&self, more: Value) -> Value {
        let mut params = json!({"amount": 5000, "description": "tea"});
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.payer.ok("lnr-request", params).await
    }

    /// Nothing was made or lost, and so much has gone from the payer to the payee.
    pub async fn moved(&self, amount: u64) {
        let ledger = self.payer.lightningd.node().node().account().ledger().clone();
        assert!(ledger.audit().await.unwrap().is_balanced());
        let received = self.payee.lightningd.node().node().account().balance().await.unwrap();
        assert_eq!(received.as_msat(), amount);
    }
}

impl Party {
    pub async fn start(daemon: Daemon) -> Self {
        Self::start_by(daemon, |builder| builder).await
    }

    pub async fn start_by(daemon: Daemon, more: impl FnOnce(NodeBuilder) -> NodeBuilder) -> Self {
        let lightningd = daemon.start_by(more).await.unwrap();
        let client = lightningd.client().await.unwrap();
        Party { lightningd, client }
    }

    pub async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        match self.client.call_raw(method, params).await {
            Ok(answer) => Ok(answer),
            Err(CallError::Rpc(error)) => Err(error),
            Err(error) => panic!("{method}: {error}"),
        }
    }

    /// A call that succeeds.
    pub async fn ok(&self, method: &str, params: Value) -> Value {
        let told = params.to_string();
        self.call(method, params).await.unwrap_or_else(|error| panic!("{method} {told}: {error}, {:?}", error.data))
    }

    /// A call that fails by this code; gives the error's data.
    pub async fn fails(&self, method: &str, params: Value, code: i32) -> Value {
        let told = params.to_string();
        match self.call(method, params).await {
            Ok(answer) => panic!("{method} {told}: {answer}"),
            Err(error) => {
                assert_eq!(error.code, code, "{method} {told}: {error}");
                error.data.unwrap_or_default()
            }
        }
    }

    /// Waits until the plugin says that a request is used.
    pub async fn used(&self, request: &Value) -> Value {
        let used = async {
            loop {
                let shown = self.ok("lnr-show", json!({"invreq_id": request["invreq_id"]})).await;
                if shown["used"] == json!(true) {
                    return shown;
                }
                sleep(PAUSE).await;
            }
        };
        within("the request is used", used).await
    }
}
