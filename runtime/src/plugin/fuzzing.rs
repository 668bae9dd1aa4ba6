//! What the plugin reads of the messages that lightningd's hooks bring.

use cln_primitives::{Hash32, Secret};
use serde_json::Value;
use tokio::sync::mpsc;

use super::hooks::{Arrival, Desk};
use crate::bolt12::Chain;
use crate::engine::Limits;
use crate::onion::Replies;

/// The plugin's hooks, without the plugin.
#[derive(Debug)]
pub struct HookDesk {
    desk: Desk,
    arrivals: mpsc::Receiver<Arrival>,
    replies: Replies,
}

impl HookDesk {
    /// A desk that knows these requests.
    pub fn new(requests: impl IntoIterator<Item = Hash32>) -> Self {
        let (desk, arrivals) = Desk::new(Chain::REGTEST, requests, Limits::default());
        let replies = Replies::default();
        desk.answers_for(replies.clone());
        HookDesk { desk, arrivals, replies }
    }

    /// A hook's call, while an answer by the path with this secret is waited for: the hook's answer, and how many invoices
    /// were taken by it.
    pub fn call(&mut self, payload: Value, expected: &Secret) -> (Value, usize) {
        let _reply = self.replies.expect(expected);
        let answer = self.desk.on_message(payload);
        let taken = std::iter::from_fn(|| self.arrivals.try_recv().ok()).count();
        (answer, taken)
    }
}
