//! What may go wrong with a file, and how many jobs share a commit.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use futures_util::FutureExt as _;
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::{Database, Fault, Writes};
use crate::engine::StoreError;

const STEPS: &[&str] = &[
    "CREATE TABLE notes (note TEXT NOT NULL UNIQUE) STRICT;",
    "CREATE TABLE links (note TEXT REFERENCES notes (note) DEFERRABLE INITIALLY DEFERRED) STRICT;",
];

struct Scene {
    _folder: TempDir,
    path: PathBuf,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Scene { path: folder.path().join("notes.sqlite3"), _folder: folder }
    }

    fn open(&self) -> Database {
        Database::open(&self.path, STEPS).unwrap()
    }

    /// Why it is not opened.
    fn refused(&self, steps: &[&str]) -> String {
        Database::open(&self.path, steps).unwrap_err().to_string()
    }
}

fn opened() -> (Scene, Database) {
    let scene = Scene::new();
    let database = scene.open();
    (scene, database)
}

async fn note(database: &Database, note: &str) -> Result<(), StoreError> {
    let note = note.to_owned();
    database.write("noting", move |connection| insert(connection, &note)).await
}

fn insert(connection: &Connection, note: &str) -> Result<(), Fault> {
    connection.execute("INSERT INTO notes VALUES (?1)", [note])?;
    Ok(())
}

async fn count(database: &Database) -> u64 {
    let count = |connection: &Connection| Ok(connection.query_row("SELECT count(*) FROM notes", [], |row| row.get(0))?);
    database.read("counting", count).await.unwrap()
}

/// Does something with the connection that writes.
async fn tamper(database: &Database, how: fn(&Connection) -> rusqlite::Result<()>) {
    database.write("tampering", move |connection| Ok(how(connection)?)).await.unwrap();
}

/// Lets the jobs that `queue` starts wait for each other, so that they are one transaction.
async fn together<T>(database: &Database, queue: impl Future<Output = T>) -> T {
    let (holds, held) = oneshot::channel();
    let (go, wait) = mpsc::channel::<()>();
    let hold = database.write("holding", move |_| {
        holds.send(()).unwrap();
        wait.recv().unwrap();
        Ok(())
    });
    // All of them are queued when `queue` is first polled, and only then the holder, whose transaction takes none of
    // them, lets go.
    let queue = async {
        held.await.unwrap();
        let release = async { go.send(()).unwrap() };
        tokio::join!(queue, release).0
    };
    let (held, result) = tokio::join!(hold, queue);
    held.unwrap();
    result
}

fn check_error(result: Result<(), StoreError>, said: &[&str]) {
    let text = result.unwrap_err().to_string();
    for words in said {
        assert!(text.contains(words), "{text:?} does not say {words:?}");
    }
}

#[tokio::test]
async fn jobs_that_wait_together_are_one_commit() {
    let scene = Scene::new();
    let database = scene.open();
    let notes: Vec<String> = (0..64).map(|number| number.to_string()).collect();
    let all = futures_util::future::join_all(notes.iter().map(|text| note(&database, text)));
    let results = together(&database, all).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!((count(&database).await, database.writes()), (64, Writes { steps: 64, commits: 1, checkpoints: 0 }));
}

#[tokio::test]
async fn what_changes_nothing_does_not_wait_for_the_disk() {
    let (_scene, database) = opened();
    database.write("looking", |_| Ok(())).await.unwrap();
    assert_eq!(database.writes(), Writes::default());
}

#[tokio::test]
async fn the_log_is_written_back_now_and_then() {
    let (_scene, database) = opened();
    let notes: Vec<String> = (0..600).map(|number| number.to_string()).collect();
    futures_util::future::join_all(notes.iter().map(|text| note(&database, text))).await;
    note(&database, "one more").await.unwrap();
    let writes = database.writes();
    assert_eq!((writes.steps, writes.checkpoints), (601, 1));
    assert_eq!(writes.fsyncs(), writes.commits + 3);
}

#[tokio::test]
async fn a_job_that_fails_is_undone_alone() {
    let (_scene, database) = opened();
    note(&database, "old").await.unwrap();
    let half = database.write("half a job", |connection| {
        insert(connection, "half")?;
        insert(connection, "old")
    });
    let jobs = async { tokio::join!(note(&database, "before"), half, note(&database, "after")) };
    let (before, half, after) = together(&database, jobs).await;
    before.unwrap();
    after.unwrap();
    check_error(half, &["half a job: ", "a rule of the database forbids it: nothing was changed", "notes.note"]);
    assert_eq!(count(&database).await, 3);
}

#[tokio::test]
async fn a_commit_that_fails_fails_and_undoes_all_its_jobs() {
    let (_scene, database) = opened();
    let dangling = database.write("linking", |connection| {
        connection.execute("INSERT INTO links VALUES ('nowhere')", [])?;
        Ok(())
    });
    let jobs = async { tokio::join!(note(&database, "with it"), dangling) };
    let (with_it, dangling) = together(&database, jobs).await;
    check_error(with_it, &["noting: ", "FOREIGN KEY"]);
    check_error(dangling, &["linking: ", "FOREIGN KEY"]);
    note(&database, "later").await.unwrap();
    assert_eq!(count(&database).await, 1);
}

