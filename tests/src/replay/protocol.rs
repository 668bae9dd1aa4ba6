//! A connection's bytes taken apart into calls and what came of them.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::recording::Bytes;
use super::report::Protocol;

/// A request that was sent.
#[derive(Deserialize)]
struct Sent {
    id: Option<Box<RawValue>>,
    method: Option<String>,
    params: Option<Box<RawValue>>,
    filter: Option<Box<RawValue>>,
}

/// A message that came.
#[derive(Deserialize)]
struct Received {
    id: Option<Box<RawValue>>,
    method: Option<String>,
    #[serde(default, deserialize_with = "present")]
    result: Option<Box<RawValue>>,
    error: Option<Box<RawValue>>,
}

/// `null` is a value here.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

/// A call on a connection.
pub(super) struct Call {
    /// The command's name on the wire.
    pub(super) method: String,
    /// The JSON-RPC `params`.
    pub(super) request: String,
    /// The JSON-RPC `result` or `error`.
    pub(super) outcome: Result<String, String>,
}

/// What a connection's bytes hold.
#[derive(Default)]
pub(super) struct Connection {
    /// The calls that were answered.
    pub(super) calls: Vec<Call>,
    /// Errors that answer no request that could be read.
    pub(super) errors: Vec<String>,
    /// What came is no sequence of JSON-RPC messages.
    pub(super) broken: bool,
}

/// Takes bytes apart, and counts what is no plain call.
pub(super) fn take_apart(bytes: &Bytes<'_>, counts: &mut Protocol) -> Connection {
    let mut connection = Connection::default();
    let (mut pending, readable) = messages::<Sent>(&bytes.sent.concat());
    counts.unreadable_sent += u64::from(!readable);
    let (received, readable) = messages::<Received>(&bytes.received);
    connection.broken = !readable;
    for message in received {
        let id = message.id.as_deref().map_or("null", RawValue::get);
        // An id that was left out is answered as if it were null.
        let asked = |sent: &Sent| sent.id.as_deref().map_or("null", RawValue::get) == id;
        match message {
            Received { method: Some(_), .. } => counts.progress += 1,
            Received { result: None, error: None, .. } => connection.broken = true,
            Received { result, error, .. } => {
                let sent = pending.iter().position(asked).map(|index| pending.remove(index));
                let outcome = match (result, error) {
                    (_, Some(error)) => Err(error.get().to_owned()),
                    (result, None) => Ok(result.map(|result| result.get().to_owned()).unwrap_or_default()),
                };
                match (sent, outcome) {
                    (Some(Sent { method: Some(method), params, filter, .. }), outcome) => {
                        let request = params.map_or_else(|| "{}".to_owned(), |params| params.get().to_owned());
                        if filter.is_some() && outcome.is_ok() {
                            counts.filtered += 1;
                        } else {
                            connection.calls.push(Call { method, request, outcome });
                        }
                    }
                    (_, Err(error)) => {
                        counts.errors_without_call += 1;
                        connection.errors.push(error);
                    }
                    (_, Ok(_)) => connection.broken = true,
                }
            }
        }
    }
    counts.unanswered += pending.len() as u64;
    connection
}

/// The messages of a text, one behind the other, and whether it holds nothing else.
fn messages<T: for<'de> Deserialize<'de>>(text: &str) -> (Vec<T>, bool) {
    let (mut found, mut readable) = (Vec::new(), true);
    for json in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        match json.map(|json| serde_json::from_str(json.get())) {
            Ok(Ok(message)) => found.push(message),
            Ok(Err(_)) => readable = false,
            Err(_) => return (found, false),
        }
    }
    (found, readable)
}
