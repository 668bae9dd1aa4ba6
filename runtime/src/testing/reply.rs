//! What a fake node does with a request.

use std::time::Duration;

use serde_json::{Value, json};

use super::Received;

/// What a [`FakeNode`](super::FakeNode) does with a request: an answer, good or bad, and how it goes out.
///
/// ```
/// use cln_runtime::testing::Reply;
/// use serde_json::json;
///
/// // A node that tells how far it is, then answers byte by byte and hangs up.
/// Reply::result(json!({ "status": "complete" }))
///     .notice("progress", json!({ "num": 0, "total": 2 }))
///     .in_pieces(1)
///     .then_disconnect();
/// // Half an answer, then silence.
/// Reply::result(json!({ "invoices": [] })).first_bytes(30);
/// // Whatever bytes a test needs; `$id` stands for the request's id.
/// Reply::raw(r#"{"jsonrpc":"2.0","id":$id,"error":{"message":"an error without a code"}}"#);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Reply {
    body: Body,
    id: Option<Value>,
    notices: Vec<(String, Value)>,
    piece: Option<usize>,
    terminator: Option<&'static str>,
    first_bytes: Option<usize>,
    times: usize,
    pub(super) delay: Option<Duration>,
    pub(super) gate: Option<Gate>,
    disconnect: bool,
}

#[derive(Clone, Debug)]
enum Body {
    Nothing,
    /// A member and its JSON.
    Member(&'static str, String),
    Raw(Vec<u8>),
    Endless,
}

/// For what a reply waits.
#[derive(Clone, Debug)]
pub(super) enum Gate {
    Method,
    Named(String),
}

/// What goes over a connection, not mixed with anything else.
#[derive(Debug, Default)]
pub(super) struct Item {
    /// Each is a write of its own.
    pub(super) parts: Vec<Vec<u8>>,
    pub(super) end: End,
}

/// What follows on an item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum End {
    #[default]
    Next,
    Endless,
    Disconnect,
}

impl Reply {
    fn new(body: Body) -> Self {
        Self {
            body,
            id: None,
            notices: Vec::new(),
            piece: None,
            terminator: None,
            first_bytes: None,
            times: 1,
            delay: None,
            gate: None,
            disconnect: false,
        }
    }

    /// The command's result.
    pub fn result(result: Value) -> Self {
        Self::result_json(result.to_string())
    }

    /// The command's result by its JSON text, for large ones.
    pub fn result_json(result: impl Into<String>) -> Self {
        Self::new(Body::Member("result", result.into()))
    }

    /// An error.
    pub fn error(code: i64, message: &str) -> Self {
        Self::new(Body::Member("error", json!({ "code": code, "message": message }).to_string()))
    }

    /// An error with `data`.
    pub fn error_with_data(code: i64, message: &str, data: Value) -> Self {
        Self::new(Body::Member("error", json!({ "code": code, "message": message, "data": data }).to_string()))
    }

    /// Any bytes, garbage too. `$id` stands for the id of the request, as JSON.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(Body::Raw(bytes.into()))
    }

    /// No answer.
    pub fn silence() -> Self {
        Self::new(Body::Nothing)
    }

    /// No answer: the connection is closed.
    pub fn disconnect() -> Self {
        Self::silence().then_disconnect()
    }

    /// An answer that never ends: a list of numbers, as long as somebody reads it.
    pub fn endless() -> Self {
        Self::new(Body::Endless)
    }

    /// Answers to this id instead of the request's.
    pub fn with_id(mut self, id: Value) -> Self {
        self.id = Some(id);
        self
    }

    /// Tells something before the answer, by a notification about this request. Its id is added to the parameters.
    pub fn notice(mut self, method: &str, params: Value) -> Self {
        self.notices.push((method.to_owned(), params));
        self
    }

    /// Goes out in writes of so many bytes.
    pub fn in_pieces(mut self, bytes: usize) -> Self {
        self.piece = Some(bytes.max(1));
        self
    }

    /// What follows on the answer; lightningd and default: `\n\n`.
    pub fn terminator(mut self, terminator: &'static str) -> Self {
        self.terminator = Some(terminator);
        self
    }

    /// Only the first bytes of the answer go out.
    pub fn first_bytes(mut self, bytes: usize) -> Self {
        self.first_bytes = Some(bytes);
        self
    }

    /// The same answer so many times.
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Waits so long, by the system's clock. Where a test can say what is waited for, [`held`](Self::held) is surer.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = Some(delay);
        self
    }

    /// Waits until [`release`](super::FakeNode::release) is called with the request's method. Later requests are
    /// answered meanwhile.
    pub fn held(mut self) -> Self {
        self.gate = Some(Gate::Method);
        self
    }

    /// Waits until [`release`](super::FakeNode::release) is called with this name.
    pub fn held_by(mut self, name: &str) -> Self {
        self.gate = Some(Gate::Named(name.to_owned()));
        self
    }

    /// Closes the connection afterwards.
    pub fn then_disconnect(mut self) -> Self {
        self.disconnect = true;
        self
    }

    /// What goes out for a request, if anything does.
    pub(super) fn item(&self, request: &Received, terminator: &str, piece: Option<usize>) -> Option<Item> {
        let id = self.id.as_ref().map_or_else(|| request.id.clone(), Value::to_string);
        let mut parts: Vec<_> = self.notices.iter().map(|(method, params)| notice(&id, method, params)).collect();
        let mut answer = match &self.body {
            Body::Nothing => Vec::new(),
            Body::Member(name, json) => {
                let terminator = self.terminator.unwrap_or(terminator);
                format!(r#"{{"jsonrpc":"2.0","id":{id},"{name}":{json}}}{terminator}"#).into_bytes()
            }
            Body::Raw(bytes) => replace(bytes, b"$id", id.as_bytes()),
            Body::Endless => format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"list":[0"#).into_bytes(),
        };
        answer.truncate(self.first_bytes.unwrap_or(usize::MAX));
        let answer = answer.repeat(self.times);
        match self.piece.or(piece) {
            Some(piece) => parts.extend(answer.chunks(piece).map(<[u8]>::to_vec)),
            None if answer.is_empty() => {}
            None => parts.push(answer),
        }
        let end = match (&self.body, self.disconnect) {
            (Body::Endless, _) => End::Endless,
            (_, true) => End::Disconnect,
            (_, false) => End::Next,
        };
        (!parts.is_empty() || end != End::Next).then_some(Item { parts, end })
    }
}

fn notice(id: &str, method: &str, params: &Value) -> Vec<u8> {
    let mut params = params.clone();
    if let (Value::Object(params), Ok(id)) = (&mut params, serde_json::from_str(id)) {
        params.insert("id".to_owned(), id);
    }
    format!("{}\n\n", json!({ "jsonrpc": "2.0", "method": method, "params": params })).into_bytes()
}

fn replace(bytes: &[u8], what: &[u8], by: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(found) = memchr::memmem::find(rest, what) {
        replaced.extend_from_slice(&rest[..found]);
        replaced.extend_from_slice(by);
        rest = &rest[found + what.len()..];
    }
    replaced.extend_from_slice(rest);
    replaced
}
