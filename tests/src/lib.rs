//! What the tests in `tests/` and the binaries have in common.

#![warn(missing_docs)]

pub mod replay;
pub mod schemas;
