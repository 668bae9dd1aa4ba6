//! Where the schemas are.

use std::path::{Path, PathBuf};
use std::{env, fs};

use cln_codegen::Input;

/// The project's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What lies beside a checkout for longer tests. A clone has to pass without, continuous integration must not skip it.
#[allow(dead_code, reason = "not every test looks beside the checkout")]
pub fn beside(path: &str) -> Option<PathBuf> {
    let path = root().join("../shared").join(path);
    if path.exists() {
        return Some(path);
    }
    assert!(env::var_os("CI").is_none(), "{} is missing, and CI has to have it", path.display());
    None
}

/// The schema files of a folder with our tables.
pub fn input(dir: &Path) -> Input {
    let own = root().join("schemas");
    let mut schemas = Vec::new();
    for folder in ["", "hook", "notification"] {
        let Ok(entries) = fs::read_dir(dir.join(folder)) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name.ends_with(".json") {
                schemas.push((format!("{folder}/{name}"), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    schemas.sort();
    let table = |name: &str| fs::read_to_string(own.join(name)).unwrap();
    let (overlay, error_codes) = (table("overlay.toml"), table("error-codes.toml"));
    Input { schemas, overlay, error_codes, glossary: table("glossary.toml") }
}
