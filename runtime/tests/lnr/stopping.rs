//! What becomes of what is under way when a node stops, and how soon a node with many invoices is back.

use std::process::{Child, Command};
use std::time::{Duration, Instant, UNIX_EPOCH};

use cln_primitives::{Msat, Secret};
use cln_runtime::bolt12::{Chain, InvoiceRequest};
use cln_runtime::client::{CallError, Client};
use cln_runtime::engine::payment_hash;
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::network::start;

/// For a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

struct Node(Child);

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

async fn call(client: &Client, method: &str, params: Value) -> Value {
    client.call_raw(method, params).await.unwrap_or_else(|error| panic!("{method}: {error}"))
}

/// Calls until the answer is as it should be.
async fn until(client: &Client, method: &str, params: Value, is_so: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let answer = call(client, method, params.clone()).await;
        if is_so(&answer) {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "{answer}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A payment whose payee is down is under way when the payer stops. It is final once both are back, and paid once.
async fn check_stop(stop: impl AsyncFn(&Client, &Child)) {
    let network = tempfile::tempdir().unwrap();
    let folder = |name: &str| network.path().join(name);
    let run = |name: &str| Node(start(&folder(name), "1000sat").0);
    let connect = async |name: &str| Client::connect(folder(name).join("lightning-rpc")).await.unwrap();
    let (mut alice, bob) = (run("alice"), run("bob"));
    let (payer, payee) = (connect("alice").await, connect("bob").await);

    let request = call(&payer, "invoicerequest", json!({"amount": "5sat", "description": "a stop"})).await;
    let request = InvoiceRequest::parse(request["bolt12"].as_str().unwrap(), Chain::REGTEST).unwrap().verify().unwrap();
    let id = call(&payee, "getinfo", json!({})).await["id"].as_str().unwrap().parse().unwrap();
    let preimage = Secret::from_bytes([7; 32]);
    let now = UNIX_EPOCH.elapsed().unwrap().as_secs();
    let invoice = request.invoice(payment_hash(&preimage), Msat::from_msat(5000), now, id).build().unwrap();
    let invoice = json!({"invstring": invoice.unsigned_text(), "label": "l", "preimage": preimage.reveal_hex()});
    let invoice = call(&payee, "createinvoice", invoice).await;
    drop(bob);

    let (paying, pay) = (connect("alice").await, json!({"invstring": invoice["bolt12"]}));
    let paying = tokio::spawn(async move { paying.call_raw("xpay", pay).await });
    until(&payer, "listpays", json!({"status": "pending"}), |pays| pays["pays"] != json!([])).await;
    stop(&payer, &alice.0).await;
    let told = paying.await.unwrap();
    assert!(matches!(&told, Err(CallError::Rpc(error)) if error.code == -5), "{told:?}");
    assert_eq!(alice.0.wait().unwrap().code(), Some(0));
    assert!(!folder("alice").join("lightning-rpc").exists());

    alice = run("alice");
    let payer = connect("alice").await;
    let pays = call(&payer, "listpays", json!({})).await;
    assert_eq!(pays["pays"][0]["status"], "pending", "{pays}");
    let _bob = run("bob");
    let paid = until(&payer, "listpays", json!({"status": "complete"}), |pays| pays["pays"] != json!([])).await;
    assert_eq!(paid["pays"].as_array().unwrap().len(), 1);
    let funds = call(&payer, "listfunds", json!({})).await;
    assert_eq!(funds["channels"][0]["our_amount_msat"], 995_000);
    drop(alice);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_at_a_stop_is_final_after_the_next_start() {
    check_stop(async |client, _| {
        assert_eq!(call(client, "stop", json!({})).await, json!({"result": "Shutdown complete"}));
    })
    .await;
    check_stop(async |_, node| {
        assert!(Command::new("kill").args(["-TERM", &node.id().to_string()]).status().unwrap().success());
    })
    .await;
}

/// With 100,000 invoices, after a crash. `cargo test --release -p cln-runtime --test lnr -- --ignored --nocapture start`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures, and takes a while"]
async fn a_node_with_many_invoices_starts_soon_after_a_crash() {
    for (what, state, expires_at) in [
        ("paid", "paid", 1_700_000_000_u64),
        ("unpaid", "unpaid", 4_000_000_000),
        ("unpaid and over", "unpaid", 1_700_000_000),
    ] {
        let network = tempfile::tempdir().unwrap();
        let folder = network.path().join("alice");
        let (node, _) = start(&folder, "1000sat");
        fill(&folder.join("node.sqlite3"), state, expires_at);
        drop(Node(node));

        let begun = Instant::now();
        let node = Node(start(&folder, "0sat").0);
        let ready = begun.elapsed();
        let client = Client::connect(folder.join("lightning-rpc")).await.unwrap();
        call(&client, "invoicerequest", json!({"amount": "5sat", "description": "soon"})).await;
        let served = begun.elapsed();
        println!("100,000 invoices, {what}: ready after {ready:.0?}, has made a request after {served:.0?}");
        assert!(ready < Duration::from_secs(1), "{what}");
        drop(node);
    }
}

/// As many invoices as many months of a busy shop leave.
fn fill(store: &std::path::Path, state: &str, expires_at: u64) {
    let mut store = Connection::open(store).unwrap();
    let paid = (state == "paid").then_some(());
    // In steps, as a node would: otherwise all of it would be in the log.
    for step in 0..100_u64 {
        let transaction = store.transaction().unwrap();
        for number in step * 1000 + 1..=step * 1000 + 1000 {
            let mut id = [0; 32];
            id[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
            let values = params![
                format!("invoice {number}"),
                id,
                id,
                "lni1".repeat(200),
                id,
                "coffee",
                5000,
                expires_at,
                1,
                state,
                paid.map(|()| number),
                paid.map(|()| number),
                paid.map(|()| 5000),
                paid.map(|()| expires_at),
            ];
            let sql = "INSERT INTO invoices (label, payment_hash, invreq_id, bolt12, preimage, description, amount,
                expires_at, attempts, state, htlcs, pay_index, amount_received, paid_at)
                VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)";
            transaction.prepare_cached(sql).unwrap().execute(values).unwrap();
        }
        transaction.commit().unwrap();
    }
    let count = "INSERT INTO counters VALUES ('pay_index', 100000)";
    store.execute_batch(if paid.is_some() { count } else { "" }).unwrap();
}