#[tokio::test]
async fn after_runs_also_when_nobody_waits_any_more() {
    let (_scene, database) = opened();
    let (go, wait) = mpsc::channel::<()>();
    let hold = database.write("holding", move |_| {
        wait.recv().unwrap();
        Ok(())
    });
    assert!(hold.now_or_never().is_none());
    let (told, hears) = mpsc::channel();
    let write = database.write_then("noting", |to| insert(to, "a"), move |()| told.send(()).unwrap());
    assert!(write.now_or_never().is_none());
    go.send(()).unwrap();
    hears.recv_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!(count(&database).await, 1);
}

#[tokio::test]
async fn a_full_disk_loses_nothing() {
    let (_scene, database) = opened();
    note(&database, "before").await.unwrap();
    tamper(&database, |to| to.pragma_update(None, "max_page_count", 1)).await;
    let long = "x".repeat(100_000);
    let jobs = async { tokio::join!(note(&database, "small"), note(&database, &long)) };
    let (small, long_one) = together(&database, jobs).await;
    check_error(long_one, &["noting: ", "the disk is full: nothing was changed; free some space and try again"]);
    tamper(&database, |to| to.pragma_update(None, "max_page_count", 1_000_000)).await;
    assert_eq!(count(&database).await, 1 + u64::from(small.is_ok()));
    note(&database, &long).await.unwrap();
}

#[tokio::test]
async fn a_file_that_cannot_be_written_loses_nothing() {
    let (scene, database) = opened();
    note(&database, "before").await.unwrap();
    tamper(&database, |to| to.pragma_update(None, "query_only", true)).await;
    check_error(note(&database, "now").await, &["cannot be written to: nothing was changed", "writable and restart"]);
    let again = scene.open();
    note(&again, "now").await.unwrap();
    assert_eq!(count(&again).await, 2);
}

#[test]
fn a_read_only_file_is_not_opened() {
    let scene = Scene::new();
    drop(scene.open());
    fs::set_permissions(&scene.path, Permissions::from_mode(0o400)).unwrap();
    // Nothing is read-only for the superuser.
    if fs::OpenOptions::new().write(true).open(&scene.path).is_err() {
        assert!(scene.refused(STEPS).contains("cannot be written to"));
    }
}

#[tokio::test]
async fn a_lock_is_told_of() {
    let scene = Scene::new();
    let database = scene.open();
    tamper(&database, |to| to.busy_timeout(Duration::from_millis(10))).await;
    let other = Connection::open(&scene.path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    check_error(note(&database, "a").await, &["noting: ", "another program keeps the file locked"]);
    other.execute_batch("COMMIT").unwrap();
    note(&database, "a").await.unwrap();
}

#[tokio::test]
async fn files_are_for_their_owner_alone() {
    let (scene, database) = opened();
    note(&database, "a").await.unwrap();
    for ending in ["", "-wal", "-shm"] {
        let file = format!("{}{ending}", scene.path.display());
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn what_is_no_database_is_not_opened() {
    let scene = Scene::new();
    fs::write(&scene.path, "not a database, but a text which is long enough to be looked at".repeat(20)).unwrap();
    assert!(scene.refused(STEPS).contains("the file is no SQLite database"));
    let nowhere = Database::open(Path::new("/nowhere/at/all"), STEPS).unwrap_err();
    assert!(nowhere.to_string().contains("/nowhere/at/all"));
}

#[tokio::test]
async fn an_older_file_is_brought_forward() {
    let scene = Scene::new();
    let old = Database::open(&scene.path, &STEPS[..1]).unwrap();
    note(&old, "kept").await.unwrap();
    drop(old);
    let new = scene.open();
    assert_eq!(count(&new).await, 1);
    tamper(&new, |to| to.execute("INSERT INTO links VALUES ('kept')", []).map(drop)).await;
}

#[test]
fn programs_that_start_at_once_open_one_file() {
    for _ in 0..25 {
        let scene = Scene::new();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| drop(scene.open()));
            }
        });
    }
}

#[tokio::test]
async fn a_newer_file_is_left_alone() {
    let scene = Scene::new();
    drop(scene.open());
    assert!(
        scene.refused(&STEPS[..1]).contains("the file has version 2, but this program knows versions up to 1 only")
    );
    scene.open();
}

#[tokio::test]
async fn a_migration_that_fails_changes_nothing() {
    let scene = Scene::new();
    let old = Database::open(&scene.path, &STEPS[..1]).unwrap();
    note(&old, "kept").await.unwrap();
    drop(old);
    scene.refused(&[STEPS[0], STEPS[1], "CREATE TABLE half (a); CREATE TABLE notes (again)"]);
    assert_eq!(count(&scene.open()).await, 1);
    tamper(&scene.open(), |to| to.execute_batch("CREATE TABLE half (a)")).await;
}

/// The files as a crash leaves them: copied while the database is open.
#[tokio::test]
async fn what_was_answered_is_there_after_a_crash() {
    let (scene, after) = (Scene::new(), Scene::new());
    let database = scene.open();
    for text in ["a", "b", "c"] {
        note(&database, text).await.unwrap();
    }
    for ending in ["", "-wal"] {
        let file = |path: &Path| format!("{}{ending}", path.display());
        fs::copy(file(&scene.path), file(&after.path)).unwrap();
    }
    assert_eq!(count(&after.open()).await, 3);
}
