//! What the schemas do not say: `overlay.toml` and `error-codes.toml`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Deserialize;
use serde_json::Value;

use crate::diagnostic::{Problem, Sink};
use crate::dialect::Version;

const OVERLAY: &str = "overlay.toml";
const ERROR_CODES: &str = "error-codes.toml";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OverlayFile {
    oldest_release: Option<String>,
    #[serde(default)]
    groups: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    names: BTreeMap<String, String>,
    #[serde(default)]
    variants: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    payloads: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    #[serde(default)]
    secrets: Vec<String>,
    #[serde(default)]
    extra: Vec<String>,
    #[serde(default)]
    only_in_branches: Vec<Narrowing>,
    #[serde(default)]
    paired: Vec<String>,
    #[serde(default)]
    shared: Vec<Shared>,
    #[serde(default)]
    fix: Vec<Fix>,
    #[serde(default)]
    error: Vec<AddedErrors>,
    #[serde(default)]
    refuse: Vec<Refusal>,
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

/// A place where the daemon contradicts its own schema.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fix {
    /// `file#pointer`.
    at: String,
    /// What the schema has there; absent when the fix adds something.
    was: Option<Value>,
    /// What it should have; absent when the fix removes it.
    set: Option<Value>,
    /// The releases that have the fault, as `FIRST..LAST` with either end open; all, when missing.
    releases: Option<String>,
    /// Why, for the reader.
    reason: String,
}

impl Fix {
    fn is_for(&self, release: Option<Version>) -> bool {
        let Some((first, last)) = self.releases.as_deref().and_then(|range| range.split_once("..")) else { return true };
        let Some(release) = release else { return true };
        let bound = |text: &str| text.parse::<Version>().ok();
        bound(first).is_none_or(|first| release >= first) && bound(last).is_none_or(|last| release <= last)
    }
}

/// A field that an object declares outside its conditions, yet that nodes send only where a branch names it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Narrowing {
    /// `file#pointer`.
    at: String,
    /// How that is known.
    #[allow(dead_code, reason = "required of every entry, for its reader")]
    reason: String,
}

/// Codes that a command answers though its schema does not list them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AddedErrors {
    command: String,
    codes: Vec<i32>,
    reason: String,
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
struct ErrorCodesFile {
    #[serde(default)]
    code: Vec<CodeEntry>,
    #[serde(default)]
    data: Vec<DataEntry>,
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

/// Both files, and which of their entries were of use.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    file: OverlayFile,
    codes: ErrorCodesFile,
    group_of: HashMap<String, String>,
    used: RefCell<BTreeSet<String>>,
    /// The newest release that the schemas mention, which is their own.
    release: Option<Version>,
    pub(crate) oldest_release: Option<Version>,
}

impl Overlay {
    /// Reads the two files. A fault in them is reported, and the rest goes on without.
    pub(crate) fn read(overlay: &str, error_codes: &str, sink: &mut Sink) -> Self {
        let file: OverlayFile = table(OVERLAY, overlay, sink);
        let codes: ErrorCodesFile = table(ERROR_CODES, error_codes, sink);
        let mut group_of = HashMap::new();
        for (group, commands) in &file.groups {
            for command in commands {
                if let Some(other) = group_of.insert(command.clone(), group.clone()) {
                    let hint = format!(": `{command}` is in `{other}` already");
                    sink.push(OVERLAY, "", Problem::Stale { entry: format!("groups.{group}"), hint });
                }
            }
        }
        let oldest_release = file.oldest_release.as_deref().and_then(|text| {
            let version = text.parse().ok();
            if version.is_none() {
                sink.push(OVERLAY, "/oldest_release", Problem::BadVersion(text.to_owned()));
            }
            version
        });
        Self { file, codes, group_of, used: RefCell::default(), release: None, oldest_release }
    }

    /// Applies every `[[fix]]` to the parsed files.
    pub(crate) fn fix(&mut self, parsed: &mut [(String, Value)]) {
        self.release = parsed.iter().filter_map(|(_, value)| newest_added(value)).max();
        for fix in &self.file.fix {
            if !fix.is_for(self.release) {
                self.mark("fix", &fix.at);
                continue;
            }
            let Some((id, pointer)) = fix.at.split_once('#') else { continue };
            // Two halves of one description have one name.
            let mut halves = parsed.iter_mut().filter(|(path, _)| file_id(path) == id);
            if halves.any(|(_, value)| replace(value, pointer, fix.was.as_ref(), fix.set.as_ref())) {
                self.mark("fix", &fix.at);
            }
        }
    }

    /// The cargo feature of a command.
    pub(crate) fn group(&self, command: &str) -> Option<&str> {
        self.mark("groups", command);
        self.group_of.get(command).map(String::as_str)
    }

