//! What no real schema file comes near, so that a damaged or hostile one costs neither memory nor time.

use super::read::shown;
use crate::diagnostic::Problem;

/// The most bytes that a schema file may have; the largest of any release has a tenth.
pub const MAX_FILE_BYTES: usize = 1 << 20;

/// The most schemas inside of each other; real ones have some ten.
pub(super) const MAX_DEPTH: usize = 24;

/// The most entries of one list or object; real ones have some eighty.
pub(super) const MAX_ENTRIES: usize = 1_000;

/// The most characters of a name or an enum's value; real ones have fifty.
pub(super) const MAX_NAME_LENGTH: usize = 128;

/// The most steps of lowering one file: a comparison of a field with a branch is one, a type some more. The largest real
/// file takes a tenth.
pub(crate) const MAX_STEPS: u64 = 5_000_000;

/// A name on the wire: of a field, or a value of an enum. It is printed between backticks, in texts and in paths.
pub(super) fn wire_name(name: &str) -> Result<(), Problem> {
    let printable = |c: char| (c == ' ' || c.is_ascii_graphic()) && !matches!(c, '`' | '"' | '\\');
    checked(
        name,
        name.chars().all(printable) && name.trim() == name && name.contains(|c: char| c.is_ascii_alphanumeric()),
    )
}

/// The name of a command, notification or hook, or of an error code's constant: it becomes a module or a variant.
pub(super) fn identifier(name: &str) -> Result<(), Problem> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    checked(name, name.chars().all(allowed) && name.starts_with(|c: char| c.is_ascii_alphabetic()))
}

fn checked(name: &str, is_name: bool) -> Result<(), Problem> {
    if is_name && name.len() <= MAX_NAME_LENGTH { Ok(()) } else { Err(Problem::BadName(shown(name))) }
}
