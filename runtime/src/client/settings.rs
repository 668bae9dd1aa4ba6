//! How a client behaves, and where it finds its node.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Client;
use super::error::ConnectError;

/// What a [`Builder`] sets.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    pub(crate) network: String,
    pub(crate) timeout: Duration,
    pub(crate) margin: Duration,
    pub(crate) retries: u32,
    pub(crate) queue: usize,
    pub(crate) max_answer: usize,
    pub(crate) max_record: usize,
    pub(crate) strict: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            path: PathBuf::new(),
            name: "cln-runtime".to_owned(),
            network: "bitcoin".to_owned(),
            timeout: Duration::from_secs(60),
            margin: Duration::from_secs(10),
            retries: 2,
            queue: 1024,
            max_answer: 2 << 30,
            max_record: 64 << 20,
            strict: false,
        }
    }
}

/// Sets how a client behaves; every setting has a default that suits a wallet.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Builder(Settings);

impl Builder {
    /// The name in the ids of requests, as the node's log shows them: `name:method#7`. Letters, digits, `-` and `_` are
    /// kept. Default: `cln-runtime`.
    pub fn name(mut self, name: &str) -> Self {
        self.0.name = name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
        self
    }

    /// How long an answer is waited for. A command with a `timeout` or `retry_for` of its own gets that time and
    /// [`margin`](Self::margin) at least; one that waits for an event, such as `waitinvoice`, is waited for without end
    /// unless the call says otherwise. Default: 60 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.timeout = timeout;
        self
    }

    /// What a command with a time of its own gets in addition. Default: 10 seconds.
    pub fn margin(mut self, margin: Duration) -> Self {
        self.0.margin = margin;
        self
    }

    /// How often a call is made again when its connection is lost: one of a read-only command, and one whose request was
    /// not sent. Others are never sent twice. Default: 2.
    pub fn retry(mut self, times: u32) -> Self {
        self.0.retries = times;
        self
    }

    /// How many requests may wait to be written; further calls wait. Default: 1024.
    pub fn queue(mut self, requests: usize) -> Self {
        self.0.queue = requests.max(1);
        self
    }

    /// The most bytes that an answer may have. A longer one fails its call and the connection is made anew. Default: 2 GiB.
    pub fn max_answer(mut self, bytes: usize) -> Self {
        self.0.max_answer = bytes;
        self
    }

    /// The most bytes that one record of a stream may have. Default: 64 MiB.
    pub fn max_record(mut self, bytes: usize) -> Self {
        self.0.max_record = bytes;
        self
    }

    /// For tests: an answer with a field that the types do not have is an error. It costs another pass over the answer.
    pub fn strict(mut self, strict: bool) -> Self {
        self.0.strict = strict;
        self
    }

    /// Connects to the socket at `path`; `~/` is the home directory.
    ///
    /// # Errors
    ///
    /// When there is no node; the message says what to do.
    pub async fn connect(mut self, path: impl AsRef<Path>) -> Result<Client, ConnectError> {
        self.0.path = expand_home(path.as_ref())?;
        Client::open(self.0).await
    }

    /// The network of the node that [`connect_default`](Self::connect_default) looks for: `regtest`, `signet`,
    /// `testnet4`. Default: `bitcoin`.
    pub fn network(mut self, network: &str) -> Self {
        self.0.network = network.to_owned();
        self
    }

    /// Connects to the socket where `lightning-cli` looks for it: `lightning-rpc` in the [`network`](Self::network)'s
    /// directory of `LIGHTNING_DIR` or `~/.lightning`.
    ///
    /// # Errors
    ///
    /// When there is no node; the message says what to do.
    pub async fn connect_default(self) -> Result<Client, ConnectError> {
        let path = self.path()?;
        self.connect(path).await
    }

    pub(crate) fn path(&self) -> Result<PathBuf, ConnectError> {
        default_path(&self.0.network)
    }
}

/// Where `lightning-cli` looks for the socket.
///
/// # Errors
///
/// When there is no home directory to look in.
pub fn default_path(network: &str) -> Result<PathBuf, ConnectError> {
    let base = match env::var_os("LIGHTNING_DIR") {
        Some(dir) => PathBuf::from(dir),
        None => home()?.join(".lightning"),
    };
    Ok(base.join(network).join("lightning-rpc"))
}

fn expand_home(path: &Path) -> Result<PathBuf, ConnectError> {
    match path.strip_prefix("~") {
        Ok(rest) => Ok(home()?.join(rest)),
        Err(_) => Ok(path.to_owned()),
    }
}

fn home() -> Result<PathBuf, ConnectError> {
    env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from).ok_or(ConnectError::NoHome)
}
