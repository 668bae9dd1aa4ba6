//! The flows that may be repeated, against nodes that fail in every way and payers of every kind.

mod collect;
mod disable;
mod kit;
mod model;
mod payee;
mod payer;
mod recorded;
mod request;
mod turns;
mod watch;
