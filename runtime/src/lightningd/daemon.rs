//! The node that is called.

use std::fmt;
use std::future::Future;

use cln_api::primitives::Command;

use crate::client::{CallError, Client};

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
        match Client::call(self, request).await {
            Ok(response) => Ok(response),
            Err(CallError::Rpc(error)) => Err(Failure::Refused(error)),
            Err(error) if error.may_have_taken_effect() => Err(Failure::Lost(error.to_string())),
            Err(error) => Err(Failure::NotCalled(error.to_string())),
        }
    }
}
