//! Our plugin in a lightningd: what it answers, pays and refuses, over its own and the daemon's end.
//!
//! `LNR_KILLS` says how often the kill test kills (12 by default), `LNR_SEED` from which seed.

mod by_hand;
mod delivery;
mod end_to_end;
mod kills;
mod pair;
mod recorded;
mod scenarios;
#[path = "../support/mod.rs"]
mod support;
mod violations;
