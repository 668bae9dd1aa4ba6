//! The project's own schemas, read and lowered.

use std::io;
use std::path::{Path, PathBuf};
use std::{fs, result};

use cln_codegen::Input;
use cln_codegen::diagnostic::Diagnostics;

/// Why there are no schemas.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}; it belongs to the checkout that this was built in, restore it", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// They are not what the generator understands.
    #[error("the schemas of this checkout have faults, `cargo xtask codegen` tells the same:\n{0}")]
    Faulty(#[from] Diagnostics),
}

type Result<T> = result::Result<T, SchemaError>;

/// The project's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The schema files of a folder with our tables. Files are named by their path in the folder, with a slash in front.
///
/// # Errors
///
/// When a file cannot be read.
pub fn input(dir: &Path) -> Result<Input> {
    let mut schemas = Vec::new();
    for folder in ["", "hook", "notification"] {
        let path = dir.join(folder);
        if path.is_dir() {
            schemas.extend(json_files(&path, folder)?);
        }
    }
    schemas.sort();
    let own = root().join("schemas");
    let (overlay, error_codes) = (read(&own.join("overlay.toml"))?, read(&own.join("error-codes.toml"))?);
    Ok(Input { schemas, overlay, error_codes, glossary: read(&own.join("glossary.toml"))? })
}

fn json_files(dir: &Path, folder: &str) -> Result<Vec<(String, String)>> {
    let unreadable = |source| SchemaError::Read { path: dir.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".json") {
            files.push((format!("{folder}/{name}"), read(&entry.path())?));
        }
    }
    Ok(files)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|source| SchemaError::Read { path: path.to_owned(), source })
}
