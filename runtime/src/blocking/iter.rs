//! Streams as iterators.

use std::sync::mpsc as from_thread;
use std::vec;

use cln_api::Command;
use futures_core::Stream;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::mpsc;

use super::Client;
use crate::client::{CallError, ConnectionLost, Delivery};

/// So many records pass from thread to thread at once, where they are there already.
const AT_ONCE: usize = 64;

/// The records of a list. Dropped, it ends what it reads from.
pub struct Iter<R: Command, T> {
    wanted: mpsc::UnboundedSender<()>,
    chunks: from_thread::Receiver<Vec<Record<R, T>>>,
    ready: vec::IntoIter<Record<R, T>>,
    ended: bool,
    // The thread lives as long as what it carries.
    _client: Client,
}

type Record<R, T> = Result<T, CallError<<R as Command>::Error>>;

impl Client {
    /// Moves a stream to the worker's thread. There it is read only as far as the iterator is.
    pub(super) fn iterate<R, T>(&self, stream: impl Stream<Item = Record<R, T>> + Send + Unpin + 'static) -> Iter<R, T>
    where
        R: Command + 'static,
        R::Error: Send + 'static,
        T: Send + 'static,
    {
        let (wanted, mut wishes) = mpsc::unbounded_channel();
        let (sender, chunks) = from_thread::channel();
        let mut stream = stream.fuse();
        self.0.worker.run(async move {
            while wishes.recv().await.is_some() {
                let mut chunk: Vec<_> = stream.next().await.into_iter().collect();
                while !chunk.is_empty() && chunk.len() < AT_ONCE {
                    match stream.next().now_or_never() {
                        Some(Some(record)) => chunk.push(record),
                        Some(None) | None => break,
                    }
                }
                // An empty chunk is the end.
                let is_end = chunk.is_empty();
                if sender.send(chunk).is_err() || is_end {
                    return;
                }
            }
        });
        Iter { wanted, chunks, ready: Vec::new().into_iter(), ended: false, _client: self.clone() }
    }
}

impl<R: Command, T> Iterator for Iter<R, T> {
    type Item = Record<R, T>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(record) = self.ready.next() {
            return Some(record);
        }
        if self.ended {
            return None;
        }
        // When nobody takes wishes any more, the chunks tell.
        let _ = self.wanted.send(());
        match self.chunks.recv() {
            Ok(chunk) => {
                self.ended = chunk.is_empty();
                self.ready = chunk.into_iter();
                self.ready.next()
            }
            Err(from_thread::RecvError) => {
                self.ended = true;
                Some(Err(CallError::Connection {
                    method: R::METHOD.to_owned(),
                    source: ConnectionLost::Panicked,
                    delivery: Delivery::Unknown,
                    read_only: R::READ_ONLY,
                }))
            }
        }
    }
}
