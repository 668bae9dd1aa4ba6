//! Where messages begin and end in the bytes that a server sends, found while they arrive.
//!
//! The end of a message is where its outermost brace closes, so that no terminator is relied on. In the same pass the
//! places of the members that matter are learnt: an answer's `result` is then read once, as its own type.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

use super::scan::ValueScan;

/// One JSON-RPC message: its bytes, and where in them the members are.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) bytes: Bytes,
    pub(crate) members: Members,
}

/// The places of a message's members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Members {
    pub(crate) id: Option<Range<usize>>,
    pub(crate) result: Option<Range<usize>>,
    pub(crate) error: Option<Range<usize>>,
    pub(crate) method: Option<Range<usize>>,
    pub(crate) params: Option<Range<usize>>,
}

impl Message {
    /// The JSON text of a member.
    pub(crate) fn member(&self, range: &Option<Range<usize>>) -> Option<Bytes> {
        range.clone().map(|range| self.bytes.slice(range))
    }
}

/// What a server sent is no sequence of JSON objects.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("`{}` where {expected} was expected", .found.escape_ascii())]
    Unexpected { found: u8, expected: &'static str },
    #[error("a message of more than {0} bytes")]
    TooLong(usize),
    #[error("an answer without the list `{0}`")]
    NoList(&'static str),
}

/// What comes next at the outermost level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Object,
    KeyOrEnd,
    Key,
    Colon,
    Value,
    CommaOrEnd,
}

/// What the scanner stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    /// Between tokens of the outermost level.
    Nothing,
    Key(ValueScan),
    Value(ValueScan),
}

/// The memory of a longer message is not used again.
const LARGE: usize = 1 << 20;

/// Collects bytes and gives the messages in them.
#[derive(Debug)]
pub(crate) struct Framer {
    pub(crate) buffer: BytesMut,
    limit: usize,
    /// So many bytes of the buffer have been looked at.
    at: usize,
    next: Next,
    inside: Inside,
    /// Where the present key or value began.
    start: usize,
    key: Range<usize>,
    members: Members,
}

