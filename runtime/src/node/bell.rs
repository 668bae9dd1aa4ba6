//! Telling other nodes to look at the ledger.

use std::collections::HashSet;

use cln_primitives::NodeId;
use futures_util::future::join_all;
use tokio::sync::mpsc;

use super::network::Courier;

/// Tells nodes that the ledger has something new for them. A clone is the same bell.
#[derive(Clone, Debug)]
pub(super) struct Bell(mpsc::UnboundedSender<NodeId>);

/// The nodes that are to be told.
pub(super) type Rung = mpsc::UnboundedReceiver<NodeId>;

impl Bell {
    pub(super) fn new() -> (Self, Rung) {
        let (sender, rung) = mpsc::unbounded_channel();
        (Bell(sender), rung)
    }

    /// Tells a node, soon.
    pub(super) fn ring(&self, node: NodeId) {
        // A node that stops tells nobody any more: they look by themselves.
        let _ = self.0.send(node);
    }
}

/// Tells the nodes. What is to be told while others are told becomes one message a node.
pub(super) async fn tell(mut rung: Rung, courier: Courier) {
    while let Some(first) = rung.recv().await {
        let mut nodes = HashSet::from([first]);
        while let Ok(node) = rung.try_recv() {
            nodes.insert(node);
        }
        join_all(nodes.into_iter().map(|node| courier.ring(node))).await;
    }
}
