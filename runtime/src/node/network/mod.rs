//! The network of embedded nodes: those whose folders stand in one folder.
//!
//! ```text
//! NET/
//! ├── alice/node_id     who this is: `Folder` finds nodes by it
//! ├── alice/messages    a unix socket: `listen` takes messages there
//! └── bob/…
//! ```
//!
//! Messages are [onions](crate::onion), as between nodes of Core Lightning. All public nodes are neighbours of each other; a
//! private one has one neighbour, and is reached through it:
//!
//! ```text
//! sendinvoice: [payee] ──onion──▶ neighbour ──onion, one layer less──▶ private payer
//! ```
//!
//! From neighbour to neighbour an onion goes by a connection of its own: the sender writes one frame, the receiver answers
//! by one. What the receiver says to have is delivered. Nodes of one user trust each other about who they are: what they
//! send is checked as a stranger's would be, but the sender's id is what it says.

use std::io;
use std::time::Duration;

use tokio::time::timeout;

mod courier;
mod folder;
mod frame;
mod listener;
#[cfg(test)]
mod tests;

pub use courier::Courier;
pub use folder::Folder;
pub use listener::{Event, listen};

/// The socket in a node's folder for messages.
pub(super) const MESSAGES: &str = "messages";

/// How long a neighbour may take for its part of a message.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether a neighbour's bytes are a message, for the fuzzer.
#[cfg(feature = "fuzzing")]
pub(super) fn read_frame(mut bytes: &[u8]) -> bool {
    use futures_util::FutureExt as _;
    frame::read::<frame::Frame>(&mut bytes).now_or_never().is_some_and(|frame| frame.is_ok())
}

async fn in_time<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(PATIENCE, work).await?
}
