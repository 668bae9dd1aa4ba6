//! Settings of a blocking client.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use super::worker::Worker;
use super::{Client, Shared};
use crate::client::{self, ConnectError};

/// Sets how a client behaves; every setting has a default that suits a wallet.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Builder(client::Builder);

macro_rules! settings {
    ($($name:ident($type:ty)),* $(,)?) => {
        $(
            #[doc = concat!("As [`client::Builder::", stringify!($name), "`](client::Builder::", stringify!($name), ").")]
            pub fn $name(self, value: $type) -> Self {
                Self(self.0.$name(value))
            }
        )*
    };
}

impl Builder {
    settings! {
        name(&str),
        network(&str),
        timeout(Duration),
        margin(Duration),
        retry(u32),
        queue(usize),
        max_answer(usize),
        max_record(usize),
        strict(bool),
    }

    /// Connects to the socket at `path`; `~/` is the home directory.
    ///
    /// # Errors
    ///
    /// When there is no node; the message says what to do.
    pub fn connect(self, path: impl AsRef<Path>) -> Result<Client, ConnectError> {
        let worker = Worker::start()?;
        let (sender, client) = mpsc::channel();
        let path = path.as_ref().to_owned();
        worker.run(async move { drop(sender.send(self.0.connect(path).await)) });
        let panicked = |_| Err(ConnectError::Thread(Arc::new(std::io::Error::other("it panicked"))));
        let client = client.recv().unwrap_or_else(panicked)?;
        Ok(Client(Arc::new(Shared { client, worker })))
    }

    /// Connects to the socket where `lightning-cli` looks for it, as [the async client
    /// does](client::Builder::connect_default).
    ///
    /// # Errors
    ///
    /// When there is no node; the message says what to do.
    pub fn connect_default(self) -> Result<Client, ConnectError> {
        let path = self.0.path()?;
        self.connect(path)
    }
}
