//! A node's folder: one node at a time has it.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use fs4::{FileExt, TryLockError};

/// The file whose lock says that a node has the folder.
const LOCK: &str = "lock";

/// A folder, or something in it, cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The system refuses.
    #[error("{doing} {}: {source}", path.display())]
    Io {
        /// What it was asked for.
        doing: &'static str,
        /// For which file.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
    /// Another process has the folder.
    #[error("another node runs in {}: stop it first, or use another folder", .0.display())]
    InUse(PathBuf),
}

/// The folder of a running node. Dropped, another node may have it.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    /// Locked, until it is closed.
    _lock: File,
}

impl Directory {
    /// Makes the folder for its owner alone, if need be, and takes it.
    pub(super) fn take(path: &Path) -> Result<Self, DirectoryError> {
        let io = |doing| move |source| DirectoryError::Io { doing, path: path.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io("cannot make the folder"))?;
        let path = fs::canonicalize(path).map_err(io("cannot find the folder"))?;
        let io = |doing| {
            let path = path.clone();
            move |source| DirectoryError::Io { doing, path, source }
        };
        fs::set_permissions(&path, Permissions::from_mode(0o700)).map_err(io("cannot close to others the folder"))?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path.join(LOCK));
        let lock = lock.map_err(io("cannot make the lock in"))?;
        // Named in full: newer standard libraries have a method of the same name.
        match FileExt::try_lock(&lock) {
            Ok(()) => Ok(Directory { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DirectoryError::InUse(path)),
            Err(TryLockError::Error(source)) => Err(io("cannot lock")(source)),
        }
    }

    /// Its path, without links.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn a_folder_is_made_for_one_node_and_its_owner() {
        let above = tempfile::tempdir().unwrap();
        let path = above.path().join("net/alice");
        let taken = Directory::take(&path).unwrap();
        assert_eq!([mode(&path), mode(&above.path().join("net"))], [0o700; 2]);
        assert!(matches!(Directory::take(&path), Err(DirectoryError::InUse(_))));
        drop(taken);
        assert!(Directory::take(&path).is_ok());
    }
}
