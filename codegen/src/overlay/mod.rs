//! What the schemas do not say: `overlay.toml` and `error-codes.toml`.

mod fix;
mod tables;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Deserialize;
use serde_json::Value;

use crate::diagnostic::{Problem, Sink};
use crate::dialect::Version;
use crate::model::Patience;
use fix::newest_added;
use tables::{CodeEntry, ErrorCodesFile, OverlayFile};
pub(crate) use tables::{DataEntry, Shared};
pub use tables::{Refusal, RefuseWhen};

const OVERLAY: &str = "overlay.toml";
const ERROR_CODES: &str = "error-codes.toml";

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
        for fix in &file.fix {
            if let Err(range) = fix.range() {
                sink.push(OVERLAY, "", Problem::BadVersion(format!("{range} (releases of the fix at {})", fix.at)));
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
            let file = parsed.iter_mut().find(|(path, _)| file_id(path) == id);
            if file.is_some_and(|(_, value)| fix.apply(value, pointer)) {
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

    /// The module of a file's command, notification or hook.
    pub(crate) fn module(&self, id: &str) -> Option<&String> {
        self.used_if("modules", id, self.file.modules.get(id))
    }

    /// A name given to a field.
    pub(crate) fn field(&self, at: &str) -> Option<&String> {
        let (key, name) = lookup(&self.file.fields, at)?;
        self.used_if("fields", key, Some(name))
    }

    /// A name given to a type.
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
        let found = self.file.secrets.iter().find(|pattern| fits(pattern, at));
        found.is_some_and(|pattern| self.used_if("secrets", pattern, Some(())).is_some())
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

    /// True for a command that changes nothing.
    pub(crate) fn is_read_only(&self, command: &str) -> bool {
        let found = self.file.read_only.iter().any(|name| name == command).then_some(());
        self.used_if("read_only", command, found).is_some()
    }

    /// How long a command may take.
    pub(crate) fn patience(&self, command: &str) -> Option<Patience> {
        let entry = self.file.patience.iter().find(|entry| entry.commands.iter().any(|name| name == command))?;
        self.mark("patience", command);
        Some(Patience { parameter: entry.parameter.clone(), forever: entry.forever, otherwise: entry.seconds })
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

    /// All codes that have a name.
    pub(crate) fn codes(&self) -> &[CodeEntry] {
        &self.codes.code
    }

    /// What is known of a code.
    pub(crate) fn code(&self, code: i32) -> Option<&CodeEntry> {
        self.codes.code.iter().find(|entry| entry.code == code)
    }

    /// The shape of a code's `data`.
    pub(crate) fn data(&self, code: i32) -> Option<&DataEntry> {
        self.codes.data.iter().find(|entry| entry.codes.contains(&code))
    }

    /// The inputs of a command to refuse, among the parameters that it has.
    pub(crate) fn refusals(&self, command: &str, has: &dyn Fn(&str) -> bool) -> Vec<Refusal> {
        let fits = |refusal: &&Refusal| refusal.command == command && has(&refusal.parameter);
        let refusals: Vec<Refusal> = self.file.refuse.iter().filter(fits).cloned().collect();
        for refusal in &refusals {
            self.mark("refuse", &format!("{command}.{}", refusal.parameter));
        }
        refusals
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
        entries.extend(file.fields.keys().map(|at| ("fields", at.clone())));
        entries.extend(file.modules.keys().map(|id| ("modules", id.clone())));
        for (at, values) in &file.variants {
            entries.extend(values.keys().map(|value| ("variants", format!("{at}.{value}"))));
        }
        for (at, payloads) in &file.payloads {
            entries.extend(payloads.keys().map(|name| ("payloads", format!("{at}.{name}"))));
        }
        entries.extend(file.secrets.iter().map(|at| ("secrets", at.clone())));
        entries.extend(file.only_in_branches.iter().map(|entry| ("only_in_branches", entry.at.clone())));
        entries.extend(file.paired.iter().map(|at| ("paired", at.clone())));
        entries.extend(file.read_only.iter().map(|command| ("read_only", command.clone())));
        let patient = file.patience.iter().flat_map(|entry| &entry.commands);
        entries.extend(patient.map(|command| ("patience", command.clone())));
        entries.extend(file.extra.iter().map(|at| ("extra", at.clone())));
        for shared in &file.shared {
            entries.extend(shared.paths.iter().map(|path| ("shared", path.clone())));
        }
        entries.extend(file.fix.iter().map(|fix| ("fix", fix.at.clone())));
        for entry in &file.error {
            entries.extend(entry.codes.iter().map(|code| ("error", format!("{} {code}", entry.command))));
        }
        entries
            .extend(file.refuse.iter().map(|refusal| ("refuse", format!("{}.{}", refusal.command, refusal.parameter))));
        let used = self.used.borrow();
        for (table, at) in entries {
            if !used.contains(&format!("{table} {at}")) {
                let entry = format!("{table}: {at}");
                sink.push(OVERLAY, "", Problem::Stale { entry, hint: self.stale_hint(table, &at) });
            }
        }
        for entry in &self.codes.code {
            if !codes_in_use.contains(&entry.code) && !self.codes.anywhere.contains(&entry.code) {
                let entry = format!("code: {}", entry.code);
                sink.push(ERROR_CODES, "", Problem::Stale { entry, hint: String::new() });
            }
        }
        for code in &self.codes.anywhere {
            if self.code(*code).is_none() || codes_in_use.contains(code) {
                let hint = ", as it has no name or a schema ties it to a command".to_owned();
                sink.push(ERROR_CODES, "", Problem::Stale { entry: format!("anywhere: {code}"), hint });
            }
        }
        for entry in &self.codes.data {
            if !used.contains(&format!("data {}", entry.name)) {
                sink.push(
                    ERROR_CODES,
                    "",
                    Problem::Stale { entry: format!("data: {}", entry.name), hint: String::new() },
                );
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
    entries.iter().find(|(pattern, _)| fits(pattern, at)).map(|(key, entry)| (key.as_str(), entry))
}

/// True for the place itself, and for a pattern in which `*` stands for one step of its pointer.
fn fits(pattern: &str, at: &str) -> bool {
    let same = |(wanted, step): (&str, &str)| match wanted.strip_prefix('*') {
        Some(rest) => step.ends_with(rest),
        None => wanted == step,
    };
    pattern.split('/').count() == at.split('/').count() && pattern.split('/').zip(at.split('/')).all(same)
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
    let stem = stem.strip_suffix(".{request,schema}").unwrap_or(stem);
    let stem = stem.strip_prefix("lightning-").unwrap_or(stem);
    let stem = stem.strip_suffix("-template").unwrap_or(stem);
    match parts.next() {
        Some(folder @ ("hook" | "notification")) => format!("{folder}/{stem}"),
        _ => stem.to_owned(),
    }
}
