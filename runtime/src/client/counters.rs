//! What a client counts.

use std::sync::atomic::{AtomicU64, Ordering};

/// The counters of a client and all its clones.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    calls: AtomicU64,
    answered: AtomicU64,
    failed: AtomicU64,
    cancelled: AtomicU64,
    late: AtomicU64,
    unknown: AtomicU64,
    connects: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
}

/// What a client has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Calls that were begun.
    pub calls: u64,
    /// Calls that the node answered, by a result or an error.
    pub answered: u64,
    /// Calls that ended without an answer that can be used.
    pub failed: u64,
    /// Calls whose future was dropped.
    pub cancelled: u64,
    /// Answers that nobody waited for any more: of cancelled calls and of those that ran out of time.
    pub late_answers: u64,
    /// Answers to ids that were never used.
    pub unknown_answers: u64,
    /// Connections that were made.
    pub connects: u64,
    /// Bytes of requests.
    pub bytes_sent: u64,
    /// Bytes that came, streams excepted.
    pub bytes_received: u64,
}

macro_rules! count {
    ($($name:ident $field:ident),*) => {
        $(pub(crate) fn $name(&self) {
            self.$field.fetch_add(1, Ordering::Relaxed);
        })*
    };
}

impl Counters {
    count!(add_call calls, add_answered answered, add_failed failed, add_cancelled cancelled, add_late late,
        add_unknown unknown, add_connect connects);

    pub(crate) fn add_sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn add_received(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Statistics {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Statistics {
            calls: read(&self.calls),
            answered: read(&self.answered),
            failed: read(&self.failed),
            cancelled: read(&self.cancelled),
            late_answers: read(&self.late),
            unknown_answers: read(&self.unknown),
            connects: read(&self.connects),
            bytes_sent: read(&self.sent),
            bytes_received: read(&self.received),
        }
    }
}
