//! Files, connections and schemas.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags, TransactionBehavior};

use super::Fault;
use crate::node::private;

/// For how long another program's lock is waited for.
const LOCKED: Duration = Duration::from_secs(10);
/// How often it is looked at, where SQLite does not.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// More than there are different statements.
const STATEMENTS: usize = 96;

/// A connection that may write, to a file with the newest schema.
pub(super) fn writable(path: &Path, steps: &[&str]) -> Result<Connection, Fault> {
    create_private(path)?;
    let mut connection = connect(path)?;
    if connection.is_readonly(MAIN_DB)? {
        let readonly = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY);
        return Err(rusqlite::Error::SqliteFailure(readonly, None).into());
    }
    migrate(&mut connection, path, steps)?;
    if write_ahead(&connection)? != "wal" {
        let why = "the file system shares no memory between programs, which SQLite needs: use a local one";
        return Err(Fault::Refused(format!("{}: {why}", path.display())));
    }
    // Checkpoints are the writer's, who makes them while nobody waits, and counts them; the first is for what programs
    // have left that were killed.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    Ok(connection)
}

/// Lets all changes go to a log first. Gives the mode that the file is in then.
fn write_ahead(connection: &Connection) -> rusqlite::Result<String> {
    let begun = Instant::now();
    loop {
        let mode = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0));
        match mode {
            // For another program's lock SQLite waits by itself, but not for this.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && begun.elapsed() < LOCKED => {
                thread::sleep(LOOK_AGAIN);
            }
            mode => return mode,
        }
    }
}

/// A connection that reads.
pub(super) fn readable(path: &Path) -> Result<Connection, Fault> {
    let connection = connect(path)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn connect(path: &Path) -> Result<Connection, Fault> {
    // Without CREATE, as a file that has gone is to be told of; without a URI, as the path is one.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    // No link in the whole path would be followed, but only the file's own place is to be watched.
    let path = fs::canonicalize(folder(path))?.join(path.file_name().unwrap_or_default());
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(LOCKED)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "synchronous", "FULL")?;
    // A system whose fsync does not reach the disk has another call that does.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}

/// Makes an empty file if need be, and closes it to others: preimages are money. SQLite gives the files beside it the same
/// mode.
fn create_private(path: &Path) -> Result<(), Fault> {
    let beside = ["-wal", "-shm", "-journal"].map(|end| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    });
    for file in beside {
        private::close(&file).map_err(|error| Fault::Refused(format!("{}: {error}", file.display())))?;
    }
    if private::create(path)? {
        // So that the file is there after a power loss, as are its rows.
        File::open(folder(path))?.sync_all()?;
    }
    Ok(())
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Takes the steps that the file has not seen, all or none. Their number is the file's `user_version`.
fn migrate(connection: &mut Connection, path: &Path, steps: &[&str]) -> Result<(), Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: usize = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let Some(missing) = steps.get(version..) else {
        return Err(Fault::Refused(format!(
            "{}: the file has version {version}, but this program knows versions up to {} only: update the program",
            path.display(),
            steps.len()
        )));
    };
    for step in missing {
        transaction.execute_batch(step)?;
    }
    if !missing.is_empty() {
        transaction.pragma_update(None, "user_version", steps.len())?;
    }
    Ok(transaction.commit()?)
}
