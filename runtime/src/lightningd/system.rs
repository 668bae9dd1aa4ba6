//! The time and randomness of the system.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::engine::{Clock, Random};
use crate::random;

/// Those of the process.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Clock for System {
    /// A clock set before 1970 is at its beginning: nothing has expired then.
    fn now(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
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
