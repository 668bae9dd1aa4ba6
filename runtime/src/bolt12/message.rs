//! What all messages share: the original bytes, and where in them each field stands.

use std::collections::BTreeMap;
use std::fmt;

use bitcoin::secp256k1::PublicKey;

use super::error::{Error, FieldType, Place};
use super::fields::{Known, Lookup};
use super::ids::is_within;
use super::input::Input;
use super::kinds::Kind;
use super::output::Output;
use super::tlv::{self, checked_records};

/// More than the tables of any message have rows.
pub(crate) const MOST_FIELDS: usize = 48;

/// Where a field stands.
#[derive(Clone, Copy, Default)]
struct Span {
    number: u64,
    at: u32,
    value: u32,
    end: u32,
}

/// The bytes of a message, each known field found and well-formed.
#[derive(Clone)]
pub(crate) struct Message {
    bytes: Vec<u8>,
    spans: [Span; MOST_FIELDS],
    count: usize,
    signer: Option<PublicKey>,
}

impl Message {
    /// Reads the fields that stand in these tables. An unknown odd type is left alone, an unknown even one refused.
    pub(crate) fn read(bytes: Vec<u8>, tables: &[Lookup]) -> Result<Self, Error> {
        Self::read_known(bytes, tables, None)
    }

    /// Reads a message that the key in the field `signer` signs.
    pub(crate) fn read_signed(bytes: Vec<u8>, tables: &[Lookup], signer: u64) -> Result<Self, Error> {
        let key = checked_records(&bytes).find(|record| record.number == signer);
        let key = key.and_then(|record| PublicKey::from_slice(record.value().first_chunk::<33>()?).ok());
        Self::read_known(bytes, tables, key)
    }

    fn read_known(bytes: Vec<u8>, tables: &[Lookup], signer: Option<PublicKey>) -> Result<Self, Error> {
        let length = bytes.len();
        if u32::try_from(length).is_err() {
            return Err(Error::MessageTooLong { length });
        }
        // Often the same node signs an invoice and starts the path to itself.
        let known = signer.map(|key| key.serialize());
        let known = known.as_ref().map_or(&[][..], |key| key);
        let mut spans = [Span::default(); MOST_FIELDS];
        let mut count = 0;
        for record in tlv::records(&bytes) {
            let record = record?;
            let Some(Known { check, .. }) = tables.iter().find_map(|table| table(record.number)) else {
                if record.number % 2 == 0 {
                    return Err(Error::UnknownEven(record.place()));
                }
                continue;
            };
            check(Input::unchecked(record.number, record.value_at, record.value(), known))?;
            // All fit 32 bits, as the length does.
            let end = record.at + record.bytes.len();
            spans[count] =
                Span { number: record.number, at: record.at as u32, value: record.value_at as u32, end: end as u32 };
            count += 1;
        }
        Ok(Message { bytes, spans, count, signer })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The key that signs the message, when it names one.
    pub(crate) fn signer(&self) -> Option<&PublicKey> {
        self.signer.as_ref()
    }

    /// The value of a field.
    pub(crate) fn get<K: Kind>(&self, number: u64) -> Option<K::Read<'_>> {
        let span = self.span(number)?;
        let value = &self.bytes[span.value as usize..span.end as usize];
        // Cannot fail: the value was read once, when the message was.
        K::read(&mut Input::known_good(number, value)).ok()
    }

    /// Where a field stands, when it does.
    pub(crate) fn place(&self, number: u64) -> Option<Place> {
        self.span(number).map(|span| Place { field: FieldType(number), at: span.at as usize })
    }

    pub(crate) fn require(&self, number: u64) -> Result<Place, Error> {
        self.place(number).ok_or(Error::Missing(FieldType(number)))
    }

