//! Takes messages of other nodes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use cln_primitives::{NodeId, Secret};
use tokio::net::UnixStream;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::sleep;

use super::courier::{Courier, reply_path};
use super::frame::{self, Frame, Message, Receipt};
use super::in_time;
use crate::bolt12::{Accept, Invoice, InvoiceError};
use crate::engine::{Answer, IncomingInvoice};
use crate::node::keys::Keys;
use crate::node::socket::Socket;

/// How long to wait when the system has no connection to give.
const PAUSE: Duration = Duration::from_millis(100);
/// So many messages are read at a time.
const CONNECTIONS: usize = 64;

/// What a node is to look at.
#[derive(Debug)]
pub enum Event {
    /// An invoice has arrived.
    Invoice(IncomingInvoice),
    /// The ledger has something new.
    Ledger,
}

/// Takes messages until it is dropped. Answers go to who waits for them, all else to `events`; when that is full, senders
/// are told to try again.
pub async fn listen(socket: Socket, keys: Arc<Keys>, courier: Courier, events: mpsc::Sender<Event>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let inbox = Inbox { keys, courier, events };
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
}

impl Inbox {
    async fn serve(&self, mut stream: UnixStream) -> io::Result<()> {
        let frame: Frame = frame::read(&mut stream).await?;
        let receipt =
            if frame.to == self.keys.node_id() { self.take(frame.from, frame.message) } else { Receipt::NotMe };
        frame::write(&mut stream, &receipt).await
    }

    fn take(&self, from: NodeId, message: Message) -> Receipt {
        let event = match message {
            Message::InvoiceError { bytes, reply } => {
                self.courier.replies().answer(&reply, || read_answer(bytes.into_vec()));
                return Receipt::Taken;
            }
            Message::Ledger => Event::Ledger,
            Message::Invoice { bytes, reply, path } => Event::Invoice(IncomingInvoice {
                path_secret: path.and_then(|number| self.path_secret(&bytes, number)),
                invoice: bytes.into_vec(),
                reply_path: Some(reply_path(from, &reply)),
                from: Some(from),
            }),
        };
        match self.events.try_send(event) {
            Ok(()) => Receipt::Taken,
            Err(_) => Receipt::Busy,
        }
    }

    /// What a path of the request, which the invoice repeats, carries for this node.
    fn path_secret(&self, invoice: &[u8], number: usize) -> Option<Secret> {
        let invoice = Invoice::from_bytes(invoice.to_vec(), Accept::Any).ok()?;
        self.keys.read_own_path(invoice.invreq_paths()?.nth(number)?)
    }
}

fn read_answer(bytes: Vec<u8>) -> Answer {
    match InvoiceError::from_bytes(bytes.clone()) {
        Ok(error) => Answer::Refusal(error),
        Err(_) => Answer::Nonsense(bytes),
    }
}
