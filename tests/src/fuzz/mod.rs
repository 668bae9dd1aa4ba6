//! Mutated inputs for every reader of what others send.
//!
//! A [target](Target) is a reader with real inputs to begin from, a way to change them that keeps some of their structure,
//! and what it promises. Each case is made from a number alone, so that it can be made again.

mod json;
mod mutate;
mod run;
mod seeds;
mod targets;
mod tlv;
mod words;

use fastrand::Rng;

pub use run::{Failure, Options, Report, run, run_input};
pub use targets::TARGETS;

/// What is fuzzed.
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it reads.
    pub reads: &'static str,
    /// The inputs to begin from.
    seeds: fn() -> Vec<Vec<u8>>,
    /// Makes an input of one of them.
    mutate: fn(&mut Rng, &Corpus) -> Vec<u8>,
    /// Only reads, to see how much memory that takes.
    read: fn(&[u8]),
    /// How much memory reading takes at most.
    pub memory: Memory,
    /// Reads and checks; true when the input was accepted. A broken promise panics.
    check: fn(&[u8]) -> bool,
}

/// The most memory that reading takes.
#[derive(Clone, Copy, Debug)]
pub enum Memory {
    /// So many bytes for each byte of the input, beside 64 KiB.
    PerByte(u64),
    /// So many bytes for any input.
    AtMost(u64),
}

impl Memory {
    fn allowed(self, length: usize) -> u64 {
        match self {
            Memory::PerByte(bytes) => (64 << 10) + bytes * length as u64,
            Memory::AtMost(bytes) => bytes,
        }
    }
}

/// The inputs to begin from.
pub struct Corpus {
    seeds: Vec<Vec<u8>>,
}

impl Corpus {
    /// Any of them.
    fn any(&self, rng: &mut Rng) -> &[u8] {
        match self.seeds.len() {
            0 => &[],
            count => &self.seeds[rng.usize(..count)],
        }
    }
}
