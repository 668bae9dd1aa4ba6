//! How much memory clients may take, all together.
//!
//! Each client has a little of its own, so that others cannot take that away. What it needs beyond, for long requests or
//! many, comes from what all share; so does every long answer until its client has read it.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What a call takes besides the bytes of its request, about.
const CALL: usize = 4 << 10;
/// A client's own part, for its requests.
const OWN: usize = 64 << 10;
/// An answer of no more bytes is not counted: [`Limits::unread`](super::Limits::unread) bounds those.
const SHORT: usize = 8 << 10;

/// What all clients share. A clone is the same memory.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    /// Bytes for requests.
    requests: Arc<Semaphore>,
    /// Bytes for answers, and how many there are in all.
    answers: (Arc<Semaphore>, usize),
}

impl Shared {
    /// So many bytes for requests and for answers.
    pub(super) fn new(requests: usize, answers: usize) -> Self {
        Shared { requests: Arc::new(Semaphore::new(requests)), answers: (Arc::new(Semaphore::new(answers)), answers) }
    }

    /// Keeps an answer of so many bytes in memory until this is dropped; `None` when others' answers leave no room. One
    /// that is longer than all the room has it to itself.
    pub(super) fn keep_answer(&self, bytes: usize) -> Option<KeptAnswer> {
        let (room, all) = &self.answers;
        match bytes {
            ..=SHORT => Some(KeptAnswer(None)),
            _ => take(room, bytes.min(*all)).map(|room| KeptAnswer(Some(room))),
        }
    }
}

/// Room for an answer.
#[derive(Debug)]
pub(super) struct KeptAnswer(#[allow(dead_code, reason = "it is held, not used")] Option<OwnedSemaphorePermit>);

/// One client's requests: those that run, and the one that has not arrived in full.
#[derive(Debug)]
pub(super) struct Requests {
    own: Arc<Semaphore>,
    shared: Arc<Semaphore>,
    /// For what has arrived and is no call yet, beyond what each connection reads at once.
    buffered: Option<OwnedSemaphorePermit>,
}

impl Requests {
    pub(super) fn new(shared: &Shared) -> Self {
        Requests { own: Arc::new(Semaphore::new(OWN)), shared: shared.requests.clone(), buffered: None }
    }

    /// Room for a call whose request has so many bytes, which are no longer in the buffer, until it is dropped; `None` when
    /// there is none.
    pub(super) fn begin(&mut self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        self.buffered.as_mut().map(|buffered| buffered.split(bytes.min(buffered.num_permits())));
        let bytes = bytes.saturating_add(CALL);
        take(&self.own, bytes).or_else(|| take(&self.shared, bytes))
    }

    /// Keeps so many bytes that are no call yet, and no others; false when there is no room.
    pub(super) fn buffer(&mut self, bytes: usize) -> bool {
        let held = self.buffered.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let wanted = if bytes <= OWN { 0 } else { bytes };
        if wanted <= held {
            // What is split off is given back.
            self.buffered.as_mut().map(|buffered| buffered.split(held - wanted));
            return true;
        }
        let Some(more) = take(&self.shared, wanted - held) else { return false };
        match &mut self.buffered {
            Some(buffered) => buffered.merge(more),
            None => self.buffered = Some(more),
        }
        true
    }
}

fn take(room: &Arc<Semaphore>, bytes: usize) -> Option<OwnedSemaphorePermit> {
    Arc::clone(room).try_acquire_many_owned(u32::try_from(bytes).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_room_of_its_own_when_others_have_taken_all() {
        let shared = Shared::new(3 * OWN, 0);
        let (mut greedy, mut other) = (Requests::new(&shared), Requests::new(&shared));
        assert!(greedy.buffer(3 * OWN));
        assert!(!greedy.buffer(3 * OWN + 1));
        assert!(other.buffer(OWN) && !other.buffer(OWN + 1));
        let calls: Vec<_> = std::iter::from_fn(|| other.begin(0)).collect();
        assert_eq!(calls.len(), OWN / CALL);
        assert!(greedy.buffer(0), "what it has no need of goes back");
        assert!(other.begin(0).is_some());
        drop(greedy);
        assert_eq!(shared.requests.available_permits(), 3 * OWN);
    }

    #[test]
    fn answers_share_their_room_and_short_ones_need_none() {
        let shared = Shared::new(0, 2 * SHORT);
        let kept = shared.keep_answer(SHORT + 1).unwrap();
        assert!(shared.keep_answer(SHORT + 1).is_none() && shared.keep_answer(SHORT).is_some());
        drop(kept);
        let long = shared.keep_answer(usize::MAX).unwrap();
        assert!(shared.keep_answer(SHORT + 1).is_none());
        drop(long);
        assert_eq!(shared.answers.0.available_permits(), 2 * SHORT);
    }
}
