//! Reading what a node sends, with errors that say where in the JSON something is wrong; and refusing what must not be
//! sent.

use crate::path;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use std::fmt;

/// What kind of message was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Message {
    /// The answer to a command.
    Answer,
    /// A notification.
    Notification,
    /// A hook's call.
    Hook,
    /// A command's request, as a server of commands reads it.
    Request,
    /// A plugin's answer to a hook.
    Action,
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Message::Answer => "the answer of",
            Message::Notification => "the notification",
            Message::Hook => "the hook",
            Message::Request => "the request of",
            Message::Action => "the answer to the hook",
        })
    }
}

/// Something that the node sent is not what its schema says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read {message} `{command}` {}: {reason}", Place(path))]
#[non_exhaustive]
pub struct DecodeError {
    /// What kind of message it was in.
    pub message: Message,
    /// The command, notification or hook, by its name on the wire.
    pub command: &'static str,
    /// Where in the message's JSON, such as `invoices[2].status`; empty for the message as a whole.
    pub path: String,
    /// What is wrong there.
    pub reason: String,
}

impl DecodeError {
    /// The same error of a part, in the message in which that part is at `outer`.
    #[must_use]
    pub fn within(mut self, outer: &str) -> Self {
        self.path = path::joined(outer, &self.path);
        self
    }
}

struct Place<'a>(&'a str);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { f.write_str("at the top level") } else { write!(f, "at `{}`", self.0) }
    }
}

/// Reads a message from JSON: an object.
///
/// # Errors
/// When it is no JSON object or not of the shape that `T` describes.
pub fn decode<T: DeserializeOwned>(message: Message, command: &'static str, json: &[u8]) -> Result<T, DecodeError> {
    // A list of the right length would be taken for the fields in their order.
    let found = match json.trim_ascii_start().first() {
        Some(b'[') => "a list",
        Some(b'"') => "a text",
        _ => return decode_part(message, command, json),
    };
    Err(DecodeError { message, command, path: String::new(), reason: format!("expected an object, found {found}") })
}

/// Reads a part of a message, of any form. The error's path begins inside of the part.
///
/// # Errors
/// When it is no JSON or not of the shape that `T` describes.
pub fn decode_part<T: DeserializeOwned>(
    message: Message,
    command: &'static str,
    json: &[u8],
) -> Result<T, DecodeError> {
    serde_json::from_slice(json).map_err(|error| {
        // Keeping track of the path costs time, so that only what failed is read again to learn it.
        let (path, reason) = match path_and_reason::<T>(json) {
            Some(found) => found,
            None => (String::new(), reason(&error)),
        };
        let (path, reason) = late_path(path, reason);
        DecodeError { message, command, path, reason }
    })
}

/// `None` when the value itself can be read, and what is wrong stands behind it.
fn path_and_reason<T: DeserializeOwned>(json: &[u8]) -> Option<(String, String)> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let error = serde_path_to_error::deserialize::<_, T>(&mut deserializer).err()?;
    Some((path::text(error.path()), reason(error.inner())))
}

/// Some fields are kept as JSON until their type is known. What is wrong inside of them comes as "`path`: reason", with
/// the path from there on; no other message begins so.
pub(crate) fn late_path(path: String, reason: String) -> (String, String) {
    let late = reason.strip_prefix('`').and_then(|rest| rest.split_once("`: "));
    match late {
        Some((inner, rest)) if !inner.contains(['`', ' ']) => (path::joined(&path, inner), rest.to_owned()),
        _ => (path, reason),
    }
}

/// The error's text. The path says better than line and column where a wrong value stands; only in what is no JSON at
/// all they are what helps.
fn reason(error: &serde_json::Error) -> String {
    let text = without_value(error.to_string());
    let position = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&position) {
        Some(text) if error.classify() == Category::Data => text.to_owned(),
        _ => text,
    }
}

/// serde quotes a text that stands where another type belongs. It may be secret.
pub(crate) fn without_value(text: String) -> String {
    for found in ["invalid type: string ", "invalid value: string "] {
        if let Some(rest) = text.strip_prefix(found)
            && let Some((_, expected)) = rest.rsplit_once("\", expected ")
        {
            return format!("{}, expected {expected}", found.trim_end());
        }
    }
    text
}

/// The message of generated code about a field that a variant requires and that did not come.
///
/// Both names are those on the wire.
pub(crate) fn missing_in_variant(field: &str, variant: &str) -> String {
    format!("`{variant}` requires `{field}`, which is missing")
}

/// A request that is not sent, because the node would refuse it or come to harm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid request to `{command}`: parameter `{parameter}` {reason}")]
#[non_exhaustive]
pub struct InvalidRequest {
    /// The command, by its name on the wire.
    pub command: &'static str,
    /// The parameter that is wrong, by its name on the wire.
    pub parameter: &'static str,
    /// What is wrong with it and what to do; it goes on where the parameter's name ends: "needs `label` too".
    pub reason: String,
}

impl InvalidRequest {
    /// A refusal of a request to `command` because of one parameter.
    pub fn new(command: &'static str, parameter: &'static str, reason: impl Into<String>) -> Self {
        InvalidRequest { command, parameter, reason: reason.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Msat;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    struct Response {
        #[serde(rename = "invoices")]
        _invoices: Vec<Invoice>,
    }

    #[derive(Debug, Deserialize)]
    struct Invoice {
        #[serde(rename = "amount_msat")]
        _amount_msat: Msat,
    }

    fn check(json: &str, expected: &str) {
        let error = decode::<Response>(Message::Answer, "listinvoices", json.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn an_error_tells_where_and_what() {
        check(
            r#"{"invoices":[{"amount_msat":1},{"amount_msat":true}]}"#,
            "cannot read the answer of `listinvoices` at `invoices[1].amount_msat`: \
             invalid type: boolean `true`, expected an amount in millisatoshi",
        );
        check(
            r#"{"invoices":[{}]}"#,
            "cannot read the answer of `listinvoices` at `invoices[0]`: missing field `amount_msat`",
        );
        check("{}", "cannot read the answer of `listinvoices` at the top level: missing field `invoices`");
        check(
            r#"{"invoices":[]} x"#,
            "cannot read the answer of `listinvoices` at the top level: trailing characters at line 1 column 17",
        );
        check(
            r#"{"invoices":["#,
            "cannot read the answer of `listinvoices` at `invoices`: EOF while parsing a list at line 1 column 13",
        );
    }

    #[test]
    fn a_message_is_called_what_it_is() {
        let error = decode::<u8>(Message::Notification, "connect", b"-").unwrap_err().to_string();
        assert!(error.starts_with("cannot read the notification `connect` at the top level: "), "{error}");
        let error = decode::<u8>(Message::Hook, "openchannel", b"").unwrap_err().to_string();
        assert!(error.starts_with("cannot read the hook `openchannel` at the top level: "), "{error}");
    }

    #[test]
    fn a_refused_request_names_its_parameter() {
        let refused = InvalidRequest::new("sendinvoice", "quantity", "must be left out");
        assert_eq!(refused.to_string(), "invalid request to `sendinvoice`: parameter `quantity` must be left out");
        let missing = missing_in_variant("payment_preimage", "paid");
        assert_eq!(missing, "`paid` requires `payment_preimage`, which is missing");
    }
}
