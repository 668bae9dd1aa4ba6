//! Changes of records of type, length and value, which stay records mostly.

use fastrand::Rng;

use super::Corpus;
use super::mutate::change;

type Record = (u64, Vec<u8>);

/// A seed whose records are changed.
pub(super) fn any_records(rng: &mut Rng, corpus: &Corpus) -> Vec<u8> {
    let mut records = split(corpus.any(rng));
    for _ in 0..rng.usize(1..4) {
        change_records(rng, &mut records, corpus);
    }
    if rng.u8(..16) != 0 {
        records.sort_by_key(|(number, _)| *number);
    }
    let mut bytes = join(&records);
    if rng.u8(..6) == 0 {
        change(rng, &mut bytes, corpus);
    }
    bytes
}

fn change_records(rng: &mut Rng, records: &mut Vec<Record>, corpus: &Corpus) {
    let at = rng.usize(..=records.len());
    let Some((number, value)) = records.get_mut(at) else {
        let other = split(corpus.any(rng));
        records.extend(rng.choice(other));
        return;
    };
    match rng.u8(..10) {
        0..=4 => change(rng, value, corpus),
        5 => drop(records.remove(at)),
        6 => *number = any_type(rng),
        7 => *value = vec![rng.u8(..); rng.usize(..70)],
        8 => value.truncate(rng.usize(..=value.len())),
        _ => {
            let other = split(corpus.any(rng));
            records.extend(rng.choice(other));
        }
    }
}

fn any_type(rng: &mut Rng) -> u64 {
    match rng.u8(..5) {
        0 => rng.u64(..=100),
        1 => rng.u64(150..=260),
        2 => 1_000_000_000 + rng.u64(..60),
        3 => 2_000_000_000 + rng.u64(..60),
        _ => rng.u64(..) >> rng.u32(..64),
    }
}

/// The records up to the first that is none.
fn split(mut bytes: &[u8]) -> Vec<Record> {
    let mut records = Vec::new();
    while let Some((record, rest)) = split_one(bytes) {
        records.push(record);
        bytes = rest;
    }
    records
}

fn split_one(bytes: &[u8]) -> Option<(Record, &[u8])> {
    let (number, bytes) = split_bigsize(bytes)?;
    let (length, bytes) = split_bigsize(bytes)?;
    let (value, rest) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
    Some(((number, value.to_vec()), rest))
}

fn split_bigsize(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let width = match first {
        0xfd => 2,
        0xfe => 4,
        0xff => 8,
        small => return Some((u64::from(*small), rest)),
    };
    let (number, rest) = rest.split_at_checked(width)?;
    Some((number.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)), rest))
}

fn join(records: &[Record]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (number, value) in records {
        write_bigsize(*number, &mut bytes);
        write_bigsize(value.len() as u64, &mut bytes);
        bytes.extend_from_slice(value);
    }
    bytes
}

/// Writes one record.
pub(super) fn record(number: u64, value: &[u8]) -> Vec<u8> {
    join(&[(number, value.to_vec())])
}

pub(super) fn write_bigsize(number: u64, out: &mut Vec<u8>) {
    let bytes = number.to_be_bytes();
    match number {
        0..0xfd => out.push(bytes[7]),
        0xfd..0x1_0000 => out.extend([&[0xfd], &bytes[6..]].concat()),
        0x1_0000..0x1_0000_0000 => out.extend([&[0xfe], &bytes[4..]].concat()),
        _ => out.extend([&[0xff], &bytes[..]].concat()),
    }
}
