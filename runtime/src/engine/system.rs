//! The time and randomness of the system.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::ports::{Clock, Random};
use crate::random;

/// Those of the process.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Clock for System {
    /// A clock set before 1970 is at its beginning: nothing has expired then.
    fn now(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    fn elapsed(&self) -> Duration {
        static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);
        BEGINNING.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

impl Random for System {
    fn bytes32(&self) -> [u8; 32] {
        random::bytes32()
    }
}
