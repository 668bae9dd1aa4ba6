//! The store of an embedded node: the rules of the engine's ports, the tables' constraints, and what is listed.
#![cfg(feature = "node")]

mod claims;
mod constraints;
mod invoices;
mod lists;
mod migration;
mod model;
mod support;
mod waiting;
