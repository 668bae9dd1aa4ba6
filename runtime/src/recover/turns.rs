//! Callers of one process that want the same thing take turns.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use cln_primitives::Hash32;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// What only one caller at a time may work on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Turn {
    /// Making a request under this label.
    Label(String),
    /// Sending invoices for this request.
    Request(Hash32),
}

/// Who works on what. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns(Arc<Mutex<HashMap<Turn, Weak<AsyncMutex<()>>>>>);

impl Turns {
    /// Waits for the caller's turn, which lasts until the guard is dropped.
    pub(super) async fn take(&self, turn: Turn) -> OwnedMutexGuard<()> {
        self.lock_of(turn).lock_owned().await
    }

    fn lock_of(&self, turn: Turn) -> Arc<AsyncMutex<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        locks.retain(|_, lock| lock.strong_count() > 0);
        if let Some(lock) = locks.get(&turn).and_then(Weak::upgrade) {
            return lock;
        }
        let lock = Arc::default();
        locks.insert(turn, Arc::downgrade(&lock));
        lock
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_lock_a_label_for_as_long_as_somebody_holds_it() {
        let turns = Turns::default();
        let label = |text: &str| turns.lock_of(Turn::Label(text.to_owned()));
        let first = label("a");
        assert!(Arc::ptr_eq(&first, &label("a")), "the same label has the same lock");
        assert!(!Arc::ptr_eq(&first, &label("b")), "another label has its own");
        drop(first);
        drop(turns.lock_of(Turn::Request(Hash32::from_bytes([0; 32]))));
        assert_eq!(turns.0.lock().unwrap().len(), 1, "locks that nobody holds are forgotten");
    }
}
