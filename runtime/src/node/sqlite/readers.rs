//! Connections that read.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::{Fault, open};
use crate::engine::StoreError;

/// How many read at a time; the others wait.
const READERS: usize = 4;

/// A few connections, opened when they are first needed, and used on the runtime's blocking threads.
#[derive(Debug)]
pub(super) struct Readers {
    path: Arc<Path>,
    idle: Arc<Mutex<Vec<Connection>>>,
    turns: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(path: Arc<Path>) -> Self {
        Readers { path, idle: Arc::default(), turns: Arc::new(Semaphore::new(READERS)) }
    }

    pub(super) async fn read<T, F>(&self, doing: &'static str, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        let (path, idle) = (self.path.clone(), self.idle.clone());
        let turn = self.turns.clone().acquire_owned().await;
        let read = move || {
            let _turn = turn;
            let connection = match idle.lock().unwrap_or_else(PoisonError::into_inner).pop() {
                Some(connection) => connection,
                None => open::readable(&path)?,
            };
            let result = job(&connection);
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            result
        };
        match tokio::task::spawn_blocking(read).await {
            Ok(result) => result.map_err(|fault: Fault| fault.told(doing, &self.path)),
            Err(_) => Err(StoreError { doing, why: "the program is stopping".to_owned() }),
        }
    }
}
