//! lightningd's JSON-RPC over a unix socket.
//!
//! Requests come back to back, with anything blank between them, from many clients at once, and many of one client; an
//! answer goes out when it is ready, with its request's id and two line ends. What is no request is told with code -32600;
//! behind what is no JSON nothing can be read, and the connection is closed after the answer. (lightningd closes it
//! without.)
//!
//! A client that goes away ends its waits, and nothing else: what has begun is done. A node that stops answers all who
//! wait with code -5.
//!
//! Clients may be broken: they send halves, or more than can be, or do not read. [`Limits`] bounds what one of them takes,
//! and `memory` what all of them take together, so that the others are served.

mod call;
mod connection;
mod filter;
mod memory;
mod message;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use cln_primitives::RpcError;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tracing::warn;

use connection::Connection;
use memory::Shared;

use super::socket::Socket;

/// How long clients have to take their last answers when the node stops.
const PARTING: Duration = Duration::from_secs(5);
/// How long to leave a system alone that lets no more connections be opened.
const AGAIN: Duration = Duration::from_millis(100);

/// So many connections are let in however few files may be open: without any, nobody could stop the node.
const FEWEST: usize = 16;

/// So many files a node has open besides its clients' connections, at most: those of its databases, and connections to
/// other nodes.
const OTHER_FILES: u64 = 256;

/// Answers calls.
pub(crate) trait Service: Send + Sync + 'static {
    /// Does what a client asks for.
    fn call(&self, method: &str, params: &RawValue) -> impl Future<Output = Result<Value, RpcError>> + Send;

    /// What kind of work the call is.
    fn work(&self, method: &str) -> Work;
}

/// Kinds of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// It only waits for what happens anyway, or for what goes on without it: it ends with its client.
    Waits,
    /// It changes nothing. Its answer may be long, and is refused rather than kept when there is no room for it.
    Looks,
    /// What has begun is done.
    Acts,
}

/// What is bounded, since a client may be broken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The most connections; one more is told so and closed.
    pub(crate) connections: usize,
    /// The most bytes of a request; a longer one is the connection's last.
    pub(crate) request: usize,
    /// The most requests of a connection that run at a time; the next are not read until then.
    pub(crate) in_flight: usize,
    /// The most answers that are made for a client, or wait for it to read them; the next are not begun until then: few,
    /// as each may be a long list, and other clients have to have their turn. What [waits](Work::Waits) does not count:
    /// its answers are small.
    pub(crate) unread: usize,
    /// The most bytes that the requests of all clients take, besides what each has of its own.
    pub(crate) requests: usize,
    /// The most bytes of long answers that wait for all clients to read them.
    pub(crate) answers: usize,
    /// The most calls that [look](Work::Looks) at a time, one a client; the others wait for their turn.
    pub(crate) looking: usize,
    /// How long a client may take nothing of an answer; then its connection is closed.
    pub(crate) stalled: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connections: 1024,
            request: 4 << 20,
            in_flight: 1000,
            unread: 16,
            requests: 64 << 20,
            answers: 128 << 20,
            looking: 4,
            stalled: Duration::from_secs(60),
        }
    }
}

/// What all connections have in common.
struct Common<S> {
    service: Arc<S>,
    limits: Limits,
    memory: Shared,
    /// Turns to look.
    looking: Arc<Semaphore>,
}

impl Limits {
    /// The usual ones; fewer connections where this process may not open so many files.
    pub(crate) fn of_this_process() -> Self {
        let usual = Self::default();
        let files = rustix::process::getrlimit(rustix::process::Resource::Nofile).current.unwrap_or(u64::MAX);
        let most = usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX);
        Limits { connections: usual.connections.min(most.max(FEWEST)), ..usual }
    }
}

/// Serves clients until `stopping` is true, and then until they have their last answers, which is a few seconds at most.
pub(crate) async fn serve<S: Service>(
    socket: Socket,
    service: Arc<S>,
    mut stopping: watch::Receiver<bool>,
    limits: Limits,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let memory = Shared::new(limits.requests, limits.answers);
    let looking = Arc::new(Semaphore::new(limits.looking));
    let common = Arc::new(Common { service, limits, memory, looking });
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            accepted = socket.listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    warn!(%error, "a client could not be let in");
                    tokio::time::sleep(AGAIN).await;
                    continue;
                }
            },
            Some(_) = connections.join_next() => continue,
            () = is_told(&mut stopping) => break,
        };
        let connection = Connection { common: Arc::clone(&common), stopping: stopping.clone() };
        match Arc::clone(&places).try_acquire_owned() {
            Ok(place) => connections.spawn(async move {
                connection.run(stream).await;
                drop(place);
            }),
            Err(_) => connections.spawn(connection.turn_away(stream)),
        };
    }
    // No new client finds the node from now on.
    drop(socket);
    let _ = tokio::time::timeout(PARTING, connections.join_all()).await;
}

/// Reads a request for the fuzzer, and applies its filter to some answer.
///
/// # Errors
/// The answer to what is none.
#[cfg(feature = "fuzzing")]
pub(super) fn read_request(json: &[u8]) -> Result<(String, Box<RawValue>), Vec<u8>> {
    match message::Request::read(json) {
        Ok(request) => {
            let some = serde_json::json!({"list": [{"a": 1, "b": {"c": []}}], "id": "02"});
            drop(request.filter.map(|filter| filter.apply(some)));
            Ok((request.method, request.params))
        }
        Err(malformed) => Err(message::answer(&malformed.id, &Err(malformed.error))),
    }
}

/// Waits until it is told so, or nobody is left to tell.
async fn is_told(told: &mut watch::Receiver<bool>) {
    let _ = told.wait_for(|&told| told).await;
}
