//! A client of lightningd's JSON-RPC over its unix socket.
//!
//! One [`Client`] and its clones share a connection: calls are made by `&self`, as many at once as wanted, and each gets
//! the answer to its own id. A call whose future is dropped loses nothing but itself.
//!
//! # What is known when a call fails
//!
//! | error | the command |
//! |---|---|
//! | [`CallError::Rpc`], [`CallError::Deprecated`] | was refused or failed, as its code says |
//! | [`CallError::Invalid`], [`CallError::ControlCharacter`], [`CallError::Encode`] | was not sent |
//! | [`CallError::Timeout`], [`CallError::Connection`] | see the [`Delivery`] in it |
//! | [`CallError::Decode`], [`CallError::Unreadable`], [`CallError::Undocumented`] | was carried out |
//! | [`CallError::Incomplete`] | was carried out in part; it changes nothing |
//! | [`CallError::NotAnAnswer`], [`CallError::AnswerTooLong`] | was answered; whether it was carried out is not known |
//!
#![doc = include_str!("faults.md")]
#![allow(clippy::result_large_err, reason = "callers match on errors by variant, and calls are rarely many")]

pub(crate) mod answer;
mod commando;
mod connection;
mod counters;
mod error;
pub(crate) mod frame;
#[cfg(test)]
mod frame_properties;
mod link;
mod notice;
mod options;
mod pages;
pub(crate) mod records;
mod request;
mod scan;
mod settings;
mod stream;
mod table;
#[cfg(test)]
mod table_model;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use cln_api::Command;
use cln_api::primitives::RpcError;
use futures_util::future::join_all;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument, Level, Span, debug_span, enabled, field, trace};

pub use commando::Remote;
use connection::Connection;
pub use counters::Statistics;
pub use error::{Answer, CallError, ConnectError, ConnectionLost, Delivery};
use frame::Message;
use link::Link;
pub use notice::Notice;
pub use options::CallOptions;
pub use pages::{Change, ChangeKind, Cursor};
pub(crate) use request::Outgoing;
use settings::Settings;
pub use settings::{Builder, default_path};
pub use stream::RecordStream;
use table::Outcome;

use counters::Counters;

/// A connection to a node, shared by its clones.
#[derive(Clone, Debug)]
pub struct Client(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    settings: Settings,
    link: Link,
    last: AtomicU64,
    counters: Arc<Counters>,
}

impl Client {
    /// Connects to the socket at `path` (`lightning-rpc` in the network's directory of a node); `~/` is the home
    /// directory. [`Builder`] has settings, and finds the socket by itself.
    ///
    /// # Errors
    ///
    /// When there is no node; the message says what to do.
    pub async fn connect(path: impl AsRef<Path>) -> Result<Self, ConnectError> {
        Builder::default().connect(path).await
    }

    /// Settings of a client to be.
    pub fn builder() -> Builder {
        Builder::default()
    }

    async fn open(settings: Settings) -> Result<Self, ConnectError> {
        let shared = Shared { settings, link: Link::default(), last: AtomicU64::new(0), counters: Arc::default() };
        shared.link.get(&shared.settings, &shared.counters).await?;
        Ok(Self(Arc::new(shared)))
    }

    /// Calls a command.
    ///
    /// # Errors
    ///
    /// See [the table](self#what-is-known-when-a-call-fails).
    pub async fn call<R: Command>(&self, request: &R) -> Result<R::Response, CallError<R::Error>> {
        self.call_with(request, CallOptions::new()).await
    }

