//! Kills daemons and plugins at random moments, in the midst of what their clients want of them, and looks afterwards at
//! what they say.
//!
//! Which moments those are the machine decides, too: a seed makes a run likely to be seen again, not certain.

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cln_primitives::{Msat, NodeId};
use cln_runtime::bolt12::{Chain, Invoice};
use cln_runtime::client::{CallError, Client};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{Mutex as AsyncMutex, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::pair::PLUGIN;

const NAMES: [&str; 2] = ["alice", "bob"];
/// What each daemon has at first, in msat.
const BALANCE: u64 = 100_000_000_000;
/// So many clients drive cycles at a time.
const CLIENTS: u64 = 8;
/// How long a client waits before it asks again.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a daemon may take to start, with its plugin, or to stop.
const START: Duration = Duration::from_secs(60);
/// How long the clients have to end what they have begun, once nothing is killed any more: seconds, but for a payer whose
/// plugin died while it paid an invoice that its payee has given up since. It waits until that has expired, and eleven
/// minutes more, before it takes another one. A payee gives up what has expired, and what is refused: by the payer's daemon
/// too, in whose eyes there is no such request, when the plugin dies between the claim and its answer to the hook.
const HEALING: Duration = Duration::from_secs(900);

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

struct Process {
    daemon: Child,
    /// For orders; closed, the daemon ends.
    orders: ChildStdin,
}

struct Network {
    folder: TempDir,
    processes: AsyncMutex<[Option<Process>; 2]>,
}

impl Network {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let processes = tokio::join!(start(folder.path(), NAMES[0]), start(folder.path(), NAMES[1]));
        Network { folder, processes: AsyncMutex::new([Some(processes.0), Some(processes.1)]) }
    }

    async fn client(&self, name: &str) -> Client {
        Client::connect(self.folder.path().join(name).join("lightning-rpc")).await.unwrap()
    }

    async fn kill_daemon(&self, which: usize) {
        let mut processes = self.processes.lock().await;
        if let Some(mut process) = processes[which].take() {
            process.daemon.kill().await.unwrap();
        }
    }

    async fn kill_plugin(&self, which: usize) {
        let mut processes = self.processes.lock().await;
        if let Some(process) = &mut processes[which] {
            process.orders.write_all(b"kill\n").await.unwrap();
        }
    }

    async fn heal(&self) {
        for (which, name) in NAMES.iter().enumerate() {
            let mut processes = self.processes.lock().await;
            if let Some(process) = &mut processes[which] {
                let ended = process.daemon.try_wait().unwrap();
                assert!(ended.is_none(), "{name} has ended by itself: {}", logged(self.folder.path(), name));
            } else {
                processes[which] = Some(start(self.folder.path(), name).await);
            }
        }
    }

    async fn stop(&self) {
        for process in self.processes.lock().await.iter_mut().filter_map(Option::take) {
            let Process { mut daemon, orders } = process;
            drop(orders);
            assert!(timeout(START, daemon.wait()).await.expect("a daemon stops in time").unwrap().success());
        }
    }
}

async fn start(root: &Path, name: &str) -> Process {
    let log = std::fs::File::options().create(true).append(true).open(root.join(format!("{name}.log"))).unwrap();
    let mut daemon = Command::new(env!("CARGO_BIN_EXE_fake-lightningd"))
        .args(["--name", name, "--balance", &format!("{BALANCE}msat"), "--plugin", PLUGIN, "--root"])
        .arg(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(daemon.stdout.take().unwrap()).lines();
    let ready = timeout(START, lines.next_line()).await.expect("a daemon starts in time").unwrap();
    let ready = ready.unwrap_or_else(|| panic!("{name} did not start: {}", logged(root, name)));
    assert!(ready.starts_with("ready: "), "{ready}");
    let orders = daemon.stdin.take().unwrap();
    Process { daemon, orders }
}

fn logged(root: &Path, name: &str) -> String {
    std::fs::read_to_string(root.join(format!("{name}.log"))).unwrap()
}

/// Our plugin sends an invoice.
const COLLECT: &str = "lnr-collect";
/// How invoices are sent: by our plugin, or by the daemon itself.
const METHODS: [&str; 2] = [COLLECT, "sendinvoice"];

/// One request, and what its clients know of the invoices for it.
struct Cycle {
    payee: usize,
    method: &'static str,
    single_use: bool,
    request: Value,
    /// By label: the receipt, or `None` when the payer has used its request up.
    ends: Vec<(String, Option<Value>)>,
}

async fn ask(client: &Client, method: &str, params: &Value) -> Result<Value, Option<Value>> {
    match timeout(PATIENCE, client.call_raw(method, params.clone())).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(CallError::Rpc(error))) => Err(Some(json!({"code": error.code, "data": error.data}))),
        Ok(Err(_)) | Err(_) => Err(None),
    }
}

