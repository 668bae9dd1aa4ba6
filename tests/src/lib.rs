//! What the tests in `tests/` and the binaries have in common.

#![warn(missing_docs)]

pub mod compare;
pub mod fuzz;
pub mod lightningd;
pub mod replay;
pub mod schemas;
pub mod simulate;
pub mod typed;

/// The snippets of the documentation, which have to compile.
#[cfg(doctest)]
#[doc = include_str!("../../docs/src/migrating-from-cln-rpc.md")]
mod migrating_from_cln_rpc {}
#[cfg(doctest)]
#[doc = include_str!("../../docs/src/refunds.md")]
mod refunds {}
#[cfg(doctest)]
#[doc = include_str!("../../docs/src/tutorial.md")]
mod tutorial {}
