//! One task at a time for each payment.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use cln_primitives::Hash32;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// Who is paying what.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns(Arc<Mutex<HashMap<Hash32, Arc<AsyncMutex<()>>>>>);

/// The right to pay by this hash, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    turns: Turns,
    payment_hash: Hash32,
    held: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits until nobody else pays by this hash.
    pub(super) async fn take(&self, payment_hash: Hash32) -> Turn {
        let lock = Arc::clone(self.locked().entry(payment_hash).or_default());
        // Made before the wait: whoever stops waiting cleans up as well.
        let mut turn = Turn { turns: self.clone(), payment_hash, held: None };
        turn.held = Some(lock.lock_owned().await);
        turn
    }

    /// Does anybody pay by this hash, or wait to do so?
    pub(super) fn is_taken(&self, payment_hash: Hash32) -> bool {
        self.locked().contains_key(&payment_hash)
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, HashMap<Hash32, Arc<AsyncMutex<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.held = None;
        let mut locks = self.turns.locked();
        if locks.get(&self.payment_hash).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            locks.remove(&self.payment_hash);
        }
    }
}

#[cfg(test)]
mod tests {
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
        assert!(turns.is_taken(HASH));
        drop(second);
        assert!(!turns.is_taken(HASH) && turns.locked().is_empty());
    }

    #[tokio::test]
    async fn who_stops_waiting_leaves_nothing() {
        let turns = Turns::default();
        let first = turns.take(HASH).await;
        let mut second = Box::pin(turns.take(HASH));
        assert!((&mut second).now_or_never().is_none());
        drop(first);
        drop(second);
        assert!(turns.locked().is_empty());
    }
}
