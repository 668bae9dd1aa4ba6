//! The engine's ports on a real node: each is made of calls that an unmodified lightningd answers.

#[cfg(feature = "onion")]
mod courier;
mod daemon;
mod invoices;
#[cfg(feature = "onion")]
mod payee;
#[cfg(feature = "onion")]
mod payer;
#[cfg(feature = "onion")]
mod request_signer;
pub(crate) mod row;
mod wallet;

#[cfg(feature = "onion")]
pub use courier::Courier;
pub use daemon::{Daemon, Failure};
pub use invoices::Invoices;
#[cfg(feature = "onion")]
pub use payee::Payee;
#[cfg(feature = "onion")]
pub use payer::Payer;
#[cfg(feature = "onion")]
pub use request_signer::Identity;
pub use wallet::{Spending, Wallet};