/// Asks until there is an answer. A label makes it one request.
async fn publish(payer: &Client, label: &str, single_use: bool) -> Value {
    let order = json!({"amount": 5000, "description": "killed", "label": label, "single_use": single_use});
    loop {
        if let Ok(request) = ask(payer, "lnr-request", &order).await {
            return request;
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// Asks by one label until there is a receipt, or there will be none.
async fn collect(payee: &Client, method: &str, request: &Value, label: &str, valid: u32) -> Option<Value> {
    let order = json!({"invreq": request["bolt12"], "label": label, "timeout": valid});
    loop {
        match ask(payee, method, &order).await {
            Ok(receipt) => return Some(receipt),
            Err(Some(error)) if is_final(&error) => return None,
            Err(_) => sleep(Duration::from_millis(20)).await,
        }
    }
}

/// The payer has used its request up. That it is busy, or knows nothing of it while its plugin is dead, passes.
fn is_final(error: &Value) -> bool {
    error["code"] == 1004 && error["data"]["error"] == "the invoice_request is no longer available"
}

async fn drive(
    client: u64,
    nodes: [Client; 2],
    valid: &'static [u32],
    cycles: Arc<Mutex<Vec<Cycle>>>,
    mut random: fastrand::Rng,
    stop: watch::Receiver<bool>,
) {
    for number in 0.. {
        if *stop.borrow() {
            return;
        }
        let payee = random.usize(..2);
        let (single_use, rivals, valid) = (random.u8(..4) > 0, random.u8(1..3), valid[random.usize(..valid.len())]);
        let method = METHODS[random.usize(..METHODS.len())];
        let name = format!("{method}: client {client}, cycle {number}");
        let request = publish(&nodes[1 - payee], &name, single_use).await;
        let labels = (0..rivals).map(|rival| format!("{name}, {rival}"));
        let ends = labels.map(async |label| {
            let end = collect(&nodes[payee], method, &request, &label, valid).await;
            (label, end)
        });
        let ends = futures_util::future::join_all(ends).await;
        cycles.lock().unwrap().push(Cycle { payee, method, single_use, request, ends });
    }
}

/// Looks again and again: our plugin has at most one unpaid invoice for a request, whatever the labels.
async fn watch_invoices(payee: Client, stop: watch::Receiver<bool>) {
    let mut start = 1;
    while !*stop.borrow() {
        let listed = ask(&payee, "listinvoices", &json!({"index": "created", "start": start})).await;
        let listed = listed.unwrap_or_default();
        let mut requests = HashMap::new();
        for invoice in listed["invoices"].as_array().into_iter().flatten() {
            let index = invoice["created_index"].as_u64().unwrap();
            if invoice["status"] != "unpaid" {
                start = if requests.is_empty() { index + 1 } else { start };
                continue;
            }
            let label = invoice["label"].as_str().unwrap();
            let text = invoice["bolt12"].as_str().unwrap();
            let request = Invoice::parse(text, Chain::REGTEST).unwrap().invreq_id();
            let other = requests.insert(request, label);
            let other = other.filter(|_| label.starts_with(COLLECT));
            assert!(other.is_none(), "{label} and {other:?} are unpaid at a time");
        }
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn daemons_and_plugins_that_are_killed_lose_nothing() {
    check_kills(setting("LNR_KILLS", 12), &[60]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a payment that was lost is waited for eleven minutes after its invoice has expired"]
async fn nor_when_invoices_expire_while_a_daemon_is_dead() {
    check_kills(setting("LNR_KILLS", 100), &[2, 5, 30]).await;
}

/// Kills so often. `valid` has for how many seconds an invoice may be valid.
async fn check_kills(kills: u64, valid: &'static [u32]) {
    let seed = setting("LNR_SEED", 1);
    let begun = Instant::now();
    let network = Network::start().await;
    let nodes = [network.client(NAMES[0]).await, network.client(NAMES[1]).await];
    let ids = [node_id(&nodes[0]).await, node_id(&nodes[1]).await];
    let (stop, stopping) = watch::channel(false);
    let cycles = Arc::new(Mutex::new(Vec::new()));
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let random = fastrand::Rng::with_seed(seed * CLIENTS + client);
        clients.spawn(drive(client, nodes.clone(), valid, cycles.clone(), random, stopping.clone()));
    }
    let (watched, watching) = watch::channel(false);
    let watchers: JoinSet<()> = nodes.iter().map(|node| watch_invoices(node.clone(), watching.clone())).collect();
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..kills {
        sleep(Duration::from_millis(random.u64(..400))).await;
        let which = random.usize(..2);
        match random.u8(..5) {
            0 => network.kill_daemon(which).await,
            1 => {
                network.kill_daemon(0).await;
                network.kill_daemon(1).await;
            }
            _ => network.kill_plugin(which).await,
        }
        sleep(Duration::from_millis(random.u64(..100))).await;
        network.heal().await;
    }
    stop.send_replace(true);
    timeout(HEALING, clients.join_all()).await.expect("the clients end what they have begun");
    let cycles = std::mem::take(&mut *cycles.lock().unwrap());
    settle(&nodes).await;
    watched.send_replace(true);
    watchers.join_all().await;
    receipts_repeat(&nodes, &cycles).await;
    network.stop().await;
    let paid = check(network.folder.path(), &ids, &cycles);
    let seconds = begun.elapsed().as_secs_f32();
    println!("seed {seed}, {kills} kills in {seconds:.1} s: {} requests, {paid} payments", cycles.len());
}

async fn node_id(node: &Client) -> NodeId {
    serde_json::from_value(node.call_raw("getinfo", json!({})).await.unwrap()["id"].clone()).unwrap()
}

/// Waits until no label is open and no payment is under way.
async fn settle(nodes: &[Client; 2]) {
    let begun = Instant::now();
    for node in nodes {
        loop {
            let invoices = node.call_raw("listinvoices", json!({})).await.unwrap();
            let open = |invoice: &&Value| invoice["status"] == "unpaid";
            let open = invoices["invoices"].as_array().unwrap().iter().filter(open).count();
            let pays = node.call_raw("listpays", json!({"status": "pending"})).await.unwrap();
            let pending = node.call_raw("lnr-pause", json!({})).await.unwrap()["pending"].as_u64().unwrap();
            if open == 0 && pays["pays"] == json!([]) && pending == 0 {
                break;
            }
            assert!(begun.elapsed() < HEALING, "{open} invoices are unpaid, {pending} claims and {pays} pending");
            sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Who asks again is told the same.
async fn receipts_repeat(nodes: &[Client; 2], cycles: &[Cycle]) {
    for cycle in cycles {
        for (label, receipt) in &cycle.ends {
            let Some(receipt) = receipt else { continue };
            let order = json!({"invreq": cycle.request["bolt12"], "label": label});
            let again = nodes[cycle.payee].call_raw(cycle.method, order).await.unwrap();
            assert_eq!(&again, receipt, "the receipt of {label}");
        }
        let shown = json!({"invreq_id": cycle.request["invreq_id"]});
        let shown = nodes[1 - cycle.payee].call_raw("lnr-show", shown).await.unwrap();
        let complete = |claim: &&Value| claim["status"] == "complete";
        let complete = shown["claims"].as_array().unwrap().iter().filter(complete).count();
        let receipts = cycle.ends.iter().filter(|(_, end)| end.is_some()).count();
        assert_eq!(complete, receipts, "what was paid is what was received: {shown}");
        assert_eq!(shown["used"], json!(receipts > 0));
    }
}

/// Looks into the ledger. Gives the number of payments.
fn check(root: &Path, ids: &[NodeId; 2], cycles: &[Cycle]) -> u64 {
    let ledger = root.join("net").join("ledger.sqlite3");
    let ledger = Connection::open_with_flags(ledger, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let number = |sql: &str| ledger.query_row(sql, [], |row| row.get::<_, u64>(0)).unwrap();
    assert_eq!(number("SELECT sum(balance) FROM accounts"), 2 * BALANCE, "money is neither made nor lost");
    assert_eq!(number("SELECT count(*) FROM payments WHERE state = 'offered'"), 0, "no payment hangs");
    let mut all = 0;
    for cycle in cycles {
        let id = cycle.request["invreq_id"].as_str().unwrap().to_uppercase();
        let paid = number(&format!(
            "SELECT count(*) FROM payments WHERE state = 'fulfilled' AND hex(invreq_id) = '{id}' AND hex(payer) = '{}'",
            ids[1 - cycle.payee].to_string().to_uppercase()
        ));
        let receipts = cycle.ends.iter().filter(|(_, end)| end.is_some()).count() as u64;
        assert_eq!(paid, receipts, "request {id}: payments and receipts");
        assert_eq!(
            receipts,
            if cycle.single_use { 1 } else { cycle.ends.len() as u64 },
            "receipts of {id}: {:?}",
            cycle.ends
        );
        all += paid;
    }
    let moved = number("SELECT coalesce(sum(amount), 0) FROM payments WHERE state = 'fulfilled'");
    assert_eq!(Msat::from_msat(moved), Msat::from_msat(5000 * all), "nothing else was paid");
    all
}
