//! The forms that a line of a recording has.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::fault::without_quoted;

/// What a line tells.
pub enum Recorded<'a> {
    /// A call and what came of it.
    Exchange(Exchange<'a>),
    /// What a plugin was sent.
    Event(Event<'a>),
    /// A connection's bytes.
    Bytes(Bytes<'a>),
    /// A person's remark: it opens a run or tells what no message shows.
    Note,
}

/// A call and what came of it.
pub struct Exchange<'a> {
    /// The command's name on the wire.
    pub method: Cow<'a, str>,
    /// The JSON-RPC `params`.
    pub request: &'a str,
    /// The JSON-RPC `result` or `error`.
    pub outcome: Outcome<'a>,
}

/// What came of a call.
pub enum Outcome<'a> {
    /// The JSON-RPC `result`.
    Answer(&'a str),
    /// The JSON-RPC `error`.
    Error(&'a str),
}

/// What a plugin was sent.
pub struct Event<'a> {
    /// A hook's call, which wants an answer; else a notification.
    pub hook: bool,
    /// The name on the wire.
    pub name: Cow<'a, str>,
    /// The JSON-RPC `params`.
    pub payload: &'a str,
}

/// A connection's bytes, as UTF-8.
pub struct Bytes<'a> {
    /// What was written, in the pieces in which it was.
    pub sent: Vec<String>,
    /// All that was read.
    pub received: Cow<'a, str>,
}

/// A line that cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// No JSON, or a member of the wrong type.
    #[error("not a line of a recording: {0}")]
    NotJson(String),
    /// A JSON object without the members of any known form.
    #[error(
        "a line of no known form: expected `method`, `request` and either `response` or `error`; or `kind` (`hook` or \
         `notification`), `name` and `payload`; or `sent` and `received`; or `scenario` or `note`"
    )]
    UnknownForm,
    /// An answer cannot be both.
    #[error("both `response` and `error`: a call has one of them")]
    TwoOutcomes,
}

/// All members that a line of any form has. Others are somebody's notes, such as `node`.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "present")]
    request: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    response: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "present")]
    payload: Option<&'a RawValue>,
    sent: Option<Vec<String>>,
    #[serde(borrow)]
    received: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "present")]
    scenario: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    note: Option<&'a RawValue>,
}

/// `null` is a value here: a node may answer it.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

/// Reads a line.
///
/// # Errors
///
/// When it is of no known form.
pub fn parse(line: &str) -> Result<Recorded<'_>, LineError> {
    let line: Line = serde_json::from_str(line).map_err(|error| {
        // A line's JSON has one line.
        LineError::NotJson(without_quoted(&error.to_string()).replace(" line 1 column ", " column "))
    })?;
    match line {
        Line { method: Some(_), response: Some(_), error: Some(_), .. } => Err(LineError::TwoOutcomes),
        Line { method: Some(method), request: Some(request), response: Some(answer), .. } => {
            let outcome = Outcome::Answer(answer.get());
            Ok(Recorded::Exchange(Exchange { method, request: request.get(), outcome }))
        }
        Line { method: Some(method), request: Some(request), error: Some(error), .. } => {
            let outcome = Outcome::Error(error.get());
            Ok(Recorded::Exchange(Exchange { method, request: request.get(), outcome }))
        }
        Line { kind: Some(kind), name: Some(name), payload: Some(payload), .. }
            if kind == "hook" || kind == "notification" =>
        {
            Ok(Recorded::Event(Event { hook: kind == "hook", name, payload: payload.get() }))
        }
        Line { sent: Some(sent), received: Some(received), .. } => Ok(Recorded::Bytes(Bytes { sent, received })),
        Line { scenario: Some(_), .. } | Line { note: Some(_), .. } => Ok(Recorded::Note),
        _ => Err(LineError::UnknownForm),
    }
}
