//! What came of a replay. Serialised, it is what `--json` prints; members are added, never renamed or removed.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::fault::Fault;
use super::walk::{Finding, Standing};

/// What came of a replay.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Files that were read.
    pub files: u64,
    /// Lines that were read, blank ones not counted.
    pub lines: u64,
    /// Remarks among them.
    pub notes: u64,
    /// Commands' answers.
    pub answers: Tally,
    /// Requests that succeeded; they must also be such as may be sent.
    pub requests: Tally,
    /// Errors, those of calls without a schema included.
    pub errors: Tally,
    /// Errors whose `data` has a type.
    pub error_data: Tally,
    /// Hooks' calls.
    pub hooks: Tally,
    /// Notifications.
    pub notifications: Tally,
    /// What is no part of the tallies.
    pub apart: Apart,
    /// What connections' bytes held besides calls.
    pub protocol: Protocol,
    /// What nodes sent and Core Lightning's own schemas do not say.
    #[serde(serialize_with = "entries")]
    pub undocumented: BTreeMap<Undocumented, u64>,
    /// Commands, hooks and notifications without a schema.
    #[serde(serialize_with = "entries")]
    pub without_schema: BTreeMap<Named, u64>,
    /// Codes that commands answered and that their own schemas do not list.
    #[serde(serialize_with = "entries")]
    pub unlisted_codes: BTreeMap<UnlistedCode, u64>,
    /// Successful requests that the command's own schema does not describe, and that are as described otherwise.
    #[serde(serialize_with = "entries")]
    pub undescribed_requests: BTreeMap<UndescribedRequest, u64>,
    /// How many failures there are.
    pub failed: u64,
    /// The first of them.
    pub failures: Vec<Failure>,
}

/// How many failures are told one by one.
const MOST_FAILURES: usize = 1000;

/// Messages of one kind. All but `equal` of `total` have failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// There are.
    pub total: u64,
    /// The types read them.
    pub decoded: u64,
    /// Read and written again, they say the same.
    pub equal: u64,
}

/// What is no part of the tallies, and no failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Apart {
    /// Requests by position: types name parameters.
    pub positional_requests: u64,
    /// Requests that nodes answered with an error, and that the types take.
    pub failed_requests_taken: u64,
    /// Requests that nodes answered with an error, and that the types refuse as well.
    pub failed_requests_refused: u64,
    /// Answers of commands without a schema.
    pub answers_without_schema: u64,
    /// Errors of commands without a schema; they are among the errors too.
    pub errors_without_schema: u64,
    /// Hooks' calls and notifications without a schema.
    pub events_without_schema: u64,
}

/// What connections' bytes held besides calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Protocol {
    /// Connections.
    pub connections: u64,
    /// Answers to calls with a `filter`, which hold only a part.
    pub filtered: u64,
    /// Notifications of a call's progress.
    pub progress: u64,
    /// Errors that answer nothing that could be read; they are among the errors too.
    pub errors_without_call: u64,
    /// Requests without an answer.
    pub unanswered: u64,
    /// Connections on which something was sent that is no JSON-RPC request.
    pub unreadable_sent: u64,
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A command's answer.
    Answer,
    /// A command's request.
    Request,
    /// A command's error.
    Error,
    /// The `data` of one.
    ErrorData,
    /// A hook's call.
    Hook,
    /// A notification.
    Notification,
}

/// A field, or a value of one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Undocumented {
    /// What the message is.
    pub kind: Kind,
    /// Its name on the wire.
    pub name: String,
    /// Where in it, such as `invoices[].status`.
    pub path: String,
    /// The value, when the field is documented; long ones end in `…`.
    pub value: Option<String>,
    /// How far it is documented.
    pub standing: Standing,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// An RPC command.
    Command,
    /// A hook.
    Hook,
    /// A notification.
    Notification,
}

/// A command, hook or notification.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Named {
    /// Which of them it is.
    pub kind: Subject,
    /// Its name on the wire.
    pub name: String,
}

/// A way in which nodes take more than a command's schema describes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct UndescribedRequest {
    /// The command, by its name on the wire.
    pub method: &'static str,
    /// Why nodes take it.
    pub reason: &'static str,
}

/// An error code that a command's own schema does not list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct UnlistedCode {
    /// Why it is not a surprise.
    pub known: CodeKnown,
    /// The command, by its name on the wire.
    pub method: String,
    /// The code.
    pub code: i32,
}

/// Where an error code is known from, if not from the command's own schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeKnown {
    /// From nowhere: it becomes `Other`.
    Nowhere,
    /// From the project's overlay.
    Overlay,
    /// Every call can meet it.
    Common,
}

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1 on; 0 for the file as a whole.
    pub line: u64,
    /// What the message is; `null` if that is not known.
    pub kind: Option<Kind>,
    /// Its name on the wire, or empty.
    pub name: String,
    /// Where in it, or empty.
    pub path: String,
    /// What is wrong.
    pub reason: String,
}

/// A map as a list of objects, each with the `count` among its key's members.
fn entries<K: Serialize, S: Serializer>(map: &BTreeMap<K, u64>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Entry<'a, K> {
        #[serde(flatten)]
        key: &'a K,
        count: u64,
    }
    serializer.collect_seq(map.iter().map(|(key, count)| Entry { key, count: *count }))
}

impl Report {
    /// True when nothing failed.
    pub fn is_ok(&self) -> bool {
        self.failed == 0
    }

    pub(super) fn tally(&mut self, kind: Kind) -> &mut Tally {
        match kind {
            Kind::Answer => &mut self.answers,
            Kind::Request => &mut self.requests,
            Kind::Error => &mut self.errors,
            Kind::ErrorData => &mut self.error_data,
            Kind::Hook => &mut self.hooks,
            Kind::Notification => &mut self.notifications,
        }
    }

    pub(super) fn fail(&mut self, failure: Failure) {
        self.failed += 1;
        if self.failures.len() < MOST_FAILURES {
            self.failures.push(failure);
        }
    }

    /// Counts what a message holds besides the documented; each thing once a message.
    pub(super) fn note_undocumented(&mut self, kind: Kind, name: &str, found: &[Finding]) {
        let mut keys: Vec<Undocumented> = found.iter().map(|finding| undocumented(kind, name, finding)).collect();
        keys.sort();
        keys.dedup();
        for key in keys {
            *self.undocumented.entry(key).or_default() += 1;
        }
    }
}

fn undocumented(kind: Kind, name: &str, finding: &Finding) -> Undocumented {
    let (path, standing) = (finding.shape.clone(), finding.standing);
    let value = finding.value.as_deref().map(excerpt);
    Undocumented { kind, name: name.to_owned(), path, value, standing }
}

/// The start of a text, so that a value that is not one of a few cannot flood the report.
fn excerpt(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl Failure {
    pub(super) fn of_file(file: &str, line: u64, reason: impl Into<String>) -> Self {
        let (name, path) = (String::new(), String::new());
        Self { file: file.to_owned(), line, kind: None, name, path, reason: reason.into() }
    }

    pub(super) fn of_message(file: &str, line: u64, kind: Kind, name: &str, fault: Fault) -> Self {
        let Fault { path, reason } = fault;
        Self { file: file.to_owned(), line, kind: Some(kind), name: name.to_owned(), path, reason }
    }
}
