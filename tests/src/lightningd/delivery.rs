//! How messages reach the plugin: as they come, or twice, out of order, with more in them than is known.

use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::sync::oneshot;

/// What is done to messages.
#[derive(Debug, Default)]
pub struct Delivery(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    twice: bool,
    unknown_fields: bool,
    /// So many messages wait for each other, and go on in reverse.
    reversed: usize,
    waiting: Vec<Waiting>,
}

/// A message that waits for its turn: how it is told what ends before it, and what ends with it.
type Waiting = (oneshot::Sender<oneshot::Receiver<()>>, oneshot::Receiver<()>);

impl State {
    fn wait(&mut self) -> Option<(oneshot::Receiver<oneshot::Receiver<()>>, oneshot::Sender<()>)> {
        if self.reversed == 0 {
            return None;
        }
        let ((turn, told), (done, ended)) = (oneshot::channel(), oneshot::channel());
        self.waiting.push((turn, ended));
        if self.waiting.len() == self.reversed {
            self.reversed = 0;
            // Nothing is before the first: its sender is dropped here.
            let (_, mut before) = oneshot::channel();
            for (turn, ended) in self.waiting.drain(..).rev() {
                // Whoever waited may have gone.
                let _ = turn.send(std::mem::replace(&mut before, ended));
            }
        }
        Some((told, done))
    }
}

/// A message, when it is its turn.
#[derive(Debug)]
pub struct Turn {
    /// How often it is to be delivered.
    pub copies: usize,
    pub payload: Value,
    /// Dropped, the next one has its turn.
    pub done: Option<oneshot::Sender<()>>,
}

impl Delivery {
    /// From now on each message comes twice.
    pub fn twice(&self) {
        self.state().twice = true;
    }

    /// From now on messages have fields that nobody knows.
    pub fn with_unknown_fields(&self) {
        self.state().unknown_fields = true;
    }

    /// The next messages, so many, wait until all are there. Then the last is delivered first, and each when the one
    /// before it has been answered.
    pub fn reverse(&self, count: usize) {
        self.state().reversed = count;
    }

    pub(super) async fn turn(&self, mut payload: Value) -> Turn {
        let (copies, turn) = {
            let mut state = self.state();
            if state.unknown_fields {
                payload["lightningd_of_2030"] = json!({"a": [1, null]});
                payload["onion_message"]["bolt_4711"] = json!("ff");
                if let Some(unknown) = payload["onion_message"]["unknown_fields"].as_array_mut() {
                    unknown.push(json!({"number": 1_000_000_001, "value": "00"}));
                }
            }
            (if state.twice { 2 } else { 1 }, state.wait())
        };
        let done = match turn {
            None => None,
            Some((turn, done)) => {
                if let Ok(before) = turn.await {
                    // Ends by the drop of its sender.
                    let _ = before.await;
                }
                Some(done)
            }
        };
        Turn { copies, payload, done }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
