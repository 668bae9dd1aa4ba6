//! The client for programs without an async runtime.
//!
//! It has the calls of [`client::Client`] and a thread of its own that carries them, so that it
//! works in a plain `main`, in a thread of any async runtime and in many threads at once. A call holds up the thread
//! that makes it; a task of an async runtime better uses the async client.
//!
//! Requests are written and answers read in the caller's thread: threads do not wait for each other's big answers.

#![allow(clippy::result_large_err, reason = "callers match on errors by variant, and calls are rarely many")]

mod builder;
mod iter;
mod worker;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;

use bytes::Bytes;
use cln_api::primitives::RpcError;
use cln_api::{Command, FollowedCommand, ListCommand, PagedCommand};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use builder::Builder;
pub use iter::Iter;
use worker::Worker;

use crate::client::answer::read_as;
use crate::client::{
    self, CallError, CallOptions, Change, ConnectError, ConnectionLost, Cursor, Delivery, Notice, Outgoing, Statistics,
};

/// A connection to a node, shared by its clones. When the last of them is dropped, its thread ends.
#[derive(Clone, Debug)]
pub struct Client(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    client: client::Client,
    worker: Worker,
}

/// What the worker tells of a call.
enum Event {
    Notice(Notice),
    Done(Result<Bytes, CallError<RpcError>>),
}

/// A call that is under way.
struct Pending<'a> {
    outgoing: Arc<Outgoing>,
    events: mpsc::Receiver<Event>,
    notices: Option<Box<dyn FnMut(Notice) + Send + 'a>>,
    begun: bool,
}

impl Client {
    /// Connects to the socket at `path` (`lightning-rpc` in the network's directory of a node); `~/` is the home
    /// directory. [`Builder`] has settings, and finds the socket by itself.
    ///
    /// # Errors
    ///
    /// When there is no node; the message says what to do.
    pub fn connect(path: impl AsRef<Path>) -> Result<Self, ConnectError> {
        Builder::default().connect(path)
    }

    /// Settings of a client to be.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Calls a command.
    ///
    /// # Errors
    ///
    /// See [the table](crate::client#what-is-known-when-a-call-fails).
    pub fn call<R: Command>(&self, request: &R) -> Result<R::Response, CallError<R::Error>> {
        self.call_with(request, CallOptions::new())
    }