    /// Refuses a type that is outside all of these ranges, unless it is among the exempt.
    pub(crate) fn check_ranges(&self, message: &'static str, ranges: &[(u64, u64)]) -> Result<(), Error> {
        match checked_records(&self.bytes).find(|record| !is_within(record.number, ranges)) {
            Some(record) => Err(Error::OutOfRange { place: record.place(), message }),
            None => Ok(()),
        }
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = (FieldType, &[u8])> {
        checked_records(&self.bytes).map(|record| (FieldType(record.number), record.value()))
    }

    /// The records that no table knows.
    pub(crate) fn unknown(&self) -> impl Iterator<Item = (FieldType, &[u8])> {
        self.records().filter(|(field, _)| self.span(field.0).is_none())
    }

    fn span(&self, number: u64) -> Option<&Span> {
        let spans = &self.spans[..self.count];
        spans.binary_search_by_key(&number, |span| span.number).ok().map(|at| &spans[at])
    }
}

/// Makes what every message tells of its records, for a type with a `message`.
macro_rules! record_accessors {
    () => {
        /// The message as it was read or made.
        pub fn as_bytes(&self) -> &[u8] {
            self.message.bytes()
        }

        /// Its records in order: their types and values.
        pub fn records(&self) -> impl Iterator<Item = (FieldType, &[u8])> {
            self.message.records()
        }

        /// The records whose type has no name here; they are kept, hashed and passed on like all others.
        pub fn unknown_records(&self) -> impl Iterator<Item = (FieldType, &[u8])> {
            self.message.unknown()
        }
    };
}
pub(super) use record_accessors;

/// Makes the setter of fields that no table has, for a type with a `draft` of this message, whose types lie in these
/// ranges.
macro_rules! unknown_setter {
    ($message:literal, $ranges:expr) => {
        /// A field that has no name here; its type must be odd, and in the message's own range.
        pub fn unknown_field(mut self, number: u64, value: &[u8]) -> Self {
            self.draft.set_unknown(number, value, $message, $ranges);
            self
        }
    };
}
pub(super) use unknown_setter;

/// A message under construction: the fields set so far, in any order.
#[derive(Clone, Default)]
pub(crate) struct Draft {
    records: BTreeMap<u64, Vec<u8>>,
    /// What is wrong with the first field that could not be set: told at the end, so that setters can be chained.
    refused: Option<Error>,
}

impl Draft {
    pub(crate) fn set<K: Kind>(&mut self, number: u64, value: K::Write<'_>) {
        let mut output = Output::default();
        K::write(value, &mut output);
        match output.finish() {
            Some(bytes) => drop(self.records.insert(number, bytes)),
            None => self.refuse(Error::Unwritable(FieldType(number))),
        }
    }

    /// Sets a field of any type in these ranges: elsewhere it would change the message that this one repeats.
    pub(crate) fn set_unknown(&mut self, number: u64, value: &[u8], message: &'static str, ranges: &[(u64, u64)]) {
        if !is_within(number, ranges) {
            return self.refuse(Error::ForeignField { field: FieldType(number), message });
        }
        self.records.insert(number, value.to_vec());
    }

    fn refuse(&mut self, error: Error) {
        self.refused.get_or_insert(error);
    }

    pub(crate) fn remove(&mut self, number: u64) {
        self.records.remove(&number);
    }

    /// Starts with the records of another message that lie in these ranges.
    pub(crate) fn mirror(message: &Message, ranges: &[(u64, u64)]) -> Self {
        let records = checked_records(&message.bytes).filter(|record| is_within(record.number, ranges));
        let records = records.map(|record| (record.number, record.value().to_vec())).collect();
        Draft { records, refused: None }
    }

    pub(crate) fn into_bytes(self) -> Result<Vec<u8>, Error> {
        if let Some(error) = self.refused {
            return Err(error);
        }
        let mut out = Vec::new();
        for (number, value) in self.records {
            tlv::write_record(number, &value, &mut out);
        }
        Ok(out)
    }

    /// Names the fields set so far, for `Debug`.
    pub(crate) fn show(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name)?;
        f.debug_list().entries(self.records.keys().map(|number| FieldType(*number))).finish()
    }
}
