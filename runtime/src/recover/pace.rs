//! Pauses that grow, up to a time limit.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// The first pause.
const FIRST: Duration = Duration::from_millis(50);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(5);

/// How long to go on looking, and how long to pause between two looks.
#[derive(Debug)]
pub(super) struct Pace {
    /// `None`: without end.
    deadline: Option<Instant>,
    pause: Duration,
}

impl Pace {
    pub(super) fn within(limit: Duration) -> Self {
        Pace { deadline: Instant::now().checked_add(limit), pause: FIRST }
    }

    /// Pauses; false, and at once, when the time is over. The last pause ends with the time, so that there is one more
    /// look at its end.
    pub(super) async fn pause(&mut self) -> bool {
        let left = self.deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            return false;
        }
        sleep(self.pause.min(left)).await;
        self.pause = (self.pause * 2).min(LONGEST);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(limit: Duration, expected: &[u64]) {
        let (start, mut pace) = (Instant::now(), Pace::within(limit));
        let mut looks = Vec::new();
        while pace.pause().await && looks.len() < expected.len() + 1 {
            looks.push(start.elapsed().as_millis() as u64);
        }
        assert_eq!(looks, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_and_end_with_the_time() {
        check(Duration::ZERO, &[]).await;
        check(Duration::from_millis(40), &[40]).await;
        check(Duration::from_secs(1), &[50, 150, 350, 750, 1000]).await;
        let long = [50, 150, 350, 750, 1550, 3150, 6350, 11_350, 16_350, 17_000];
        check(Duration::from_secs(17), &long).await;
    }
}
