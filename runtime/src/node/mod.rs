//! An embedded node: it publishes requests, sends invoices, pays and is paid, without any daemon.
//!
//! Its channels are *simulated*: nodes whose folders stand in one folder are a network, find each other there, and pay
//! each other through a ledger in a file. All else is as with Core Lightning: keys, requests, invoices, and the RPC.
//!
//! ```text
//! NET/ledger.sqlite3        all money: balances, and payments locked by a hash        ledger/
//! NET/alice/node.sqlite3    her requests and claims, and her invoices                 store/
//!           hsm_secret      her key                                                   keys.rs
//!           lightning-rpc   the socket for her clients                                server/, commands/, params/
//!           messages        the socket for onion messages of other nodes              network/
//!           node_id, lock   who she is, for the others; and that she runs, only once
//! NET/bob/…
//! ```
//!
//! The [engine](crate::engine) has the rules. [`Ports`] gives it these parts; the node calls it:
//!
//! ```text
//!   RPC ──▶ commands ──▶ Issuer::create, disable; send_invoice
//!   messages ─▶ Issuer::on_invoice ─▶ Issuer::pay, in a task of its own
//!   ledger ──▶ settle
//!   clock ───▶ expire_invoices
//! ```
//!
//! After a crash, the payments that have arrived are settled first, then those that were under way go on, and only then
//! invoices expire and anybody is let in. A node tells another one when the ledger has something new for it;
//! what it is not told of it finds by looking.
//!
//! # Where its RPC is other than lightningd's
//!
//! | what | lightningd | here |
//! |---|---|---|
//! | an amount such as `1satoshi` | its beginning, `1sat`, counts | -32602 |
//! | `\u` escapes in strings, control characters | -32602 | what JSON says |
//! | bytes that are no JSON | closes the connection | says why (-32600, the id `null`) and closes it |
//! | an empty `filter` | gives the lists and objects in full | gives nothing |
//! | many requests of one client | begins them one after the other | runs them at the same time |
//! | `getinfo` | `warning_bitcoind_sync` until the chain is known | always: channels and money are not real |
//! | `sendinvoice` again with a label | 900 | for the same request and amount the same invoice |
//! | a request past its `absolute_expiry` | is paid | 1002, or 1004 by its payer |
//! | `createinvoice` with a payment hash that has an invoice | the daemon dies | -1 |
//! | `createinvoice`, when the invoice expires | so long after the call as it says | so long after its `invoice_created_at` |
//! | `createinvoice`, `xpay` of BOLT 11 invoices; `xpay` of offers and names | done | -32602 |
//! | `xpay` with `layers`, `partial_msat`, `localinvreqid` | done | -32602, unless they change nothing |
//! | `xpay` with limits of fees, delays, time | kept | there are no fees and no delays; an attempt lasts until the invoice has expired |
//! | `listchannels`, `listpeerchannels` | channels | one between any two public nodes, so that ways are found; none of its own |
//! | bounds | none | 1024 clients, 4 MiB a request, 1000 requests of a client at a time, of which 16 may do more than wait; 64 MiB for the long requests of all, 128 MiB for long answers that wait to be read, a minute for a client that takes nothing of one |
//!
//! `lnr-request` is a command of our own, that of `lnr plugin`: a label makes it one request, `expires` counts
//! seconds from then, and by `min_amount_msat` a payer takes less than it offers.
//!
//! A client that disconnects ends its own waiting only: what `sendinvoice` has begun goes on.

pub mod keys;
pub mod ledger;
pub mod store;

mod bell;
pub(crate) mod commands;
mod directory;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod handle;
mod hook;
mod network;
pub(crate) mod params;
mod ports;
pub(crate) mod private;
mod server;
mod socket;
mod sqlite;
mod start;
mod tasks;
#[cfg(test)]
mod tests;
mod wake;

pub use directory::DirectoryError;
pub use handle::Node;
pub use hook::{HookAnswer, HookCall};
pub use ports::Ports;
pub use socket::ListenError;
pub use sqlite::Writes;
pub use start::{EmbeddedNode, NodeBuilder, StartError};
