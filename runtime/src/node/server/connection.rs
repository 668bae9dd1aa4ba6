//! One client's requests and answers.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{debug, warn};

use super::call::{self, Caller, Held, Outgoing, refusal};
use super::memory::Requests;
use super::message::{Id, Malformed, Request, answer};
use super::{Common, Service, is_told};
use crate::client::frame::Framer;

const READ_AT_ONCE: usize = 8 * 1024;

/// One client.
pub(super) struct Connection<S> {
    pub(super) common: Arc<Common<S>>,
    pub(super) stopping: watch::Receiver<bool>,
}

/// Why no more is read.
enum End {
    /// The client has gone, or does not listen.
    Gone,
    /// What it sent cannot be read.
    Unreadable(Box<Malformed>),
    /// The node stops.
    Stopping,
}

impl<S: Service> Connection<S> {
    /// Serves the client until it goes or the node stops, and until what it has begun is done.
    pub(super) async fn run(self, stream: UnixStream) {
        let (reader, writer) = stream.into_split();
        let (answers, unread) = mpsc::channel(self.common.limits.unread);
        // Both end with this task, should it be dropped.
        let mut writing = JoinSet::new();
        writing.spawn(write(writer, unread, self.common.limits.stalled));
        let gone = watch::Sender::new(false);
        let mut calls = JoinSet::new();
        let end = self.read(reader, &answers, &gone, &mut calls).await;
        match end {
            // Its answers are written as far as that goes: it may have closed but one half.
            End::Gone => drop(gone.send_replace(true)),
            End::Unreadable(malformed) => {
                debug!(error = %malformed.error, "a client sent what cannot be read");
                let _ = answers.send(Outgoing::error(&malformed.id, malformed.error)).await;
                gone.send_replace(true);
            }
            End::Stopping => {}
        }
        drop(answers);
        calls.join_all().await;
        writing.join_all().await;
    }

    /// Tells a client that there are too many.
    pub(super) async fn turn_away(self, mut stream: UnixStream) {
        let most = self.common.limits.connections;
        let error = refusal(format!("{most} clients are connected, which is the most: close some"));
        let _ = stream.write_all(&answer(&Id::null(), &Err(error))).await;
    }

    async fn read(
        &self,
        mut reader: OwnedReadHalf,
        answers: &mpsc::Sender<Outgoing>,
        gone: &watch::Sender<bool>,
        calls: &mut JoinSet<()>,
    ) -> End {
        let limits = &self.common.limits;
        let (places, turns) = (Arc::new(Semaphore::new(limits.in_flight)), Arc::new(Semaphore::new(1)));
        let mut requests = Requests::new(&self.common.memory);
        let mut framer = Framer::new(limits.request);
        let mut stopping = self.stopping.clone();
        loop {
            loop {
                let message = match framer.next_message() {
                    Ok(Some(message)) => message,
                    Ok(None) => break,
                    Err(error) => return End::Unreadable(Box::new(Malformed::unreadable(&error))),
                };
                let begun =
                    Request::read(&message.bytes).and_then(|request| match requests.begin(message.bytes.len()) {
                        Some(room) => Ok((request, room)),
                        None => Err(no_room(request.id, limits.requests, false)),
                    });
                let (request, room) = match begun {
                    Ok(begun) => begun,
                    Err(malformed) if malformed.fatal => return End::Unreadable(malformed),
                    Err(malformed) => {
                        let told = answers.send(Outgoing::error(&malformed.id, malformed.error));
                        tokio::select! {
                            told = told => if told.is_ok() { continue } else { return End::Gone },
                            () = is_told(&mut stopping) => return End::Stopping,
                        }
                    }
                };
                let place = tokio::select! {
                    place = Arc::clone(&places).acquire_owned() => place,
                    () = answers.closed() => return End::Gone,
                    () = is_told(&mut stopping) => return End::Stopping,
                };
                let Ok(place) = place else { return End::Gone };
                let held = Held { place, room, turns: turns.clone() };
                let (answers, stopping) = (answers.clone(), self.stopping.clone());
                let caller = Caller { answers, gone: gone.subscribe(), stopping };
                calls.spawn(call::run(self.common.clone(), request, held, caller));
                while calls.try_join_next().is_some() {}
            }
            if !requests.buffer(framer.buffer.len()) {
                return End::Unreadable(no_room(Id::null(), limits.requests, true));
            }
            if framer.buffer.is_empty() {
                // So that who is silent keeps no memory of earlier requests.
                framer.buffer = BytesMut::new();
            }
            framer.buffer.reserve(READ_AT_ONCE);
            tokio::select! {
                read = reader.read_buf(&mut framer.buffer) => if !matches!(read, Ok(1..)) { return End::Gone },
                () = answers.closed() => return End::Gone,
                () = is_told(&mut stopping) => return End::Stopping,
            }
        }
    }
}

fn no_room(id: Id, all: usize, fatal: bool) -> Box<Malformed> {
    let end = if fatal { "; the connection is closed" } else { "" };
    let message = format!("the requests of all clients may take {all} bytes, which they do: try again later{end}");
    Box::new(Malformed { id, error: refusal(message), fatal })
}

/// Writes answers until there are no more, or the client takes none, or nothing for that long.
async fn write(mut writer: OwnedWriteHalf, mut answers: mpsc::Receiver<Outgoing>, stalled: Duration) {
    while let Some(answer) = answers.recv().await {
        let mut left = answer.bytes.as_slice();
        while !left.is_empty() {
            match timeout(stalled, writer.write(left)).await {
                Ok(Ok(written)) if written > 0 => left = left.get(written..).unwrap_or_default(),
                Ok(_) => return debug!("a client has gone before it had its answer"),
                Err(_) => {
                    return warn!(
                        unread = left.len(),
                        "a client takes nothing of its answer: its connection is closed"
                    );
                }
            }
        }
    }
}
