//! Takes messages of other nodes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use cln_primitives::NodeId;
use tokio::net::UnixStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::sleep;

use super::courier::Courier;
use super::frame::{self, Frame, Message, Receipt};
use super::in_time;
use crate::node::keys::Keys;
use crate::node::socket::Socket;
use crate::onion::{NextNode, Packet, Peeled, Received};

/// How long to wait when the system has no connection to give.
const PAUSE: Duration = Duration::from_millis(100);
/// So many messages are read at a time.
const CONNECTIONS: usize = 64;
/// So many messages are given on at a time; who brings more is told to try again.
const FORWARDS: usize = 64;

/// What a node is to look at.
#[derive(Debug)]
pub enum Event {
    /// A message has arrived.
    Message {
        /// What it says.
        received: Box<Received>,
        /// The neighbour that brought it.
        from: NodeId,
    },
    /// The ledger has something new.
    Ledger,
}

/// Takes messages until it is dropped. Those for this node go to `events`, others on to the next node. When there are too
/// many, senders are told to try again.
pub async fn listen(socket: Socket, keys: Arc<Keys>, courier: Courier, events: mpsc::Sender<Event>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let inbox = Inbox { keys, courier, events, forwards: Arc::new(Semaphore::new(FORWARDS)) };
    loop {
        // Closed by nobody.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let stream = match socket.listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "cannot take a connection of another node: trying again");
                sleep(PAUSE).await;
                continue;
            }
        };
        let inbox = inbox.clone();
        tokio::spawn(async move {
            if let Err(error) = in_time(inbox.serve(stream)).await {
                tracing::debug!(%error, "a message could not be read, and was dropped");
            }
            drop(place);
        });
    }
}

#[derive(Clone)]
struct Inbox {
    keys: Arc<Keys>,
    courier: Courier,
    events: mpsc::Sender<Event>,
    forwards: Arc<Semaphore>,
}

impl Inbox {
    async fn serve(&self, mut stream: UnixStream) -> io::Result<()> {
        let frame: Frame = frame::read(&mut stream).await?;
        let receipt =
            if frame.to == self.keys.node_id() { self.take(frame.from, frame.message) } else { Receipt::NotMe };
        frame::write(&mut stream, &receipt).await
    }

    fn take(&self, from: NodeId, message: Message) -> Receipt {
        let packet = match message {
            Message::Ledger => return self.tell(Event::Ledger),
            Message::Onion { path_key, message } => Packet { path_key, message: message.into_vec() },
        };
        match self.keys.peel(&packet) {
            Ok(Peeled::Received(received)) => self.tell(Event::Message { received: Box::new(received), from }),
            Ok(Peeled::Forward { next, packet }) => self.forward(next, packet),
            Err(error) => {
                // Whoever brought it has done its part.
                tracing::debug!(%error, %from, "an onion message was dropped");
                Receipt::Taken
            }
        }
    }

    fn tell(&self, event: Event) -> Receipt {
        match self.events.try_send(event) {
            Ok(()) => Receipt::Taken,
            Err(_) => Receipt::Busy,
        }
    }

    /// Whether it arrives nobody is told: onion messages have no receipts beyond the next node.
    fn forward(&self, next: NextNode, packet: Packet) -> Receipt {
        let Ok(place) = Arc::clone(&self.forwards).try_acquire_owned() else { return Receipt::Busy };
        let courier = self.courier.clone();
        tokio::spawn(async move {
            if let Err(error) = courier.forward(next, packet).await {
                tracing::debug!(%error, "an onion message was not given on");
            }
            drop(place);
        });
        Receipt::Taken
    }
}