    /// The names of all features that commands are in.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &str> {
        self.file.groups.keys().map(String::as_str)
    }

    /// A name given to a type or field.
    pub(crate) fn name(&self, at: &str) -> Option<&String> {
        let (key, name) = lookup(&self.file.names, at)?;
        self.used_if("names", key, Some(name))
    }

    /// The names given to a discriminator's values.
    pub(crate) fn variant(&self, at: &str, value: &str) -> Option<&String> {
        let (key, names) = lookup(&self.file.variants, at)?;
        self.used_if("variants", &format!("{key}.{value}"), names.get(value))
    }

    /// The name of the struct that several variants carry.
    pub(crate) fn payload(&self, at: &str, variant: &str) -> Option<&String> {
        let (key, payloads) = lookup(&self.file.payloads, at)?;
        let (name, _) = payloads.iter().find(|(_, variants)| variants.iter().any(|v| v == variant))?;
        self.used_if("payloads", &format!("{key}.{name}"), Some(name))
    }

    /// True for a text that must not be shown.
    pub(crate) fn is_secret(&self, at: &str) -> bool {
        let found = self.file.secrets.iter().any(|path| path == at).then_some(());
        self.used_if("secrets", at, found).is_some()
    }

    /// True for an object to which plugins add fields of their own.
    pub(crate) fn keeps_extra(&self, at: &str) -> bool {
        let found = self.file.extra.iter().any(|path| path == at).then_some(());
        self.used_if("extra", at, found).is_some()
    }

    /// True for a field that is sent only where a branch names it.
    pub(crate) fn only_in_branches(&self, at: &str) -> bool {
        let found = self.file.only_in_branches.iter().any(|entry| entry.at == at).then_some(());
        self.used_if("only_in_branches", at, found).is_some()
    }

    /// True for a `pairedWith` that nodes do insist on.
    pub(crate) fn confirms(&self, at: &str) -> bool {
        let found = self.file.paired.iter().any(|path| path == at).then_some(());
        self.used_if("paired", at, found).is_some()
    }

    pub(crate) fn shared(&self) -> &[Shared] {
        &self.file.shared
    }

    pub(crate) fn data_entries(&self) -> &[DataEntry] {
        &self.codes.data
    }

    /// The codes that a command's schema forgets.
    pub(crate) fn added_errors(&self, command: &str) -> Vec<i32> {
        let entries = self.file.error.iter().filter(|entry| entry.command == command);
        entries.flat_map(|entry| &entry.codes).copied().collect()
    }

    /// An entry of `[[error]]` was of use: the schema does not list that code.
    pub(crate) fn mark_added_error(&self, command: &str, code: i32) {
        self.mark("error", &format!("{command} {code}"));
    }

    /// What is known of a code.
    pub(crate) fn code(&self, code: i32) -> Option<&CodeEntry> {
        self.codes.code.iter().find(|entry| entry.code == code)
    }

    /// The shape of a code's `data`.
    pub(crate) fn data(&self, code: i32) -> Option<&DataEntry> {
        self.codes.data.iter().find(|entry| entry.codes.contains(&code))
    }

    pub(crate) fn refusals(&self, command: &str) -> Vec<Refusal> {
        self.mark("refuse", command);
        self.file.refuse.iter().filter(|refusal| refusal.command == command).cloned().collect()
    }

    fn used_if<T>(&self, table: &str, at: &str, found: Option<T>) -> Option<T> {
        if found.is_some() {
            self.mark(table, at);
        }
        found
    }

    pub(crate) fn mark(&self, table: &str, at: &str) {
        self.used.borrow_mut().insert(format!("{table} {at}"));
    }

    /// Every entry that applied to nothing.
    pub(crate) fn report_stale(&self, codes_in_use: &BTreeSet<i32>, sink: &mut Sink) {
        let file = &self.file;
        let mut entries: Vec<(&str, String)> = Vec::new();
        entries.extend(self.group_of.keys().map(|command| ("groups", command.clone())));
        entries.extend(file.names.keys().map(|at| ("names", at.clone())));
        for (at, values) in &file.variants {
            entries.extend(values.keys().map(|value| ("variants", format!("{at}.{value}"))));
        }
        for (at, payloads) in &file.payloads {
            entries.extend(payloads.keys().map(|name| ("payloads", format!("{at}.{name}"))));
        }
        entries.extend(file.secrets.iter().map(|at| ("secrets", at.clone())));
        entries.extend(file.only_in_branches.iter().map(|entry| ("only_in_branches", entry.at.clone())));
        entries.extend(file.paired.iter().map(|at| ("paired", at.clone())));
        entries.extend(file.extra.iter().map(|at| ("extra", at.clone())));
        for shared in &file.shared {
            entries.extend(shared.paths.iter().map(|path| ("shared", path.clone())));
        }
        entries.extend(file.fix.iter().map(|fix| ("fix", fix.at.clone())));
        for entry in &file.error {
            entries.extend(entry.codes.iter().map(|code| ("error", format!("{} {code}", entry.command))));
        }
        entries.extend(file.refuse.iter().map(|refusal| ("refuse", refusal.command.clone())));
        let used = self.used.borrow();
        for (table, at) in entries {
            if !used.contains(&format!("{table} {at}")) {
                let entry = format!("{table}: {at}");
                sink.push(OVERLAY, "", Problem::Stale { entry, hint: self.stale_hint(table, &at) });
            }
        }
        for entry in &self.codes.code {
            if !codes_in_use.contains(&entry.code) {
                let entry = format!("code: {}", entry.code);
                sink.push(ERROR_CODES, "", Problem::Stale { entry, hint: String::new() });
            }
        }
        for entry in &self.codes.data {
            if !used.contains(&format!("data {}", entry.name)) {
                sink.push(ERROR_CODES, "", Problem::Stale { entry: format!("data: {}", entry.name), hint: String::new() });
            }
        }
    }

    fn stale_hint(&self, table: &str, at: &str) -> String {
        match table {
            "fix" => {
                let reason = self.file.fix.iter().find(|fix| fix.at == at).map_or("", |fix| &fix.reason);
                format!(", as the schema no longer has its `was` there (it was written because: {reason})")
            }
            "error" => {
                let command = at.split(' ').next().unwrap_or_default();
                let entry = self.file.error.iter().find(|entry| entry.command == command);
                let reason = entry.map_or("", |entry| &entry.reason);
                format!(", as the schema lists the code or the command is gone (it was written because: {reason})")
            }
            _ => String::new(),
        }
    }
}

