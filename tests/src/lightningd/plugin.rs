//! A plugin as a process, talked to as lightningd does.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use cln_primitives::RpcError;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot, watch};

use super::frames::Frames;
use super::manifest::Manifest;
use super::violations::Violations;
use super::within::within;

/// What lightningd answers a client for a plugin that is gone: `PLUGIN_TERMINATED`.
const TERMINATED: i32 = -4;

/// How a plugin is started.
#[derive(Clone, Debug)]
pub struct Start {
    /// The executable.
    pub program: PathBuf,
    /// The node's folder, in which the plugin runs and finds the socket `lightning-rpc`.
    pub lightning_dir: PathBuf,
    /// Options that the operator has set.
    pub options: BTreeMap<String, Value>,
    /// Whether the node starts, too; otherwise `plugin start` has asked for it.
    pub startup: bool,
}

/// A notification that the plugin has sent: its name and parameters.
pub type Told = (String, Value);

/// A plugin that runs and has taken `init`.
#[derive(Debug)]
pub struct Plugin {
    manifest: Manifest,
    process: AsyncMutex<Child>,
    line: Arc<Line>,
}

/// Who waits for an answer, by the request's id.
type Pending = HashMap<String, oneshot::Sender<Result<Value, RpcError>>>;

/// The two pipes.
#[derive(Debug)]
struct Line {
    requests: mpsc::UnboundedSender<Value>,
    /// Who waits for which answer; `None` when the plugin is gone.
    pending: Mutex<Option<Pending>>,
    next: AtomicU64,
    gone: watch::Sender<bool>,
    violations: Violations,
}

impl Plugin {
    /// Starts a plugin: `getmanifest`, then `init`. What it tells goes to `told`.
    ///
    /// # Errors
    /// When it does not start, or says that it is disabled.
    pub async fn start(
        start: &Start,
        told: mpsc::UnboundedSender<Told>,
        violations: Violations,
    ) -> Result<Self, String> {
        let mut process = spawn(start).map_err(|error| format!("{}: {error}", start.program.display()))?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err("the plugin has no pipes".to_owned());
        };
        let line = Line::open(input, output, told, violations);
        let manifest =
            line.call("getmanifest", json!({"allow-deprecated-apis": false})).await.map_err(|it| it.message)?;
        let manifest: Manifest = serde_json::from_value(manifest).map_err(|error| format!("its manifest: {error}"))?;
        let init = json!({
            "options": manifest.values(&start.options),
            "configuration": {
                "lightning-dir": start.lightning_dir,
                "rpc-file": "lightning-rpc",
                "startup": start.startup,
                "network": "regtest",
                "feature_set": {
                    "init": "8000000000", "node": "8000000000", "channel": "", "invoice": "020000",
                },
            },
        });
        let taken = line.call("init", init).await.map_err(|it| it.message)?;
        match taken.get("disable").and_then(Value::as_str) {
            Some(why) => Err(format!("the plugin is disabled: {why}")),
            None => Ok(Plugin { manifest, process: AsyncMutex::new(process), line }),
        }
    }

    /// What it says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Its process, while it runs.
    pub async fn id(&self) -> Option<u32> {
        self.process.lock().await.id()
    }

    /// Calls a command or a hook of the plugin.
    ///
    /// # Errors
    /// Its own, or -4 when it is gone before it has answered.
    pub async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        self.line.call(method, params).await
    }

    /// Sends a notification, if the plugin has subscribed to it.
    pub fn notify(&self, topic: &str, params: Value) {
        if self.manifest.is_subscribed(topic) {
            self.line.send(json!({"jsonrpc": "2.0", "method": topic, "params": params}));
        }
    }

    /// Kills it, which leaves it no time for anything.
    pub async fn kill(&self) {
        let mut process = self.process.lock().await;
        // It may have ended by itself.
        let _ = process.start_kill();
        let _ = process.wait().await;
        drop(process);
        within("the plugin ends", self.gone()).await;
    }

    /// It did what lightningd does not live with: it is heard no more.
    pub fn break_off(&self, violation: String) {
        self.line.break_off(violation);
    }

    /// Returns when it is gone, for whatever reason.
    pub async fn gone(&self) {
        let mut gone = self.line.gone.subscribe();
        let _ = gone.wait_for(|gone| *gone).await;
    }
}

