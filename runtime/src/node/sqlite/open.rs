//! Files, connections and schemas.

use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, MAIN_DB, OpenFlags, TransactionBehavior};

use super::Fault;

/// For how long another program's lock is waited for.
const LOCKED: Duration = Duration::from_secs(10);
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
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        let why = "the file system shares no memory between programs, which SQLite needs: use a local one";
        return Err(Fault::Refused(format!("{}: {why}", path.display())));
    }
    // Checkpoints are the writer's, who makes them while nobody waits, and counts them; the first is for what programs
    // have left that were killed.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    Ok(connection)
}

/// A connection that reads.
pub(super) fn readable(path: &Path) -> Result<Connection, Fault> {
    let connection = connect(path)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn connect(path: &Path) -> Result<Connection, Fault> {
    // Without CREATE, as a file that has gone is to be told of; without a URI, as the path is one.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
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

/// Makes an empty file that only its owner may read, whatever the umask: preimages are money. SQLite gives the files
/// beside it the same mode.
fn create_private(path: &Path) -> io::Result<()> {
    let file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        file => file?,
    };
    file.set_permissions(Permissions::from_mode(0o600))?;
    // So that the file is there after a power loss, as are its rows.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
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
