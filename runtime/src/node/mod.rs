//! An embedded node: it publishes requests, sends invoices, pays and is paid, without any daemon.
//!
//! Its channels are *simulated*: nodes whose folders stand in one folder above them are a network, find each other there
//! and pay each other through a ledger in a file. All else is as with Core Lightning: keys, requests, invoices, and the
//! RPC.

pub mod keys;
pub mod ledger;
pub mod store;

mod bell;
pub(crate) mod commands;
mod directory;
mod handle;
mod network;
mod params;
mod ports;
mod random;
mod server;
mod socket;
mod sqlite;
mod start;
mod tasks;
mod wake;

pub use directory::DirectoryError;
pub use handle::Node;
pub use ports::Ports;
pub use socket::ListenError;
pub use sqlite::Writes;
pub use start::{EmbeddedNode, NodeBuilder, StartError};
