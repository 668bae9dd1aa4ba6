//! The embedded node: it answers lightningd's commands without a daemon, and its channels are simulated.

mod params;
pub(crate) mod server;