fn spawn(start: &Start) -> io::Result<Child> {
    let log = File::options().create(true).append(true).open(log(&start.lightning_dir))?;
    Command::new(&start.program)
        .env("LIGHTNINGD_PLUGIN", "1")
        .env("LIGHTNINGD_VERSION", "v26.06.6")
        .current_dir(&start.lightning_dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
}

/// What plugins have written to stderr.
pub(super) fn log(lightning_dir: &Path) -> PathBuf {
    lightning_dir.join("plugin.log")
}

impl Line {
    fn open(
        mut input: ChildStdin,
        output: ChildStdout,
        told: mpsc::UnboundedSender<Told>,
        violations: Violations,
    ) -> Arc<Self> {
        let (requests, mut queue) = mpsc::unbounded_channel::<Value>();
        let (gone, _) = watch::channel(false);
        let (pending, next) = (Mutex::new(Some(HashMap::new())), AtomicU64::new(1));
        let line = Arc::new(Line { requests, pending, next, gone, violations });
        tokio::spawn(async move {
            while let Some(message) = queue.recv().await {
                if input.write_all(format!("{message}\n\n").as_bytes()).await.is_err() {
                    return;
                }
            }
        });
        let reader = line.clone();
        tokio::spawn(async move {
            let mut frames = Frames::new(output);
            let end = loop {
                match frames.next().await {
                    Ok(Some(message)) => match reader.take(message, &told) {
                        Ok(()) => {}
                        Err(violation) => break Err(violation),
                    },
                    Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                        break Err(format!("the plugin writes what is no JSON: {error}"));
                    }
                    Ok(None) | Err(_) => break Ok(()),
                }
            };
            match end {
                Ok(()) => reader.close(),
                Err(violation) => reader.break_off(violation),
            }
        });
        line
    }

    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        // A plugin must take any string.
        let id = format!("cln:{method}#{}", self.next.fetch_add(1, Ordering::Relaxed));
        let (sender, answer) = oneshot::channel();
        let Some(()) = self.pending().as_mut().map(|pending| drop(pending.insert(id.clone(), sender))) else {
            return Err(terminated());
        };
        self.send(json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        answer.await.unwrap_or_else(|_| Err(terminated()))
    }

    fn send(&self, message: Value) {
        // When nobody takes it, the plugin is gone, and so is whoever waits.
        let _ = self.requests.send(message);
    }

    /// # Errors
    /// When it is no message that lightningd takes.
    fn take(&self, mut message: Value, told: &mpsc::UnboundedSender<Told>) -> Result<(), String> {
        if let Some(topic) = message["method"].as_str().map(str::to_owned) {
            let _ = told.send((topic, message["params"].take()));
            return Ok(());
        }
        // Read before who waits for it is let go: a violation is told first.
        let answer = match message.get("error") {
            Some(error) => Err(serde_json::from_value(error.clone()).map_err(|why| format!("{why}: {message}"))?),
            None => Ok(message["result"].clone()),
        };
        let id = message["id"].as_str().unwrap_or_default();
        let waiting = match self.pending().as_mut().map(|pending| pending.remove(id)) {
            Some(Some(waiting)) => waiting,
            Some(None) => return Err(format!("the plugin answers what nobody has asked: {message}")),
            // Broken off meanwhile.
            None => return Ok(()),
        };
        let _ = waiting.send(answer);
        Ok(())
    }

    /// Nothing more is said, after what lightningd does not live with.
    fn break_off(&self, violation: String) {
        self.violations.add(violation);
        self.close();
    }

    fn close(&self) {
        // Dropped: who waits hears of it.
        *self.pending() = None;
        self.gone.send_replace(true);
    }

    fn pending(&self) -> MutexGuard<'_, Option<Pending>> {
        self.pending.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

pub(super) fn terminated() -> RpcError {
    RpcError { code: TERMINATED, message: "the plugin ended before it had answered".to_owned(), data: None }
}
