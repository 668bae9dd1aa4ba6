//! How much of strangers' messages is let in.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::ports::ClaimLimits;

/// What a payer bounds, since whoever has a request may send invoices for it.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many claims are kept by the store.
    pub claims: ClaimLimits,
    /// How many invoices of one neighbour are looked at in a second.
    pub invoices_per_second: u32,
    /// How many neighbours are counted apart; the others share one count.
    pub neighbours: usize,
    /// How long a wallet that does not know how a payment ends is left alone before it is asked again. Each pause is
    /// twice as long as the one before, up to six times this.
    pub ask_again: Duration,
}

impl Limits {
    /// The pauses between the questions about one payment.
    pub(super) fn pauses(&self) -> Pauses {
        Pauses { next: self.ask_again, longest: self.ask_again.saturating_mul(6) }
    }
}

/// Pauses that grow.
pub(super) struct Pauses {
    next: Duration,
    longest: Duration,
}

impl Pauses {
    pub(super) fn next(&mut self) -> Duration {
        let pause = self.next;
        self.next = pause.saturating_mul(2).min(self.longest);
        pause
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            claims: ClaimLimits { pending: 64, failed: 64 },
            invoices_per_second: 100,
            neighbours: 1024,
            ask_again: Duration::from_secs(5),
        }
    }
}

/// Counts the messages of each neighbour, or of what else they are told apart by.
#[derive(Debug)]
pub(crate) struct Gate<K>(Mutex<HashMap<Option<K>, Second>>);

impl<K> Default for Gate<K> {
    fn default() -> Self {
        Gate(Mutex::default())
    }
}

/// The messages of the second that is running.
#[derive(Debug, Clone, Copy)]
struct Second {
    second: u64,
    seen: u32,
}

impl<K: Copy + Eq + Hash> Gate<K> {
    /// May one more message of this neighbour be looked at in this second? `None` is a neighbour that is not known.
    pub(crate) fn admits(&self, neighbour: Option<K>, second: u64, limits: &Limits) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= limits.neighbours && !counts.contains_key(&neighbour) {
            counts.retain(|_, count| count.second == second);
        }
        let full = counts.len() >= limits.neighbours && !counts.contains_key(&neighbour);
        let count = counts.entry(if full { None } else { neighbour }).or_insert(Second { second, seen: 0 });
        if count.second != second {
            *count = Second { second, seen: 0 };
        }
        if count.seen >= limits.invoices_per_second {
            return false;
        }
        count.seen += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use cln_primitives::NodeId;

    use super::*;

    fn neighbour(number: u8) -> Option<NodeId> {
        let mut bytes = [number; 33];
        bytes[0] = 2;
        NodeId::try_from(bytes).ok()
    }

    #[test]
    fn each_neighbour_has_a_count_of_its_own_that_starts_anew_each_second() {
        let (gate, limits) = (Gate::default(), Limits { invoices_per_second: 2, ..Limits::default() });
        let admitted = |who, second| (0..5).filter(|_| gate.admits(neighbour(who), second, &limits)).count();
        assert_eq!([admitted(1, 10), admitted(2, 10), admitted(1, 11), admitted(1, 9)], [2; 4]);
    }

    #[test]
    fn pauses_double_up_to_six_times_the_first() {
        let mut pauses = Limits { ask_again: Duration::from_secs(5), ..Limits::default() }.pauses();
        assert_eq!([(); 5].map(|()| pauses.next().as_secs()), [5, 10, 20, 30, 30]);
    }

    #[test]
    fn neighbours_beyond_the_table_share_one_count() {
        let (gate, limits) = (Gate::default(), Limits { invoices_per_second: 2, neighbours: 3, ..Limits::default() });
        let admitted = (0..50).filter(|&who| gate.admits(neighbour(who), 10, &limits)).count();
        assert_eq!(admitted, 3 + 2);
        assert!(gate.0.lock().unwrap().len() <= 4);
    }
}
