//! One connection: a task that writes requests, and a task that reads and hands out what comes.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{OnceCell, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tracing::{debug, warn};

use super::counters::Counters;
use super::error::{ConnectError, ConnectionLost, Delivery};
use super::frame::{FrameError, Framer, Message};
use super::notice::Notice;
use super::table::{Outcome, Owner, Table, Waiting};

/// A request on its way to the socket.
struct Outgoing {
    number: u64,
    bytes: Vec<u8>,
}

/// A connection to a node. Dropped, it ends.
#[derive(Debug)]
pub(crate) struct Connection {
    queue: mpsc::Sender<Outgoing>,
    table: Arc<Table>,
    tasks: [JoinHandle<()>; 2],
    notices: OnceCell<()>,
    counters: Arc<Counters>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.table.lose(ConnectionLost::ClosedHere);
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// So many requests are put into one write at most.
const WRITE_AT_ONCE: usize = 64;
/// So many bytes are read at once.
pub(crate) const READ_AT_ONCE: usize = 128 * 1024;

impl Connection {
    /// Connects. `queue` is how many requests may wait to be written, `limit` the most bytes of an answer.
    pub(crate) async fn open(
        path: &Path,
        queue: usize,
        limit: usize,
        counters: Arc<Counters>,
    ) -> Result<Self, ConnectError> {
        let stream = connect(path).await?;
        let (reader, writer) = stream.into_split();
        let (queue, requests) = mpsc::channel(queue);
        let table = Arc::new(Table::default());
        let writing = tokio::spawn(write(writer, requests, Arc::clone(&table)));
        let stop_writing = writing.abort_handle();
        let reading = tokio::spawn({
            // Made here, so that it goes with a task that never ran.
            let (table, counters) = (Reader(Arc::clone(&table)), Arc::clone(&counters));
            async move {
                read(reader, limit, &table.0, counters).await;
                // Both halves are to go, so that the node learns that nobody listens.
                stop_writing.abort();
            }
        });
        Ok(Self { queue, table, tasks: [writing, reading], notices: OnceCell::new(), counters })
    }

    /// Why it is lost, if it is.
    pub(crate) fn lost(&self) -> Option<ConnectionLost> {
        self.table.lost()
    }

    /// Done once the node was asked for notices.
    pub(crate) fn notices(&self) -> &OnceCell<()> {
        &self.notices
    }

    /// Notes who waits for an answer.
    pub(crate) fn expect(
        self: &Arc<Self>,
        number: u64,
        id: Box<str>,
        notices: Option<mpsc::UnboundedSender<Notice>>,
    ) -> Result<Expected, ConnectionLost> {
        let (reply, outcome) = oneshot::channel();
        self.table.add(number, Waiting { id, reply, notices, delivery: Delivery::NotSent })?;
        Ok(Expected { connection: Arc::clone(self), number, outcome })
    }
}

/// The kernel takes no more connections while so many wait for the node to accept them.
const BUSY_PAUSE: Duration = Duration::from_millis(10);
const BUSY_ATTEMPTS: u32 = 500;

pub(crate) async fn connect(path: &Path) -> Result<UnixStream, ConnectError> {
    for _ in 0..BUSY_ATTEMPTS {
        match UnixStream::connect(path).await {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => sleep(BUSY_PAUSE).await,
            result => return result.map_err(|source| ConnectError::new(path.to_owned(), source)),
        }
    }
    Err(ConnectError::Busy(path.to_owned()))
}

/// An answer that is waited for. Dropped, the call is forgotten: unsent, it will not be sent; sent, its answer will be
/// recognised and dropped.
pub(crate) struct Expected {
    connection: Arc<Connection>,
    number: u64,
    outcome: oneshot::Receiver<Outcome>,
}

impl Drop for Expected {
    fn drop(&mut self) {
        self.connection.table.forget(self.number);
        // The answer may have come between the last look and now.
        self.outcome.close();
        if let Ok(Outcome::Answered(_)) = self.outcome.try_recv() {
            self.connection.counters.add_late();
        }
    }
}

impl Expected {
    /// Sends the request and waits.
    pub(crate) async fn send(&mut self, bytes: Vec<u8>) -> Outcome {
        let queued = self.connection.queue.send(Outgoing { number: self.number, bytes });
        let outcome = tokio::select! {
            biased;
            // The connection can be lost while the queue is full.
            outcome = &mut self.outcome => outcome,
            queued = queued => {
                if queued.is_err() {
                    // Nobody writes any more. What was sent may still be answered.
                    self.connection.table.lose_unsent(ConnectionLost::ClosedHere);
                }
                (&mut self.outcome).await
            }
        };
        outcome.unwrap_or_else(|_| Outcome::Lost(ConnectionLost::ClosedHere, self.give_up()))
    }

