//! Waking those who wait for a row to change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use cln_primitives::Hash32;
use tokio::sync::oneshot;

/// Who waits for what. To lose no change: listen first, look then, and wait if that was not enough.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiters(Arc<Mutex<HashMap<Hash32, Vec<oneshot::Sender<()>>>>>);

impl Waiters {
    /// Ends when [`wake`](Self::wake) is called for this hash, from now on.
    pub(super) fn listen(&self, hash: Hash32) -> impl Future<Output = ()> + Send + use<> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = waiting.entry(hash).or_default();
        // Those who have gone away leave here.
        waiting.retain(|sender| !sender.is_closed());
        waiting.push(sender);
        async move {
            // Dropped or sent to: either way there may be something new.
            let _ = receiver.await;
        }
    }

    /// Wakes all who listen for this hash.
    pub(super) fn wake(&self, hash: &Hash32) {
        // Dropping a sender wakes its receiver.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(hash);
    }

    /// Wakes all.
    pub(super) fn wake_all(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
