//! Starting and stopping a node.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cln_primitives::{Msat, NodeId};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use super::bell::{self, Bell};
use super::directory::{Directory, DirectoryError};
use super::handle::{Node, Parts};
use super::hook::{HookAnswer, HookCall, MessageHook};
use super::keys::{KeyError, Keys};
use super::ledger::{AccountOptions, Ledger};
use super::network::{self, Courier, Folder};
use super::ports::Ports;
use super::server;
use super::socket::{ListenError, Socket};
use super::store::{Owner, Store};
use super::tasks;
use crate::bolt12::Chain;
use crate::engine::{Clock as _, Issuer, Limits, SignError, StoreError, System, receiver};

/// The node's key, in its folder.
const SEED: &str = "hsm_secret";
/// What the node remembers, in its folder.
const STORE: &str = "node.sqlite3";
/// The network's ledger, in the folder above the nodes'.
const LEDGER: &str = "ledger.sqlite3";
/// The socket for clients.
const RPC: &str = "lightning-rpc";
/// So many messages wait to be looked at; senders of more are told to try again.
const EVENTS: usize = 256;
/// A payment of more is offered in parts, as over channels of that size.
const LARGEST_PART: Msat = Msat::from_msat(4_294_967_295);
/// How long after an invoice's expiry its payer takes back a payment that was not taken.
const GRACE: Duration = Duration::from_secs(60);

/// A node did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Its folder cannot be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// Nobody could find it.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// Its key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Its key is gone, but not what it remembers.
    #[error("{} is missing: restore it from a backup, or use another folder for a new node", .0.display())]
    KeyLost(PathBuf),
    /// What it remembers is of a node with another key.
    #[error(
        "{} is not the key of {owner}, whose requests and invoices the folder has: restore that one, or use another folder \
         for a new node",
        path.display()
    )]
    KeyChanged {
        /// The key's file.
        path: PathBuf,
        /// The node that the folder was used for.
        owner: NodeId,
    },
    /// What it remembers is for another chain.
    #[error("the node in {} is for {chain}: start it for that chain, or use another folder for a new node", directory.display())]
    Chain {
        /// The node's folder.
        directory: PathBuf,
        /// The chain that it was started for at first.
        chain: Chain,
    },
    /// What it remembers, or the network's ledger, cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The network's folder cannot be used.
    #[error("cannot use the network's folder, above {}: {source}", node.display())]
    Network {
        /// The node's folder.
        node: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A node with the same key runs: the folder is a copy.
    #[error("{} has the key of the node that runs in {}: one of both is a copy, which must not run", .0.display(), .1.display())]
    Copy(PathBuf, PathBuf),
}

/// A node in this process. It runs until it is stopped, or this is dropped: then it ends soon, and its folder is in use
/// until then.
///
/// ```
/// use cln_runtime::node::EmbeddedNode;
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let folder = tempfile::tempdir().unwrap();
/// # let network = folder.path();
/// let alice = EmbeddedNode::builder(network.join("alice")).balance("1000000sat".parse()?).start().await?;
/// println!("{} answers at {}", alice.node().node_id(), alice.rpc_path().display());
/// alice.stop().await;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct EmbeddedNode {
    node: Node,
    /// Until it has stopped.
    running: Option<JoinHandle<()>>,
}

/// How a node is to be.
#[derive(Clone, Debug)]
#[must_use = "a node is started by `start`"]
pub struct NodeBuilder {
    directory: PathBuf,
    network: Chain,
    balance: Msat,
    limits: Limits,
    hook: Option<MessageHook>,
    private: bool,
}

impl EmbeddedNode {
    /// Starts the node in this folder, which is made if need be, on regtest.
    ///
    /// # Errors
    /// See [`NodeBuilder::start`].
    pub async fn start(directory: impl AsRef<Path>) -> Result<Self, StartError> {
        Self::builder(directory).start().await
    }

