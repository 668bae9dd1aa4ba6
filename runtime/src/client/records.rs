//! The records of the one list in an answer, while its bytes arrive.
//!
//! Nothing is kept but the record that has begun, so that an answer of any length takes the memory of one record.

use bytes::{Buf, Bytes, BytesMut};

use super::frame::FrameError;
use super::scan::ValueScan;

/// What the answer has next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A record's JSON.
    Record(Bytes),
    /// The JSON of the member `error`.
    Error(Bytes),
    /// The JSON of a warning beside the list: the list is not whole.
    Warning(Bytes),
    /// The answer has ended.
    End,
}

/// Which object a member belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Message,
    Result,
}

/// What a member's value is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Result,
    List,
    Error,
    Warning,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Message,
    KeyOrEnd(Level),
    Key(Level),
    InKey(Level, ValueScan),
    Colon(Level, Role),
    Value(Level, Role),
    InValue(Level, Role, ValueScan),
    CommaOrEnd(Level),
    RecordOrEnd,
    Record,
    InRecord(ValueScan),
    CommaOrListEnd,
    End,
}

/// Reads an answer whose `result` has one list.
#[derive(Debug)]
pub(crate) struct Records {
    pub(crate) buffer: BytesMut,
    field: &'static str,
    limit: usize,
    /// So many bytes of the buffer have been looked at.
    at: usize,
    state: State,
    /// The list or an error has come: without either, it is no answer.
    told: bool,
}

impl Records {
    /// `field` is the list's name, `limit` the most bytes that a record may have.
    pub(crate) fn new(field: &'static str, limit: usize) -> Self {
        Self { buffer: BytesMut::new(), field, limit, at: 0, state: State::Message, told: false }
    }

    /// The next event, once all of it is in the buffer.
    pub(crate) fn next_event(&mut self) -> Result<Option<Event>, FrameError> {
        while self.state != State::End && self.at < self.buffer.len() {
            if let Some(event) = self.step()? {
                return Ok(Some(event));
            }
        }
        match self.state {
            State::End if self.told => Ok(Some(Event::End)),
            State::End => Err(FrameError::NoList(self.field)),
            _ if self.buffer.len() > self.limit => Err(FrameError::TooLong(self.limit)),
            _ => Ok(None),
        }
    }

    fn step(&mut self) -> Result<Option<Event>, FrameError> {
        match self.state {
            State::InKey(level, mut scan) => {
                if scan.advance(&self.buffer, &mut self.at) {
                    self.state = State::Colon(level, self.role(level));
                    self.drop_behind();
                } else {
                    self.state = State::InKey(level, scan);
                }
                Ok(None)
            }
            State::InValue(level, role, mut scan) => {
                let ended = scan.advance(&self.buffer, &mut self.at);
                self.state = if ended { State::CommaOrEnd(level) } else { State::InValue(level, role, scan) };
                match (ended, role) {
                    (true, Role::Error) => {
                        self.told = true;
                        Ok(Some(Event::Error(self.take())))
                    }
                    (true, Role::Warning) => Ok(Some(Event::Warning(self.take()))),
                    (false, Role::Error | Role::Warning) => Ok(None),
                    _ => {
                        self.drop_behind();
                        Ok(None)
                    }
                }
            }
            State::InRecord(mut scan) => {
                if scan.advance(&self.buffer, &mut self.at) {
                    self.state = State::CommaOrListEnd;
                    return Ok(Some(Event::Record(self.take())));
                }
                self.state = State::InRecord(scan);
                Ok(None)
            }
            _ => self.token(),
        }
    }

    /// A byte between keys and values.
    fn token(&mut self) -> Result<Option<Event>, FrameError> {
        let found = self.buffer[self.at];
        if matches!(found, b' ' | b'\t' | b'\r' | b'\n') {
            self.at += 1;
            self.drop_behind();
            return Ok(None);
        }
        let unexpected = |expected| Err(FrameError::Unexpected { found, expected });
        let value = ValueScan::begin(found);
        self.drop_behind();
        self.at = 1;
        self.state = match (self.state, found, value) {
            (State::Message, b'{', _) => State::KeyOrEnd(Level::Message),
            (State::KeyOrEnd(level) | State::Key(level), b'"', Some(text)) => State::InKey(level, text),
            (State::KeyOrEnd(level) | State::CommaOrEnd(level), b'}', _) => match level {
                Level::Message => State::End,
                Level::Result => State::CommaOrEnd(Level::Message),
            },
            (State::Colon(level, role), b':', _) => State::Value(level, role),
            (State::Value(_, Role::Result), b'{', _) => State::KeyOrEnd(Level::Result),
            (State::Value(_, Role::List), b'[', _) => {
                self.told = true;
                State::RecordOrEnd
            }
            (State::Value(_, Role::Result | Role::List), ..) => return unexpected("an object with a list"),
            (State::Value(_, Role::Error), b'n', Some(null)) => State::InValue(Level::Message, Role::Other, null),
            (State::Value(level, role), _, Some(value)) => State::InValue(level, role, value),
            (State::CommaOrEnd(level), b',', _) => State::Key(level),
            (State::RecordOrEnd | State::CommaOrListEnd, b']', _) => State::CommaOrEnd(Level::Result),
            (State::RecordOrEnd | State::Record, _, Some(value)) => State::InRecord(value),
            (State::CommaOrListEnd, b',', _) => State::Record,
            (State::Message, ..) => return unexpected("a JSON object"),
            (State::Colon(..), ..) => return unexpected("a colon"),
            (State::Value(..) | State::RecordOrEnd | State::Record, ..) => return unexpected("a value"),
            (State::CommaOrEnd(_) | State::CommaOrListEnd, ..) => return unexpected("a comma or the end"),
            _ => return unexpected("the name of a member"),
        };
        if !matches!(
            self.state,
            State::InKey(..) | State::InValue(_, Role::Error | Role::Warning, _) | State::InRecord(_)
        ) {
            self.drop_behind();
        }
        Ok(None)
    }

