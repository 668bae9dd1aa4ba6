//! The ids of offers and requests: plain hashes over the records that make them.

use bitcoin::hashes::{Hash as _, HashEngine as _, sha256};
use cln_primitives::Hash32;

use super::tlv::checked_records;

/// Which types an offer may have.
pub(crate) const OFFER_RANGES: &[(u64, u64)] = &[(1, 79), (1_000_000_000, 1_999_999_999)];
/// Which types a request may have besides its signature, and an invoice takes over from it.
pub(crate) const REQUEST_RANGES: &[(u64, u64)] = &[(0, 159), (1_000_000_000, 2_999_999_999)];
/// Which types an invoice may have besides those and its signature.
pub(crate) const INVOICE_RANGES: &[(u64, u64)] = &[(160, 239), (3_000_000_000, u64::MAX)];

/// Does a type lie in one of these ranges?
pub(crate) fn is_within(number: u64, ranges: &[(u64, u64)]) -> bool {
    ranges.iter().any(|(first, last)| (*first..=*last).contains(&number))
}

/// The type that a request's id leaves out where the request has not got its paths yet.
const INVREQ_PATHS: u64 = 90;

/// The same in an offer, its requests and their invoices.
pub(crate) fn offer_id(message: &[u8]) -> Hash32 {
    hash_records(message, OFFER_RANGES, None)
}

/// The same in a request and its invoices.
pub(crate) fn invreq_id(message: &[u8]) -> Hash32 {
    hash_records(message, REQUEST_RANGES, None)
}

/// The request's id as if it had no `invreq_paths`.
pub(crate) fn pathless_invreq_id(message: &[u8]) -> Hash32 {
    hash_records(message, REQUEST_RANGES, Some(INVREQ_PATHS))
}

fn hash_records(message: &[u8], ranges: &[(u64, u64)], except: Option<u64>) -> Hash32 {
    let mut engine = sha256::Hash::engine();
    let is_hashed = |number| is_within(number, ranges) && Some(number) != except;
    for record in checked_records(message).filter(|record| is_hashed(record.number)) {
        engine.input(record.bytes);
    }
    sha256::Hash::from_engine(engine).into()
}
