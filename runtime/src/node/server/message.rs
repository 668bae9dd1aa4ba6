//! Requests as bytes, and their answers.

use cln_api::error_code::{JSONRPC2_INVALID_PARAMS, JSONRPC2_INVALID_REQUEST};
use cln_primitives::RpcError;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::filter::Filter;

/// A request's id, as the client wrote it.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Id(Box<RawValue>);

impl Id {
    /// The id of answers to what has none.
    pub(super) fn null() -> Self {
        Id(RawValue::NULL.to_owned())
    }
}

/// What a client wants.
pub(super) struct Request {
    /// How its answer is known.
    pub(super) id: Id,
    /// The command.
    pub(super) method: String,
    /// Its parameters.
    pub(super) params: Box<RawValue>,
    /// What of the answer is wanted; all when there is none.
    pub(super) filter: Option<Filter>,
}

/// What is no request, and to whom that is told.
pub(super) struct Malformed {
    /// The id, where it is known.
    pub(super) id: Id,
    /// What is wrong.
    pub(super) error: RpcError,
    /// Nothing after it can be read.
    pub(super) fatal: bool,
}

#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    method: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    filter: Option<&'a RawValue>,
}

/// A `null` is there too.
fn present<'de, D: Deserializer<'de>>(json: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(json).map(Some)
}

impl Request {
    /// Reads one JSON object.
    pub(super) fn read(json: &[u8]) -> Result<Self, Box<Malformed>> {
        let members: Members<'_> =
            serde_json::from_slice(json).map_err(|error| Box::new(Malformed::unreadable(&error)))?;
        let invalid =
            |id, message: &str| Box::new(Malformed { id, error: invalid_request(message.to_owned()), fatal: false });
        match members.jsonrpc {
            None => return Err(invalid(Id::null(), "the request has no `jsonrpc`: it must be \"2.0\"")),
            Some(version) if serde_json::from_str::<&str>(version.get()).is_ok_and(|it| it == "2.0") => {}
            Some(_) => return Err(invalid(Id::null(), "the request's `jsonrpc` is not \"2.0\"")),
        }
        let id = match members.id {
            None => return Err(invalid(Id::null(), "the request has no `id`: nobody would know its answer")),
            Some(id) if id.get().starts_with(['{', '[']) => {
                return Err(invalid(
                    Id::null(),
                    "the request's `id` must be a string, a number, a truth value or null",
                ));
            }
            Some(id) => Id(id.to_owned()),
        };
        let Some(method) = members.method else {
            return Err(invalid(id, "the request has no `method`"));
        };
        let Ok(method) = serde_json::from_str::<String>(method.get()) else {
            return Err(invalid(id, "the request's `method` is not a string"));
        };
        let Some(params) = members.params else {
            return Err(invalid(id, "the request has no `params`: they may be {} or []"));
        };
        let filter = match members.filter.map(Filter::read).transpose() {
            Ok(filter) => filter,
            Err(error) => {
                let error = RpcError { code: JSONRPC2_INVALID_PARAMS, message: format!("filter: {error}"), data: None };
                return Err(Box::new(Malformed { id, error, fatal: false }));
            }
        };
        Ok(Request { id, method, params: params.to_owned(), filter })
    }
}

impl Malformed {
    /// What cannot be read, nor anything behind it.
    pub(super) fn unreadable(why: &impl std::fmt::Display) -> Self {
        let error = invalid_request(format!("not a JSON-RPC request: {why}; the connection is closed"));
        Malformed { id: Id::null(), error, fatal: true }
    }
}

fn invalid_request(message: String) -> RpcError {
    RpcError { code: JSONRPC2_INVALID_REQUEST, message, data: None }
}

#[derive(Serialize)]
struct Answer<'a> {
    jsonrpc: &'static str,
    id: &'a Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a RpcError>,
}

/// An answer's bytes.
pub(super) fn answer(id: &Id, answer: &Result<Value, RpcError>) -> Vec<u8> {
    let (result, error) = (answer.as_ref().ok(), answer.as_ref().err());
    // Values and errors are always JSON: should one not be, the client sees an answer without either.
    let mut bytes = serde_json::to_vec(&Answer { jsonrpc: "2.0", id, result, error }).unwrap_or_default();
    bytes.extend_from_slice(b"\n\n");
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_bytes_do_harm(bytes: Vec<u8>) {
            let _ = Request::read(&bytes);
        }

        #[test]
        fn what_a_client_writes_is_read(id: i64, method: String, params: Vec<u64>) {
            let sent = serde_json::json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
            let Ok(read) = Request::read(sent.to_string().as_bytes()) else { panic!("{sent}") };
            let given: Vec<u64> = serde_json::from_str(read.params.get()).unwrap();
            prop_assert_eq!((read.id.0.get().to_owned(), read.method, given), (id.to_string(), method, params));
        }
    }
}
