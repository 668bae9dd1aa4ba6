//! Private readers of what others send, for the project's own fuzzer. Nothing here is promised to anybody.

use bytes::Bytes;

use crate::client::frame::Framer;
use crate::client::records::{Event, Records};

pub use crate::node::fuzzing::{neighbour_frame, server_request};
pub use crate::plugin::fuzzing::HookDesk;

/// More than any input of the fuzzer has.
const LIMIT: usize = 1 << 30;

/// The messages that the client finds in what a node sends, the bytes coming in pieces of this length; whether nothing
/// was wrong, up to the end.
pub fn client_messages(bytes: &[u8], piece: usize) -> (Vec<Bytes>, bool) {
    let mut framer = Framer::new(LIMIT);
    let mut messages = Vec::new();
    for piece in bytes.chunks(piece.max(1)) {
        framer.buffer.extend_from_slice(piece);
        loop {
            match framer.next_message() {
                Ok(Some(message)) => {
                    let Some(result) = message.member(&message.members.result) else { continue };
                    messages.push(result);
                }
                Ok(None) => break,
                Err(_) => return (messages, false),
            }
        }
    }
    (messages, framer.is_between_messages())
}

/// The records that a stream of the client finds in an answer with the list `rows`, the bytes coming in pieces of this
/// length; whether the answer came to its end.
pub fn client_records(bytes: &[u8], piece: usize) -> (Vec<Bytes>, bool) {
    let mut records = Records::new("rows", LIMIT);
    let mut found = Vec::new();
    for piece in bytes.chunks(piece.max(1)) {
        records.buffer.extend_from_slice(piece);
        loop {
            match records.next_event() {
                Ok(Some(Event::End)) => return (found, true),
                Ok(Some(Event::Record(json) | Event::Error(json) | Event::Warning(json))) => found.push(json),
                Ok(None) => break,
                Err(_) => return (found, false),
            }
        }
    }
    (found, false)
}
