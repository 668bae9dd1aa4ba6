//! The sockets of a node.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

/// A socket is bound under this name, and gets its own when it has its permissions.
const UNFINISHED: &str = ".socket";
/// The most bytes of a socket's path, by the operating system.
const LONGEST: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// A socket that others find the node by. Its file goes with it.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) listener: UnixListener,
    path: PathBuf,
}

/// There is no socket.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// The operating system allows for no socket with so long a path.
    #[error(
        "the socket's path {} has {} bytes, and {LONGEST} is the most: use a folder with a shorter path",
        .0.display(), .0.as_os_str().len()
    )]
    PathTooLong(PathBuf),
    /// Another process listens there.
    #[error("a node serves {} already: stop it first, or use another folder", .0.display())]
    InUse(PathBuf),
    /// There is a file, and it is no socket.
    #[error("{} is no socket: move it away", .0.display())]
    NoSocket(PathBuf),
    /// The operating system said no.
    #[error("cannot listen at {}: {source}", .path.display())]
    Io {
        /// The socket.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

impl Socket {
    /// Listens at this path, for the user alone. The file of a node that has ended gives way.
    ///
    /// # Errors
    /// When another node listens there, or the path is of no use.
    pub(super) fn listen(path: &Path) -> Result<Self, ListenError> {
        if path.as_os_str().len() > LONGEST {
            return Err(ListenError::PathTooLong(path.to_owned()));
        }
        let failed = |source| ListenError::Io { path: path.to_owned(), source };
        match fs::symlink_metadata(path) {
            Ok(found) if !found.file_type().is_socket() => return Err(ListenError::NoSocket(path.to_owned())),
            Ok(_) if UnixStream::connect(path).is_ok() => return Err(ListenError::InUse(path.to_owned())),
            // Nobody listens.
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        // Under its own name it would be open to others until it has its permissions.
        let unfinished = path.with_file_name(UNFINISHED);
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let listener = UnixListener::bind(&unfinished).map_err(failed)?;
        fs::set_permissions(&unfinished, Permissions::from_mode(0o600)).map_err(failed)?;
        fs::rename(&unfinished, path).map_err(failed)?;
        Ok(Socket { listener, path: path.to_owned() })
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Should it stay, the next node takes its place.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(path: &Path) -> String {
        Socket::listen(path).unwrap_err().to_string()
    }

    #[tokio::test]
    async fn the_socket_is_the_users_and_goes_with_its_node() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lightning-rpc");
        let socket = Socket::listen(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(refusal(&path).contains("a node serves"), "a second node");
        drop(socket);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn what_a_dead_node_left_gives_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lightning-rpc");
        for stale in [&path, &folder.path().join(UNFINISHED)] {
            drop(std::os::unix::net::UnixListener::bind(stale).unwrap());
        }
        let socket = Socket::listen(&path).unwrap();
        UnixStream::connect(&path).unwrap();
        drop(socket);
    }

    #[tokio::test]
    async fn paths_of_no_use_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "text").unwrap();
        assert!(refusal(&file).ends_with("file is no socket: move it away"));
        assert_eq!(fs::read(&file).unwrap(), b"text");
        let long = folder.path().join("x".repeat(120));
        assert!(refusal(&long).contains("107 is the most: use a folder with a shorter path"));
        assert!(refusal(&folder.path().join("none/lightning-rpc")).contains("cannot listen at"));
    }
}
