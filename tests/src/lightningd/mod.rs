//! A lightningd that a plugin cannot tell from a real one: an embedded node, a socket before it, and the plugin as a
//! process.
//!
//! ```text
//!                       lightning-rpc
//! clients, plugin ────▶ front ──┬── the plugin's commands ──▶ plugin's stdin
//!                               └── all others ─────────────▶ embedded node
//! embedded node ── each onion message ──▶ host ── hook ─────▶ plugin's stdin
//! ```
//!
//! Like lightningd it asks a plugin by hooks and lets a message pass when the plugin is gone; messages wait only while the
//! plugin starts together with the node.

mod delivery;
mod frames;
mod front;
mod host;
mod manifest;
mod plugin;
mod violations;
mod within;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cln_primitives::{Msat, RpcError};
use cln_runtime::client::Client;
use cln_runtime::node::{EmbeddedNode, NodeBuilder};
use serde_json::Value;
use tokio::net::UnixListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub use self::delivery::Delivery;
use self::host::Host;
pub use self::manifest::{HookWish, Manifest, Method, PluginOption, Topic};
pub use self::plugin::Plugin;
use self::plugin::{Start, Told};
use self::violations::CheckedAtEnd;
pub use self::within::within;

/// How a daemon is to be.
#[derive(Clone, Debug)]
pub struct Daemon {
    /// The folder of all daemons.
    pub root: PathBuf,
    /// Its own folder's name.
    pub name: String,
    /// What it has when it is new.
    pub balance: Msat,
    /// The plugin's executable; without, the daemon has no plugin.
    pub plugin: Option<PathBuf>,
    /// Options of the plugin that the operator has set.
    pub options: BTreeMap<String, Value>,
}

/// A running daemon. Dropped, it ends, and its plugin is killed. What its plugin did that a lightningd does not live with
/// is a panic then, if not before.
#[derive(Debug)]
pub struct FakeLightningd {
    daemon: Daemon,
    node: EmbeddedNode,
    host: Arc<Host>,
    told: mpsc::UnboundedSender<Told>,
    front: JoinHandle<()>,
    listener: JoinHandle<()>,
    _violations: CheckedAtEnd,
}

impl Daemon {
    /// One without a plugin and without money.
    pub fn new(root: &Path, name: &str) -> Self {
        let (root, name) = (root.to_owned(), name.to_owned());
        Daemon { root, name, balance: Msat::ZERO, plugin: None, options: BTreeMap::new() }
    }

    /// What it has when it is new.
    pub fn balance(mut self, balance: Msat) -> Self {
        self.balance = balance;
        self
    }

    /// The executable of its plugin.
    pub fn plugin(mut self, program: impl Into<PathBuf>) -> Self {
        self.plugin = Some(program.into());
        self
    }

    /// An option of the plugin, set by the operator.
    pub fn option(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.options.insert(name.to_owned(), value.into());
        self
    }

    /// The folder that the plugin is told of.
    pub fn folder(&self) -> PathBuf {
        self.root.join(&self.name)
    }

    /// The folder of the embedded node: all of them are in one, which makes them a network.
    pub fn node_folder(&self) -> PathBuf {
        self.root.join("net").join(&self.name)
    }

    /// The socket for clients.
    pub fn rpc_path(&self) -> PathBuf {
        self.folder().join("lightning-rpc")
    }

    /// Starts the daemon, and its plugin.
    ///
    /// # Errors
    /// When one of them does not start.
    pub async fn start(self) -> Result<FakeLightningd, String> {
        self.start_by(|builder| builder).await
    }

