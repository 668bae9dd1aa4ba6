//! BOLT 12 texts and records, BOLT 11 and runes.

use cln_runtime::bolt12::{Accept, Error, Invoice, InvoiceError, InvoiceRequest, Offer};
use cln_runtime::decode::{self, MAX_TEXT_BYTES, decode, to_json};

use super::{LONG_TEXT, check_memory, check_time};

/// An offer of a key alone.
const MINIMAL: &str = "lno1zcss9mk8y3wkklfvevcrszlmu23kfrxh49px20665dqwmn4p72pksese";
/// A node's id.
const KEY: &str = "02eec7245d6b7d2ccb30380bfbe2a3648cd7a942653f5aa340edcea1f283686619";

fn key() -> Vec<u8> {
    (0..33).map(|at| u8::from_str_radix(&KEY[2 * at..2 * at + 2], 16).unwrap()).collect()
}

fn bigsize(number: u64) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    match number {
        0..0xfd => vec![bytes[7]],
        0xfd..0x1_0000 => [&[0xfd], &bytes[6..]].concat(),
        0x1_0000..0x1_0000_0000 => [&[0xfe], &bytes[4..]].concat(),
        _ => [&[0xff], &bytes[..]].concat(),
    }
}

fn record(number: u64, value: &[u8]) -> Vec<u8> {
    [bigsize(number), bigsize(value.len() as u64), value.to_vec()].concat()
}

/// Reads a text as each kind of message, in memory of its own length.
fn read_text(text: &str) -> Result<Offer, Error> {
    let _ = check_memory(text.len(), 1, || InvoiceRequest::parse(text, Accept::Any).is_ok());
    let _ = check_memory(text.len(), 1, || Invoice::parse(text, Accept::Any).is_ok());
    check_memory(text.len(), 1, || Offer::parse(text, Accept::Any))
}

/// Reads records, in memory of twice their length: one is the test's own copy.
fn read(bytes: &[u8]) -> Result<Offer, Error> {
    let _ = check_memory(bytes.len(), 2, || InvoiceRequest::from_bytes(bytes.to_vec(), Accept::Any).is_ok());
    let _ = check_memory(bytes.len(), 2, || Invoice::from_bytes(bytes.to_vec(), Accept::Any).is_ok());
    let _ = check_memory(bytes.len(), 2, || InvoiceError::from_bytes(bytes.to_vec()).is_ok());
    check_memory(bytes.len(), 2, || Offer::from_bytes(bytes.to_vec(), Accept::Any))
}

#[test]
fn a_million_joints() {
    let (prefix, rest) = MINIMAL.split_at(4);
    let joined = |joint: &str, count: usize| format!("{prefix}{}{rest}", joint.repeat(count));
    let empty = |count| format!("{}{rest}", "l+n+o+1".to_owned() + &"+q".repeat(count));
    for count in [1_000_000, 4_000_000] {
        assert!(matches!(read_text(&joined("+", count)), Err(Error::TextCharacter { character: '+', at: 5 })));
        assert!(matches!(read_text(&joined("+ ", count)), Err(Error::TextCharacter { character: '+', at: 6 })));
        assert!(read_text(&empty(count)).is_err());
        assert!(read_text(&format!("{prefix}+{}{rest}", " ".repeat(count))).is_ok());
        assert!(read_text(&"+".repeat(count)).is_err());
    }
    check_time(
        250_000,
        |count| empty(count).into_bytes(),
        |text| {
            let _ = Offer::parse(std::str::from_utf8(text).unwrap(), Accept::Any);
        },
    );
}

#[test]
fn a_text_of_64_mib() {
    for piece in ["q", "l", "1", " ", "é", "\0"] {
        let long = piece.repeat(LONG_TEXT / piece.len());
        assert!(read_text(&long).is_err());
        assert!(read_text(&format!("lno1{long}")).is_err());
        assert!(read_text(&format!("{MINIMAL}{long}")).is_err());
        assert!(matches!(decode(&long), Err(decode::Error::TooLong(length)) if length == long.len()));
    }
}

/// Records of this many unknown types, behind the key of an offer.
fn many_records(count: usize) -> Vec<u8> {
    let mut bytes = record(22, &key());
    let types = (1_000_000_101..).step_by(2).take(count);
    types.for_each(|number| bytes.extend(record(number, &[])));
    bytes
}

