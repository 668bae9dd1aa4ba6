//! Who waits for the answer to which message.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use cln_primitives::Secret;
use tokio::sync::oneshot;

use crate::engine::Answer;

/// The answers that somebody waits for, by the `path_id` of the path that was given for them.
#[derive(Clone, Default)]
pub struct Replies(Arc<Mutex<HashMap<[u8; 32], oneshot::Sender<Answer>>>>);

impl Replies {
    /// Waits for the answer that comes by the path with this `path_id`.
    pub fn expect(&self, path_id: &Secret) -> Reply {
        let (sender, receiver) = oneshot::channel();
        self.lock().insert(*path_id.reveal(), sender);
        Reply { path_id: path_id.clone(), receiver, replies: self.clone() }
    }

    /// Gives an answer to who waits for it. Nothing happens, and this is `false`, when nobody does, or it has been
    /// answered.
    pub fn answer(&self, path_id: &Secret, answer: impl FnOnce() -> Answer) -> bool {
        let Some(sender) = self.lock().remove(path_id.reveal()) else { return false };
        // Whoever waited may have gone at this moment.
        let _ = sender.send(answer());
        true
    }

    /// Is an answer with this `path_id` waited for?
    pub fn is_expected(&self, path_id: &Secret) -> bool {
        self.lock().contains_key(path_id.reveal())
    }

    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], oneshot::Sender<Answer>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows no `path_id`: whoever has one can answer.
impl fmt::Debug for Replies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replies").finish_non_exhaustive()
    }
}

/// The answer to one message. Dropped, nobody waits for it.
#[derive(Debug)]
pub struct Reply {
    path_id: Secret,
    receiver: oneshot::Receiver<Answer>,
    replies: Replies,
}

impl Future for Reply {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answer> {
        match Pin::new(&mut self.receiver).poll(cx) {
            Poll::Ready(Ok(answer)) => Poll::Ready(answer),
            // Without a sender there will be no answer, which is silence.
            Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.replies.lock().remove(self.path_id.reveal());
    }
}
