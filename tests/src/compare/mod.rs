//! What this workspace has beside what others offer: BOLT 12's codec beside LDK's, the client of `cln-runtime` beside that
//! of the crate `cln-rpc`, by the same answers over a real socket, and the embedded node's cycles beside what the disk does.
//!
//! For the client, a server in a process of its own gives answers that were made before. Every measurement is a process of its own too,
//! so that its peak of memory is that of one call: the highest resident size (`VmHWM`) less what was resident before.
//! Runs of the two take turns, and medians are compared. Both run on a current-thread runtime, with the system's
//! allocator.

mod answers;
mod bolt12;
mod cycles;
mod measure;
mod memory;
mod report;
mod run;
mod server;

use std::io;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

pub use bolt12::{Bolt12Report, bolt12};
pub use cycles::{CyclesReport, Phase, cycles, serve_node};
pub use measure::measure;
pub use report::{Pair, Report};
pub use run::run;
pub use server::serve;

/// How many entries a list has.
pub const ENTRIES: u32 = 100_000;
/// How many entries a streamed list has.
pub const STREAMED: u32 = 300_000;
/// How many calls are made with [`IN_FLIGHT`] of them at once.
pub const CALLS: usize = 20_000;
/// How many calls are under way at once.
pub const IN_FLIGHT: usize = 64;
/// How many calls are made one after the other to find the latency of one.
pub const SINGLE_CALLS: usize = 2_000;

/// Whose client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Side {
    /// That of `cln-runtime`.
    Ours,
    /// That of `cln-rpc`.
    Theirs,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Case {
    /// One long `listinvoices`.
    Listinvoices,
    /// One long `listchannels`.
    Listchannels,
    /// A longer `listinvoices`, read record by record.
    Stream,
    /// Many small calls: pipelined by ours, one after the other by theirs, whose calls take `&mut self`.
    Pipelined,
    /// Small calls one after the other; the median of one.
    Single,
}

impl Case {
    /// The case's name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Case::Listinvoices => "listinvoices",
            Case::Listchannels => "listchannels",
            Case::Stream => "stream",
            Case::Pipelined => "pipelined",
            Case::Single => "single",
        }
    }
}

/// What one measurement gave.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Figures {
    /// The time in seconds: of the call, of all calls, or of the median call.
    pub seconds: f64,
    /// The peak of resident memory over what was resident before, in MiB.
    pub peak: f64,
    /// The highest resident size over that before in the first third of a stream, in MiB.
    pub early: f64,
    /// The same in the last third.
    pub late: f64,
}

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// A call failed, or gave something else than was sent.
    #[error("{0}")]
    Call(String),
}

impl Error {
    fn io(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Error::Io { what, source }
    }

    fn call(error: impl std::fmt::Display) -> Self {
        Error::Call(error.to_string())
    }
}
