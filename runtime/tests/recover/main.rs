//! The flows that may be repeated, against nodes that fail in every way and payers of every kind.

mod collect;
#[cfg(feature = "onion")]
mod crashes;
#[cfg(feature = "onion")]
mod direct;
mod disable;
#[cfg(feature = "node")]
mod embedded;
#[cfg(feature = "node")]
mod embedded_random;
mod kit;
#[cfg(feature = "onion")]
mod lightningd;
mod model;
#[cfg(feature = "node")]
mod network;
mod payee;
mod payer;
#[cfg(feature = "node")]
mod proxy;
mod recorded;
mod request;
mod turns;
mod watch;
