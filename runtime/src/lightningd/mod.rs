//! The engine's ports on a real node: each is made of calls that an unmodified lightningd answers.

mod daemon;
mod wallet;

pub use daemon::{Daemon, Failure};
pub use wallet::{Spending, Wallet};
