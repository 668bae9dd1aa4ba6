//! The BOLT 12 codec: against BOLT 12's vectors, recorded traffic, LDK, and itself.

mod ldk;
mod messages;
mod mutation;
mod recorded;
mod requests;
mod rules;
mod support;
mod texts;
mod vectors;
