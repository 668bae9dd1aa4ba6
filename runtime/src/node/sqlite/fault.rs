//! What goes wrong with a database, in words that say what to do.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::engine::StoreError;

/// A job did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// SQLite's word.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// The file cannot be made or opened.
    #[error(transparent)]
    File(#[from] std::io::Error),
    /// What is asked for contradicts what is stored.
    #[error("{0}")]
    Refused(String),
    /// A row does not hold what it was written with.
    #[error("damaged row: {0}")]
    Damaged(String),
}

impl Fault {
    /// The error for whoever asked for it.
    pub(super) fn told(&self, doing: &'static str, path: &Path) -> StoreError {
        let file = path.display();
        let why = match self {
            Fault::Sqlite(rusqlite::Error::ToSqlConversionFailure(_)) => {
                format!("{file}: a number is larger than {}, the largest that is stored: nothing was changed", i64::MAX)
            }
            Fault::Sqlite(error) => sqlite(error, path),
            Fault::File(error) => format!("{file}: {error}"),
            Fault::Refused(why) => why.clone(),
            Fault::Damaged(what) => {
                format!("{file}: {what}: stop the program and restore the file from a backup")
            }
        };
        StoreError { doing, why }
    }
}

fn sqlite(error: &rusqlite::Error, path: &Path) -> String {
    let file = path.display();
    let advice = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "the disk is full: nothing was changed; free some space and try again",
        Some(ErrorCode::ReadOnly) => {
            "the file cannot be written to: nothing was changed; make it and its folder writable and restart"
        }
        Some(ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            "the file cannot be opened: see that it and its folder belong to the user who runs this program"
        }
        Some(ErrorCode::DatabaseCorrupt) => {
            "the file is damaged: stop the program, keep a copy, and restore a backup or try `sqlite3 FILE .recover`"
        }
        Some(ErrorCode::NotADatabase) => "the file is no SQLite database: move it away, or restore a backup",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program keeps the file locked: nothing was changed; stop that program, or try again"
        }
        Some(ErrorCode::SystemIoFailure) => {
            "the disk failed: it is not known whether anything was changed; look at the system's log, and restart"
        }
        Some(ErrorCode::ConstraintViolation) => "a rule of the database forbids it: nothing was changed",
        _ => return format!("{file}: {error}"),
    };
    format!("{file}: {advice} ({error})")
}
