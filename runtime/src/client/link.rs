//! The present connection of a client, made anew when it is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use super::connection::Connection;
use super::counters::Counters;
use super::error::ConnectError;
use super::settings::Settings;

/// The longest pause between two attempts to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug, Default)]
pub(crate) struct Link {
    state: Mutex<State>,
    /// Attempts that failed.
    failed: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    connection: Option<Arc<Connection>>,
    failures: u32,
    /// Not before then.
    next_attempt: Option<Instant>,
    /// Why the last attempt failed.
    error: Option<ConnectError>,
}

impl Link {
    /// The connection, made if there is none. After attempts that failed, the next one waits.
    pub(crate) async fn get(
        &self,
        settings: &Settings,
        counters: &Arc<Counters>,
    ) -> Result<Arc<Connection>, ConnectError> {
        let failed = self.failed.load(Ordering::Relaxed);
        let mut state = self.state.lock().await;
        if let Some(connection) = state.connection.as_ref().filter(|connection| connection.lost().is_none()) {
            return Ok(Arc::clone(connection));
        }
        // Who waited while another call tried shares its failure: else each of many calls would wait for one more try.
        if self.failed.load(Ordering::Relaxed) != failed
            && let Some(error) = &state.error
        {
            return Err(error.clone());
        }
        state.connection = None;
        if let Some(next_attempt) = state.next_attempt {
            sleep_until(next_attempt).await;
        }
        match Connection::open(&settings.path, settings.queue, settings.max_answer, Arc::clone(counters)).await {
            Ok(connection) => {
                counters.add_connect();
                let connection = Arc::new(connection);
                *state = State { connection: Some(Arc::clone(&connection)), ..State::default() };
                Ok(connection)
            }
            Err(error) => {
                state.next_attempt = Some(Instant::now() + pause(state.failures));
                state.failures = state.failures.saturating_add(1);
                state.error = Some(error.clone());
                self.failed.fetch_add(1, Ordering::Relaxed);
                Err(error)
            }
        }
    }
}

/// The pause after so many failures: it doubles up to the longest.
fn pause(failures: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(failures.min(10))).min(LONGEST_PAUSE)
}
