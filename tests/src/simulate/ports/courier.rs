//! The network for messages.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use cln_runtime::bolt12::{Invoice, InvoiceError, InvoiceRequest, Verified};
use cln_runtime::engine::{Answer, Courier, IncomingInvoice, ReplyPath, SendError};

use super::Ports;
use crate::simulate::keys;
use crate::simulate::plan::Fault;
use crate::simulate::world::{Event, Reply, Shared, World, short};

impl Courier for Ports {
    type Reply = Listener;

    async fn send_invoice(
        &self,
        request: &InvoiceRequest<Verified>,
        invoice: &Invoice<Verified>,
    ) -> Result<Listener, SendError> {
        self.turn().await;
        let listener = self.send(request, invoice)?;
        self.turn().await;
        if self.world.lock().strikes(self.node, Fault::SendUnknown) {
            return Err(SendError::Unknown("the connection is gone".to_owned()));
        }
        Ok(listener)
    }

    async fn send_error(&self, to: &ReplyPath, error: &InvoiceError) -> Result<(), SendError> {
        self.turn().await;
        {
            let world = &mut *self.world.lock();
            let Some((payee, reply)) = read(to) else {
                return Err(SendError::Unreachable("no such path".to_owned()));
            };
            if let Some(hash) = world.seen.asked.get(&(payee, reply)).copied() {
                world.seen.refusals.insert(hash);
                world.note(self.node, || format!("  refuses {}: {error}", short(hash)));
            }
            let nonsense = world.strikes(self.node, Fault::Nonsense);
            for after in copies(world, self.node) {
                let answer = if nonsense { Answer::Nonsense(vec![0]) } else { Answer::Refusal(error.clone()) };
                world.schedule(after, Event::Answer { to: payee, reply, answer });
            }
        }
        self.turn().await;
        if self.world.lock().strikes(self.node, Fault::SendUnknown) {
            return Err(SendError::Unknown("the connection is gone".to_owned()));
        }
        Ok(())
    }
}

impl Ports {
    /// Gives a message to the network.
    fn send(&self, request: &InvoiceRequest<Verified>, invoice: &Invoice<Verified>) -> Result<Listener, SendError> {
        let node = self.node;
        let world = &mut *self.world.lock();
        let to = request.invreq_payer_id().and_then(keys::node);
        let Some(to) = to.filter(|_| !world.strikes(node, Fault::Unreachable)) else {
            return Err(SendError::Unreachable("no way to the payer".to_owned()));
        };
        if world.strikes(node, Fault::NotSent) {
            return Err(SendError::NotSent("the node is busy".to_owned()));
        }
        let hash = invoice.payment().payment_hash;
        let reply = world.seen.asked.len() as u64;
        world.seen.asked.insert((node, reply), hash);
        world.nodes[node].replies.insert(reply, Reply::default());
        world.note(node, || format!("  sends {} to node {to}", short(hash)));
        for after in copies(world, node) {
            *world.seen.left.entry(hash).or_default() += 1;
            let mut bytes = invoice.as_bytes().to_vec();
            if world.strikes(node, Fault::Corrupt) {
                let at = world.rng.usize(0..bytes.len());
                bytes[at] ^= world.rng.u8(1..=255);
            }
            let message = IncomingInvoice {
                invoice: bytes,
                path_secret: None,
                reply_path: Some(write(node, reply)),
                from: Some(keys::of(node).id),
            };
            world.schedule(after, Event::Message { to, message: Box::new(message) });
        }
        Ok(Listener { world: self.world.clone(), node, reply })
    }
}

/// When the copies of a message arrive.
fn copies(world: &mut World, node: usize) -> Vec<u64> {
    let mut copies = Vec::new();
    if !world.strikes(node, Fault::Drop) {
        let late = if world.strikes(node, Fault::Delay) { world.rng.u64(0..60_000) } else { 0 };
        copies.push(late + world.delay());
    }
    if world.strikes(node, Fault::Duplicate) {
        let late = if world.rng.bool() { 120_000 } else { 200 };
        copies.push(world.rng.u64(0..late));
    }
    copies
}

fn write(node: usize, reply: u64) -> ReplyPath {
    let mut bytes = reply.to_be_bytes().to_vec();
    bytes.push(node as u8);
    ReplyPath(bytes)
}

fn read(path: &ReplyPath) -> Option<(usize, u64)> {
    let (node, reply) = path.0.split_last()?;
    Some(((*node).into(), u64::from_be_bytes(reply.try_into().ok()?)))
}

/// Listens for the answer to one message.
pub(crate) struct Listener {
    world: Shared,
    node: usize,
    reply: u64,
}

impl Future for Listener {
    type Output = Answer;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer> {
        let mut world = self.world.lock();
        let Some(reply) = world.nodes[self.node].replies.get_mut(&self.reply) else { return Poll::Pending };
        if let Some(answer) = reply.answer.take() {
            return Poll::Ready(answer);
        }
        reply.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.world.lock().nodes[self.node].replies.remove(&self.reply);
    }
}
