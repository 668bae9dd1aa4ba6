//! The thread that carries the calls of a blocking client.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc as from_thread;
use std::thread;

use tokio::runtime;
use tokio::sync::mpsc;

use crate::client::ConnectError;

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The thread with a runtime of its own. It ends when this is dropped, and nobody waits for that.
#[derive(Debug)]
pub(super) struct Worker(mpsc::UnboundedSender<Job>);

impl Worker {
    /// Starts the thread.
    pub(super) fn start() -> Result<Self, ConnectError> {
        let (sender, mut jobs) = mpsc::unbounded_channel::<Job>();
        let (started, result) = from_thread::channel();
        // The runtime lives in the thread only: in a task of another runtime it could not be dropped.
        let body = move || match runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => {
                let _ = started.send(Ok(()));
                runtime.block_on(async move {
                    while let Some(job) = jobs.recv().await {
                        // A job that panics drops its end of a channel, by which its caller learns of it.
                        tokio::spawn(job);
                    }
                });
            }
            Err(error) => drop(started.send(Err(error))),
        };
        let spawned = thread::Builder::new().name("cln-runtime".to_owned()).spawn(body);
        let result = spawned.and_then(|_| result.recv().unwrap_or_else(|_| Err(std::io::Error::other("it panicked"))));
        result.map(|()| Self(sender)).map_err(|error| ConnectError::Thread(Arc::new(error)))
    }

    /// Begins a job; false when the thread has ended, which it only does by a panic.
    pub(super) fn run(&self, job: impl Future<Output = ()> + Send + 'static) -> bool {
        self.0.send(Box::pin(job)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_job_that_panics_ends_itself_only() {
        let worker = Worker::start().unwrap();
        let (sender, result) = from_thread::channel::<()>();
        assert!(worker.run(async move {
            let _sender = sender;
            panic!("on purpose");
        }));
        let waited = result.recv_timeout(Duration::from_secs(10));
        assert_eq!(waited, Err(from_thread::RecvTimeoutError::Disconnected));
        let (sender, result) = from_thread::channel();
        assert!(worker.run(async move { sender.send(1).unwrap() }));
        assert_eq!(result.recv_timeout(Duration::from_secs(10)), Ok(1));
    }

    #[test]
    fn the_thread_ends_with_the_worker() {
        let worker = Worker::start().unwrap();
        let (sender, result) = from_thread::channel::<()>();
        // A job that never ends by itself is dropped with the thread's runtime.
        assert!(worker.run(async move {
            let _sender = sender;
            std::future::pending::<()>().await;
        }));
        drop(worker);
        let waited = result.recv_timeout(Duration::from_secs(10));
        assert_eq!(waited, Err(from_thread::RecvTimeoutError::Disconnected));
    }
}
