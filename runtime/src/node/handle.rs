//! What everybody inside a node holds of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cln_primitives::NodeId;
use tokio::sync::watch;

use super::keys::Keys;

/// A running node. A clone is the same node.
#[derive(Clone, Debug)]
pub struct Node(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    directory: PathBuf,
    keys: Keys,
    stop: watch::Sender<bool>,
}

impl Node {
    /// The node's folder.
    pub fn directory(&self) -> &Path {
        &self.0.directory
    }

    /// Its keys.
    pub fn keys(&self) -> &Keys {
        &self.0.keys
    }

    /// Its id.
    pub fn node_id(&self) -> NodeId {
        self.keys().node_id()
    }

    /// Asks it to stop, and returns at once.
    pub fn stop(&self) {
        self.0.stop.send_replace(true);
    }

    /// Waits until somebody has asked it to stop.
    pub async fn stopping(&self) {
        // The sender is in `self`, so waiting cannot fail.
        let _ = self.0.stop.subscribe().wait_for(|stop| *stop).await;
    }
}
