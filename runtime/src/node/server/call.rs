//! One call, from its request to its answer.

use std::sync::Arc;

use cln_api::error_code::{LIGHTNINGD, LIGHTNINGD_SHUTDOWN};
use cln_primitives::RpcError;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::spawn_blocking;

use super::memory::KeptAnswer;
use super::message::{Id, Request, answer};
use super::{Common, Service, Work, is_told};

/// An answer on its way, and the room that it and its request take.
pub(super) struct Outgoing {
    pub(super) bytes: Vec<u8>,
    _room: Option<OwnedSemaphorePermit>,
    _kept: Option<KeptAnswer>,
}

/// What a call holds while it runs.
pub(super) struct Held {
    /// Its place among the client's calls.
    pub(super) place: OwnedSemaphorePermit,
    /// The room of its request.
    pub(super) room: OwnedSemaphorePermit,
    /// Where those calls of the client that look take turns.
    pub(super) turns: Arc<Semaphore>,
}

/// Who listens to a call.
pub(super) struct Caller {
    pub(super) answers: mpsc::Sender<Outgoing>,
    /// Becomes true when the client has gone, or asks for nothing more.
    pub(super) gone: watch::Receiver<bool>,
    /// Becomes true when the node stops.
    pub(super) stopping: watch::Receiver<bool>,
}

impl Outgoing {
    /// One that says that something is wrong.
    pub(super) fn error(id: &Id, error: RpcError) -> Self {
        Outgoing { bytes: answer(id, &Err(error)), _room: None, _kept: None }
    }
}

impl Request {
    /// The answer's bytes. It is not longer than what was asked, more or less, so that it takes the request's room.
    fn answered(&self, result: Result<Value, RpcError>, room: OwnedSemaphorePermit) -> Outgoing {
        let result = match &self.filter {
            Some(filter) => result.map(|result| filter.apply(result)),
            None => result,
        };
        Outgoing { bytes: answer(&self.id, &result), _room: Some(room), _kept: None }
    }
}

/// Does what a client asks for, and tells it.
pub(super) async fn run<S: Service>(common: Arc<Common<S>>, request: Request, held: Held, caller: Caller) {
    let Held { place: _place, room, turns } = held;
    let Caller { answers, mut gone, mut stopping } = caller;
    match common.service.work(&request.method) {
        // It may last for ever, so it keeps no place from others.
        Work::Waits => {
            let result = tokio::select! {
                biased;
                result = common.service.call(&request.method, &request.params) => result,
                () = is_told(&mut gone) => return,
                () = is_told(&mut stopping) => Err(stopped()),
            };
            // The client may have gone meanwhile.
            drop(answers.send(request.answered(result, room)).await);
        }
        Work::Acts => {
            // Otherwise the client has gone before this began.
            let Ok(unread) = answers.reserve().await else { return };
            let result = common.service.call(&request.method, &request.params).await;
            unread.send(request.answered(result, room));
        }
        Work::Looks => {
            let Ok(unread) = answers.reserve().await else { return };
            let turn = async { (turns.acquire_owned().await, Arc::clone(&common.looking).acquire_owned().await) };
            let _turn = tokio::select! {
                turn = turn => turn,
                () = answers.closed() => return,
                () = is_told(&mut stopping) => return unread.send(request.answered(Err(stopped()), room)),
            };
            let id = request.id.clone();
            // Not on the runtime's own threads, which a long list would keep from others.
            let looking = spawn_blocking(move || look(&common, &request, room));
            unread.send(looking.await.unwrap_or_else(|error| {
                tracing::error!(%error, "a command has failed in itself");
                Outgoing::error(&id, refusal("the command has failed in itself: see the node's log".to_owned()))
            }));
        }
    }
}

fn look<S: Service>(common: &Common<S>, request: &Request, room: OwnedSemaphorePermit) -> Outgoing {
    let result = Handle::current().block_on(common.service.call(&request.method, &request.params));
    let answer = request.answered(result, room);
    match common.memory.keep_answer(answer.bytes.len()) {
        Some(kept) => Outgoing { _kept: Some(kept), ..answer },
        None => Outgoing::error(
            &request.id,
            refusal(format!(
                "the answer has {} bytes, and clients have not read others of {} bytes in all: ask for less by `limit` or \
             `filter`, or try again",
                answer.bytes.len(),
                common.limits.answers
            )),
        ),
    }
}

/// The node has no place for what a client wants.
pub(super) fn refusal(message: String) -> RpcError {
    RpcError { code: LIGHTNINGD, message, data: None }
}

fn stopped() -> RpcError {
    let message = "the node is stopping: call again when it runs".to_owned();
    RpcError { code: LIGHTNINGD_SHUTDOWN, message, data: None }
}
