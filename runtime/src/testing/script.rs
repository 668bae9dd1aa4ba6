//! What a fake node will do, and what it was asked.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use super::Received;
use super::reply::{Gate, Item, Reply};

type Answerer = Arc<Mutex<dyn FnMut(&Received) -> Reply + Send>>;

/// How answers go out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wire {
    pub(super) terminator: &'static str,
    pub(super) piece: Option<usize>,
    pub(super) answers_per_write: usize,
    pub(super) shuffle: Option<u64>,
}

/// What a test and the node's thread share.
pub(super) struct Script {
    pub(super) path: PathBuf,
    state: Mutex<State>,
    /// Changes with every request and connection.
    news: watch::Sender<()>,
    news_blocking: Condvar,
}

struct State {
    once: HashMap<String, VecDeque<Reply>>,
    always: HashMap<String, Answerer>,
    gates: HashMap<String, Arc<Semaphore>>,
    requests: Vec<Received>,
    /// How many requests of each method were handed to the test.
    handed: HashMap<String, usize>,
    /// Connections by what they write and how they are closed.
    open: Vec<(mpsc::UnboundedSender<Item>, oneshot::Sender<()>)>,
    accepted: usize,
    closed: usize,
    close_accepted: usize,
    hang_up_after: Option<usize>,
    wire: Wire,
}

impl Script {
    pub(super) fn new(path: PathBuf) -> Self {
        let wire = Wire { terminator: "\n\n", piece: None, answers_per_write: 1, shuffle: None };
        let state = State {
            once: HashMap::new(),
            always: HashMap::new(),
            gates: HashMap::new(),
            requests: Vec::new(),
            handed: HashMap::new(),
            open: Vec::new(),
            accepted: 0,
            closed: 0,
            close_accepted: 0,
            hang_up_after: None,
            wire,
        };
        Self { path, state: Mutex::new(state), news: watch::Sender::new(()), news_blocking: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        self.news.send_replace(());
        self.news_blocking.notify_all();
    }

    // A test's: what the node does.

    pub(super) fn always(&self, method: &str, answerer: Answerer) {
        self.lock().always.insert(method.to_owned(), answerer);
    }

    pub(super) fn once(&self, method: &str, reply: Reply) {
        self.lock().once.entry(method.to_owned()).or_default().push_back(reply);
    }

    pub(super) fn set_wire(&self, set: impl FnOnce(&mut Wire)) {
        set(&mut self.lock().wire);
    }

    pub(super) fn release(&self, name: &str, answers: usize) {
        self.named_gate(name).add_permits(answers);
    }

    pub(super) fn send(&self, bytes: &[u8]) {
        for (items, _) in &self.lock().open {
            // A connection that has ended takes nothing.
            let _ = items.send(Item { parts: vec![bytes.to_vec()], ..Item::default() });
        }
    }

    pub(super) fn disconnect(&self) {
        self.lock().open.clear();
    }

    pub(super) fn close_accepted(&self, connections: usize) {
        self.lock().close_accepted = connections;
    }

    pub(super) fn set_hang_up_after(&self, bytes: usize) {
        self.lock().hang_up_after = Some(bytes.max(1));
    }

    // A test's: what the node was asked.

    pub(super) fn requests(&self) -> Vec<Received> {
        self.lock().requests.clone()
    }

    pub(super) fn connections(&self) -> usize {
        self.lock().accepted
    }

    pub(super) fn closed_connections(&self) -> usize {
        self.lock().closed
    }

    /// The next request of a method that was not handed out yet.
    fn hand_out(state: &mut State, method: &str) -> Option<Received> {
        let handed = state.handed.entry(method.to_owned()).or_default();
        let request = state.requests.iter().filter(|request| request.method == method).nth(*handed)?;
        *handed += 1;
        Some(request.clone())
    }

    pub(super) async fn received(&self, method: &str) -> Received {
        let mut news = self.news.subscribe();
        loop {
            if let Some(request) = Self::hand_out(&mut self.lock(), method) {
                return request;
            }
            // The sender lives as long as `self`.
            let _ = news.changed().await;
        }
    }

    pub(super) fn received_blocking(&self, method: &str) -> Received {
        let mut state = self.lock();
        loop {
            if let Some(request) = Self::hand_out(&mut state, method) {
                return request;
            }
            state = self.news_blocking.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(super) async fn until(&self, reached: impl Fn(&Self) -> bool) {
        let mut news = self.news.subscribe();
        while !reached(self) {
            // The sender lives as long as `self`.
            let _ = news.changed().await;
        }
    }

    // The node's: what comes in.

    /// A connection's number, counted from 1.
    pub(super) fn accepted(&self) -> usize {
        let mut state = self.lock();
        state.accepted += 1;
        let number = state.accepted;
        drop(state);
        self.tell();
        number
    }

    pub(super) fn closed(&self) {
        self.lock().closed += 1;
        self.tell();
    }

    pub(super) fn closes_accepted(&self) -> bool {
        let mut state = self.lock();
        let closes = state.close_accepted > 0;
        state.close_accepted = state.close_accepted.saturating_sub(1);
        closes
    }

    /// Notes a connection; what is returned tells when it is to be closed.
    pub(super) fn opened(&self, items: mpsc::UnboundedSender<Item>) -> oneshot::Receiver<()> {
        let (close, closing) = oneshot::channel();
        let mut state = self.lock();
        state.open.retain(|(items, _)| !items.is_closed());
        state.open.push((items, close));
        closing
    }

    /// How many bytes may still be read before the connection is closed.
    pub(super) fn hang_up_after(&self) -> Option<usize> {
        self.lock().hang_up_after
    }

    /// Counts what was read; true when that was all.
    pub(super) fn count_down(&self, bytes: usize) -> bool {
        let mut state = self.lock();
        let left = state.hang_up_after.map(|left| left.saturating_sub(bytes));
        state.hang_up_after = left.filter(|left| *left > 0);
        left == Some(0)
    }

    pub(super) fn record(&self, request: Received) {
        self.lock().requests.push(request);
        self.tell();
    }

    /// What is done with a request.
    pub(super) fn reply_to(&self, request: &Received) -> Reply {
        let answerer = {
            let mut state = self.lock();
            if let Some(reply) = state.once.get_mut(&request.method).and_then(VecDeque::pop_front) {
                return reply;
            }
            state.always.get(&request.method).cloned()
        };
        match answerer {
            // Called without the script's lock, so that it may use the node.
            Some(answerer) => (*answerer.lock().unwrap_or_else(PoisonError::into_inner))(request),
            None if request.method == "notifications" => Reply::result(serde_json::json!({})),
            None => Reply::error(-32601, &format!("Unknown command '{}'", request.method)),
        }
    }

    pub(super) fn gate(&self, gate: &Gate, method: &str) -> Arc<Semaphore> {
        match gate {
            Gate::Method => self.named_gate(method),
            Gate::Named(name) => self.named_gate(name),
        }
    }

    fn named_gate(&self, name: &str) -> Arc<Semaphore> {
        let mut state = self.lock();
        Arc::clone(state.gates.entry(name.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(0))))
    }

    pub(super) fn wire(&self) -> Wire {
        self.lock().wire
    }
}
