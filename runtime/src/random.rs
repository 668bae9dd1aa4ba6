//! Randomness of the operating system.

use std::time::Duration;

/// 32 bytes fit for secrets. Waits as long as the system has none.
pub(crate) fn bytes32() -> [u8; 32] {
    let mut bytes = [0; 32];
    while let Err(error) = getrandom::fill(&mut bytes) {
        tracing::error!(%error, "the system gives no randomness: waiting for it");
        std::thread::sleep(Duration::from_secs(1));
    }
    bytes
}
