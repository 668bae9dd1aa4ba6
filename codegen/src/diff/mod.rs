//! What changed between two APIs, as those see it who use them: with a verdict for code that uses the typed API, and one
//! for clients and nodes of different releases.
//!
//! Two models in, one [`Diff`] out. Types are compared where they stand on the wire; what a type's several places share
//! is told once, with all of them.

mod fields;
mod fits;
mod items;
mod objects;
mod phrases;
mod render;
mod rules;
mod types;
mod validation;

use serde::Serialize;

use crate::model::{Api, Direction};
use rules::{Fit, verdict};
pub use rules::{Impact, Kind, OnWire, Verdict};

/// What changed between two releases. As JSON it is for machines: names of fields and kinds stay as they are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diff {
    /// What the caller calls the release before.
    pub old: String,
    /// What the caller calls the release after.
    pub new: String,
    /// How many changes of which kind there are.
    pub counts: Counts,
    /// What changed: commands, notifications, hooks, shared enums, data of errors, each sorted by name.
    pub items: Vec<Item>,
}

/// How many changes there are of each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Changes that break code on the typed API.
    pub breaking: usize,
    /// Changes that add to the typed API.
    pub additive: usize,
    /// Changes that only the documentation tells; texts are counted apart.
    pub documentation: usize,
    /// Changes with which a client of the old release can fail on a node of the new one.
    pub old_client_breaks: usize,
    /// Changes with which a client of the new release can fail on a node of the old one.
    pub new_client_breaks: usize,
    /// Changes that a client of the new release cannot make use of on a node of the old one.
    pub new_client_without_new_parts: usize,
    /// Titles, descriptions and lists of related commands that differ.
    pub texts: usize,
}

/// All changes of one command, notification, hook or shared type.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// Its name on the wire; of a shared type, which has none, in Rust.
    pub name: String,
    /// Its module in `cln_api`, or the path of the shared type.
    pub path: String,
    /// Its changes: breaking, additive, documentation; each in the order of the schemas.
    pub changes: Vec<Change>,
    /// How many of its texts differ.
    pub texts: usize,
}

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// An RPC command.
    Command,
    /// A notification.
    Notification,
    /// A hook.
    Hook,
    /// An enum of `cln_api::shared`.
    SharedEnum,
    /// What errors carry: a struct of `cln_api::error_data`.
    ErrorData,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What kind of change.
    pub kind: Kind,
    /// Where in `cln_api`: `listinvoices`, `listinvoices::Paid.paid_at`, `listinvoices::Status::Paid`. Of the new release;
    /// what is gone has its place in the old one.
    pub path: String,
    /// Where on the wire, sorted: `response.invoices[].paid_at`, after the item's name if the item is a shared one. `[]`
    /// is any element of a list, `.*` any value of a map. Empty for what is not in a message.
    pub wire: Vec<String>,
    /// How it was, as Rust's type or in a word; `null` when there is nothing to say.
    pub before: Option<String>,
    /// How it is.
    pub after: Option<String>,
    /// What it means.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// What is different in `new`. The names are the caller's, for the reader.
pub fn diff(old: (&str, &Api), new: (&str, &Api)) -> Diff {
    let items = items::compare(old.1, new.1);
    Diff { old: old.0.to_owned(), new: new.0.to_owned(), counts: counts(&items), items }
}

impl Diff {
    /// True when there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

fn counts(items: &[Item]) -> Counts {
    let mut counts = Counts::default();
    for change in items.iter().flat_map(|item| &item.changes) {
        match change.verdict.api {
            Impact::Breaking => counts.breaking += 1,
            Impact::Additive => counts.additive += 1,
            Impact::Documentation => counts.documentation += 1,
        }
        counts.old_client_breaks += usize::from(change.verdict.old_client == OnWire::Breaks);
        counts.new_client_breaks += usize::from(change.verdict.new_client == OnWire::Breaks);
        counts.new_client_without_new_parts += usize::from(change.verdict.new_client == OnWire::WithoutNewParts);
    }
    counts.texts = items.iter().map(|item| item.texts).sum();
    counts
}

/// Where the comparison stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// Module in `cln_api`.
    module: &'a str,
    /// Path on the wire.
    wire: &'a str,
    /// Which way it travels.
    direction: Direction,
}

impl<'a> Place<'a> {
    fn at(self, wire: &'a str) -> Self {
        Self { wire, ..self }
    }
}

/// What was found in one item so far.
struct Found<'m> {
    old: &'m Api,
    new: &'m Api,
    changes: Vec<Change>,
    texts: usize,
}

impl<'m> Found<'m> {
    fn new(old: &'m Api, new: &'m Api) -> Self {
        Self { old, new, changes: Vec::new(), texts: 0 }
    }

    /// Notes a change; `path` is what follows the module.
    fn push(&mut self, kind: Kind, place: Place<'_>, path: &str, before: Option<String>, after: Option<String>) {
        self.push_fit(kind, Fit::SAME, place, path, before, after);
    }

    /// The same for a change whose verdict depends on whether both sides still read each other.
    fn push_fit(
        &mut self,
        kind: Kind,
        fit: Fit,
        place: Place<'_>,
        path: &str,
        before: Option<String>,
        after: Option<String>,
    ) {
        let path = if path.is_empty() { place.module.to_owned() } else { format!("{}::{path}", place.module) };
        let wire = if place.wire.is_empty() { Vec::new() } else { vec![place.wire.to_owned()] };
        let verdict = verdict(kind, place.direction, fit);
        let change = Change { kind, path, wire, before, after, verdict };
        // A type of several places changes in all of them.
        let same = |known: &&mut Change| {
            (known.kind, &known.path, &known.before, &known.after, known.verdict)
                == (change.kind, &change.path, &change.before, &change.after, change.verdict)
        };
        match self.changes.iter_mut().find(same) {
            Some(known) => known.wire.extend(change.wire),
            None => self.changes.push(change),
        }
    }

    /// The item, unless nothing in it changed.
    fn into_item(mut self, kind: ItemKind, name: &str, path: &str) -> Option<Item> {
        for change in &mut self.changes {
            change.wire.sort();
            change.wire.dedup();
        }
        self.changes.sort_by_key(|change| change.verdict.api);
        let changed = !self.changes.is_empty() || self.texts > 0;
        changed.then(|| Item {
            kind,
            name: name.to_owned(),
            path: path.to_owned(),
            changes: self.changes,
            texts: self.texts,
        })
    }
}
