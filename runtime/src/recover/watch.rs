//! `watch`: to see a promise kept.

use std::time::Duration;

use cln_primitives::Hash32;

use super::Recover;
use super::error::Error;
use super::pace::Pace;
use super::request::{Request, look};

/// What became of a request that was watched.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub enum Watched {
    /// It was paid.
    Used(Request),
    /// It was disabled before it was paid.
    Disabled(Request),
    /// The node has no such request.
    Unknown,
    /// The time is up, and it still takes invoices.
    StillOpen(Request),
}

impl Recover {
    /// Waits until a request of this node's own is paid, and begins no other look after so long. A silent node takes the
    /// client's timeout in addition. A request that may be paid several times counts as paid after the first.
    ///
    /// The payee has its receipt slightly before this node knows of it. A node that is away is waited for.
    ///
    /// # Errors
    /// When the node fails, or is still away when the time is up.
    pub async fn watch(&self, invreq_id: &Hash32, within: Duration) -> Result<Watched, Error> {
        let mut pace = Pace::within(within);
        loop {
            let watched = look(&self.client, invreq_id).await.map(state);
            let over = match &watched {
                Ok(Watched::StillOpen(_)) => false,
                Ok(_) => true,
                Err(error) => !error.is_transient(),
            };
            if over || !pace.pause().await {
                return watched;
            }
        }
    }
}

fn state(found: Option<Request>) -> Watched {
    match found {
        None => Watched::Unknown,
        Some(request) if request.used => Watched::Used(request),
        Some(request) if request.active => Watched::StillOpen(request),
        Some(request) => Watched::Disabled(request),
    }
}
