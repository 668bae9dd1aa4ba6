//! The engine's ports on a real node: each is made of calls that an unmodified lightningd answers.

mod daemon;
#[cfg(feature = "onion")]
mod payer;
#[cfg(feature = "onion")]
mod request_signer;
mod wallet;

pub use daemon::{Daemon, Failure};
#[cfg(feature = "onion")]
pub use payer::Payer;
#[cfg(feature = "onion")]
pub use request_signer::Identity;
pub use wallet::{Spending, Wallet};
