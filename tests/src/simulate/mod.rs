//! A deterministic simulation of nodes that publish requests, send invoices and pay them: the real
//! [engine](cln_runtime::engine) on ports in memory, with much that goes wrong.
//!
//! ```text
//! seed ──▶ plan ──▶ run ──▶ all is mended ──▶ every call again, to its end ──▶ checks
//!            ▲       │
//!            └─ shrink, when a check fails
//! ```
//!
//! # What is simulated
//! Two to five nodes, each of them payer and payee. Users publish requests (single-use or not, with an expiry or not, with
//! a least amount or not), send invoices (several for one request at once, by the same and by other labels, over the
//! right and over wrong amounts, again after any end), and disable requests. One thread runs all tasks, one poll at a
//! time; the order, all delays and all faults follow from the seed. The time is virtual.
//!
//! - At each call of a port the node may stop, before or after the port has done its work. Its tasks and all that is in
//!   memory are gone; its store, the ledger and the messages on their way stay.
//! - A store may fail, having done what it was asked for or not. A port may stall.
//! - Messages are lost, doubled (up to two minutes later, also after a restart), delayed, overtaken and damaged; the
//!   sender may not know whether one has left. Refusals come late, twice, unreadable or not at all.
//! - A payment is money locked in the ledger by its hash, in one to three parts. It arrives, or times out, or the payee
//!   gives it back; when the preimage is shown the payee has it. It may come by a wrong path. The wallet fails for certain,
//!   does not know, answers late, or shows what is no preimage. The payee may not notice that a payment has arrived.
//! - Clocks jump, forth and back, each node's for itself.
//!
//! Messages are onion packets, made and peeled by the real [`onion`](cln_runtime::onion).
//!
//! A node is embedded, with ports in memory, or a lightningd with the rules beside it: then the ports are the real ones
//! of [`lightningd`](cln_runtime::lightningd), over a double of the daemon. There, too:
//!
//! - The rules, the daemon, or both stop at each call. What the daemon was asked for is done, is not, or is done later.
//!   A call does not arrive, or its answer is lost.
//! - `xpay` tries again, hangs, answers late, gives up while parts are on their way, dies with the daemon, or finds that
//!   an earlier call has paid or is paying. Its parts end one by one, and the payer hears of it later.
//! - While the rules are down, the daemon refuses each invoice by itself.
//!
//! # What is checked
//! While it runs: a single-use request has one payment at a time and is paid once at most; the payer pays what its
//! request says; a preimage is shown only for an invoice that is bound to the payment, and to who came by its path; a
//! label is freed only when its invoice was refused or has never left the node; a receipt never changes; a lightningd
//! never gets an invoice with a hash that another one has, which would kill it.
//!
//! At the end, when faults have ceased, each call was made again to its end and time has passed: no money was made or
//! lost; a claim is complete when its payment was made, and failed when not; an invoice is paid when its payment was made,
//! and expired when not; requests have the status that follows; no row is lost; refusals have left no claim; a request
//! that may be paid can be paid; every receipt is given again.
//!
//! # What is not
//! Real stores, sockets and processes, and what their drivers promise about durability: each port's work is atomic here,
//! and so is each call's of a lightningd. A plugin's own life: its hooks, queues and options.
//! Nodes and neighbours that lie. Channels, routes and fees. Requests and invoices with paths of several hops. Several
//! processes that pay for one node. The limits against floods.

mod arrivals;
mod bug;
mod check;
mod executor;
mod keys;
mod ledger;
mod lightningd;
mod many;
mod network;
mod payments;
mod plan;
mod ports;
#[cfg(test)]
mod rules;
mod run;
mod seen;
mod shrink;
#[cfg(test)]
mod strangers;
mod tasks;
mod turn;
mod world;

pub use bug::Bug;
pub use many::{Failure, Series, Summary, explain, run_all};
pub use plan::{Ask, Backend, Fault, Kind, Plan, Rates, Step};
pub use run::{Outcome, run};
pub use seen::{Counters, Violation};
pub use shrink::shrink;
