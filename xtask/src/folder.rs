//! Folders of texts.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use cln_codegen::Example;
use cln_codegen::dialect::MAX_FILE_BYTES;
use serde_json::{Map, Value};

/// What can go wrong with files.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder or file cannot be read.
    #[error("cannot read {}: {source}; {hint}", path.display())]
    Read { path: PathBuf, source: io::Error, hint: &'static str },
    /// The folder or file cannot be written.
    #[error("cannot write {}: {source}; nothing was changed", path.display())]
    Write { path: PathBuf, source: io::Error },
    /// A line of a file of recorded calls is none.
    #[error("{}:{line}: not a recorded call: {source}; restore the file from version control", path.display())]
    Example { path: PathBuf, line: usize, source: serde_json::Error },
    /// A link leads out of the folder that was named.
    #[error("{} is a symbolic link; what is read and written has to stand in the folder itself", .0.display())]
    Link(PathBuf),
    /// A name that leads elsewhere.
    #[error("`{0}` is not a path inside of the folder, which is a defect of the generator; nothing was changed")]
    Outside(String),
    /// There is nothing in it that could be generated from.
    #[error("no schema file (*.json) in {}; name a checkout's doc/ or a release's folder", .0.display())]
    NoSchemas(PathBuf),
}

const HINT: &str = "name a folder of schema files that you may read: a checkout's doc/ or a release's folder";

/// The schema files of a folder in any of the layouts that releases have had, sorted by path. Paths begin with `shown`.
pub fn schema_files(dir: &Path, shown: &str) -> Result<Vec<(String, String)>, FolderError> {
    let inner = dir.join("schemas");
    let (root, shown) = match is_folder(&inner)? {
        true => (inner, format!("{}/schemas", shown.trim_end_matches('/'))),
        false => (dir.to_owned(), shown.trim_end_matches('/').to_owned()),
    };
    let mut files = Vec::new();
    for folder in ["", "hook", "notification"] {
        let path = if folder.is_empty() { root.clone() } else { root.join(folder) };
        if folder.is_empty() || is_folder(&path)? {
            let prefix = if folder.is_empty() { shown.clone() } else { format!("{shown}/{folder}") };
            files.extend(json_files(&path, &prefix)?);
        }
    }
    // A built checkout has `sql.json` beside the template that it was made from.
    let named = |path: &str, name: &str| path.ends_with(name);
    if files.iter().any(|(path, _)| named(path, "/sql.json") || named(path, "/lightning-sql.json")) {
        files.retain(|(path, _)| !named(path, "sql-template.json"));
    }
    if files.is_empty() {
        return Err(FolderError::NoSchemas(dir.to_owned()));
    }
    files.sort();
    Ok(files)
}

/// True for a folder, false for nothing and anything else; a link is neither.
fn is_folder(path: &Path) -> Result<bool, FolderError> {
    refuse_link(path)?;
    Ok(path.is_dir())
}

/// A checkout of somebody else's may have links to what its user would not show, or not have overwritten.
pub fn refuse_link(path: &Path) -> Result<(), FolderError> {
    if path.is_symlink() { Err(FolderError::Link(path.to_owned())) } else { Ok(()) }
}

/// The schema files right in a folder. Paths begin with `prefix`.
pub fn json_files(dir: &Path, prefix: &str) -> Result<Vec<(String, String)>, FolderError> {
    let read_error = |path: &Path, source| FolderError::Read { path: path.to_owned(), source, hint: HINT };
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).map_err(|source| read_error(dir, source))? {
        let path = entry.map_err(|source| read_error(dir, source))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        // The release's own description of the dialect stands among its schemas.
        if !name.ends_with(".json") || name == "rpc-schema-draft.json" {
            continue;
        }
        refuse_link(&path)?;
        if path.is_file() {
            let text = bounded(&path).map_err(|source| read_error(&path, source))?;
            files.push((format!("{prefix}/{name}"), text));
        }
    }
    Ok(files)
}

/// A file's text; of one that is larger than any schema, no more than shows that it is.
fn bounded(path: &Path) -> io::Result<String> {
    let mut text = Vec::new();
    fs::File::open(path)?.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut text)?;
    String::from_utf8(text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))
}

/// A text file that has to be there.
pub fn read(path: &Path) -> Result<String, FolderError> {
    let hint = "it belongs to the project; restore it from version control";
    fs::read_to_string(path).map_err(|source| FolderError::Read { path: path.to_owned(), source, hint })
}

/// What a folder is called, such as `v26.06`, where its schemas may stand in a `doc` or `schemas` of their own.
pub fn name(dir: &Path) -> String {
    let names = dir.components().rev().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    });
    let mut own = names.filter(|name| name != "doc" && name != "schemas");
    own.next().unwrap_or_else(|| dir.display().to_string())
}

/// The recorded calls in a file with a JSON object a line: `method`, `request`, `response`.
pub fn examples(path: &Path) -> Result<Vec<Example>, FolderError> {
    #[derive(serde::Deserialize)]
    struct Line {
        method: String,
        request: Map<String, Value>,
        response: Value,
    }
    let text = read(path)?;
    let lines =
        text.lines().enumerate().map(|(index, line)| {
            let Line { method, request, response } = serde_json::from_str(line)
                .map_err(|source| FolderError::Example { path: path.to_owned(), line: index + 1, source })?;
            Ok(Example { method, request, response })
        });
    lines.collect()
}

/// All files below a folder, by path in it; none when there is no such folder.
pub fn contents(dir: &Path) -> Result<BTreeMap<String, String>, FolderError> {
    let mut files = BTreeMap::new();
    let mut folders = vec![(dir.to_owned(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(source) => return Err(FolderError::Read { path: folder, source, hint: "check its permissions" }),
        };
        for entry in entries {
            let unreadable = |source| FolderError::Read { path: folder.clone(), source, hint: "check its permissions" };
            let entry = entry.map_err(unreadable)?;
            let path = entry.path();
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if path.is_dir() {
                folders.push((path, format!("{name}/")));
            } else {
                let hint = "move it elsewhere: this folder holds texts only";
                let text = fs::read_to_string(&path).map_err(|source| FolderError::Read { path, source, hint })?;
                // A checkout may have other line ends.
                files.insert(name, text.replace("\r\n", "\n"));
            }
        }
    }
    Ok(files)
}
