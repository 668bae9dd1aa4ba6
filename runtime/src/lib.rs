//! Talks to Core Lightning nodes by the types of `cln-api`.
#![warn(missing_docs)]

#[cfg(feature = "blocking")]
pub mod blocking;
pub mod bolt12;
pub mod client;
pub mod decode;
pub mod engine;
pub mod lightningd;
#[cfg(feature = "node")]
pub mod node;
#[cfg(feature = "onion")]
pub mod onion;
#[cfg(feature = "plugin")]
pub mod plugin;
#[cfg(feature = "onion")]
mod random;
pub mod recover;
#[cfg(feature = "testing")]
pub mod testing;

/// The README's programs.
#[cfg(all(doctest, feature = "testing", feature = "node"))]
#[doc = include_str!("../../README.md")]
struct Readme;
