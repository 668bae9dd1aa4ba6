//! Figures: what the files have, and how much of it the model has.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::diagnostic::{Diagnostic, Diagnostics, Problem, Sink};
use crate::dialect::{self, Kind};
use crate::lower::LoweredCondition;
use crate::overlay::file_id;
use crate::{Input, lower, parse};

/// What `cargo xtask coverage` prints.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Coverage {
    /// Schema files.
    pub files: usize,
    /// Commands.
    pub commands: usize,
    /// Notifications.
    pub notifications: usize,
    /// Hooks.
    pub hooks: usize,
    /// `if`s in the files.
    pub conditions: usize,
    /// Those of them that became types.
    pub conditions_lowered: usize,
    /// How many were lowered in which way.
    pub conditions_by_kind: BTreeMap<String, usize>,
    /// `oneOf`s in the files.
    pub one_of: usize,
    /// Lists of `enum` values that name a text, tests of conditions aside.
    pub enums: usize,
    /// Pairs of command and error code in the files.
    pub error_codes: usize,
    /// Pairs that the overlay adds.
    pub error_codes_added: usize,
    /// Titles, descriptions, parameters, fields and enum values that have a text of their own or in the glossary.
    pub documented: usize,
    /// Those that have none.
    pub undocumented: usize,
    /// How each `if` was lowered, by file and pointer.
    pub lowered: BTreeMap<String, String>,
    /// What has no text, with its place.
    pub missing_texts: Vec<String>,
    /// Entries of our own tables that apply to nothing, and commands without a group.
    pub notes: Vec<String>,
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { files, commands, notifications, hooks, conditions, conditions_lowered, one_of, enums, .. } = self;
        writeln!(f, "{files} files: {commands} commands, {notifications} notifications, {hooks} hooks")?;
        writeln!(f, "{conditions_lowered} of {conditions} conditions became types")?;
        for (at, kind) in &self.lowered {
            writeln!(f, "  {kind:<14} {at}")?;
        }
        writeln!(f, "{one_of} oneOf, {enums} enums")?;
        writeln!(f, "{} error codes in the files, {} added", self.error_codes, self.error_codes_added)?;
        write!(f, "{} items documented, undocumented: {}", self.documented, self.undocumented)?;
        self.missing_texts.iter().chain(&self.notes).try_for_each(|line| write!(f, "\n  {line}"))
    }
}

/// Counts.
///
/// # Errors
///
/// Every fault of the input.
pub fn coverage(input: &Input) -> Result<Coverage, Diagnostics> {
    let lowered = lower(input)?;
    let mut sink = Sink::default();
    let parsed = parse(&input.schemas, &mut sink);
    let files = dialect::read_files(&parsed, &mut sink);
    let mut found = Found::default();
    for (path, value) in &parsed {
        for half in ["request", "response"] {
            if let Some(schema) = value.get(half) {
                found.walk(&file_id(path), &format!("/{half}"), schema, false);
            }
        }
    }
    let kinds: BTreeMap<String, String> = lowered
        .conditions
        .iter()
        // The overlay's fixes add conditions of their own; the figures are the files'.
        .filter(|LoweredCondition { at, .. }| found.conditions.contains(at))
        .map(|LoweredCondition { at, kind }| (at.clone(), (*kind).to_owned()))
        .collect();
    let mut by_kind = BTreeMap::new();
    for kind in kinds.values() {
        *by_kind.entry(kind.clone()).or_default() += 1;
    }
    let of_kind = |kind: Kind| files.iter().filter(|file| file.kind == kind).count();
    let is_missing = |note: &&Diagnostic| matches!(note.problem, Problem::Undocumented(_) | Problem::NoText(_));
    let missing: Vec<String> = lowered.text_notes.iter().filter(is_missing).map(Diagnostic::to_string).collect();
    Ok(Coverage {
        files: files.len(),
        commands: of_kind(Kind::Command),
        notifications: of_kind(Kind::Notification),
        hooks: of_kind(Kind::Hook),
        conditions: found.conditions.len(),
        conditions_lowered: kinds.len(),
        conditions_by_kind: by_kind,
        one_of: found.one_of,
        enums: found.enums,
        error_codes: files.iter().map(|file| file.errors.len()).sum(),
        error_codes_added: lowered.api.commands.iter().flat_map(|c| &c.errors).filter(|code| code.added).count(),
        documented: lowered.documented,
        undocumented: missing.len(),
        lowered: kinds,
        missing_texts: missing,
        notes: {
            let of_texts = lowered.text_notes.iter().filter(|note| !is_missing(note));
            lowered.notes.iter().chain(of_texts).map(Diagnostic::to_string).collect()
        },
    })
}

/// What the files hold, as it stands there.
#[derive(Default)]
struct Found {
    conditions: BTreeSet<String>,
    one_of: usize,
    enums: usize,
}

impl Found {
    /// `named` is true inside of `properties`, where keys are names and no keywords.
    fn walk(&mut self, id: &str, pointer: &str, value: &Value, named: bool) {
        match value {
            Value::Object(object) => {
                for (key, value) in object {
                    let at = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                    if !named {
                        match key.as_str() {
                            "if" => {
                                self.conditions.insert(format!("{id}#{at}"));
                                continue;
                            }
                            "oneOf" => self.one_of += 1,
                            "enum" if value.as_array().is_some_and(|v| v.iter().any(Value::is_string)) => {
                                self.enums += 1;
                            }
                            "default" => continue,
                            _ => {}
                        }
                    }
                    self.walk(id, &at, value, !named && key == "properties");
                }
            }
            Value::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    self.walk(id, &format!("{pointer}/{index}"), value, false);
                }
            }
            _ => {}
        }
    }
}
