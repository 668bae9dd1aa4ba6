//! A node's folder: one node at a time has it.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use fs4::{FileExt, TryLockError};

use super::private;

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
    /// It is not a node's, and should not be closed to others.
    #[error("{} has other folders in it: give the node one of its own, such as {}", .0.display(), .0.join("alice").display())]
    HasFolders(PathBuf),
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
        // A slip, such as the network's own folder: to be found out before anything of it is changed.
        if !path.join(LOCK).exists() && has_folders(&path).map_err(io("cannot list"))? {
            return Err(DirectoryError::HasFolders(path));
        }
        fs::set_permissions(&path, Permissions::from_mode(0o700)).map_err(io("cannot close to others the folder"))?;
        let file = path.join(LOCK);
        let lock = private::create(&file).and_then(|_| OpenOptions::new().write(true).open(&file));
        let lock = lock.map_err(|source| DirectoryError::Io { doing: "cannot open the lock", path: file, source })?;
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

fn has_folders(path: &Path) -> io::Result<bool> {
    let mut entries = fs::read_dir(path)?;
    entries.try_fold(false, |found, entry| Ok(found || entry?.file_type()?.is_dir()))
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

    #[test]
    fn a_folder_of_folders_is_left_as_it_is() {
        let above = tempfile::tempdir().unwrap();
        fs::set_permissions(above.path(), Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(above.path().join("bob")).unwrap();
        let refusal = Directory::take(above.path()).unwrap_err();
        assert!(matches!(&refusal, DirectoryError::HasFolders(_)), "{refusal}");
        assert!(refusal.to_string().ends_with("/alice"), "{refusal}");
        assert_eq!((mode(above.path()), fs::read_dir(above.path()).unwrap().count()), (0o755, 1));
    }
}
