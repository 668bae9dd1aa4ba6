//! A node's ports in memory. Each call takes its time, and before and after what it does the node may stop.

mod beside;
mod courier;
mod htlcs;
mod invoices;
mod requests;
mod wallet;

use std::sync::Arc;
use std::time::Duration;

use cln_primitives::{Hash32, NodeId, Secret};
use cln_runtime::bolt12::secrets::PathUse;
use cln_runtime::bolt12::{Chain, InvoiceRequest, Unsigned, Verified};
use cln_runtime::engine::{Answer, Clock, NodeIdentity, Random, SignError, Signer, StoreError};

use beside::Beside;

use super::keys;
use super::plan::Fault;
use super::turn::{Turn, wait};
use super::world::{Process, Shared, World};

/// The ports of one node.
#[derive(Clone)]
pub(super) struct Ports {
    pub(super) world: Shared,
    pub(super) node: usize,
    /// Where there is a lightningd.
    pub(super) beside: Option<Arc<Beside>>,
}

impl Ports {
    /// The ports of an embedded node.
    pub(super) fn embedded(world: &Shared, node: usize) -> Self {
        Ports { world: world.clone(), node, beside: None }
    }

    /// The ports beside a lightningd, which need the store at the start.
    pub(super) async fn beside(world: &Shared, node: usize) -> Self {
        loop {
            match Beside::open(world, node).await {
                Ok(beside) => return Ports { beside: Some(Arc::new(beside)), ..Self::embedded(world, node) },
                Err(_) => wait(world, 1_000).await,
            }
        }
    }

    /// An answer has come by the way back with this secret; `false` when nobody waits for it.
    pub(super) fn answer(&self, path_secret: &Secret, answer: Answer) -> bool {
        if let Some(beside) = &self.beside {
            return beside.answer(path_secret, answer);
        }
        let mut world = self.world.lock();
        let Some(waiting) = world.nodes[self.node].replies.get_mut(path_secret.reveal()) else { return false };
        waiting.answer = Some(answer);
        if let Some(waker) = waiting.waker.take() {
            waker.wake();
        }
        true
    }

    /// A moment in which others act, and the node may stop.
    fn turn(&self) -> Turn<'_> {
        Turn::new(&self.world, Process::Rules(self.node))
    }

    /// One atomic step of a store.
    async fn atomic<T>(
        &self,
        doing: &'static str,
        effect: impl FnOnce(&mut World) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let failed = |why: &str| Err(StoreError { doing, why: why.to_owned() });
        self.turn().await;
        let done = {
            let mut world = self.world.lock();
            if world.strikes(self.node, Fault::NotStored) {
                return failed("the disk is full");
            }
            effect(&mut world)
        };
        self.turn().await;
        if self.world.lock().strikes(self.node, Fault::Stored) {
            return failed("the disk does not answer");
        }
        done
    }

    /// The same, and the trace tells of it.
    async fn change<T>(
        &self,
        doing: &'static str,
        effect: impl FnOnce(&mut World) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.atomic(doing, |world| {
            world.note(self.node, || doing.to_owned());
            effect(world)
        })
        .await
    }

    /// Waits this long, in milliseconds.
    async fn wait(&self, after: u64) {
        wait(&self.world, after).await;
    }
}

impl Clock for Ports {
    fn now(&self) -> u64 {
        self.world.lock().clock(self.node)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_millis(self.world.lock().now)
    }

    async fn sleep(&self, duration: Duration) {
        self.wait(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX / 2)).await;
    }
}

impl NodeIdentity for Ports {
    fn node_id(&self) -> NodeId {
        keys::of(self.node).id
    }

    fn chain(&self) -> Chain {
        Chain::REGTEST
    }
}

impl Signer for Ports {
    async fn sign_request(&self, request: InvoiceRequest<Unsigned>) -> Result<InvoiceRequest<Verified>, SignError> {
        if let Some(beside) = &self.beside {
            return beside.sign_request(request).await;
        }
        self.turn().await;
        let signed = keys::of(self.node).sign_request(request).map_err(|error| SignError(error.to_string()))?;
        self.world.lock().seen.signed.insert(signed.invreq_id(), signed.clone());
        self.turn().await;
        Ok(signed)
    }

    fn path_secret(&self, purpose: PathUse, id: &Hash32) -> Secret {
        match &self.beside {
            Some(beside) => beside.path_secret(purpose, id),
            None => keys::of(self.node).path_secret(purpose, id),
        }
    }
}

impl Random for Ports {
    fn bytes32(&self) -> [u8; 32] {
        let mut world = self.world.lock();
        let node = &mut world.nodes[self.node];
        node.drawn += 1;
        let mut bytes = [self.node as u8; 32];
        bytes[..8].copy_from_slice(&node.drawn.to_be_bytes());
        bytes
    }
}