    /// Calls a command with settings of this call's own. Notices are handed over in the caller's thread.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub fn call_with<R: Command>(
        &self,
        request: &R,
        options: CallOptions<'_>,
    ) -> Result<R::Response, CallError<R::Error>> {
        let pending = self.begin(Outgoing::typed(request)?, options);
        self.finish::<R>(pending)
    }

    /// Calls several requests of one command at once. Results come in the order of the requests, and one that fails
    /// does not disturb the others.
    pub fn batch<'r, R: Command + 'r>(
        &self,
        requests: impl IntoIterator<Item = &'r R>,
    ) -> Vec<Result<R::Response, CallError<R::Error>>> {
        let begin = |request| Ok(self.begin(Outgoing::typed(request)?, CallOptions::new()));
        // All are under way before the first is waited for.
        let pending: Vec<Result<_, CallError<R::Error>>> = requests.into_iter().map(begin).collect();
        pending.into_iter().map(|pending| self.finish::<R>(pending?)).collect()
    }

    /// Calls a command that has no type, such as a plugin's own.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call), the node's error as it came.
    pub fn call_raw(&self, method: &str, params: Value) -> Result<Value, CallError<RpcError>> {
        self.call_as(method, &params)
    }

    /// Calls a command that has no type here, with parameters and a result of the caller's own types. Nothing is known
    /// of what it does, so that it is never sent twice.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call), the node's error as it came.
    pub fn call_as<T: DeserializeOwned>(
        &self,
        method: &str,
        params: &impl Serialize,
    ) -> Result<T, CallError<RpcError>> {
        let pending = self.begin(Outgoing::untyped(method, params)?, CallOptions::new());
        read_as(method, pending.wait()?)
    }

    /// Reads a list record by record while it arrives, as [the async client does](client::Client::stream).
    pub fn stream<R>(&self, request: &R) -> Iter<R, R::Item>
    where
        R: ListCommand + 'static,
        R::Item: Send + 'static,
        R::Error: Send + 'static,
    {
        self.iterate(self.0.client.stream(request))
    }

    /// Reads a list in pages of at most `size` records, as [the async client does](client::Client::pages).
    pub fn pages<R>(&self, request: &R, size: u32) -> Iter<R, R::Item>
    where
        R: PagedCommand + Send + Sync + 'static,
        R::Item: Send + 'static,
        R::Error: Send + 'static,
    {
        self.iterate(self.0.client.pages(request, size))
    }

    /// Tells every new and every changed record of a list, as [the async client does](client::Client::follow).
    pub fn follow<R>(&self, request: &R, cursor: Cursor) -> Iter<R, Change<R::Item>>
    where
        R: FollowedCommand + Send + Sync + 'static,
        R::Item: Send + 'static,
        R::Error: Send + 'static,
    {
        self.iterate(self.0.client.follow(request, cursor))
    }

    /// What this client and its clones have done so far.
    pub fn statistics(&self) -> Statistics {
        self.0.client.statistics()
    }

    fn begin<'a>(&self, outgoing: Outgoing, options: CallOptions<'a>) -> Pending<'a> {
        let outgoing = Arc::new(outgoing);
        let (sender, events) = mpsc::channel();
        let (client, sent) = (self.0.client.clone(), Arc::clone(&outgoing));
        let CallOptions { timeout, notices } = options;
        let wants_notices = notices.is_some();
        // Who no longer waits needs neither notices nor the answer.
        let begun = self.0.worker.run(async move {
            let mut options = CallOptions { timeout, notices: None };
            if wants_notices {
                let sender = sender.clone();
                options = options.notices(move |notice| drop(sender.send(Event::Notice(notice))));
            }
            let result = client.exchange(&sent, options).await;
            drop(sender.send(Event::Done(result)));
        });
        Pending { outgoing, events, notices, begun }
    }

    fn finish<R: Command>(&self, pending: Pending<'_>) -> Result<R::Response, CallError<R::Error>> {
        let result = pending.wait().map_err(|error| error.map_rpc(R::Error::from))?;
        self.0.client.read::<R>(result)
    }
}

impl Pending<'_> {
    fn wait(mut self) -> Result<Bytes, CallError<RpcError>> {
        loop {
            match self.events.recv() {
                Ok(Event::Notice(notice)) => {
                    if let Some(hand_over) = &mut self.notices {
                        hand_over(notice);
                    }
                }
                Ok(Event::Done(result)) => return result,
                Err(mpsc::RecvError) => {
                    return Err(CallError::Connection {
                        method: self.outgoing.method.to_string(),
                        source: ConnectionLost::Panicked,
                        delivery: if self.begun { Delivery::Unknown } else { Delivery::NotSent },
                        read_only: self.outgoing.read_only,
                    });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn check(begun: bool, expected: Delivery) {
        let (sender, events) = mpsc::channel::<Event>();
        let outgoing = Arc::new(Outgoing::untyped("invoice", &()).unwrap());
        // The worker's end of the channel is dropped when the job panics.
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(5));
            drop(sender);
        });
        let error = Pending { outgoing, events, notices: None, begun }.wait().unwrap_err();
        let CallError::Connection { source: ConnectionLost::Panicked, delivery, .. } = error else { panic!("{error}") };
        assert_eq!(delivery, expected);
    }

    #[test]
    fn a_panic_of_the_worker_is_an_error() {
        check(true, Delivery::Unknown);
        check(false, Delivery::NotSent);
    }
}
