//! What an embedded node makes of files that are not what they should be: it says so, and leaves them alone.

#![cfg(feature = "node")]

use std::fs;
use std::path::{Path, PathBuf};

use cln_runtime::node::EmbeddedNode;
use tempfile::TempDir;

fn files(network: &TempDir) -> [PathBuf; 3] {
    ["alice/hsm_secret", "alice/node.sqlite3", "ledger.sqlite3"].map(|name| network.path().join(name))
}

/// Starting must fail and name the file.
async fn refuses(network: &TempDir, file: &Path, words: &str) {
    let error = EmbeddedNode::start(network.path().join("alice")).await.unwrap_err().to_string();
    assert!(error.contains(&file.display().to_string()) && error.contains(words), "{error}");
}

#[tokio::test]
async fn a_node_does_not_start_on_files_that_are_not_its_own_and_leaves_them_alone() {
    let network = tempfile::tempdir().unwrap();
    EmbeddedNode::start(network.path().join("alice")).await.unwrap().stop().await;
    let [seed, store, ledger] = files(&network);
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
