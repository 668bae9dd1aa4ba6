//! Waking those who wait for a row to change.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use cln_primitives::Hash32;
use tokio::sync::oneshot;

/// Who waits for what. To lose no change: listen first, look then, and wait if that was not enough.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiters(Arc<Mutex<Waiting>>);

type Waiting = HashMap<Hash32, Vec<oneshot::Sender<()>>>;

impl Waiters {
    /// Ends when [`wake`](Self::wake) is called for this hash, from now on.
    pub(super) fn listen(&self, hash: Hash32) -> Listening {
        let (sender, woken) = oneshot::channel();
        self.locked().entry(hash).or_default().push(sender);
        Listening { waiters: self.clone(), hash, woken }
    }

    /// Wakes all who listen for this hash.
    pub(super) fn wake(&self, hash: &Hash32) {
        // Dropping a sender wakes its receiver.
        self.locked().remove(hash);
    }

    /// Wakes all.
    pub(super) fn wake_all(&self) {
        self.locked().clear();
    }

    fn locked(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends when there may be something new. Dropped, it leaves nothing behind.
pub(super) struct Listening {
    waiters: Waiters,
    hash: Hash32,
    woken: oneshot::Receiver<()>,
}

impl Future for Listening {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // Dropped or sent to: either way there may be something new.
        Pin::new(&mut self.woken).poll(cx).map(drop)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.woken.close();
        if let Entry::Occupied(mut waiting) = self.waiters.locked().entry(self.hash) {
            waiting.get_mut().retain(|sender| !sender.is_closed());
            if waiting.get().is_empty() {
                waiting.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const HASH: Hash32 = Hash32::from_bytes([1; 32]);

    #[test]
    fn who_listens_is_woken_and_leaves_nothing_behind() {
        let waiters = Waiters::default();
        let (mut first, second) = (waiters.listen(HASH), waiters.listen(HASH));
        drop(second);
        assert_eq!((&mut first).now_or_never(), None);
        waiters.wake(&HASH);
        let late = waiters.listen(HASH);
        assert_eq!(first.now_or_never(), Some(()));
        assert_eq!(waiters.locked().len(), 1, "the late one listens still");
        drop(late);
        assert!(waiters.locked().is_empty());
    }
}
