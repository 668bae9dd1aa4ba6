//! One plugin at a time has a node: another one would not know what this one is paying.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fs4::{FileExt, TryLockError};

use crate::node::private;

/// For how long the end of an earlier plugin is waited for, in steps.
const STEPS: u32 = 50;
/// How long a step is.
const STEP: Duration = Duration::from_millis(200);

/// The plugin cannot have the node to itself.
#[derive(Debug, thiserror::Error)]
pub(super) enum LockError {
    /// The system refuses.
    #[error("{}: {source}", path.display())]
    Io {
        /// The lock.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
    /// Another one runs.
    #[error("{}: another lnr-plugin runs on this node: stop it first", .0.display())]
    Taken(PathBuf),
}

/// Locked, until it is dropped.
#[derive(Debug)]
pub(super) struct Lock(#[allow(dead_code, reason = "it is held, not used")] File);

impl Lock {
    /// Takes the lock; one that just ends is waited for.
    pub(super) async fn take(path: &Path) -> Result<Self, LockError> {
        let io = |source| LockError::Io { path: path.to_owned(), source };
        let file = private::create(path).and_then(|_| OpenOptions::new().write(true).open(path)).map_err(io)?;
        for _ in 0..STEPS {
            match FileExt::try_lock(&file) {
                Ok(()) => return Ok(Lock(file)),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(STEP).await,
                Err(TryLockError::Error(source)) => return Err(io(source)),
            }
        }
        Err(LockError::Taken(path.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[tokio::test]
    async fn a_lock_is_its_owners_alone_and_no_link() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("lock"), folder.path().join("link"));
        let taken = Lock::take(&path).await.unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        symlink(folder.path().join("elsewhere"), &link).unwrap();
        let refused = Lock::take(&link).await.unwrap_err().to_string();
        assert!(refused.contains("a symbolic link, which is not followed"), "{refused}");
        assert!(!folder.path().join("elsewhere").exists());
        drop(taken);
    }
}
