//! BOLT 12: records, texts, and blinded paths.

use cln_runtime::bolt12::{Accept, BlindedPathBuf, Invoice, InvoiceError, InvoiceRequest, Offer};

use crate::fuzz::tlv::any_records;
use crate::fuzz::{Memory, Target, mutate, seeds, words};

pub(super) const RECORDS: Target = Target {
    name: "bolt12-records",
    reads: "the records of offers, invoice requests, invoices and invoice errors",
    seeds: seeds::bolt12_messages,
    mutate: any_records,
    read: |bytes| {
        drop(Offer::from_bytes(bytes.to_vec(), Accept::Any));
        drop(InvoiceRequest::from_bytes(bytes.to_vec(), Accept::Any));
        drop(Invoice::from_bytes(bytes.to_vec(), Accept::Any));
        drop(InvoiceError::from_bytes(bytes.to_vec()));
    },
    memory: Memory::PerByte(2),
    check: check_records,
};

/// A signature costs more than all else, so that few are looked at.
fn is_chosen(bytes: &[u8]) -> bool {
    bytes.len().is_multiple_of(16)
}

/// The text of a message, written by another crate than the one that reads it.
fn text(letter: u8, bytes: &[u8]) -> String {
    words::bolt12_text(letter, bytes).into_iter().map(char::from).collect()
}

fn check_records(bytes: &[u8]) -> bool {
    let mut accepted = false;
    if let Ok(offer) = Offer::from_bytes(bytes.to_vec(), Accept::Any) {
        let again: Offer = offer.to_string().parse().expect("an offer's text is read again");
        assert_eq!((again.as_bytes(), offer.to_string()), (bytes, text(b'o', bytes)));
        let _ = (offer.amount(), offer.offer_id(), offer.is_expired(1));
        offer.offer_paths().into_iter().flatten().for_each(|path| assert!(path.hops.count() > 0));
        accepted = true;
    }
    if let Ok(request) = InvoiceRequest::from_bytes(bytes.to_vec(), Accept::Any) {
        let again = InvoiceRequest::parse(&text(b'r', bytes), Accept::Any).expect("a request's text is read again");
        assert_eq!(again.as_bytes(), bytes);
        let id = request.invreq_id();
        let _ = (request.invreq_bip_353_name(), request.invreq_recurrence_start(), format!("{request:?}").len());
        request.invreq_paths().into_iter().flatten().for_each(|path| assert!(path.hops.count() > 0));
        if is_chosen(bytes) {
            assert_eq!(request.verify().map_or(id, |request| request.invreq_id()), id);
        }
        accepted = true;
    }
    if let Ok(invoice) = Invoice::from_bytes(bytes.to_vec(), Accept::Any) {
        let again = Invoice::parse(&text(b'i', bytes), Accept::Any).expect("an invoice's text is read again");
        assert_eq!(again.as_bytes(), bytes);
        let _ = (invoice.expires_at(), invoice.invoice_features(), invoice.invreq_id());
        let fallbacks = invoice.invoice_fallbacks().into_iter().flatten();
        let _ = fallbacks.map(|fallback| fallback.program.len()).sum::<usize>();
        if is_chosen(bytes) {
            assert!(invoice.verify().map_or(true, |invoice| !invoice.payment().paths.is_empty()));
        }
        accepted = true;
    }
    if let Ok(error) = InvoiceError::from_bytes(bytes.to_vec()) {
        let _ = (error.to_string(), format!("{error:?}").len());
        accepted = true;
    }
    accepted
}

pub(super) const TEXTS: Target = Target {
    name: "bolt12-texts",
    reads: "BOLT 12 texts",
    seeds: seeds::bolt12_messages,
    mutate: words::bolt12,
    read: |bytes| {
        let text = String::from_utf8_lossy(bytes);
        drop(Offer::parse(&text, Accept::Any));
        drop(InvoiceRequest::parse(&text, Accept::Any));
        drop(Invoice::parse(&text, Accept::Any));
    },
    // A third of it is what makes UTF-8 of the bytes.
    memory: Memory::PerByte(4),
    check: |bytes| {
        let given = String::from_utf8_lossy(bytes);
        let read = [
            Offer::parse(&given, Accept::Any).ok().map(|offer| offer.to_string()),
            InvoiceRequest::parse(&given, Accept::Any).ok().map(|request| text(b'r', request.as_bytes())),
            Invoice::parse(&given, Accept::Any).ok().map(|invoice| text(b'i', invoice.as_bytes())),
        ];
        let plain = || {
            let parts = given
                .split(|character: char| character == '+' || character.is_ascii_whitespace() || character == '\u{b}');
            parts.collect::<String>().to_ascii_lowercase()
        };
        read.into_iter().flatten().map(|again| assert_eq!(again, plain())).count() > 0
    },
};

pub(super) const PATHS: Target = Target {
    name: "blinded-paths",
    reads: "BOLT 4's blinded paths",
    seeds: || {
        let point = [&[2][..], &[1; 32]].concat();
        let hop = [&point[..], &[0, 3, 1, 2, 3]].concat();
        let channel = [&[1, 0, 0, 1, 0, 0, 2, 0, 3][..], &point, &[1], &hop].concat();
        vec![[&point[..], &point, &[2], &hop, &hop].concat(), channel]
    },
    mutate: mutate::any_bytes,
    read: |bytes| drop(BlindedPathBuf::from_bytes(bytes)),
    memory: Memory::PerByte(8),
    check: |bytes| match BlindedPathBuf::from_bytes(bytes) {
        Ok(path) => {
            assert_eq!(path.to_bytes().expect("a path is written again"), bytes);
            true
        }
        Err(error) => error.to_string().is_empty(),
    },
};
