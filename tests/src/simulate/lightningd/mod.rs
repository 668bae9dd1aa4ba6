//! A double of lightningd: its commands over tables in memory, and what it does by itself.
//!
//! A [`Double`] is a client of it. Each call is a task of the daemon's own, which goes on when the caller does not: what
//! a call does happens at one moment, and before and after that moment the daemon may stop. What is in its tables stays.
//!
//! - `xpay` pays in parts over the ledger. It tries again within its time, gives up while parts are on their way, hangs,
//!   and dies with the daemon, whose parts go on. The daemon itself refuses a hash that is paid (219), or being paid by
//!   another group (200, which `xpay` wraps).
//! - A payment that arrives is settled by the daemon: row and money change at one moment.
//! - Invoices expire by its clock. An invoice whose hash another one has kills it, for good.

mod client;
mod commands;
mod invoices;
mod messages;
mod receive;
mod tables;
mod xpay;

pub(super) use client::Double;
pub(super) use receive::{arrived, expire, resume};
pub(super) use tables::{InvoiceStatus, Lightningd};
