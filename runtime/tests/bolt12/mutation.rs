//! Real texts, changed at random: whatever comes out is read or refused, and never breaks the reader.
//!
//! `BOLT12_CASES` sets how many of each kind; the default is quick. Millions are a matter of minutes:
//!
//! ```text
//! BOLT12_CASES=2000000 cargo test --release -p cln-runtime --test bolt12 mutation
//! ```

use cln_runtime::bolt12::{Accept, FieldType, Invoice, InvoiceError, InvoiceRequest, Offer};
use proptest::prelude::*;

use crate::messages::{invoice, request};
use crate::requests::SEED;
use crate::support::read;
use crate::texts::MINIMAL;

fn cases() -> u32 {
    std::env::var("BOLT12_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(500)
}

#[derive(Clone, Debug)]
enum Change {
    Put(u8),
    Insert(u8),
    Remove,
    Cut,
    /// Repeats so many bytes from there.
    Repeat(usize),
}

fn change() -> impl Strategy<Value = (prop::sample::Index, Change)> {
    let change = prop_oneof![
        4 => any::<u8>().prop_map(Change::Put),
        2 => any::<u8>().prop_map(Change::Insert),
        2 => Just(Change::Remove),
        1 => Just(Change::Cut),
        1 => (1..80usize).prop_map(Change::Repeat),
    ];
    (any::<prop::sample::Index>(), change)
}

fn apply(bytes: &mut Vec<u8>, changes: &[(prop::sample::Index, Change)]) {
    for (index, change) in changes {
        if bytes.is_empty() {
            return;
        }
        let at = index.index(bytes.len());
        match change {
            Change::Put(byte) => bytes[at] = *byte,
            Change::Insert(byte) => bytes.insert(at, *byte),
            Change::Remove => drop(bytes.remove(at)),
            Change::Cut => bytes.truncate(at),
            Change::Repeat(length) => {
                let end = bytes.len().min(at + length);
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
        }
    }
}

/// Reads bytes as each kind of message; what is read must give all it has, and be the same when read again.
fn check_bytes(bytes: &[u8]) {
    if let Ok(offer) = Offer::from_bytes(bytes.to_vec(), Accept::Any) {
        assert_eq!(offer.to_string().parse::<Offer>().unwrap().as_bytes(), bytes);
        let _ = (format!("{offer:?}"), offer.amount(), offer.offer_id());
        offer.offer_paths().into_iter().flatten().for_each(|path| assert!(path.hops.count() > 0));
    }
    if let Ok(request) = InvoiceRequest::from_bytes(bytes.to_vec(), Accept::Any) {
        let _ = (format!("{request:?}"), request.invreq_bip_353_name(), request.invreq_recurrence_start());
        let id = request.invreq_id();
        request.invreq_paths().into_iter().flatten().for_each(|path| assert!(path.hops.count() > 0));
        assert_eq!(request.verify().map_or(id, |request| request.invreq_id()), id);
    }
    if let Ok(invoice) = Invoice::from_bytes(bytes.to_vec(), Accept::Any) {
        let _ = (format!("{invoice:?}"), invoice.expires_at(), invoice.invoice_features());
        let fallbacks = invoice.invoice_fallbacks().into_iter().flatten();
        let _ = fallbacks.map(|fallback| fallback.program.len()).sum::<usize>();
        assert!(invoice.verify().map_or(true, |invoice| !invoice.payment().paths.is_empty()));
    }
    if let Ok(error) = InvoiceError::from_bytes(bytes.to_vec()) {
        let _ = (error.to_string(), format!("{error:?}"));
    }
}

fn messages() -> Vec<Vec<u8>> {
    let paths = crate::messages::request_builder().invreq_paths(&[crate::messages::path()]);
    let with_paths = paths.build().unwrap().as_bytes().to_vec();
    vec![read(MINIMAL).unwrap(), read(SEED).unwrap(), with_paths, invoice().as_bytes().to_vec()]
}

/// A message's records: their types and values.
type Records = Vec<(u64, Vec<u8>)>;

/// Messages that have every field.
fn record_lists() -> Vec<Records> {
    fn list<'a>(records: impl Iterator<Item = (FieldType, &'a [u8])>) -> Records {
        records.map(|(field, value)| (field.0, value.to_vec())).collect()
    }
    let (offer, request, invoice) = crate::messages::full();
    vec![list(offer.records()), list(request.records()), list(invoice.records()), list(invoice_error().records())]
}

fn invoice_error() -> InvoiceError {
    InvoiceError::builder("no").erroneous_field(82).suggested_value(&[1]).build().unwrap()
}

fn write(records: &Records) -> Vec<u8> {
    let bigsize = |value: u64| match value {
        0..0xfd => vec![value as u8],
        0xfd..0x1_0000 => [&[0xfd][..], &(value as u16).to_be_bytes()].concat(),
        0x1_0000..0x1_0000_0000 => [&[0xfe][..], &(value as u32).to_be_bytes()].concat(),
        _ => [&[0xff][..], &value.to_be_bytes()].concat(),
    };
    let records = records.iter().map(|(number, value)| [bigsize(*number), bigsize(value.len() as u64), value.clone()]);
    records.flatten().flatten().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn changed_bytes_are_read_or_refused(
        message in prop::sample::select(messages()),
        changes in prop::collection::vec(change(), 1..6),
    ) {
        let mut bytes = message;
        apply(&mut bytes, &changes);
        check_bytes(&bytes);
    }

    /// Records stay whole, so that what reads their values is reached.
    #[test]
    fn changed_values_are_read_or_refused(
        records in prop::sample::select(record_lists()),
        changed in prop::collection::vec((any::<prop::sample::Index>(), prop::collection::vec(change(), 1..4)), 1..3),
        dropped in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut records = records;
        for (index, changes) in changed {
            let at = index.index(records.len());
            apply(&mut records[at].1, &changes);
        }
        if let Some(index) = dropped {
            records.remove(index.index(records.len()));
        }
        check_bytes(&write(&records));
    }

    #[test]
    fn changed_texts_are_read_or_refused(
        text in prop::sample::select(vec![MINIMAL.to_owned(), SEED.to_owned(), request().to_string(), invoice().to_string()]),
        changes in prop::collection::vec(change(), 1..6),
    ) {
        let mut bytes = text.into_bytes();
        apply(&mut bytes, &changes);
        if let Ok(message) = read(&String::from_utf8_lossy(&bytes)) {
            check_bytes(&message);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check_bytes(&bytes);
    }
}
