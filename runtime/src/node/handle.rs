//! What everybody inside a node holds of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cln_primitives::{NodeId, Secret};
use tokio::sync::{Notify, watch};
use tokio_util::task::TaskTracker;

use super::keys::Keys;
use super::ledger::Account;
use super::network::Folder;
use super::ports::Ports;
use super::store::Store;
use crate::bolt12::{Chain, Invoice, Verified};
use crate::engine::{Creation, Issuer, StoreError};

/// A running node. A clone is the same node.
#[derive(Clone, Debug)]
pub struct Node(Arc<Parts>);

#[derive(Debug)]
pub(super) struct Parts {
    pub(super) directory: PathBuf,
    pub(super) folder: Folder,
    pub(super) ports: Ports,
    pub(super) issuer: Issuer<Ports>,
    pub(super) tasks: TaskTracker,
    pub(super) left_over: Notify,
    pub(super) stop: watch::Sender<bool>,
}

impl Node {
    pub(super) fn new(parts: Parts) -> Self {
        Node(Arc::new(parts))
    }

    /// The node's folder.
    pub fn directory(&self) -> &Path {
        &self.0.directory
    }

    /// The network's folder, in which the other nodes are.
    pub fn network(&self) -> &Folder {
        &self.0.folder
    }

    /// The chain on which it pays and is paid.
    pub fn chain(&self) -> Chain {
        self.keys().chain()
    }

    /// Its id.
    pub fn node_id(&self) -> NodeId {
        self.keys().node_id()
    }

    /// Its keys.
    pub fn keys(&self) -> &Keys {
        &self.ports().keys
    }

    /// Its requests, claims and invoices.
    pub fn store(&self) -> &Store {
        &self.ports().store
    }

    /// Its money.
    pub fn account(&self) -> &Account {
        &self.ports().account
    }

    /// Stores an invoice that is signed already: see [`Store::add_invoice`].
    pub(super) async fn add_invoice(
        &self,
        label: String,
        invoice: Invoice<Verified>,
        preimage: Secret,
    ) -> Result<Creation, StoreError> {
        let creation = self.store().add_invoice(label, invoice, preimage).await?;
        self.ports().created.notify_one();
        Ok(creation)
    }

    /// The rules of a payer, over this node.
    pub fn issuer(&self) -> &Issuer<Ports> {
        &self.0.issuer
    }

    /// What the engine's other rules work on.
    pub fn ports(&self) -> &Ports {
        &self.0.ports
    }

    /// Asks it to stop, and returns at once.
    pub fn stop(&self) {
        self.0.stop.send_replace(true);
    }

    /// Becomes true when somebody has asked it to stop.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.0.stop.subscribe()
    }

    /// Told when the store's failure may have left a claim that nobody pays.
    pub(super) fn left_over(&self) -> &Notify {
        &self.0.left_over
    }

    /// Runs until it ends, or the node stops.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut stopping = self.stopping();
        self.0.tasks.spawn(async move {
            tokio::select! {
                // When the sender is gone, so is the node.
                _ = stopping.wait_for(|stop| *stop) => {}
                () = task => {}
            }
        });
    }

    /// Waits until all that [`spawn`](Self::spawn) runs has ended.
    pub(super) async fn tasks_ended(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }
}
