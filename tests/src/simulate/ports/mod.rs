//! A node's ports in memory. Each call takes its time, and before and after what it does the node may stop.

mod courier;
mod htlcs;
mod invoices;
mod requests;
mod wallet;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use cln_primitives::{Hash32, NodeId, Secret};
use cln_runtime::bolt12::secrets::PathUse;
use cln_runtime::bolt12::{Chain, InvoiceRequest, Unsigned, Verified};
use cln_runtime::engine::{Clock, NodeIdentity, Random, SignError, Signer, StoreError};

use super::keys;
use super::plan::Fault;
use super::world::{Event, Shared, World};

/// The ports of one node.
#[derive(Clone)]
pub(super) struct Ports {
    pub(super) world: Shared,
    pub(super) node: usize,
}

impl Ports {
    /// A moment in which others act, and the node may stop.
    fn turn(&self) -> Turn<'_> {
        Turn { ports: self, until: None }
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
        let until = self.world.lock().now + after;
        std::future::poll_fn(|cx| self.at(until, cx)).await;
    }

    fn at(&self, until: u64, cx: &mut Context<'_>) -> Poll<()> {
        let mut world = self.world.lock();
        if world.now >= until {
            return Poll::Ready(());
        }
        let after = until - world.now;
        world.schedule(after, Event::Wake(cx.waker().clone()));
        Poll::Pending
    }
}

/// See [`Ports::turn`].
struct Turn<'a> {
    ports: &'a Ports,
    until: Option<u64>,
}

impl Future for Turn<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let node = self.ports.node;
        let mut world = self.ports.world.lock();
        if let Some(until) = self.until {
            return if world.now >= until { Poll::Ready(()) } else { Poll::Pending };
        }
        world.steps += 1;
        if world.strikes(node, Fault::Crash) {
            world.crash(node);
            return Poll::Pending;
        }
        let after = if world.strikes(node, Fault::Stall) { world.rng.u64(1_000..40_000) } else { world.delay() };
        let until = world.now + after;
        world.schedule(after, Event::Wake(cx.waker().clone()));
        drop(world);
        self.until = Some(until);
        Poll::Pending
    }
}

impl Clock for Ports {
    fn now(&self) -> u64 {
        self.world.lock().clock(self.node)
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
        self.turn().await;
        let signed = keys::of(self.node).sign_request(request).map_err(|error| SignError(error.to_string()))?;
        self.world.lock().seen.signed.insert(signed.invreq_id(), signed.clone());
        self.turn().await;
        Ok(signed)
    }

    fn path_secret(&self, purpose: PathUse, id: &Hash32) -> Secret {
        keys::of(self.node).path_secret(purpose, id)
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
