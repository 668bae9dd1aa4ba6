//! Records of type, length and value, as they follow each other in a message.

use super::error::{Error, FieldType, Place};

/// One record, inside the message that holds it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    pub(crate) number: u64,
    /// Where it starts in the message.
    pub(crate) at: usize,
    /// Where its value starts in the message.
    pub(crate) value_at: usize,
    /// All of it: type, length and value.
    pub(crate) bytes: &'a [u8],
}

impl<'a> Record<'a> {
    pub(crate) fn value(&self) -> &'a [u8] {
        &self.bytes[self.value_at - self.at..]
    }

    /// The type as it is written.
    pub(crate) fn type_bytes(&self) -> &'a [u8] {
        &self.bytes[..bigsize_length(self.number)]
    }

    pub(crate) fn place(&self) -> Place {
        Place { field: FieldType(self.number), at: self.at }
    }
}

/// The records of a message in turn, each checked to be whole and in order.
pub(crate) fn records(bytes: &[u8]) -> Records<'_> {
    Records { bytes, at: 0, last: None }
}

/// The records of a message that was checked before: what cannot be read would end it.
pub(crate) fn checked_records(bytes: &[u8]) -> impl Iterator<Item = Record<'_>> + Clone {
    records(bytes).map_while(Result::ok)
}

#[derive(Clone)]
pub(crate) struct Records<'a> {
    bytes: &'a [u8],
    at: usize,
    last: Option<u64>,
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at == self.bytes.len() {
            return None;
        }
        let record = self.read();
        if record.is_err() {
            self.at = self.bytes.len();
        }
        Some(record)
    }
}

impl<'a> Records<'a> {
    fn read(&mut self) -> Result<Record<'a>, Error> {
        let at = self.at;
        let number = self.bigsize()?;
        let place = Place { field: FieldType(number), at };
        if let Some(last) = self.last.filter(|last| *last >= number) {
            return Err(Error::RecordOrder { place, after: FieldType(last) });
        }
        let length = self.bigsize()?;
        let value_at = self.at;
        let left = self.bytes.len() - value_at;
        let Some(end) = usize::try_from(length).ok().filter(|length| *length <= left).map(|length| value_at + length)
        else {
            return Err(Error::RecordLength { place, length, left });
        };
        self.last = Some(number);
        self.at = end;
        Ok(Record { number, at, value_at, bytes: &self.bytes[at..end] })
    }

    fn bigsize(&mut self) -> Result<u64, Error> {
        let at = self.at;
        let short = Error::BigsizeShort { at };
        let (&first, rest) = self.bytes[at..].split_first().ok_or_else(|| short.clone())?;
        let (value, least, length) = match first {
            0xfd => (big_endian::<2>(rest).ok_or(short)?, 0xfd, 3),
            0xfe => (big_endian::<4>(rest).ok_or(short)?, 0x1_0000, 5),
            0xff => (big_endian::<8>(rest).ok_or(short)?, 0x1_0000_0000, 9),
            small => (u64::from(small), 0, 1),
        };
        if value < least {
            return Err(Error::BigsizeNotMinimal { at });
        }
        self.at += length;
        Ok(value)
    }
}

/// A number at the start of the bytes, and what follows it.
#[cfg(feature = "onion")]
pub(crate) fn split_bigsize(bytes: &[u8]) -> Result<(u64, &[u8]), Error> {
    let mut start = records(bytes);
    let number = start.bigsize()?;
    Ok((number, &bytes[start.at..]))
}

fn big_endian<const N: usize>(bytes: &[u8]) -> Option<u64> {
    let bytes = bytes.first_chunk::<N>()?;
    Some(bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

/// How many bytes a number takes.
pub(crate) const fn bigsize_length(value: u64) -> usize {
    match value {
        0..0xfd => 1,
        0xfd..0x1_0000 => 3,
        0x1_0000..0x1_0000_0000 => 5,
        _ => 9,
    }
}

pub(crate) fn write_bigsize(value: u64, out: &mut Vec<u8>) {
    let bytes = value.to_be_bytes();
    match bigsize_length(value) {
        1 => out.push(bytes[7]),
        3 => {
            out.push(0xfd);
            out.extend_from_slice(&bytes[6..]);
        }
        5 => {
            out.push(0xfe);
            out.extend_from_slice(&bytes[4..]);
        }
        _ => {
            out.push(0xff);
            out.extend_from_slice(&bytes);
        }
    }
}

pub(crate) fn write_record(number: u64, value: &[u8], out: &mut Vec<u8>) {
    write_bigsize(number, out);
    write_bigsize(value.len() as u64, out);
    out.extend_from_slice(value);
}

/// The message with one more record at its place.
pub(crate) fn insert(message: &[u8], number: u64, value: &[u8]) -> Vec<u8> {
    let at = checked_records(message).find(|record| record.number > number).map_or(message.len(), |record| record.at);
    let mut out = Vec::with_capacity(message.len() + value.len() + 18);
    out.extend_from_slice(&message[..at]);
    write_record(number, value, &mut out);
    out.extend_from_slice(&message[at..]);
    out
}
