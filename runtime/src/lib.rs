#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

#[cfg(feature = "blocking")]
pub mod blocking;
pub mod bolt12;
pub mod client;
pub mod decode;
pub mod engine;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
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

/// The programs of the READMEs of what is used here.
#[cfg(doctest)]
#[doc = include_str!("../../generated/README.md")]
#[doc = include_str!("../../generated/primitives/README.md")]
struct OtherReadmes;

/// The README's programs.
#[cfg(all(doctest, feature = "testing", feature = "node"))]
#[doc = include_str!("../../README.md")]
struct Readme;
