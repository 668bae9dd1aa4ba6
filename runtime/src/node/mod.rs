//! An embedded node: it publishes requests, sends invoices, pays and is paid, without any daemon.
//!
//! Its channels are *simulated*: nodes whose folders stand in one folder above them are a network, find each other there
//! and pay each other through a ledger in a file. All else is as with Core Lightning: keys, requests, invoices, and the
//! RPC.

mod directory;
pub mod keys;
pub mod ledger;
mod network;
mod sqlite;
pub mod store;
mod wake;

mod handle;
mod random;

pub use handle::Node;
pub use sqlite::Writes;
