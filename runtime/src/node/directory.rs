//! A node's folder: one node at a time has it.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use fs4::{FileExt, TryLockError};
use tokio::net::UnixListener;

/// The file whose lock says that a node has the folder.
const LOCK: &str = "lock";
/// The longest path of a unix socket, in bytes, that all systems take.
const LONGEST_SOCKET: usize = 103;

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
    /// Something that is no socket has its name.
    #[error("{} is not a socket: move it away", .0.display())]
    NotASocket(PathBuf),
    /// The system cannot have a socket there.
    #[error("the path {} is too long for a socket, by {excess} bytes: use a folder with a shorter path", path.display())]
    TooLong {
        /// The socket's path.
        path: PathBuf,
        /// By how much.
        excess: usize,
    },
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

    /// Listens at a socket in the folder. One that a node has left behind is replaced.
    pub(super) fn listen(&self, name: &str) -> Result<UnixListener, DirectoryError> {
        let path = self.path.join(name);
        let io = |doing| {
            let path = path.clone();
            move |source| DirectoryError::Io { doing, path, source }
        };
        if let Some(excess) = path.as_os_str().as_bytes().len().checked_sub(LONGEST_SOCKET + 1) {
            return Err(DirectoryError::TooLong { path, excess: excess + 1 });
        }
        match fs::symlink_metadata(&path) {
            // Nobody listens there any more, as this process has the lock.
            Ok(found) if found.file_type().is_socket() => {
                fs::remove_file(&path).map_err(io("cannot remove the socket"))?
            }
            Ok(_) => return Err(DirectoryError::NotASocket(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io("cannot look at")(error)),
        }
        let socket = UnixListener::bind(&path).map_err(io("cannot listen at"))?;
        fs::set_permissions(&path, Permissions::from_mode(0o600)).map_err(io("cannot close to others the socket"))?;
        Ok(socket)
    }

    /// Removes a socket.
    pub(super) fn close(&self, name: &str) {
        let path = self.path.join(name);
        if let Err(error) = fs::remove_file(&path) {
            tracing::debug!(%error, path = %path.display(), "a socket stays behind");
        }
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

    #[tokio::test]
    async fn a_socket_is_for_its_owner_and_replaces_one_that_was_left_behind() {
        let above = tempfile::tempdir().unwrap();
        let taken = Directory::take(above.path()).unwrap();
        for _ in 0..2 {
            drop(taken.listen("socket").unwrap());
            assert_eq!(mode(&taken.path().join("socket")), 0o600);
        }
        fs::write(above.path().join("precious"), "no socket").unwrap();
        assert!(matches!(taken.listen("precious"), Err(DirectoryError::NotASocket(_))));
        assert_eq!(fs::read(above.path().join("precious")).unwrap(), b"no socket");
        assert!(matches!(taken.listen(&"long".repeat(30)), Err(DirectoryError::TooLong { .. })));
    }
}