    /// Calls a command with settings of this call's own.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn call_with<R: Command>(
        &self,
        request: &R,
        options: CallOptions<'_>,
    ) -> Result<R::Response, CallError<R::Error>> {
        let outgoing = Outgoing::typed(request)?;
        let result = self.exchange(&outgoing, options).await.map_err(|error| error.map_rpc(R::Error::from))?;
        self.read::<R>(result)
    }

    /// Calls a command and hands on what came, unread: the answer's JSON, or the node's error.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call), the node's error as it came.
    pub async fn call_for_json<R: Command>(
        &self,
        request: &R,
        options: CallOptions<'_>,
    ) -> Result<Answer, CallError<RpcError>> {
        self.exchange(&Outgoing::typed(request)?, options).await.map(Answer)
    }

    /// Calls several requests of one command at once. Results come in the order of the requests, and one that fails
    /// does not disturb the others.
    pub async fn batch<'r, R: Command + 'r>(
        &self,
        requests: impl IntoIterator<Item = &'r R>,
    ) -> Vec<Result<R::Response, CallError<R::Error>>> {
        join_all(requests.into_iter().map(|request| self.call(request))).await
    }

    /// Calls a command that has no type, such as a plugin's own.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call), the node's error as it came.
    pub async fn call_raw(&self, method: &str, params: Value) -> Result<Value, CallError<RpcError>> {
        self.call_as(method, &params).await
    }

    /// Calls a command that has no type here, with parameters and a result of the caller's own types. Nothing is known
    /// of what it does, so that it is never sent twice.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call), the node's error as it came.
    pub async fn call_as<T: DeserializeOwned>(
        &self,
        method: &str,
        params: &impl Serialize,
    ) -> Result<T, CallError<RpcError>> {
        let result = self.exchange(&Outgoing::untyped(method, params)?, CallOptions::new()).await?;
        answer::read_as(method, result)
    }

    /// What this client and its clones have done so far.
    pub fn statistics(&self) -> Statistics {
        self.0.counters.read()
    }

    pub(crate) fn read<R: Command>(&self, result: Bytes) -> Result<R::Response, CallError<R::Error>> {
        let response = R::decode_response(&result)
            .map_err(|source| CallError::Decode { source, answer: Answer(result.clone()) })?;
        if self.0.settings.strict
            && let Ok(read) = serde_json::to_value(&response)
            && let Some(path) = answer::undocumented(&result, &read)
        {
            return Err(CallError::Undocumented { method: R::METHOD.to_owned(), path });
        }
        Ok(response)
    }

    /// The result's JSON.
    pub(crate) async fn exchange(
        &self,
        outgoing: &Outgoing,
        options: CallOptions<'_>,
    ) -> Result<Bytes, CallError<RpcError>> {
        let span = debug_span!(
            "call",
            method = &*outgoing.method,
            id = field::Empty,
            bytes = field::Empty,
            milliseconds = field::Empty,
            outcome = field::Empty
        );
        let counters = &self.0.counters;
        counters.add_call();
        let cancelled = Cancelled(counters);
        let start = Instant::now();
        let result = self.attempts(outgoing, options, &span).instrument(span.clone()).await;
        std::mem::forget(cancelled);
        let result = result.and_then(|message| {
            span.record("bytes", message.bytes.len());
            answer::result(&outgoing.method, &message)
        });
        span.record("milliseconds", start.elapsed().as_millis());
        match &result {
            Ok(_) => {
                counters.add_answered();
                span.record("outcome", "result");
            }
            Err(CallError::Rpc(error) | CallError::Deprecated { error, .. }) => {
                counters.add_answered();
                span.record("outcome", error.code);
            }
            Err(_) => {
                counters.add_failed();
                span.record("outcome", "failed");
            }
        }
        result
    }

    /// Sends the request, once more where that does no harm.
    async fn attempts(
        &self,
        outgoing: &Outgoing,
        mut options: CallOptions<'_>,
        span: &Span,
    ) -> Result<Message, CallError<RpcError>> {
        let settings = &self.0.settings;
        let after = options.timeout.of(outgoing.patience, settings);
        let deadline = after.and_then(|after| Instant::now().checked_add(after));
        let mut retries = settings.retries;
        loop {
            let (source, delivery) = match self.attempt(outgoing, &mut options, deadline, span).await {
                Attempt::Answered(message) => return Ok(message),
                Attempt::TooLong => {
                    let (method, limit) = (outgoing.method.to_string(), settings.max_answer);
                    return Err(CallError::AnswerTooLong { method, limit });
                }
                Attempt::OutOfTime(delivery) => {
                    return Err(CallError::Timeout {
                        method: outgoing.method.to_string(),
                        after: after.unwrap_or(Duration::MAX),
                        delivery,
                        read_only: outgoing.read_only,
                    });
                }
                Attempt::Lost(source, delivery) => (source, delivery),
            };
            let harmless = outgoing.read_only || delivery == Delivery::NotSent;
            // Without a node there is nothing to ask once more.
            if harmless && retries > 0 && !matches!(source, ConnectionLost::Connect(_)) {
                retries -= 1;
                continue;
            }
            let (method, read_only) = (outgoing.method.to_string(), outgoing.read_only);
            return Err(CallError::Connection { method, source, delivery, read_only });
        }
    }

    async fn attempt(
        &self,
        outgoing: &Outgoing,
        options: &mut CallOptions<'_>,
        deadline: Option<Instant>,
        span: &Span,
    ) -> Attempt {
        let connect = self.0.link.get(&self.0.settings, &self.0.counters);
        let connection = match within(deadline, connect).await {
            Some(Ok(connection)) => connection,
            Some(Err(error)) => return Attempt::Lost(error.into(), Delivery::NotSent),
            None => return Attempt::OutOfTime(Delivery::NotSent),
        };
        // Most calls want no notices, and do without the channel.
        let (notices, mut received) = match &options.notices {
            Some(_) => {
                self.enable_notices(&connection, deadline).await;
                let (notices, received) = mpsc::unbounded_channel();
                (Some(notices), Some(received))
            }
            None => (None, None),
        };
        let (number, encoded) = self.encode(&outgoing.method, &outgoing.params);
        // Not on the current span: where this one is filtered out, that is the caller's.
        span.record("id", &*encoded.id);
        if enabled!(Level::TRACE) {
            trace!(parent: span, parameters = ?names(&outgoing.params), "sending");
        }
        let mut expected = match connection.expect(number, encoded.id, notices) {
            Ok(expected) => expected,
            Err(lost) => return Attempt::Lost(lost, Delivery::NotSent),
        };
        self.0.counters.add_sent(encoded.bytes.len());
        let send = within(deadline, expected.send(encoded.bytes));
        let outcome = match (&mut received, &mut options.notices) {
            (Some(received), Some(hand_over)) => {
                let mut send = std::pin::pin!(send);
                loop {
                    tokio::select! {
                        biased;
                        Some(notice) = received.recv() => hand_over(notice),
                        outcome = &mut send => break outcome,
                    }
                }
            }
            _ => send.await,
        };
        match outcome {
            Some(Outcome::Answered(message)) => Attempt::Answered(message),
            Some(Outcome::TooLong) => Attempt::TooLong,
            Some(Outcome::Lost(lost, delivery)) => Attempt::Lost(lost, delivery),
            None => Attempt::OutOfTime(expected.give_up()),
        }
    }

    /// Asks the node once a connection to tell what it does. One that cannot is silent.
    async fn enable_notices(&self, connection: &Arc<Connection>, deadline: Option<Instant>) {
        // A call that is dropped while it asks leaves that to the next one.
        let ask = connection.notices().get_or_init(|| async {
            let (number, encoded) = self.encode("notifications", br#"{"enable":true}"#);
            if let Ok(mut expected) = connection.expect(number, encoded.id, None) {
                expected.send(encoded.bytes).await;
            }
        });
        within(deadline, ask).await;
    }

    fn encode(&self, method: &str, params: &[u8]) -> (u64, request::Encoded) {
        let number = self.0.last.fetch_add(1, Ordering::Relaxed) + 1;
        (number, request::encode(&self.0.settings.name, number, method, params))
    }
}

/// The names of the parameters that are set. Their values may be secret.
fn names(params: &[u8]) -> Vec<String> {
    let params: HashMap<String, IgnoredAny> = serde_json::from_slice(params).unwrap_or_default();
    let mut names: Vec<String> = params.into_keys().collect();
    names.sort();
    names
}

/// How one attempt ended.
enum Attempt {
    Answered(Message),
    TooLong,
    OutOfTime(Delivery),
    Lost(ConnectionLost, Delivery),
}

/// Counts a call whose future is dropped.
struct Cancelled<'a>(&'a Counters);

impl Drop for Cancelled<'_> {
    fn drop(&mut self) {
        self.0.add_cancelled();
    }
}

/// `None` when the time is over first.
async fn within<T>(deadline: Option<Instant>, future: impl Future<Output = T>) -> Option<T> {
    match deadline {
        Some(deadline) => timeout_at(deadline, future).await.ok(),
        None => Some(future.await),
    }
}