    /// Tells how a node in this folder is to be.
    pub fn builder(directory: impl AsRef<Path>) -> NodeBuilder {
        let directory = directory.as_ref().to_owned();
        // Its neighbours are nodes of the same user, and as busy as that user wants.
        let limits = Limits { invoices_per_second: 100_000, ..Limits::default() };
        NodeBuilder { directory, network: Chain::REGTEST, balance: Msat::ZERO, limits, hook: None, private: false }
    }

    /// The running node.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// The socket for its clients.
    pub fn rpc_path(&self) -> PathBuf {
        self.node.directory().join(RPC)
    }

    /// Waits until it has stopped, because of the command `stop` or [`Node::stop`].
    pub async fn stopped(&mut self) {
        let Some(running) = &mut self.running else { return };
        if let Err(error) = running.await {
            tracing::error!(%error, "the node's main task has failed");
        }
        self.running = None;
    }

    /// Stops it: clients get their last answers, and what is not done then is gone on with at the next start. Its databases
    /// are closed a moment later.
    pub async fn stop(mut self) {
        self.node.stop();
        self.stopped().await;
    }
}

impl Drop for EmbeddedNode {
    fn drop(&mut self) {
        self.node.stop();
    }
}

impl NodeBuilder {
    /// The chain that requests and invoices are for; regtest, if nothing else is said. A node stays on its first one.
    pub fn network(mut self, network: Chain) -> Self {
        self.network = network;
        self
    }

    /// What a new node has, out of nothing; nothing, if nothing else is said. One that has an account keeps what it has.
    pub fn balance(mut self, balance: Msat) -> Self {
        self.balance = balance;
        self
    }

    /// How much of others' messages is let in. If nothing else is said, only the invoices of a second are without the
    /// engine's usual limit.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Hides the node: no other one finds it, but for one public node of the network, its neighbour, through which requests
    /// say how to reach it. A node may be private at one start, and public at the next.
    pub fn private(mut self) -> Self {
        self.private = true;
        self
    }

