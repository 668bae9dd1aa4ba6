//! Waiting for what must happen.

use std::time::Duration;

use tokio::time::timeout;

/// Far more than a loaded machine takes.
const LIMIT: Duration = Duration::from_secs(120);

/// Waits for what this calls, at most 120 seconds.
///
/// # Panics
/// When it takes longer.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(LIMIT, future).await.unwrap_or_else(|_| panic!("{what}: not within {LIMIT:?}"))
}
