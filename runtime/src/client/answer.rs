//! From a message to a command's result.

use bytes::Bytes;
use cln_api::primitives::{Message, RpcError, decode_part};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::{Answer, CallError};
use super::frame;

/// The JSON of the result, or the node's error.
pub(crate) fn result(method: &str, message: &frame::Message) -> Result<Bytes, CallError<RpcError>> {
    let error = message.member(&message.members.error).filter(|error| **error != *b"null");
    let not_an_answer =
        |what| Err(CallError::NotAnAnswer { method: method.to_owned(), what, answer: Answer(message.bytes.clone()) });
    match (message.member(&message.members.result), error) {
        (Some(result), None) => Ok(result),
        // JSON-RPC 1.0 puts a `null` beside an error.
        (result, Some(error)) if result.as_ref().is_none_or(|result| **result == *b"null") => {
            Err(refusal(method, &error, &message.bytes))
        }
        (_, Some(_)) => not_an_answer("it has a result and an error"),
        (None, None) => not_an_answer("it has neither a result nor an error"),
    }
}

/// The error that `json` says, which stands in the message `whole`.
pub(crate) fn refusal(method: &str, json: &[u8], whole: &Bytes) -> CallError<RpcError> {
    let method = method.to_owned();
    match serde_json::from_slice::<RpcError>(json) {
        // A deprecated command that is switched off answers like one that does not exist; only the words differ.
        Ok(error) if error.code == -32601 && error.message.contains("deprecated") => {
            CallError::Deprecated { method, error }
        }
        Ok(error) => CallError::Rpc(error),
        Err(_) => CallError::NotAnAnswer { method, what: "its error has no code", answer: Answer(whole.clone()) },
    }
}

/// Reads a result as a type of the caller's. What is wrong is told without the value, which may be secret.
pub(crate) fn read_as<T: DeserializeOwned>(method: &str, result: Bytes) -> Result<T, CallError<RpcError>> {
    decode_part(Message::Answer, "", &result).map_err(|source| CallError::Unreadable {
        method: method.to_owned(),
        path: source.path,
        reason: source.reason,
        answer: Answer(result),
    })
}

/// The path of a field that is in an answer and not in what was read of it.
pub(crate) fn undocumented(answer: &[u8], read: &Value) -> Option<String> {
    let answer = Value::deserialize(&mut serde_json::Deserializer::from_slice(answer)).ok()?;
    find(&answer, read, String::new())
}

fn find(answer: &Value, read: &Value, path: String) -> Option<String> {
    match (answer, read) {
        (Value::Object(answer), Value::Object(read)) => {
            answer.iter().filter(|(_, value)| !value.is_null()).find_map(|(name, value)| {
                let dot = if path.is_empty() { "" } else { "." };
                let path = format!("{path}{dot}{name}");
                match read.get(name) {
                    Some(read) => find(value, read, path),
                    None => Some(path),
                }
            })
        }
        (Value::Array(answer), Value::Array(read)) => {
            let mut pairs = answer.iter().zip(read).enumerate();
            pairs.find_map(|(index, (value, read))| find(value, read, format!("{path}[{index}]")))
        }
        _ => None,
    }
}
