//! Replaces a folder as a whole: it is written beside the old one and then takes its place. A run that was killed leaves
//! the old folder or the new one, and the next run completes or undoes the rest.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::folder::{FolderError, refuse_link};

fn beside(folder: &Path, suffix: &str) -> PathBuf {
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    folder.with_file_name(name)
}

fn write_error(path: &Path) -> impl FnOnce(std::io::Error) -> FolderError {
    let path = path.to_owned();
    move |source| FolderError::Write { path, source }
}

/// Ends what an earlier run left half-way.
pub fn recover(folder: &Path) -> Result<(), FolderError> {
    let (new, old) = (beside(folder, ".new"), beside(folder, ".old"));
    [folder, &new, &old].into_iter().try_for_each(refuse_link)?;
    if !folder.exists() && old.exists() {
        // The old folder leaves its place only once the new one is complete.
        let complete = if new.exists() { &new } else { &old };
        fs::rename(complete, folder).map_err(write_error(folder))?;
    }
    for left in [new, old] {
        if left.exists() {
            fs::remove_dir_all(&left).map_err(write_error(&left))?;
        }
    }
    Ok(())
}

/// Writes a file beside its place and puts it there, so that what stood there is whole until then.
pub fn replace_file(path: &Path, text: &str) -> Result<(), FolderError> {
    let new = beside(path, ".new");
    [path, &new].into_iter().try_for_each(refuse_link)?;
    fs::write(&new, text).and_then(|()| fs::rename(&new, path)).map_err(write_error(path))
}

/// Writes `files` and puts them in the place of `folder`.
pub fn replace(folder: &Path, files: &BTreeMap<String, String>) -> Result<(), FolderError> {
    recover(folder)?;
    let (new, old) = (beside(folder, ".new"), beside(folder, ".old"));
    if let Err(error) = write_all(&new, files) {
        // What could not be completed is not left behind; the error to tell is the first one.
        let _ = fs::remove_dir_all(&new);
        return Err(error);
    }
    if folder.exists() {
        fs::rename(folder, &old).map_err(write_error(folder))?;
    }
    fs::rename(&new, folder).map_err(write_error(folder))?;
    if old.exists() {
        fs::remove_dir_all(&old).map_err(write_error(&old))?;
    }
    Ok(())
}

fn write_all(folder: &Path, files: &BTreeMap<String, String>) -> Result<(), FolderError> {
    fs::create_dir_all(folder).map_err(write_error(folder))?;
    for (name, text) in files {
        if !Path::new(name).components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(FolderError::Outside(name.clone()));
        }
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(write_error(parent))?;
        }
        fs::write(&path, text).map_err(write_error(&path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::contents;

    fn files(text: &str) -> BTreeMap<String, String> {
        BTreeMap::from([("lib.rs".to_owned(), text.to_owned()), ("hook/a.rs".to_owned(), text.to_owned())])
    }

    /// Folders as a killed run left them, by suffix and text; what is there after the next run.
    fn check(left: &[(&str, &str)], recovered: &str) {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("src");
        for (suffix, text) in left {
            write_all(&beside(&folder, suffix), &files(text)).unwrap();
        }
        recover(&folder).unwrap();
        assert_eq!(contents(&folder).unwrap(), files(recovered), "{left:?}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "{left:?} left something behind");
    }

    #[test]
    fn a_killed_run_is_completed_or_undone() {
        check(&[("", "one")], "one");
        check(&[("", "one"), (".new", "half")], "one");
        check(&[(".old", "one"), (".new", "two")], "two");
        check(&[("", "two"), (".old", "one")], "two");
        check(&[(".old", "one")], "one");
    }

    #[test]
    fn a_folder_is_replaced_as_a_whole() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("src");
        replace(&folder, &files("one")).unwrap();
        fs::write(folder.join("stray.rs"), "").unwrap();
        replace(&folder, &files("two")).unwrap();
        assert_eq!(contents(&folder).unwrap(), files("two"));
    }

    #[test]
    fn nothing_is_written_outside_of_the_folder() {
        for name in ["../out.rs", "/tmp/out.rs", "hook/../../out.rs", "./a.rs"] {
            let dir = tempfile::tempdir().unwrap();
            let files = BTreeMap::from([(name.to_owned(), "out".to_owned())]);
            let error = replace(&dir.path().join("src"), &files).unwrap_err();
            assert!(matches!(error, FolderError::Outside(_)), "{error}");
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "{name}");
        }
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let blocked = dir.path().join("file");
        fs::write(&blocked, "not a folder").unwrap();
        let error = replace(&blocked.join("src"), &files("one")).unwrap_err();
        assert!(error.to_string().starts_with("cannot write "), "{error}");
        assert_eq!(fs::read_to_string(&blocked).unwrap(), "not a folder");
    }
}
