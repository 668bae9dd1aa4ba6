//! The form of `overlay.toml` and `error-codes.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::fix::Fix;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OverlayFile {
    pub(super) oldest_release: Option<String>,
    #[serde(default)]
    pub(super) groups: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(super) names: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) fields: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) modules: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) variants: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    pub(super) payloads: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    #[serde(default)]
    pub(super) secrets: Vec<String>,
    #[serde(default)]
    pub(super) extra: Vec<String>,
    #[serde(default)]
    pub(super) only_in_branches: Vec<Narrowing>,
    #[serde(default)]
    pub(super) paired: Vec<String>,
    #[serde(default)]
    pub(super) read_only: Vec<String>,
    #[serde(default)]
    pub(super) patience: Vec<PatienceEntry>,
    #[serde(default)]
    pub(super) shared: Vec<Shared>,
    #[serde(default)]
    pub(super) fix: Vec<Fix>,
    #[serde(default)]
    pub(super) error: Vec<AddedErrors>,
    #[serde(default)]
    pub(super) refuse: Vec<Refusal>,
}

/// One enum that several commands use.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shared {
    pub(crate) name: String,
    pub(crate) doc: String,
    /// Where the schemas spell it out; the shared enum has the values of all of them.
    pub(crate) paths: Vec<String>,
}

/// A field that an object declares outside its conditions, yet that nodes send only where a branch names it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Narrowing {
    /// `file#pointer`.
    pub(super) at: String,
    /// How that is known.
    #[allow(dead_code, reason = "required of every entry, for its reader")]
    pub(super) reason: String,
}

/// Codes that a command answers though its schema does not list them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddedErrors {
    pub(super) command: String,
    pub(super) codes: Vec<i32>,
    pub(super) reason: String,
}

/// How long commands may take.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PatienceEntry {
    pub(super) commands: Vec<String>,
    /// The parameter that says how many seconds.
    pub(super) parameter: Option<String>,
    /// Its value that means for ever.
    pub(super) forever: Option<u64>,
    /// Seconds without it; for ever, when missing.
    pub(super) seconds: Option<u64>,
}

/// A request that is known to take the daemon down.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    pub(crate) command: String,
    pub(crate) parameter: String,
    pub(crate) when: RefuseWhen,
    pub(crate) reason: String,
}

/// When a request is refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefuseWhen {
    /// The parameter is a number less than this other one.
    LessThan(String),
    /// The parameter is a text that its type does not list.
    Unlisted,
    /// The parameter is an empty text or list.
    Empty,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ErrorCodesFile {
    /// Codes that any command may answer, or that no schema ties to one.
    #[serde(default)]
    pub(super) anywhere: Vec<i32>,
    #[serde(default)]
    pub(super) code: Vec<CodeEntry>,
    #[serde(default)]
    pub(super) data: Vec<DataEntry>,
}

/// A named error code.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeEntry {
    pub(crate) code: i32,
    /// Its name in Core Lightning's `common/jsonrpc_errors.h`.
    pub(crate) constant: String,
    /// The variant's name.
    pub(crate) name: String,
    pub(crate) text: String,
}

/// The shape of what some codes carry in `data`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DataEntry {
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) codes: Vec<i32>,
    /// `file#pointer` of a schema object that is the same.
    pub(crate) same_as: Option<String>,
    /// Or a schema in the dialect.
    pub(crate) schema: Option<Value>,
}
