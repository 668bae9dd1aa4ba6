//! One task at a time for each payment, or label.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

type Locks<K> = HashMap<K, Arc<AsyncMutex<()>>>;

/// Who works on what.
#[derive(Clone, Debug)]
pub(crate) struct Turns<K>(Arc<Mutex<Locks<K>>>);

/// The right to work on this, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<K: Eq + Hash> {
    turns: Arc<Mutex<Locks<K>>>,
    key: K,
    held: Option<OwnedMutexGuard<()>>,
}

impl<K> Default for Turns<K> {
    fn default() -> Self {
        Turns(Arc::default())
    }
}

impl<K: Eq + Hash + Clone> Turns<K> {
    /// Waits until nobody else works on this.
    pub(crate) async fn take(&self, key: K) -> Turn<K> {
        let lock = Arc::clone(locked(&self.0).entry(key.clone()).or_default());
        // Made before the wait: whoever stops waiting cleans up as well.
        let mut turn = Turn { turns: Arc::clone(&self.0), key, held: None };
        turn.held = Some(lock.lock_owned().await);
        turn
    }

    /// Does anybody work on this, or wait to do so?
    pub(super) fn is_taken(&self, key: &K) -> bool {
        locked(&self.0).contains_key(key)
    }
}

fn locked<K>(locks: &Mutex<Locks<K>>) -> MutexGuard<'_, Locks<K>> {
    locks.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K: Eq + Hash> Drop for Turn<K> {
    fn drop(&mut self) {
        self.held = None;
        let mut locks = locked(&self.turns);
        if locks.get(&self.key).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            locks.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use cln_primitives::Hash32;
    use futures_util::FutureExt as _;

    use super::*;

    const HASH: Hash32 = Hash32::from_bytes([1; 32]);

    #[tokio::test]
    async fn one_waits_for_the_other_and_nothing_is_left() {
        let turns = Turns::default();
        let first = turns.take(HASH).await;
        let mut second = Box::pin(turns.take(HASH));
        assert!((&mut second).now_or_never().is_none());
        drop(first);
        let second = second.await;
        assert!(turns.is_taken(&HASH));
        drop(second);
        assert!(!turns.is_taken(&HASH) && locked(&turns.0).is_empty());
    }

    #[tokio::test]
    async fn who_stops_waiting_leaves_nothing() {
        let turns = Turns::default();
        let first = turns.take(HASH).await;
        let mut second = Box::pin(turns.take(HASH));
        assert!((&mut second).now_or_never().is_none());
        drop(first);
        drop(second);
        assert!(locked(&turns.0).is_empty());
    }
}
