//! The ledger of a network of embedded nodes: payments, the tables' constraints, and programs that race.
#![cfg(feature = "node")]

mod constraints;
mod htlcs;
mod migration;
mod model;
mod support;
mod wallet;
