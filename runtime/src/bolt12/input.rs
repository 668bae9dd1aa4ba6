//! The value of a record, read from its start to its end.

use cln_primitives::NodeId;

use super::curve;
use super::error::{Error, FieldType, Place};

/// What is left of a value.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    bytes: &'a [u8],
    /// Where in the message they stand.
    at: usize,
    field: FieldType,
    /// Points are looked up on the curve: once, when a message is read, as it costs more than all else. This one was
    /// before. `None` when all were.
    known_point: Option<&'a [u8]>,
}

impl<'a> Input<'a> {
    /// A value that is read for the first time, in a message with this point.
    pub(crate) fn unchecked(field: u64, at: usize, bytes: &'a [u8], known_point: &'a [u8]) -> Self {
        Input { bytes, at, field: FieldType(field), known_point: Some(known_point) }
    }

    /// A value that was read before.
    pub(crate) fn known_good(field: u64, bytes: &'a [u8]) -> Self {
        Input { bytes, at: 0, field: FieldType(field), known_point: None }
    }

    /// True when what is read may still be wrong in itself.
    pub(crate) fn must_check(&self) -> bool {
        self.known_point.is_some()
    }

    pub(crate) fn place(&self) -> Place {
        Place { field: self.field, at: self.at }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], Error> {
        let Some((taken, rest)) = self.bytes.split_at_checked(length) else {
            return Err(Error::ValueShort(self.place()));
        };
        self.bytes = rest;
        self.at += length;
        Ok(taken)
    }

    /// All that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        self.at += self.bytes.len();
        std::mem::take(&mut self.bytes)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let place = self.place();
        self.take(N)?.try_into().map_err(|_| Error::ValueShort(place))
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Error> {
        self.array().map(u8::from_be_bytes)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Error> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Error> {
        self.array().map(u64::from_be_bytes)
    }

    /// A public key of 33 bytes.
    pub(crate) fn point(&mut self) -> Result<NodeId, Error> {
        let place = self.place();
        let bytes = self.array::<33>()?;
        if self.known_point.is_some_and(|known| *known != bytes && !curve::is_point(&bytes)) {
            return Err(Error::ValueNotAPoint(place));
        }
        NodeId::try_from(bytes).map_err(|_| Error::ValueNotAPoint(place))
    }

    /// A number without its leading zero bytes, of at most so many; it ends the value.
    pub(crate) fn truncated(&mut self, most: usize) -> Result<u64, Error> {
        let place = self.place();
        let bytes = self.rest();
        if bytes.len() > most {
            return Err(Error::ValueLong(place));
        }
        if bytes.first() == Some(&0) {
            return Err(Error::ValueLeadingZero(place));
        }
        Ok(bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    /// Text up to the end of the value.
    pub(crate) fn utf8(&mut self) -> Result<&'a str, Error> {
        let place = self.place();
        let bytes = self.rest();
        let at = |offset| Place { at: place.at + offset, ..place };
        let text = std::str::from_utf8(bytes).map_err(|error| Error::ValueNotUtf8(at(error.valid_up_to())))?;
        match text.find('\0') {
            Some(offset) => Err(Error::ValueZeroByte(at(offset))),
            None => Ok(text),
        }
    }

    /// Nothing may be left.
    pub(crate) fn end(self) -> Result<(), Error> {
        if self.is_empty() { Ok(()) } else { Err(Error::ValueLong(self.place())) }
    }
}
