//! The node that is called.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use cln_api::primitives::{Command, ListCommand};
use futures_util::StreamExt as _;

use crate::client::{CallError, CallOptions, Client};

/// Something that answers a node's commands: a [`Client`], or in a simulation a double of its node. A clone calls the
/// same node.
pub trait Daemon: Clone + fmt::Debug + Send + Sync + 'static {
    /// Calls a command, and waits for its answer as long as the command's own parameters let it take.
    ///
    /// # Errors
    /// [`Failure`] says whether the node may have done it all the same.
    fn call<R: Command + Sync>(
        &self,
        request: &R,
    ) -> impl Future<Output = Result<R::Response, Failure<R::Error>>> + Send;

    /// Calls a command, and waits no longer than this for its answer. A double's answers are never late.
    ///
    /// # Errors
    /// As of [`call`](Self::call). An answer that comes later is lost.
    fn call_within<R: Command + Sync>(
        &self,
        request: &R,
        _limit: Duration,
    ) -> impl Future<Output = Result<R::Response, Failure<R::Error>>> + Send {
        self.call(request)
    }

    /// Calls a command, and waits for its answer as long as the node is there.
    ///
    /// # Errors
    /// As of [`call`](Self::call).
    fn call_to_its_end<R: Command + Sync>(
        &self,
        request: &R,
    ) -> impl Future<Output = Result<R::Response, Failure<R::Error>>> + Send {
        self.call(request)
    }

    /// Calls a command for a list, and gives each entry of it to `take`. A [`Client`] never has all of it in memory.
    ///
    /// # Errors
    /// As of [`call`](Self::call). Some entries may have been given then.
    fn each<R>(
        &self,
        request: &R,
        mut take: impl FnMut(R::Item) + Send,
    ) -> impl Future<Output = Result<(), Failure<R::Error>>> + Send
    where
        R: ListCommand + Sync,
        R::Item: Send + 'static,
        R::Error: Send + 'static,
    {
        async move {
            let response = self.call(request).await?;
            R::items(response).into_iter().for_each(&mut take);
            Ok(())
        }
    }
}

/// A call did not end well; `E` has the codes of its command.
#[derive(Debug, thiserror::Error)]
pub enum Failure<E> {
    /// The node has answered so.
    #[error(transparent)]
    Refused(E),
    /// For certain the node has done nothing.
    #[error("the node was not called: {0}")]
    NotCalled(String),
    /// The node may have done it, or may do it still.
    #[error("the node's answer was lost: {0}")]
    Lost(String),
}

impl Daemon for Client {
    async fn call<R: Command + Sync>(&self, request: &R) -> Result<R::Response, Failure<R::Error>> {
        Client::call(self, request).await.map_err(Failure::from)
    }

    async fn call_within<R: Command + Sync>(
        &self,
        request: &R,
        limit: Duration,
    ) -> Result<R::Response, Failure<R::Error>> {
        self.call_with(request, CallOptions::new().timeout(limit)).await.map_err(Failure::from)
    }

    async fn call_to_its_end<R: Command + Sync>(&self, request: &R) -> Result<R::Response, Failure<R::Error>> {
        self.call_with(request, CallOptions::new().no_timeout()).await.map_err(Failure::from)
    }

    async fn each<R>(&self, request: &R, mut take: impl FnMut(R::Item) + Send) -> Result<(), Failure<R::Error>>
    where
        R: ListCommand + Sync,
        R::Item: Send + 'static,
        R::Error: Send + 'static,
    {
        let mut entries = self.stream(request);
        while let Some(entry) = entries.next().await {
            take(entry?);
        }
        Ok(())
    }
}

impl<E: std::error::Error> From<CallError<E>> for Failure<E> {
    fn from(error: CallError<E>) -> Self {
        match error {
            CallError::Rpc(error) => Failure::Refused(error),
            error if error.may_have_taken_effect() => Failure::Lost(error.to_string()),
            error => Failure::NotCalled(error.to_string()),
        }
    }
}