/// The entry for a place: its own, or one in which `*` stands for one step of the pointer.
fn lookup<'t, T>(entries: &'t BTreeMap<String, T>, at: &str) -> Option<(&'t str, &'t T)> {
    if let Some((key, entry)) = entries.get_key_value(at) {
        return Some((key, entry));
    }
    let steps: Vec<&str> = at.split('/').collect();
    let fits = |pattern: &str| {
        let wanted: Vec<&str> = pattern.split('/').collect();
        let same = |(wanted, step): (&&str, &&str)| match wanted.strip_prefix('*') {
            Some(rest) => step.ends_with(rest),
            None => wanted == step,
        };
        wanted.len() == steps.len() && wanted.iter().zip(&steps).all(same)
    };
    entries.iter().find(|(pattern, _)| pattern.contains('*') && fits(pattern)).map(|(key, entry)| (key.as_str(), entry))
}

fn table<T: for<'de> Deserialize<'de> + Default>(file: &str, text: &str, sink: &mut Sink) -> T {
    toml::from_str(text).unwrap_or_else(|error| {
        sink.push(file, "", Problem::NotToml(error.to_string().trim().to_owned()));
        T::default()
    })
}

/// How overlay entries call a file: `listfunds`, `hook/htlc_accepted`, `notification/connect`.
pub(crate) fn file_id(path: &str) -> String {
    let mut parts = path.rsplit('/');
    let file = parts.next().unwrap_or_default();
    let stem = file.strip_suffix(".json").unwrap_or(file);
    let stem = stem.strip_suffix(".schema").or(stem.strip_suffix(".request")).unwrap_or(stem);
    let stem = stem.strip_prefix("lightning-").unwrap_or(stem);
    let stem = stem.strip_suffix("-template").unwrap_or(stem);
    match parts.next() {
        Some(folder @ ("hook" | "notification")) => format!("{folder}/{stem}"),
        _ => stem.to_owned(),
    }
}

/// The newest `added` in a file.
fn newest_added(value: &Value) -> Option<Version> {
    match value {
        Value::Object(object) => {
            let own = object.get("added").and_then(Value::as_str).and_then(|text| text.parse().ok());
            object.values().filter_map(newest_added).chain(own).max()
        }
        Value::Array(values) => values.iter().filter_map(newest_added).max(),
        _ => None,
    }
}

/// Replaces, removes or adds the value at a pointer; false when what stands there is not what the fix expects.
fn replace(root: &mut Value, pointer: &str, was: Option<&Value>, set: Option<&Value>) -> bool {
    if root.pointer(pointer) != was {
        return false;
    }
    let Some((parent, token)) = pointer.rsplit_once('/') else { return false };
    let token = token.replace("~1", "/").replace("~0", "~");
    match (root.pointer_mut(parent), set) {
        (Some(Value::Object(object)), Some(set)) => {
            object.insert(token, set.clone());
            true
        }
        (Some(Value::Object(object)), None) => object.shift_remove(&token).is_some(),
        (Some(Value::Array(array)), set) => match (token.parse::<usize>(), set) {
            (Ok(index), Some(set)) if index < array.len() => {
                array[index] = set.clone();
                true
            }
            (Ok(index), Some(set)) if index == array.len() => {
                array.push(set.clone());
                true
            }
            (Ok(index), None) if index < array.len() => {
                array.remove(index);
                true
            }
            _ => false,
        },
        _ => false,
    }
}