    /// Forgets the call; how far its request had come. It comes no further: what was not sent will not be.
    pub(crate) fn give_up(&self) -> Delivery {
        // One that is no longer listed was answered.
        self.connection.table.forget(self.number).unwrap_or(Delivery::Sent)
    }
}

async fn write(mut socket: OwnedWriteHalf, mut requests: mpsc::Receiver<Outgoing>, table: Arc<Table>) {
    let mut batch = Vec::new();
    let mut buffer = Vec::new();
    while requests.recv_many(&mut batch, WRITE_AT_ONCE).await > 0 {
        // The place of each request's end in the buffer.
        let mut ends = Vec::with_capacity(batch.len());
        for Outgoing { number, bytes } in batch.drain(..) {
            // A call that was dropped is not sent.
            if table.deliver(number, Delivery::Unknown) {
                buffer.extend_from_slice(&bytes);
                ends.push((number, buffer.len()));
            }
        }
        let (written, result) = write_all(&mut socket, &buffer).await;
        let mut start = 0;
        for (number, end) in ends {
            let delivery = match written {
                written if written >= end => Delivery::Sent,
                written if written <= start => Delivery::NotSent,
                _ => Delivery::Unknown,
            };
            table.deliver(number, delivery);
            start = end;
        }
        if let Err(error) = result {
            return table.lose_unsent(ConnectionLost::Io(Arc::new(error)));
        }
        buffer.clear();
    }
}

/// Writes a buffer; how much of it was written before an error.
async fn write_all(socket: &mut OwnedWriteHalf, buffer: &[u8]) -> (usize, io::Result<()>) {
    let mut written = 0;
    while written < buffer.len() {
        match socket.write(&buffer[written..]).await {
            Ok(0) => return (written, Err(io::ErrorKind::WriteZero.into())),
            Ok(count) => written += count,
            Err(error) => return (written, Err(error)),
        }
    }
    (written, Ok(()))
}

/// Without a reader nobody is answered, also when its runtime ended and took the task with it.
struct Reader(Arc<Table>);

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.lose(ConnectionLost::ClosedHere);
    }
}

async fn read(mut socket: OwnedReadHalf, limit: usize, table: &Table, counters: Arc<Counters>) {
    let mut framer = Framer::new(limit);
    loop {
        match framer.next_message() {
            Ok(Some(message)) => hand_out(message, table, &counters),
            Ok(None) => {
                reserve(&mut framer.buffer);
                let lost = match socket.read_buf(&mut framer.buffer).await {
                    Ok(0) if framer.is_between_messages() => ConnectionLost::Closed,
                    Ok(0) => ConnectionLost::ClosedWithinMessage,
                    Ok(count) => {
                        counters.add_received(count);
                        continue;
                    }
                    Err(error) => ConnectionLost::Io(Arc::new(error)),
                };
                return table.lose(lost);
            }
            Err(error) => {
                let FrameError::TooLong(limit) = error else {
                    return table.lose(ConnectionLost::Protocol(error.to_string()));
                };
                return table.lose_too_long(framer.begun_id(), limit);
            }
        }
    }
}

/// Grows by halves, so that a large answer is not copied too often.
fn reserve(buffer: &mut BytesMut) {
    if buffer.capacity() - buffer.len() < READ_AT_ONCE / 2 {
        buffer.reserve(READ_AT_ONCE.max(buffer.len() / 2));
    }
}

fn hand_out(message: Message, table: &Table, counters: &Counters) {
    if let (Some(method), Some(params)) =
        (message.member(&message.members.method), message.member(&message.members.params))
    {
        match Notice::read(&method, &params) {
            Some((id, notice)) => table.notify(&id, notice),
            None => debug!("a notification that is about no call"),
        }
        return;
    }
    let Some(id) = message.member(&message.members.id) else {
        counters.add_unknown();
        return warn!("a message without an id");
    };
    match table.settle(&id, Outcome::Answered(message)) {
        Ok(()) => {}
        Err(Owner::Past) => {
            counters.add_late();
            debug!(id = %id.escape_ascii(), "an answer that nobody waits for any more");
        }
        Err(Owner::Nobody) => {
            counters.add_unknown();
            warn!("an answer to an id that was never used");
        }
    }
}
