//! What an embedded node makes of files that are not what they should be: it says so, and leaves them alone.

#![cfg(feature = "node")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cln_primitives::Msat;
use cln_runtime::bolt12::Chain;
use cln_runtime::node::{EmbeddedNode, NodeBuilder};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

fn files(network: &TempDir) -> [PathBuf; 3] {
    ["alice/hsm_secret", "alice/node.sqlite3", "ledger.sqlite3"].map(|name| network.path().join(name))
}

/// Waits until a node that was stopped has closed its databases: a file goes back to SQLite's usual journal only when
/// nobody else has it open.
async fn closed(databases: &[&PathBuf]) {
    for database in databases {
        let connection = Connection::open(database).unwrap();
        let alone = || {
            let mode =
                connection.pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get::<_, String>(0));
            mode.is_ok_and(|mode| mode == "delete")
        };
        let closing = async {
            while !alone() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(30), closing).await.expect("the database is closed");
    }
}

/// Starting must fail and name the file.
async fn refuses(network: &TempDir, file: &Path, words: &str) {
    refuses_as(EmbeddedNode::builder(network.path().join("alice")), file, words).await;
}

async fn refuses_as(node: NodeBuilder, file: &Path, words: &str) {
    let error = node.start().await.unwrap_err().to_string();
    assert!(error.contains(&file.display().to_string()) && error.contains(words), "{error}");
}

#[tokio::test]
async fn a_node_does_not_start_on_files_that_are_not_its_own_and_leaves_them_alone() {
    let network = tempfile::tempdir().unwrap();
    EmbeddedNode::start(network.path().join("alice")).await.unwrap().stop().await;
    let [seed, store, ledger] = files(&network);
    closed(&[&store, &ledger]).await;
    for (file, words) in [(&seed, "32"), (&store, "not a database"), (&ledger, "not a database")] {
        let kept = fs::read(file).unwrap();
        let text = b"this file belongs to somebody else ".repeat(40);
        fs::write(file, &text).unwrap();
        refuses(&network, file, words).await;
        assert_eq!(fs::read(file).unwrap(), text);
        fs::write(file, kept).unwrap();
    }
    fs::rename(&seed, network.path().join("elsewhere")).unwrap();
    refuses(&network, &seed, "is missing").await;
    fs::rename(network.path().join("elsewhere"), &seed).unwrap();
    EmbeddedNode::start(network.path().join("alice")).await.unwrap().stop().await;
}

#[tokio::test]
async fn a_folder_stays_with_its_key_and_its_chain() {
    let network = tempfile::tempdir().unwrap();
    let alice = || EmbeddedNode::builder(network.path().join("alice"));
    let node = alice().start().await.unwrap();
    let id = node.node().node_id().to_string();
    node.stop().await;
    refuses_as(alice().network(Chain::BITCOIN), &network.path().join("alice"), "is for regtest").await;
    let [seed, ..] = files(&network);
    let kept = fs::read(&seed).unwrap();
    fs::write(&seed, [7; 32]).unwrap();
    refuses(&network, &seed, &format!("is not the key of {id}")).await;
    fs::write(&seed, kept).unwrap();
    alice().start().await.unwrap().stop().await;
}

#[tokio::test]
async fn money_that_does_not_exist_is_not_credited() {
    let network = tempfile::tempdir().unwrap();
    let [.., ledger] = files(&network);
    let rich = |msat| EmbeddedNode::builder(network.path().join("alice")).balance(Msat::from_msat(msat));
    refuses_as(rich(u64::MAX), &ledger, "larger than 9223372036854775807").await;
    refuses_as(rich(2_100_000_000_000_000_001), &ledger, "at most 21 million bitcoin").await;
    let node = rich(2_100_000_000_000_000_000).start().await.unwrap();
    assert_eq!(node.node().account().balance().await.unwrap().as_msat(), 2_100_000_000_000_000_000);
}
