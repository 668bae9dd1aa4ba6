//! The network for messages.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use cln_primitives::Secret;
use cln_runtime::bolt12::{Invoice, InvoiceError, InvoiceRequest, Verified};
use cln_runtime::engine::{Answer, Courier, ReplyPath, SendError};
use cln_runtime::onion::Reply;
use futures_util::future::Either;

use super::Ports;
use crate::simulate::plan::Fault;
use crate::simulate::world::{Shared, Waiting};

impl Courier for Ports {
    type Reply = Either<Listener, Reply>;

    async fn send_invoice(
        &self,
        request: &InvoiceRequest<Verified>,
        invoice: &Invoice<Verified>,
    ) -> Result<Self::Reply, SendError> {
        if let Some(beside) = &self.beside {
            return beside.send_invoice(request, invoice).await.map(Either::Right);
        }
        self.turn().await;
        let listener = self.send(request, invoice)?;
        self.turn().await;
        if self.world.lock().strikes(self.node, Fault::SendUnknown) {
            return Err(SendError::Unknown("the connection is gone".to_owned()));
        }
        Ok(Either::Left(listener))
    }

    async fn send_error(&self, to: &ReplyPath, error: &InvoiceError) -> Result<(), SendError> {
        if let Some(beside) = &self.beside {
            self.world.lock().refuses(self.node, to, error);
            return beside.send_error(to, error).await;
        }
        self.turn().await;
        {
            let world = &mut *self.world.lock();
            world.refuses(self.node, to, error);
            let Some(message) = world.refusal(self.node, to, error) else {
                return Err(SendError::Unreachable("no such path".to_owned()));
            };
            world.give(self.node, message).map_err(|error| SendError::NotSent(error.to_string()))?;
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
        let to = request.invreq_payer_id();
        let Some(to) = to.filter(|_| !world.strikes(node, Fault::Unreachable)) else {
            return Err(SendError::Unreachable("no way to the payer".to_owned()));
        };
        if world.strikes(node, Fault::NotSent) {
            return Err(SendError::NotSent("the node is busy".to_owned()));
        }
        let back = Secret::from_bytes(world.entropy());
        world.nodes[node].replies.insert(*back.reveal(), Waiting::default());
        let message = world.invoice_message(node, to, invoice.as_bytes(), &back);
        let Some(message) = message else { return Err(SendError::NotSent("no message can be made".to_owned())) };
        world.give(node, message).map_err(|error| SendError::NotSent(error.to_string()))?;
        Ok(Listener { world: self.world.clone(), node, reply: *back.reveal() })
    }
}

/// Listens for the answer to one message.
pub(crate) struct Listener {
    world: Shared,
    node: usize,
    reply: [u8; 32],
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