#[test]
fn a_million_records() {
    let bytes = many_records(1_000_000);
    let offer = check_memory(bytes.len(), 2, || Offer::from_bytes(bytes.clone(), Accept::Any)).unwrap();
    assert_eq!(offer.unknown_records().count(), 1_000_000);
    check_time(50_000, many_records, |bytes| {
        let offer = Offer::from_bytes(bytes.to_vec(), Accept::Any).unwrap();
        let _ = (offer.offer_id(), offer.unknown_records().count());
    });
    // All of one type, and downwards.
    assert!(matches!(read(&record(1, &[]).repeat(1_000_000)), Err(Error::RecordOrder { .. })));
    // A request, whose id is the root of a tree over its records.
    let request = |count: usize| {
        let mut bytes = [record(0, &[1]), record(10, b"x"), record(82, &[1]), record(88, &key())].concat();
        let types = (1_000_000_101..).step_by(2).take(count);
        types.for_each(|number| bytes.extend(record(number, &[])));
        bytes
    };
    check_time(2_000, request, |bytes| {
        let request = InvoiceRequest::from_bytes(bytes.to_vec(), Accept::Any).unwrap();
        let _ = request.invreq_id();
    });
}

#[test]
fn a_length_that_is_promised_takes_no_memory() {
    for length in [u64::MAX, u64::MAX - 9, 1 << 63, 1 << 40, u64::from(u32::MAX), 70_000] {
        for number in [0, 2, 10, 16, 1_000_000_001, u64::MAX] {
            let bytes = [bigsize(number), bigsize(length), vec![0; 100]].concat();
            assert!(matches!(read(&bytes), Err(Error::RecordLength { .. })), "{number} {length}");
        }
    }
}

#[test]
fn a_hundred_thousand_paths() {
    // All points are the node's own id, which is checked once: the others are as many as a test has time for.
    let paths = |point: Vec<u8>| {
        move |count: usize| {
            let hop = [&point[..], &[0, 1, 7]].concat();
            let path = [&point[..], &point, &[1], &hop].concat();
            [record(160, &path.repeat(count)), record(176, &key())].concat()
        }
    };
    let own = paths(key());
    let long_path = |count: usize| {
        let hop = [&key()[..], &[0, 1, 7]].concat();
        let path = [&key()[..], &key(), &[255], &hop.repeat(255)].concat();
        [record(160, &path.repeat(count / 255)), record(176, &key())].concat()
    };
    let invoice = Invoice::from_bytes(own(100_000), Accept::Any).unwrap();
    assert_eq!(invoice.invoice_paths().unwrap().len(), 100_000);
    let _ = read(invoice.as_bytes());
    let is_read = |bytes: &[u8]| drop(Invoice::from_bytes(bytes.to_vec(), Accept::Any));
    check_time(20_000, &own, is_read);
    check_time(20_000, long_path, is_read);
    check_time(500, paths([&[3][..], &[1; 32]].concat()), is_read);
}

#[test]
fn any_number_of_features_and_chains() {
    let odd = |count: usize| [record(12, &vec![0xaa; count]), record(22, &key())].concat();
    let offer = read(&odd(100_000)).unwrap();
    assert_eq!(offer.offer_features().unwrap().bits().count(), 400_000);
    check_time(100_000, odd, |bytes| drop(Offer::from_bytes(bytes.to_vec(), Accept::Any)));
    let even = [record(12, &[&[1][..], &vec![0; 1_000_000]].concat()), record(22, &key())].concat();
    assert!(matches!(read(&even), Err(Error::UnknownFeature { bit: 8_000_000, .. })));
    let chains = |count: usize| [record(2, &vec![7; 32 * count]), record(22, &key())].concat();
    assert_eq!(read(&chains(100_000)).unwrap().offer_chains().unwrap().len(), 100_000);
    check_time(20_000, chains, |bytes| drop(Offer::from_bytes(bytes.to_vec(), Accept::Any)));
}

#[test]
fn what_a_text_says_takes_a_bounded_number_of_times_its_length() {
    const MOST: u64 = 512;
    let decoded = |text: String| {
        assert!(text.len() <= MAX_TEXT_BYTES);
        let said = check_memory(text.len(), MOST, || to_json(&text));
        let _ = check_memory(text.len(), MOST, || decode(&text).is_ok());
        said
    };
    // 32 bytes of code, and restrictions as short as any.
    for restrictions in ["a=&", "a=|", "&", "|", "a=\\&", "\\"] {
        let rune = [vec![7; 32], b"=1&".to_vec(), restrictions.repeat(20_000).into_bytes()].concat();
        let rune = data_encoding::BASE64URL.encode(&rune);
        let _ = decoded(rune);
    }
    let text = Offer::from_bytes(many_records(10_000), Accept::Any).unwrap().to_string();
    let said = decoded(text).unwrap();
    assert_eq!(said["unknown_offer_tlvs"].as_array().unwrap().len(), 10_000);
    let chains = [record(2, &vec![7; 32 * 1000]), record(22, &key())].concat();
    assert_eq!(decoded(Offer::from_bytes(chains, Accept::Any).unwrap().to_string()).unwrap()["valid"], true);
    for bolt11 in ["lnbc1", "lnbc999999999999999999999999991", "lnbcrt1pp"] {
        assert!(decoded(format!("{bolt11}{}", "pqq".repeat(50_000))).is_err());
    }
}
