//! One client's requests and answers.

use std::sync::Arc;

use cln_api::error_code::{LIGHTNINGD, LIGHTNINGD_SHUTDOWN};
use cln_primitives::RpcError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tracing::debug;

use super::message::{Id, Malformed, Request, answer};
use super::{Limits, Service, is_told};
use crate::client::frame::Framer;

const READ_AT_ONCE: usize = 8 * 1024;
/// The requests that run have together so many times the bytes of the longest at most, as each keeps its parameters. The
/// next are not read until then.
const HELD: usize = 4;

/// One client.
pub(super) struct Connection<S> {
    pub(super) service: Arc<S>,
    pub(super) stopping: watch::Receiver<bool>,
    pub(super) limits: Limits,
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

/// What a request that runs keeps from the next ones.
struct Place {
    _number: OwnedSemaphorePermit,
    _bytes: OwnedSemaphorePermit,
}

impl Place {
    /// `None` when there are no more places, ever.
    async fn take(places: &Arc<Semaphore>, bytes: &Arc<Semaphore>, length: usize) -> Option<Self> {
        let length = u32::try_from(length).ok()?;
        let number = Arc::clone(places).acquire_owned().await.ok()?;
        let bytes = Arc::clone(bytes).acquire_many_owned(length).await.ok()?;
        Some(Place { _number: number, _bytes: bytes })
    }
}

impl<S: Service> Connection<S> {
    /// Serves the client until it goes or the node stops, and until what it has begun is done.
    pub(super) async fn run(self, stream: UnixStream) {
        let (reader, writer) = stream.into_split();
        let (answers, unread) = mpsc::channel(self.limits.unread);
        // Both end with this task, should it be dropped.
        let mut writing = JoinSet::new();
        writing.spawn(write(writer, unread));
        let gone = watch::Sender::new(false);
        let mut calls = JoinSet::new();
        let end = self.read(reader, &answers, &gone, &mut calls).await;
        match end {
            // Its answers are written as far as that goes: it may have closed but one half.
            End::Gone => drop(gone.send_replace(true)),
            End::Unreadable(malformed) => {
                debug!(error = %malformed.error, "a client sent what cannot be read");
                let _ = answers.send(answer(&malformed.id, &Err(malformed.error))).await;
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
        let message = format!("{} clients are connected, which is the most: close some", self.limits.connections);
        let error = RpcError { code: LIGHTNINGD, message, data: None };
        let _ = stream.write_all(&answer(&Id::null(), &Err(error))).await;
    }

    async fn read(
        &self,
        mut reader: OwnedReadHalf,
        answers: &mpsc::Sender<Vec<u8>>,
        gone: &watch::Sender<bool>,
        calls: &mut JoinSet<()>,
    ) -> End {
        let places = Arc::new(Semaphore::new(self.limits.in_flight));
        let bytes = Arc::new(Semaphore::new(HELD * self.limits.request));
        let mut framer = Framer::new(self.limits.request);
        let mut stopping = self.stopping.clone();
        loop {
            loop {
                let message = match framer.next_message() {
                    Ok(Some(message)) => message,
                    Ok(None) => break,
                    Err(error) => return End::Unreadable(Box::new(Malformed::unreadable(&error))),
                };
                let request = match Request::read(&message.bytes) {
                    Ok(request) => request,
                    Err(malformed) if malformed.fatal => return End::Unreadable(malformed),
                    Err(malformed) => {
                        let told = answers.send(answer(&malformed.id, &Err(malformed.error)));
                        tokio::select! {
                            told = told => if told.is_ok() { continue } else { return End::Gone },
                            () = is_told(&mut stopping) => return End::Stopping,
                        }
                    }
                };
                let place = tokio::select! {
                    place = Place::take(&places, &bytes, message.bytes.len()) => place,
                    () = answers.closed() => return End::Gone,
                    () = is_told(&mut stopping) => return End::Stopping,
                };
                let Some(place) = place else { return End::Gone };
                calls.spawn(self.call(request, place, answers.clone(), gone.subscribe()));
                while calls.try_join_next().is_some() {}
            }
            framer.buffer.reserve(READ_AT_ONCE);
            tokio::select! {
                read = reader.read_buf(&mut framer.buffer) => if !matches!(read, Ok(1..)) { return End::Gone },
                () = answers.closed() => return End::Gone,
                () = is_told(&mut stopping) => return End::Stopping,
            }
        }
    }

    /// One call from its request to its answer.
    fn call(
        &self,
        request: Request,
        place: Place,
        answers: mpsc::Sender<Vec<u8>>,
        mut gone: watch::Receiver<bool>,
    ) -> impl Future<Output = ()> + Send + use<S> {
        let (service, mut stopping) = (Arc::clone(&self.service), self.stopping.clone());
        async move {
            let _place = place;
            let Request { id, method, params, filter } = request;
            let only_waits = service.only_waits(&method);
            // A wait may last for ever, so it keeps no place from others; what it ends with is small.
            let room = match only_waits {
                true => None,
                false => match answers.reserve().await {
                    Ok(room) => Some(room),
                    // The client has gone before this began.
                    Err(_) => return,
                },
            };
            let result = tokio::select! {
                biased;
                result = service.call(&method, &params) => result,
                () = is_told(&mut gone), if only_waits => return,
                () = is_told(&mut stopping), if only_waits => Err(stopped()),
            };
            let result = match filter {
                Some(filter) => result.map(|result| filter.apply(result)),
                None => result,
            };
            let bytes = answer(&id, &result);
            match room {
                Some(room) => room.send(bytes),
                // The client may have gone meanwhile.
                None => drop(answers.send(bytes).await),
            }
        }
    }
}

fn stopped() -> RpcError {
    let message = "the node is stopping: call again when it runs".to_owned();
    RpcError { code: LIGHTNINGD_SHUTDOWN, message, data: None }
}

/// Writes answers until there are no more, or the client takes none.
async fn write(mut writer: OwnedWriteHalf, mut answers: mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = answers.recv().await {
        if let Err(error) = writer.write_all(&bytes).await {
            debug!(%error, "a client has gone before it had its answer");
            return;
        }
    }
}
