//! The thread that writes.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, mpsc};
use std::thread;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::Fault;
use crate::engine::StoreError;

/// How many jobs one transaction takes: more would keep the first of them waiting for no gain.
const BATCH: usize = 256;
/// After so many jobs the log is written back into the file.
const CHECKPOINT: u64 = 512;

/// Does a job in a transaction that is open, or hears why there is none.
type Job = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Done + Send>;
/// Tells a job's caller, by what became of the transaction.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// A job has been done, or undone.
struct Done {
    answer: Answer,
    wrote: bool,
    /// Why the transaction cannot go on.
    lost: Option<StoreError>,
}

/// How much was written since the file was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Writes {
    /// The steps that have been made durable.
    pub steps: u64,
    /// The transactions that changed something. Each waits for the disk once.
    pub commits: u64,
    /// How often the log was written back into the file. Each waits for the disk three times: for the log, the file, and
    /// the log's new start.
    pub checkpoints: u64,
}

impl Writes {
    /// How often the disk was waited for (`fsync`): computed from what was written, by SQLite's rules for `WAL` with
    /// `synchronous=FULL`, and equal to what `strace` sees. Not counted are the few for making the file and its first
    /// log, and for closing it.
    pub fn fsyncs(self) -> u64 {
        self.commits + 3 * self.checkpoints
    }
}

/// Hands jobs to the thread, which ends when this is dropped and all jobs are done.
#[derive(Debug)]
pub(super) struct Writer {
    queue: mpsc::Sender<Job>,
    path: Arc<Path>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    steps: AtomicU64,
    commits: AtomicU64,
    checkpoints: AtomicU64,
}

impl Writer {
    pub(super) fn start(connection: Connection, path: Arc<Path>) -> Result<Self, StoreError> {
        let (queue, jobs) = mpsc::channel();
        let counts = Arc::new(Counts::default());
        let loops = Loop { connection, path: path.clone(), counts: counts.clone() };
        let started = thread::Builder::new().name("sqlite-writer".to_owned()).spawn(move || loops.run(&jobs));
        match started {
            Ok(_) => Ok(Writer { queue, path, counts }),
            Err(error) => Err(StoreError { doing: "starting the database's thread", why: error.to_string() }),
        }
    }

    pub(super) async fn write<T, F, A>(&self, doing: &'static str, job: F, after: A) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
        A: FnOnce(&T) + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let path = self.path.clone();
        let job: Job = Box::new(move |connection| {
            let (result, wrote, lost) = match connection {
                Ok(connection) => {
                    let before = connection.total_changes();
                    let (result, sound) = in_savepoint(connection, job);
                    let result = result.map_err(|fault| fault.told(doing, &path));
                    let lost = result.as_ref().err().filter(|_| !sound).cloned();
                    let wrote = result.is_ok() && connection.total_changes() != before;
                    (result, wrote, lost)
                }
                Err(StoreError { why, .. }) => (Err(StoreError { doing, why }), false, None),
            };
            let answer = move |end: Result<(), StoreError>| {
                let result = match end {
                    Ok(()) => result.inspect(after),
                    Err(StoreError { why, .. }) => result.and(Err(StoreError { doing, why })),
                };
                // Nobody may wait any longer.
                let _ = sender.send(result);
            };
            Done { answer: Box::new(answer), wrote, lost }
        });
        let stopped = || StoreError { doing, why: "the database's thread has stopped: restart the program".to_owned() };
        self.queue.send(job).map_err(|_| stopped())?;
        receiver.await.map_err(|_| stopped())?
    }

    pub(super) fn writes(&self) -> Writes {
        let Counts { steps, commits, checkpoints } = &*self.counts;
        Writes { steps: steps.load(Relaxed), commits: commits.load(Relaxed), checkpoints: checkpoints.load(Relaxed) }
    }
}

/// What the thread works with.
struct Loop {
    connection: Connection,
    path: Arc<Path>,
    counts: Arc<Counts>,
}

impl Loop {
    fn run(self, jobs: &mpsc::Receiver<Job>) {
        let mut in_log = 0;
        while let Ok(first) = jobs.recv() {
            let mut batch = VecDeque::from([first]);
            batch.extend(jobs.try_iter().take(BATCH - 1));
            while !batch.is_empty() {
                in_log += self.transaction(&mut batch);
            }
            if in_log >= CHECKPOINT {
                in_log = 0;
                self.checkpoint();
            }
        }
    }

    /// Does jobs from the front in one transaction: all, unless one of them ends it. Gives how many steps are durable.
    fn transaction(&self, batch: &mut VecDeque<Job>) -> u64 {
        let connection = &self.connection;
        if !connection.is_autocommit() {
            // Left open by a rollback that failed; when this one fails too, BEGIN says so.
            let _ = run(connection, "ROLLBACK");
        }
        if let Err(error) = run(connection, "BEGIN IMMEDIATE") {
            let error = error.told("beginning a transaction", &self.path);
            batch.drain(..).for_each(|job| (job(Err(error.clone())).answer)(Ok(())));
            return 0;
        }
        let mut done = Vec::with_capacity(batch.len());
        let mut steps = 0;
        let mut end = Ok(());
        while let Some(job) = batch.pop_front() {
            let Done { answer, wrote, lost } = job(Ok(connection));
            done.push(answer);
            steps += u64::from(wrote);
            if let Some(error) = lost {
                end = Err(error);
                break;
            }
        }
        let end = end.and_then(|()| run(connection, "COMMIT").map_err(|fault| fault.told("committing", &self.path)));
        if end.is_err() {
            steps = 0;
            if !connection.is_autocommit() {
                let _ = run(connection, "ROLLBACK");
            }
        }
        self.counts.steps.fetch_add(steps, Relaxed);
        self.counts.commits.fetch_add(u64::from(steps > 0), Relaxed);
        done.into_iter().for_each(|answer| answer(end.clone()));
        steps
    }

    /// Writes the log back as far as no reader needs it, so that it starts anew. When that fails the log is just longer.
    fn checkpoint(&self) {
        let moved = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, i64>(2));
        match moved {
            // -1 when another program is at it.
            Ok(..=0) => {}
            Ok(_) => {
                self.counts.checkpoints.fetch_add(1, Relaxed);
            }
            Err(error) => tracing::warn!(%error, "the database's log was not written back: it grows until it is"),
        }
    }
}

/// The job's result, its changes undone when it failed; `false` when the transaction around it cannot go on.
fn in_savepoint<T>(
    connection: &Connection,
    job: impl FnOnce(&Connection) -> Result<T, Fault>,
) -> (Result<T, Fault>, bool) {
    if let Err(fault) = run(connection, "SAVEPOINT job") {
        return (Err(fault), false);
    }
    let result = job(connection);
    let ended = match &result {
        Ok(_) => run(connection, "RELEASE job"),
        Err(_) => run(connection, "ROLLBACK TO job").and_then(|()| run(connection, "RELEASE job")),
    };
    match (result, ended) {
        (Ok(_), Err(fault)) => (Err(fault), false),
        // For some errors SQLite itself has ended the transaction.
        (result, ended) => (result, ended.is_ok() && !connection.is_autocommit()),
    }
}

fn run(connection: &Connection, sql: &str) -> Result<(), Fault> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}