    /// Asks first about each onion message that arrives at this node, as lightningd asks its plugins by the hooks
    /// `onion_message_recv` and `onion_message_recv_secret`. The message waits for the answer, others do not.
    pub fn on_onion_message<F>(mut self, hook: impl Fn(HookCall) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = HookAnswer> + Send + 'static,
    {
        self.hook = Some(MessageHook::new(hook));
        self
    }

    /// Starts the node, and goes on with what a crash has interrupted.
    ///
    /// # Errors
    /// When its folder, or a file there, cannot be used, or another process has it.
    pub async fn start(self) -> Result<EmbeddedNode, StartError> {
        let directory = Directory::take(&self.directory)?;
        let keys = Arc::new(load_keys(directory.path(), self.network)?);
        let io = |source| StartError::Network { node: directory.path().to_owned(), source };
        let folder = Folder::above(directory.path()).map_err(io)?;
        refuse_copies(&folder, directory.path(), &keys)?;
        let store = open_store(directory.path(), &keys)?;
        check_owner(&store, &keys, directory.path()).await?;
        let courier = match self.private {
            true => Courier::private(keys.clone(), folder.clone(), directory.path().to_owned()),
            false => Courier::new(keys.clone(), folder.clone()),
        };
        let (bell, rung) = Bell::new();
        let ledger = Ledger::open(&folder.path().join(LEDGER))?;
        let options = account_options(&store, &keys, bell);
        let account = ledger.open_account(keys.node_id(), self.balance, options).await?;
        let ports = Ports { keys: keys.clone(), store, account, courier: courier.clone(), created: Arc::default() };
        match self.private {
            true => folder.hide(directory.path(), keys.node_id()).map(drop).map_err(io)?,
            false => folder.publish(directory.path(), keys.node_id()).map_err(io)?,
        }

        // In this order: what a payment was taken for is settled before any invoice is let expire; and nothing is paid
        // by a node that fails to start, as another one may pay it then.
        receiver::settle_all(&ports).await?;
        let messages = Socket::listen(&directory.path().join(network::MESSAGES))?;
        let rpc = Socket::listen(&directory.path().join(RPC))?;
        let node = Node::new(Parts {
            directory: directory.path().to_owned(),
            folder,
            issuer: Issuer::new(ports.clone(), self.limits),
            ports,
            tasks: TaskTracker::new(),
            left_over: Notify::new(),
            stop: watch::Sender::new(false),
        });
        node.issuer().resume().await?.into_iter().for_each(|claim| tasks::pay(&node, claim));
        tasks::end_payments(&node).await?;
        let (sender, events) = mpsc::channel(EVENTS);
        node.spawn(tasks::settle(node.clone()));
        node.spawn(tasks::expire(node.clone()));
        node.spawn(tasks::pay_again(node.clone()));
        node.spawn(bell::tell(rung, courier.clone()));
        node.spawn(tasks::take_messages(node.clone(), events, self.hook));
        node.spawn(network::listen(messages, keys, courier, sender));
        let running = Some(tokio::spawn(run(node.clone(), directory, rpc)));
        Ok(EmbeddedNode { node, running })
    }
}

/// Serves clients until the node stops. Then another process may have the folder.
async fn run(node: Node, directory: Directory, rpc: Socket) {
    server::serve(rpc, Arc::new(node.clone()), node.stopping(), server::Limits::of_this_process()).await;
    node.tasks_ended().await;
    // The tasks have gone, but not what they have asked the databases for. The next node here looks once for what is to
    // be gone on with: nothing may be written behind its back.
    node.store().drain().await;
    node.account().ledger().drain().await;
    drop(directory);
}

/// A node that has been here before must have its key: with a new one it would be another node.
fn load_keys(directory: &Path, network: Chain) -> Result<Keys, StartError> {
    let seed = directory.join(SEED);
    // A link that leads nowhere is there, and refused below.
    if directory.join(STORE).exists() && seed.symlink_metadata().is_err() {
        return Err(StartError::KeyLost(seed));
    }
    Ok(Keys::load_or_create(&seed, network)?)
}

fn open_store(directory: &Path, keys: &Arc<Keys>) -> Result<Store, StoreError> {
    let keys = keys.clone();
    let sign = move |invoice| keys.finish_invoice(invoice).map_err(|error| SignError(error.to_string()));
    Store::open(&directory.join(STORE), Arc::new(sign))
}

/// With another key, or on another chain, a node would pay for requests and take payments that are not its own.
async fn check_owner(store: &Store, keys: &Keys, directory: &Path) -> Result<(), StartError> {
    let this = Owner { node_id: keys.node_id(), chain: keys.chain() };
    let owner = store.owner(this).await?;
    if owner.node_id != this.node_id {
        return Err(StartError::KeyChanged { path: directory.join(SEED), owner: owner.node_id });
    }
    if owner.chain != this.chain {
        return Err(StartError::Chain { directory: directory.to_owned(), chain: owner.chain });
    }
    Ok(())
}

fn account_options(store: &Store, keys: &Arc<Keys>, bell: Bell) -> AccountOptions {
    let keys = keys.clone();
    AccountOptions {
        store: store.clone(),
        read_path: Arc::new(move |path_key, hop| keys.read_own_hop(path_key, hop)),
        now: Arc::new(|| System.now()),
        tell: Arc::new(move |node| bell.ring(node)),
        largest_part: LARGEST_PART,
        grace: GRACE,
    }
}

/// Two nodes with one key would each take what is meant for the other.
fn refuse_copies(folder: &Folder, directory: &Path, keys: &Keys) -> Result<(), StartError> {
    let io = |source| StartError::Network { node: directory.to_owned(), source };
    for place in folder.find(keys.node_id()).map_err(io)? {
        if place != directory && std::os::unix::net::UnixStream::connect(place.join(network::MESSAGES)).is_ok() {
            return Err(StartError::Copy(directory.to_owned(), place));
        }
    }
    Ok(())
}
