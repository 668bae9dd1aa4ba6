//! What others send may be large, deep or long in any way: it takes memory by its length alone, and time too.

#![cfg(feature = "cli")]
#![allow(clippy::result_large_err, reason = "the client's errors are so large, and calls are few")]

mod answers;
mod messages;
mod picture;
mod requests;
mod texts;

use std::fs;
use std::time::Duration;

/// A text of a size that nobody sends. Without optimization it takes too long to read the whole of it.
const LONG_TEXT: usize = if cfg!(debug_assertions) { 4 << 20 } else { 64 << 20 };

/// What a call gives, and the most bytes that this thread had more than before.
fn measured<T>(call: impl FnOnce() -> T) -> (T, u64) {
    let mut result = None;
    let taken = allocation_counter::measure(|| result = Some(call())).bytes_max;
    (result.unwrap(), taken)
}

/// Reads something of this length, which may take so many bytes for each of its own.
#[track_caller]
fn check_memory<T>(length: usize, most: u64, read: impl FnOnce() -> T) -> T {
    let (result, taken) = measured(read);
    let allowed = most * length as u64 + (256 << 10);
    assert!(
        taken <= allowed,
        "{taken} bytes for {length}, which is {} each and not {most}",
        taken / length.max(1) as u64
    );
    result
}

/// What is four times as long takes four times as long, and never the sixteen times of what grows with the square: at these
/// lengths that would be seconds.
#[track_caller]
fn check_time(length: usize, make: impl Fn(usize) -> Vec<u8>, read: impl Fn(&[u8])) {
    let best = |length| {
        let bytes = make(length);
        let once = || {
            let begun = busy();
            read(&bytes);
            busy().saturating_sub(begun)
        };
        (0..3).map(|_| once()).min().unwrap_or_default()
    };
    let (short, long) = (best(length), best(4 * length));
    assert!(long < 12 * short + Duration::from_millis(250), "{short:?} for {length}, and {long:?} for four times that");
}

/// How long this thread has had a processor: what else the machine does is not counted.
fn busy() -> Duration {
    let told = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(told.split_whitespace().next().unwrap().parse().unwrap())
}
