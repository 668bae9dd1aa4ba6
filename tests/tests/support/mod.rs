//! Where the schemas are.

use std::env;
use std::path::{Path, PathBuf};

use cln_codegen::Input;
use cln_tests::schemas;

/// The project's folder.
pub fn root() -> PathBuf {
    schemas::root()
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
#[allow(dead_code, reason = "not every test reads schemas")]
pub fn input(dir: &Path) -> Input {
    schemas::input(dir).unwrap()
}
