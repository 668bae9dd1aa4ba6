//! Calls of a lightningd.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};

use cln_primitives::{Command, RpcError};
use cln_runtime::lightningd::{Daemon, Failure};
use serde_json::Value;

use super::commands::Server;
use crate::simulate::bug::Bug;
use crate::simulate::plan::Fault;
use crate::simulate::turn::Turn;
use crate::simulate::world::{Process, Shared};

/// A client of a node's lightningd, on the side of the rules.
#[derive(Clone)]
pub(crate) struct Double {
    world: Shared,
    node: usize,
}

impl fmt::Debug for Double {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Double({})", self.node)
    }
}

impl Double {
    pub(crate) fn new(world: &Shared, node: usize) -> Self {
        Double { world: world.clone(), node }
    }

    fn turn(&self) -> Turn<'_> {
        Turn::new(&self.world, Process::Rules(self.node))
    }

    /// Whether it is so by bad luck.
    fn strikes(&self, fault: Fault) -> bool {
        self.world.lock().strikes(self.node, fault)
    }

    /// See [`Bug::LostIsNotSent`].
    fn takes_for_not_called(&self, method: &str) -> bool {
        if method != "injectonionmessage" {
            return false;
        }
        let mut world = self.world.lock();
        world.seen.counters.count("sendings in doubt");
        world.bug == Some(Bug::LostIsNotSent)
    }

    /// Gives a call to the daemon; `None` when it does not run.
    fn begin(&self, method: &'static str, params: Value) -> Option<Call> {
        let mut world = self.world.lock();
        if !world.lightningd(self.node).up {
            world.seen.counters.count("calls of a lightningd that is down");
            return None;
        }
        world.seen.counters.count(method);
        let call = Call::default();
        let server = Server { world: self.world.clone(), node: self.node };
        let answering = Answering(call.clone());
        world.spawn(Process::Daemon(self.node), async move {
            let answer = server.answer(method, params).await;
            answering.0.end(State::Answered(answer));
        });
        Some(call)
    }
}

impl Daemon for Double {
    async fn call<R: Command + Sync>(&self, request: &R) -> Result<R::Response, Failure<R::Error>> {
        self.turn().await;
        let not_called = |why: &str| Err(Failure::NotCalled(why.to_owned()));
        if let Err(invalid) = request.validate() {
            return not_called(&invalid.to_string());
        }
        let params = serde_json::to_value(request).map_err(|error| Failure::NotCalled(error.to_string()))?;
        if self.strikes(Fault::NotCalled) {
            return not_called("the socket cannot be reached");
        }
        let Some(call) = self.begin(R::METHOD, params) else {
            return not_called("connection refused");
        };
        let lost = self.strikes(Fault::AnswerLost);
        let lost_at_once = lost && self.world.lock().rng.bool();
        let answer = if lost_at_once { None } else { call.answer().await };
        let Some(answer) = answer.filter(|_| !lost) else {
            let before =
                if lost_at_once { "answers lost before the call was done" } else { "calls whose answer was lost" };
            self.world.lock().seen.counters.count(before);
            self.world.lock().note(self.node, || format!("  the answer to {} is lost", R::METHOD));
            let why = "the connection was lost".to_owned();
            return Err(match R::READ_ONLY || self.takes_for_not_called(R::METHOD) {
                true => Failure::NotCalled(why),
                false => Failure::Lost(why),
            });
        };
        self.turn().await;
        match answer {
            Ok(result) => {
                let response = serde_json::to_vec(&result).map_err(|error| Failure::Lost(error.to_string()))?;
                R::decode_response(&response).map_err(|error| {
                    let what = format!("{}: {error}", R::METHOD);
                    self.world.lock().violated("the double answers as a lightningd does", what);
                    Failure::Lost(error.to_string())
                })
            }
            Err(error) => Err(Failure::Refused(error.into())),
        }
    }
}

/// A call on its way.
#[derive(Clone, Default)]
struct Call(Arc<Mutex<State>>);

#[derive(Default)]
enum State {
    #[default]
    Begun,
    Awaited(Waker),
    Answered(Result<Value, RpcError>),
    /// The daemon has stopped.
    Gone,
}

impl Call {
    /// The first end counts.
    fn end(&self, end: State) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Answered(_) | State::Gone) {
            return;
        }
        if let State::Awaited(waker) = std::mem::replace(&mut *state, end) {
            waker.wake();
        }
    }

    /// `None` when the daemon has stopped.
    async fn answer(&self) -> Option<Result<Value, RpcError>> {
        std::future::poll_fn(|cx| {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match std::mem::replace(&mut *state, State::Gone) {
                State::Answered(answer) => Poll::Ready(Some(answer)),
                State::Gone => Poll::Ready(None),
                State::Begun | State::Awaited(_) => {
                    *state = State::Awaited(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}

/// The daemon's end of a call.
struct Answering(Call);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.end(State::Gone);
    }
}
