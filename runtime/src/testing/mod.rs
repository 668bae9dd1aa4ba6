//! A scripted lightningd for tests: it listens on a socket of its own and does what a test says, faults included.
//!
//! ```
//! use cln_api::invoice;
//! use cln_runtime::client::{CallError, Client};
//! use cln_runtime::testing::{FakeNode, Reply};
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let node = FakeNode::start()?;
//! node.answer("hello", json!({ "greeting": "hi" }));
//! node.reply("invoice", Reply::error(900, "Duplicate label 'order-17'"));
//! node.reply_with("double", |request| Reply::result(json!(request.params["number"].as_u64().map(|n| 2 * n))));
//!
//! let client = Client::connect(node.path()).await?;
//! assert_eq!(client.call_raw("hello", json!({})).await?["greeting"], "hi");
//! assert_eq!(client.call_raw("double", json!({ "number": 21 })).await?, 42);
//! assert!(matches!(client.call_raw("invoice", json!({})).await, Err(CallError::Rpc(error)) if error.code == 900));
//! // A command that is not in the script gets lightningd's own answer.
//! assert!(matches!(client.call_raw("nonsense", json!({})).await, Err(CallError::Rpc(error)) if error.code == -32601));
//! // What the node was asked, to the byte.
//! assert_eq!(node.received("double").await.params, json!({ "number": 21 }));
//! # Ok(())
//! # }
//! ```
//!
//! # Without sleeping
//!
//! A test need not guess how long something takes. It waits for what the node has seen, and says when the node goes on:
//!
//! ```
//! # use cln_runtime::client::Client;
//! # use cln_runtime::testing::{FakeNode, Reply};
//! # use serde_json::json;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let node = FakeNode::start()?;
//! node.reply("slow", Reply::result(json!("at last")).held());
//! node.answer("fast", json!("at once"));
//! let client = Client::connect(node.path()).await?;
//!
//! let waiting = tokio::spawn({
//!     let client = client.clone();
//!     async move { client.call_raw("slow", json!({})).await }
//! });
//! node.received("slow").await; // the request has come, and its answer waits
//! assert_eq!(client.call_raw("fast", json!({})).await?, "at once");
//! node.release("slow");
//! assert_eq!(waiting.await??, "at last");
//! # Ok(())
//! # }
//! ```
//!
//! The node runs on a thread of its own, by the system's clock: it serves blocking clients too, and a test may pause
//! tokio's time, though only while it waits for no answer, for a paused clock jumps ahead as soon as nothing else is to
//! do.

mod received;
mod reply;
mod script;
mod server;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, mpsc as std_mpsc};
use std::thread::JoinHandle;

use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::mpsc;

pub use received::Received;
pub use reply::Reply;
use script::Script;
use server::Order;

/// A node that does what a test says. Its thread ends and its socket goes when it is dropped.
pub struct FakeNode {
    script: Arc<Script>,
    /// `None` while it is dropped.
    orders: Option<mpsc::UnboundedSender<(Order, std_mpsc::Sender<io::Result<()>>)>>,
    thread: Option<JoinHandle<io::Result<()>>>,
    _directory: TempDir,
}

impl fmt::Debug for FakeNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeNode").field("path", &self.path()).finish_non_exhaustive()
    }
}

impl Drop for FakeNode {
    fn drop(&mut self) {
        self.orders = None;
        // What happened on the thread, the test has seen.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl FakeNode {
    /// Starts a node on a socket of its own. It knows no command but `notifications`.
    ///
    /// # Errors
    ///
    /// When the system gives no temporary directory, socket or thread.
    pub fn start() -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix("fake-node-").tempdir()?;
        let path = directory.path().join("lightning-rpc");
        let listener = server::listen(&path)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let script = Arc::new(Script::new(path));
        let (orders, received) = mpsc::unbounded_channel();
        let thread = std::thread::Builder::new().name("fake-node".to_owned()).spawn({
            let script = Arc::clone(&script);
            move || runtime.block_on(server::serve(listener, script, received))
        })?;
        Ok(Self { script, orders: Some(orders), thread: Some(thread), _directory: directory })
    }

    /// The socket.
    pub fn path(&self) -> &Path {
        &self.script.path
    }

    /// Answers a command by this result.
    pub fn answer(&self, method: &str, result: Value) {
        self.reply(method, Reply::result(result));
    }

    /// Does this with every request of a command.
    pub fn reply(&self, method: &str, reply: Reply) {
        self.reply_with(method, move |_| reply.clone());
    }