    /// What the key that was just read stands for.
    fn role(&self, level: Level) -> Role {
        match (level, &self.buffer[1..self.at - 1]) {
            (Level::Message, b"result") => Role::Result,
            (Level::Message, b"error") => Role::Error,
            (Level::Result, name) if name == self.field.as_bytes() => Role::List,
            (Level::Result, name) if name.starts_with(b"warning_") => Role::Warning,
            _ => Role::Other,
        }
    }

    /// What was looked at and is of no more use.
    fn drop_behind(&mut self) {
        self.buffer.advance(self.at);
        self.at = 0;
    }

    fn take(&mut self) -> Bytes {
        let taken = self.buffer.split_to(self.at).freeze();
        self.at = 0;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(text: &str, piece: usize) -> Vec<String> {
        let mut records = Records::new("rows", 100);
        let mut found = Vec::new();
        for piece in text.as_bytes().chunks(piece) {
            records.buffer.extend_from_slice(piece);
            loop {
                match records.next_event() {
                    Ok(Some(Event::End)) => {
                        found.push("end".to_owned());
                        return found;
                    }
                    Ok(Some(Event::Warning(json))) => {
                        found.push(format!("warning {}", String::from_utf8(json.into()).unwrap()));
                    }
                    Ok(Some(Event::Record(json))) => found.push(String::from_utf8(json.into()).unwrap()),
                    Ok(Some(Event::Error(json))) => {
                        found.push(format!("error {}", String::from_utf8(json.into()).unwrap()))
                    }
                    Ok(None) => break,
                    Err(error) => {
                        found.push(error.to_string());
                        return found;
                    }
                }
            }
        }
        found
    }

    fn check(text: &str, expected: &[&str]) {
        for piece in 1..=text.len() {
            assert_eq!(events(text, piece), expected, "{text} by {piece}");
        }
    }

    #[test]
    fn records_are_found_in_any_pieces() {
        check(
            r#"{"jsonrpc":"2.0","id":"a","result":{"rows":[{"a":"]}"},[1],2, "x\"y" ]}}"#,
            &[r#"{"a":"]}"}"#, "[1]", "2", r#""x\"y""#, "end"],
        );
        check(r#" { "result" : { "more" : {"rows":[1]} , "rows" : [ ] , "tail":5 } } "#, &["end"]);
        check(r#"{"error":null,"result":{"rows":[true]}}"#, &["true", "end"]);
    }

    #[test]
    fn an_error_is_told() {
        check(r#"{"id":1,"error":{"code":-1,"message":"}"}}"#, &[r#"error {"code":-1,"message":"}"}"#, "end"]);
        check(r#"{"result":{"rows":[1],"warning_db":"x"}}"#, &["1", r#"warning "x""#, "end"]);
    }

    #[test]
    fn what_is_no_answer_is_told() {
        check("junk", &["`j` where a JSON object was expected"]);
        check(r#"{"id":1}"#, &["an answer without the list `rows`"]);
        check(r#"{"id":1,"result":{}}"#, &["an answer without the list `rows`"]);
        check(r#"{"result":[1]}"#, &["`[` where an object with a list was expected"]);
        check(r#"{"result":{"rows":null}}"#, &["`n` where an object with a list was expected"]);
        check(r#"{"result":{"rows":[1 2]}}"#, &["1", "`2` where a comma or the end was expected"]);
        check(r#"{"result":{"rows":[,"#, &["`,` where a value was expected"]);
        let long = format!(r#"{{"result":{{"rows":["{}"#, "x".repeat(200));
        assert_eq!(events(&long, 50), ["a message of more than 100 bytes"]);
    }

    #[test]
    fn an_answer_that_breaks_off_has_no_end() {
        check(r#"{"result":{"rows":[1,{"a":"#, &["1"]);
    }
}
