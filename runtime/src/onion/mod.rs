//! Onion messages (BOLT 4): made for a route, and taken apart by each node on it.
//!
//! ```text
//! payee                                     relay                      payer
//!   │ route: payee, relay, payer
//!   │ blinded_path: relay ▶ payee, with a path_id, for the answer
//!   ▼
//! create ──Packet──▶ peel ──Forward──▶ peel ──Forward──▶ peel ──Received──▶ invoice, path_secret, reply_path
//!                  (the own node)                                              │
//!   invoice_error, path_secret = path_id ◀──── peel ◀──── peel ◀── create ◀────┘
//! ```
//!
//! The first node of a route is the one that sends: it takes the packet as if a neighbour had brought it
//! (`injectonionmessage`). A message to a blinded path goes to its first node by any route, and from there on as the path
//! says.
//!
//! Packets are made by LDK. They are taken apart here, as LDK knows no `path_id`.

mod create;
mod error;
mod graph;
mod packet;
mod path;
mod peel;
mod replies;
#[cfg(test)]
mod tests;
mod way;

pub use create::create;
pub use error::{CreateError, PathError, PeelError};
pub use packet::{Contents, NextNode, Packet, Peeled, Received};
pub use path::blinded_path;
pub use peel::peel;
pub use replies::{Replies, Reply};
pub use way::{NoWay, Way, Ways};