    /// Does this with the next request of a command; several are used one after the other, before what is always done.
    pub fn reply_once(&self, method: &str, reply: Reply) {
        self.script.once(method, reply);
    }

    /// Makes up the reply to each request of a command.
    pub fn reply_with(&self, method: &str, reply: impl FnMut(&Received) -> Reply + Send + 'static) {
        self.script.always(method, Arc::new(Mutex::new(reply)));
    }

    /// Lets one reply go that is [`held`](Reply::held) or will be: by the command's name, or by its
    /// [own](Reply::held_by).
    pub fn release(&self, name: &str) {
        self.script.release(name, 1);
    }

    /// Lets so many replies go, the longest held first.
    pub fn release_many(&self, name: &str, replies: usize) {
        self.script.release(name, replies);
    }

    /// What follows on an answer from now on; lightningd and default: `\n\n`.
    pub fn terminator(&self, terminator: &'static str) {
        self.script.set_wire(|wire| wire.terminator = terminator);
    }

    /// Answers go out in writes of so many bytes from now on.
    pub fn in_pieces(&self, bytes: usize) {
        self.script.set_wire(|wire| wire.piece = Some(bytes.max(1)));
    }

    /// Answers wait until there are so many, and go out in one write.
    pub fn answers_per_write(&self, answers: usize) {
        self.script.set_wire(|wire| wire.answers_per_write = answers.max(1));
    }

    /// Answers go out in any order, several together or in pieces, as a random choice from this seed says.
    pub fn shuffle(&self, seed: u64) {
        self.script.set_wire(|wire| wire.shuffle = Some(seed));
    }

    /// Writes bytes to every open connection, unasked.
    pub fn send(&self, bytes: impl Into<Vec<u8>>) {
        self.order(Order::Send(bytes.into()));
    }

    /// Closes every open connection.
    pub fn disconnect(&self) {
        self.order(Order::Disconnect);
    }

    /// Closes the next connections as soon as they are made.
    pub fn close_accepted(&self, connections: usize) {
        self.script.close_accepted(connections);
    }

    /// Reads so many bytes from now on, one at least, then closes the connection that the last of them came over.
    pub fn hang_up_after(&self, bytes: usize) {
        self.script.set_hang_up_after(bytes);
    }

    /// Takes no new connections; the socket stays, as after a crash.
    pub fn refuse(&self) {
        self.order(Order::Refuse);
    }

    /// Takes new connections again, on a socket made anew.
    pub fn accept(&self) {
        self.order(Order::Accept);
    }

    /// Reads nothing any more, so that the socket gets full.
    pub fn stop_reading(&self) {
        self.order(Order::Read(false));
    }

    /// Reads again.
    pub fn resume_reading(&self) {
        self.order(Order::Read(true));
    }

    /// The requests that came, in their order.
    pub fn requests(&self) -> Vec<Received> {
        self.script.requests()
    }

    /// How many requests of a command came.
    pub fn count(&self, method: &str) -> usize {
        self.requests().iter().filter(|request| request.method == method).count()
    }

    /// The next request of a command, each handed out once; waits for it to come.
    pub async fn received(&self, method: &str) -> Received {
        self.script.received(method).await
    }

    /// As [`received`](Self::received), for tests without a runtime.
    pub fn received_blocking(&self, method: &str) -> Received {
        self.script.received_blocking(method)
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.script.connections()
    }

    /// Waits until so many connections were made.
    pub async fn connected(&self, connections: usize) {
        self.script.until(|script| script.connections() >= connections).await;
    }

    /// How many connections have ended, by whatever side.
    pub fn closed_connections(&self) -> usize {
        self.script.closed_connections()
    }

    /// Waits until so many connections have ended.
    pub async fn disconnected(&self, connections: usize) {
        self.script.until(|script| script.closed_connections() >= connections).await;
    }

    /// Has the thread do something, and waits until that is done.
    ///
    /// # Panics
    ///
    /// When it cannot be done: a test must not go on as if it were.
    fn order(&self, order: Order) {
        let (acknowledge, done) = std_mpsc::channel();
        let sent = self.orders.as_ref().is_some_and(|orders| orders.send((order, acknowledge)).is_ok());
        let done = if sent { done.recv() } else { Err(std_mpsc::RecvError) };
        match done {
            Ok(Ok(())) => {}
            Ok(Err(error)) => panic!("the fake node cannot do this: {error}"),
            Err(_) => panic!("the fake node's thread has ended"),
        }
    }
}
