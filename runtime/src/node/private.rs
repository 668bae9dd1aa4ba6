//! Files for their owner alone: what is in them is money.

use std::fs::{self, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// Makes an empty file that only its owner may read and write, whatever the umask. One that is there is
/// [closed to others](close); gives whether there was none.
///
/// # Errors
/// When the system refuses, or something else than a file is there.
pub(crate) fn create(path: &Path) -> io::Result<bool> {
    // This follows no link.
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => file.set_permissions(Permissions::from_mode(0o600)).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => close(path).map(|()| false),
        Err(error) => Err(error),
    }
}

/// Takes from others what they may do with a file, if there is one.
///
/// # Errors
/// When the system refuses, or something else than a file is there, such as a link.
pub(crate) fn close(path: &Path) -> io::Result<()> {
    let found = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    if found.is_symlink() {
        return Err(io::Error::other(
            "a symbolic link, which is not followed: put the file itself there, or remove it",
        ));
    }
    if !found.is_file() {
        return Err(io::Error::other("not a regular file: move it away"));
    }
    let mode = found.permissions().mode();
    match mode & 0o077 {
        0 => Ok(()),
        _ => fs::set_permissions(path, Permissions::from_mode(mode & 0o700)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
        assert!(create(&path).unwrap());
        assert_eq!(mode(), 0o600);
        for (open, closed) in [(0o644, 0o600), (0o460, 0o400), (0o600, 0o600)] {
            fs::set_permissions(&path, Permissions::from_mode(open)).unwrap();
            assert!(!create(&path).unwrap());
            assert_eq!(mode(), closed);
        }
    }

    #[test]
    fn what_is_no_file_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("target"), "text").unwrap();
        fs::set_permissions(at("target"), Permissions::from_mode(0o644)).unwrap();
        symlink(at("target"), at("link")).unwrap();
        symlink(at("nothing"), at("dangling")).unwrap();
        let refused = |name| create(&at(name)).unwrap_err().to_string();
        assert!(refused("link").starts_with("a symbolic link, which is not followed"));
        assert!(refused("dangling").starts_with("a symbolic link, which is not followed"));
        assert_eq!(create(folder.path()).unwrap_err().to_string(), "not a regular file: move it away");
        assert!(!at("nothing").exists());
        assert_eq!(fs::metadata(at("target")).unwrap().permissions().mode() & 0o777, 0o644);
    }
}