impl Framer {
    /// `limit` is the most bytes that a message may have.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            limit,
            at: 0,
            next: Next::Object,
            inside: Inside::Nothing,
            start: 0,
            key: 0..0,
            members: Members::default(),
        }
    }

    /// True when no message has begun.
    pub(crate) fn is_between_messages(&self) -> bool {
        self.next == Next::Object
    }

    /// The id of the message that has begun, where it has come already.
    pub(crate) fn begun_id(&self) -> Option<&[u8]> {
        self.members.id.clone().map(|range| &self.buffer[range])
    }

    /// The next message, once all of it is in the buffer.
    pub(crate) fn next_message(&mut self) -> Result<Option<Message>, FrameError> {
        while self.at < self.buffer.len() {
            if self.step()? {
                if self.at > self.limit {
                    // It stays in the buffer, so that its id can be told.
                    return Err(FrameError::TooLong(self.limit));
                }
                let bytes = self.buffer.split_to(self.at).freeze();
                let members = std::mem::take(&mut self.members);
                (self.at, self.next, self.inside) = (0, Next::Object, Inside::Nothing);
                if bytes.len() > LARGE {
                    // Otherwise the memory of the largest answer would be kept for good.
                    self.buffer = BytesMut::from(&self.buffer[..]);
                }
                return Ok(Some(Message { bytes, members }));
            }
        }
        match self.buffer.len() > self.limit {
            true => Err(FrameError::TooLong(self.limit)),
            false => Ok(None),
        }
    }

    /// Goes on by a byte or more; true at the end of a message.
    fn step(&mut self) -> Result<bool, FrameError> {
        match self.inside {
            Inside::Nothing => return self.between(),
            Inside::Key(mut scan) => {
                if scan.advance(&self.buffer, &mut self.at) {
                    self.key = self.start + 1..self.at - 1;
                    (self.inside, self.next) = (Inside::Nothing, Next::Colon);
                } else {
                    self.inside = Inside::Key(scan);
                }
            }
            Inside::Value(mut scan) => {
                if scan.advance(&self.buffer, &mut self.at) {
                    self.end_value();
                } else {
                    self.inside = Inside::Value(scan);
                }
            }
        }
        Ok(false)
    }

    fn between(&mut self) -> Result<bool, FrameError> {
        let found = self.buffer[self.at];
        if matches!(found, b' ' | b'\t' | b'\r' | b'\n') {
            self.at += 1;
            if self.next == Next::Object {
                self.drop_blank();
            }
            return Ok(false);
        }
        let unexpected = |expected| Err(FrameError::Unexpected { found, expected });
        self.start = self.at;
        self.at += 1;
        let value = ValueScan::begin(found);
        match (self.next, found, value) {
            (Next::Object, b'{', _) => self.next = Next::KeyOrEnd,
            (Next::KeyOrEnd | Next::CommaOrEnd, b'}', _) => return Ok(true),
            (Next::KeyOrEnd | Next::Key, b'"', Some(text)) => self.inside = Inside::Key(text),
            (Next::Colon, b':', _) => self.next = Next::Value,
            (Next::CommaOrEnd, b',', _) => self.next = Next::Key,
            (Next::Value, _, Some(value)) => self.inside = Inside::Value(value),
            (Next::Object, ..) => return unexpected("a JSON object"),
            (Next::KeyOrEnd | Next::Key, ..) => return unexpected("the name of a member"),
            (Next::Colon, ..) => return unexpected("a colon"),
            (Next::Value, ..) => return unexpected("a value"),
            (Next::CommaOrEnd, ..) => return unexpected("a comma or the end of the object"),
        }
        Ok(false)
    }

    /// Blank lines between messages are no part of any.
    fn drop_blank(&mut self) {
        let _ = self.buffer.split_to(self.at);
        self.at = 0;
    }

    fn end_value(&mut self) {
        let value = Some(self.start..self.at);
        match &self.buffer[self.key.clone()] {
            b"id" => self.members.id = value,
            b"result" => self.members.result = value,
            b"error" => self.members.error = value,
            b"method" => self.members.method = value,
            b"params" => self.members.params = value,
            _ => {}
        }
        (self.inside, self.next) = (Inside::Nothing, Next::CommaOrEnd);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The members of each message, whatever pieces the bytes come in; then what is wrong, if anything is.
    fn frames(text: &str, piece: usize) -> (Vec<String>, Option<FrameError>) {
        let mut framer = Framer::new(1000);
        let mut found = Vec::new();
        for piece in text.as_bytes().chunks(piece) {
            framer.buffer.extend_from_slice(piece);
            loop {
                match framer.next_message() {
                    Ok(Some(message)) => {
                        let text = |range| {
                            message
                                .member(range)
                                .map_or("-".to_owned(), |bytes| String::from_utf8(bytes.into()).unwrap())
                        };
                        let Members { id, result, error, method, params } = &message.members;
                        found.push([id, result, error, method, params].map(text).join(" "));
                    }
                    Ok(None) => break,
                    Err(error) => return (found, Some(error)),
                }
            }
        }
        (found, None)
    }

    fn check(text: &str, expected: &[&str]) {
        for piece in 1..=text.len() {
            assert_eq!(
                frames(text, piece),
                (expected.iter().map(|&it| it.to_owned()).collect(), None),
                "{text} by {piece}"
            );
        }
    }

    fn check_error(text: &str, expected: &str) {
        for piece in [1, 3, text.len()] {
            assert_eq!(frames(text, piece).1.unwrap().to_string(), expected, "{text} by {piece}");
        }
    }

    #[test]
    fn messages_are_found_in_any_pieces() {
        check(r#"{"jsonrpc":"2.0","id":"a#1","result":{"x":[1,{"y":"}"}]}}"#, &[r#""a#1" {"x":[1,{"y":"}"}]} - - -"#]);
        check(
            "{\"id\":1,\"result\":{}}\n\n{\"id\":2,\"error\":{\"code\":-1}}\n\n",
            &["1 {} - - -", "2 - {\"code\":-1} - -"],
        );
        check(r#"{"id":1,"result":[]}{"id":2,"result":true}"#, &["1 [] - - -", "2 true - - -"]);
        check(" \t\r\n{ \"id\" : null , \"result\" : 1.5e3 } ", &["null 1.5e3 - - -"]);
        check("{}", &["- - - - -"]);
        check(r#"{"method":"log","params":{"id":5}}"#, &[r#"- - - "log" {"id":5}"#]);
    }

    #[test]
    fn quotes_and_brackets_in_texts_end_nothing() {
        check(r#"{"id":"\\\"}","result":"{[\"\\"}"#, &[r#""\\\"}" "{[\"\\" - - -"#]);
        check(r#"{"a\"b":"}","id":1,"result":{"]":"\\\\"}}"#, &[r#"1 {"]":"\\\\"} - - -"#]);
    }

    #[test]
    fn what_is_no_message_is_told() {
        check_error("junk", "`j` where a JSON object was expected");
        check_error("[1]", "`[` where a JSON object was expected");
        check_error(r#"{"id" 1}"#, "`1` where a colon was expected");
        check_error(r#"{"id":}"#, "`}` where a value was expected");
        check_error(r#"{"id":1 "result":1}"#, "`\\\"` where a comma or the end of the object was expected");
        check_error(r#"{1:2}"#, "`1` where the name of a member was expected");
        check_error(r#"{"a":1,}"#, "`}` where the name of a member was expected");
        check_error(&format!(r#"{{"id":1,"result":"{}"#, "x".repeat(2000)), "a message of more than 1000 bytes");
    }

    #[test]
    fn the_id_is_known_before_the_message_has_ended() {
        let mut framer = Framer::new(1000);
        framer.buffer.extend_from_slice(br#"{"jsonrpc":"2.0","id":"a#7","result":{"#);
        assert_eq!(framer.next_message().unwrap().map(|_| ()), None);
        assert_eq!(framer.begun_id(), Some(br#""a#7""#.as_slice()));
        assert!(!framer.is_between_messages());
    }

    #[test]
    fn the_id_of_a_message_that_is_too_long_is_known_though_all_of_it_has_come() {
        let mut framer = Framer::new(20);
        framer.buffer.extend_from_slice(br#"{"id":"a#7","result":"0123456789"}"#);
        assert_eq!(framer.next_message().unwrap_err(), FrameError::TooLong(20));
        assert_eq!(framer.begun_id(), Some(br#""a#7""#.as_slice()));
    }
}
