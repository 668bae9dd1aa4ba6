//! Waiting, and saying so on a terminal.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, interval};

use super::output::{WIDTH, printable, shortened};
use super::time::lasting;

const FRAMES: [char; 4] = ['◐', '◓', '◑', '◒'];
const PACE: Duration = Duration::from_millis(250);

/// Ctrl-C.
#[derive(Debug, PartialEq)]
pub struct Interrupted;

/// Waits for what `future` gives. On a terminal a line on stderr says for what, and how much of `time` is left.
///
/// What the future has begun at the node goes on there when Ctrl-C ends the wait.
pub async fn wait<T>(what: &str, time: Option<Duration>, future: impl Future<Output = T>) -> Result<T, Interrupted> {
    let (what, begun) = (printable(what), Instant::now());
    let is_seen = std::io::stderr().is_terminal();
    // Without the signal Ctrl-C ends the program, as it does without this function.
    let mut interrupts = signal(SignalKind::interrupt()).ok();
    let interrupt = async {
        match &mut interrupts {
            Some(interrupts) => drop(interrupts.recv().await),
            None => std::future::pending().await,
        }
    };
    let (mut future, mut interrupt, mut ticks) = (std::pin::pin!(future), std::pin::pin!(interrupt), interval(PACE));
    let mut frames = FRAMES.into_iter().cycle();
    let end = loop {
        tokio::select! {
            biased;
            given = &mut future => break Ok(given),
            () = &mut interrupt => break Err(Interrupted),
            _ = ticks.tick(), if is_seen => {
                show(&progress(frames.next().unwrap_or(' '), &what, begun.elapsed(), time));
            }
        }
    };
    if is_seen {
        show("");
    }
    end
}

/// `◐ waiting for 10,000 sat: 42 s left (Ctrl-C to leave)`.
fn progress(frame: char, what: &str, passed: Duration, time: Option<Duration>) -> String {
    let left = match time.and_then(|time| time.checked_sub(passed)) {
        Some(left) => format!("{} left", lasting(left.as_secs())),
        None => lasting(passed.as_secs()),
    };
    let rest = format!(": {left} (Ctrl-C to leave)");
    let room = (WIDTH - 1).saturating_sub(rest.chars().count() + 2);
    format!("{frame} {}{rest}", shortened(what, room))
}

/// Writes over the line before.
fn show(line: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = write!(stderr, "\r\x1b[2K{line}").and_then(|()| stderr.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_fits_and_counts() {
        let check = |what: &str, passed, time: Option<u64>, expected: &str| {
            let time = time.map(Duration::from_secs);
            assert_eq!(progress('◐', what, Duration::from_secs(passed), time), expected);
        };
        check("waiting", 5, Some(90), "◐ waiting: 1 min 25 s left (Ctrl-C to leave)");
        check("waiting", 65, None, "◐ waiting: 1 min 5 s (Ctrl-C to leave)");
        check("waiting", 91, Some(90), "◐ waiting: 1 min 31 s (Ctrl-C to leave)");
        assert_eq!(progress('◐', &"x".repeat(200), Duration::ZERO, None).chars().count(), WIDTH - 1);
    }

    #[tokio::test]
    async fn what_comes_is_handed_on() {
        assert_eq!(wait("x", None, async { 7 }).await, Ok(7));
    }
}
