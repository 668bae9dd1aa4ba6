//! Two nodes as processes.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use cln_runtime::client::Client;
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

pub const NAMES: [&str; 2] = ["alice", "bob"];
/// What each node has at first, in msat.
pub const BALANCE: u64 = 100_000_000_000;
/// How long a node may take to start.
const START: Duration = Duration::from_secs(20);
/// How long the nodes may take to end all payments, once nobody wants anything of them.
const QUIET: Duration = Duration::from_secs(30);

/// A network of two nodes.
pub struct Network {
    folder: TempDir,
    nodes: Mutex<[Option<Child>; 2]>,
    clients: [Client; 2],
}

impl Network {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let nodes = [Some(start(folder.path(), NAMES[0]).await), Some(start(folder.path(), NAMES[1]).await)];
        let connect = |name| Client::connect(folder.path().join(name).join("lightning-rpc"));
        let clients = [connect(NAMES[0]).await.unwrap(), connect(NAMES[1]).await.unwrap()];
        Network { folder, nodes: Mutex::new(nodes), clients }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn clients(&self) -> [Client; 2] {
        self.clients.clone()
    }

    /// Kills these nodes, which leaves them no time for anything.
    pub async fn kill(&self, names: &[&str]) {
        let mut nodes = self.nodes.lock().await;
        for (node, name) in nodes.iter_mut().zip(NAMES) {
            if let Some(mut process) = node.take_if(|_| names.contains(&name)) {
                process.kill().await.unwrap();
            }
        }
    }

    /// Starts the nodes that are dead.
    pub async fn heal(&self) {
        let mut nodes = self.nodes.lock().await;
        for (node, name) in nodes.iter_mut().zip(NAMES) {
            if node.is_none() {
                *node = Some(start(self.folder(), name).await);
            }
        }
    }

    /// Waits until no payment is under way.
    pub async fn quiet(&self) {
        let begun = Instant::now();
        let open = |file: PathBuf, sql: &str| {
            let file = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
            file.query_row(sql, [], |row| row.get::<_, u64>(0)).unwrap()
        };
        let under_way = || {
            let claims = "SELECT count(*) FROM claims WHERE state = 'pending'";
            let invoices = "SELECT count(*) FROM invoices WHERE state IN ('unpaid', 'accepted')";
            let stores = NAMES.map(|name| self.folder().join(name).join("node.sqlite3"));
            let offered = "SELECT count(*) FROM payments WHERE state = 'offered'";
            let of_stores = stores.map(|store| open(store.clone(), claims) + open(store, invoices));
            of_stores.iter().sum::<u64>() + open(self.folder().join("ledger.sqlite3"), offered)
        };
        while under_way() > 0 {
            assert!(begun.elapsed() < QUIET, "{} payments do not end", under_way());
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Stops both as their user would.
    pub async fn stop(&self) {
        for node in self.nodes.lock().await.iter_mut().filter_map(Option::take) {
            terminate(node).await;
        }
    }
}

async fn start(folder: &Path, name: &str) -> Child {
    let log = File::options().create(true).append(true).open(folder.join(format!("{name}.log"))).unwrap();
    let mut node = Command::new(env!("CARGO_BIN_EXE_lnr"))
        .args(["node", "--balance", &format!("{BALANCE}msat"), "--dir"])
        .arg(folder.join(name))
        .stdout(Stdio::piped())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(node.stdout.take().unwrap()).lines();
    let ready = timeout(START, lines.next_line()).await.expect("a node starts in time").unwrap();
    let ready = ready.unwrap_or_else(|| {
        panic!("{name} did not start: {}", std::fs::read_to_string(folder.join(format!("{name}.log"))).unwrap())
    });
    assert!(ready.starts_with("ready: "), "{ready}");
    node
}

async fn terminate(mut node: Child) {
    let id = node.id().unwrap().to_string();
    assert!(Command::new("kill").arg(id).status().await.unwrap().success());
    let end = timeout(START, node.wait()).await.expect("a node stops in time").unwrap();
    assert!(end.success(), "a node stopped with {end}");
}