    /// Starts the daemon with an embedded node that is told more.
    ///
    /// # Errors
    /// See [`start`](Self::start).
    pub async fn start_by(self, more: impl FnOnce(NodeBuilder) -> NodeBuilder) -> Result<FakeLightningd, String> {
        std::fs::create_dir_all(self.folder()).map_err(|error| error.to_string())?;
        let host = Arc::new(Host::new(self.node_folder().join("lightning-rpc")));
        if self.plugin.is_none() {
            host.is_gone();
        }
        let asked = host.clone();
        let builder = EmbeddedNode::builder(self.node_folder()).balance(self.balance).on_onion_message(move |call| {
            let host = asked.clone();
            async move { host.on_message(call).await }
        });
        let node = more(builder).start().await.map_err(|error| error.to_string())?;
        let rpc = self.rpc_path();
        let _ = std::fs::remove_file(&rpc);
        let socket = UnixListener::bind(&rpc).map_err(|error| format!("{}: {error}", rpc.display()))?;
        let front = tokio::spawn(front::serve(socket, host.clone()));
        let (told, mut heard) = mpsc::unbounded_channel();
        let hears = host.clone();
        let listener = tokio::spawn(async move {
            while let Some(told) = heard.recv().await {
                hears.hear(told);
            }
        });
        let _violations = CheckedAtEnd(host.violations().clone());
        let started = FakeLightningd { daemon: self, node, host, told, front, listener, _violations };
        if started.daemon.plugin.is_some() {
            started.launch(true).await?;
        }
        Ok(started)
    }
}

impl FakeLightningd {
    /// How it was to be.
    pub fn daemon(&self) -> &Daemon {
        &self.daemon
    }

    /// The embedded node behind it.
    pub fn node(&self) -> &EmbeddedNode {
        &self.node
    }

    /// How messages reach the plugin.
    pub fn delivery(&self) -> &Delivery {
        self.host.delivery()
    }

    /// The plugin, while it runs.
    pub fn plugin(&self) -> Option<Arc<Plugin>> {
        self.host.plugin()
    }

    /// Starts the plugin anew, as `plugin start` does.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_plugin(&self) -> Result<(), String> {
        self.launch(false).await
    }

    async fn launch(&self, startup: bool) -> Result<(), String> {
        let start = Start {
            program: self.daemon.plugin.clone().ok_or("the daemon has no plugin")?,
            lightning_dir: self.daemon.folder(),
            options: self.daemon.options.clone(),
            startup,
        };
        let plugin = match Plugin::start(&start, self.told.clone(), self.host.violations().clone()).await {
            Ok(plugin) => Arc::new(plugin),
            Err(why) => {
                self.host.is_gone();
                let log = std::fs::read_to_string(plugin::log(&start.lightning_dir)).unwrap_or_default();
                return Err(format!("the plugin does not start: {why}\n{log}"));
            }
        };
        self.host.runs(plugin);
        Ok(())
    }

    /// Kills the plugin, and lets messages pass it by from now on.
    ///
    /// # Panics
    /// When it did what a lightningd does not live with. So do [`ask`](Self::ask) and [`stop`](Self::stop).
    pub async fn kill_plugin(&self) {
        let plugin = self.host.plugin();
        self.host.is_gone();
        if let Some(plugin) = plugin {
            plugin.kill().await;
        }
        self.host.violations().check();
    }

    /// Tells the plugin that something has happened, if it has subscribed to that.
    pub fn notify(&self, topic: &str, params: Value) {
        if let Some(plugin) = self.host.plugin() {
            plugin.notify(topic, params);
        }
    }

    /// What the plugin has told under this name so far.
    pub fn told(&self, topic: &str) -> Vec<Value> {
        self.host.told(topic)
    }

    /// Waits until the plugin has told so much under this name.
    pub async fn wait_told(&self, topic: &str, count: usize) -> Vec<Value> {
        self.host.wait_told(topic, count).await
    }

    /// A client of the daemon.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn client(&self) -> Result<Client, String> {
        Client::connect(self.daemon.rpc_path()).await.map_err(|error| error.to_string())
    }

    /// Asks the plugin by a hook, with a payload that was made elsewhere.
    ///
    /// # Errors
    /// The plugin's own, or -4 when it is gone.
    pub async fn ask(&self, hook: &str, payload: Value) -> Result<Value, RpcError> {
        let answer = match self.host.plugin() {
            Some(plugin) => host::ask(&plugin, hook, payload).await,
            None => Err(plugin::terminated()),
        };
        self.host.violations().check();
        answer
    }

    /// Stops it as its operator would: the plugin is told, then the node.
    pub async fn stop(self) {
        if let Some(plugin) = self.host.plugin() {
            self.host.is_gone();
            if plugin.manifest().is_subscribed("shutdown") {
                plugin.notify("shutdown", serde_json::json!({"shutdown": {}}));
                within("the plugin ends", plugin.gone()).await;
            } else {
                plugin.kill().await;
            }
        }
        self.front.abort();
        self.listener.abort();
        self.node.stop().await;
    }
}
