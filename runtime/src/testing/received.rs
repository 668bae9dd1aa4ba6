//! What a fake node was asked.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// A request that a [`FakeNode`](super::FakeNode) received.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Received {
    /// The command.
    pub method: String,
    /// Its parameters; `null` when there were none.
    pub params: Value,
    /// The id as it stood in the JSON: a text has its quotes.
    pub id: String,
    /// The request as it came.
    pub raw: String,
    /// The connection that it came over, counted from 1.
    pub connection: usize,
}

#[derive(Deserialize)]
struct Wire {
    method: String,
    #[serde(default)]
    params: Value,
    id: Option<Box<RawValue>>,
}

/// The requests in what was read so far. Their bytes are removed; the rest of one that has begun stays.
///
/// # Errors
///
/// When what was read is no request.
pub(super) fn take_requests(buffer: &mut Vec<u8>, connection: usize) -> Result<Vec<Received>, serde_json::Error> {
    let mut requests = Vec::new();
    let mut end = 0;
    let mut stream = serde_json::Deserializer::from_slice(buffer).into_iter::<Wire>();
    while let Some(wire) = stream.next() {
        let Wire { method, params, id } = match wire {
            Err(error) if error.is_eof() => break,
            wire => wire?,
        };
        let raw = String::from_utf8_lossy(&buffer[end..stream.byte_offset()]).trim().to_owned();
        end = stream.byte_offset();
        let id = id.map_or_else(|| "null".to_owned(), |id| id.get().to_owned());
        requests.push(Received { method, params, id, raw, connection });
    }
    buffer.drain(..end);
    Ok(requests)
}
