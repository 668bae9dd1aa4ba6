//! Secrets that a node derives from its seed, to know its own blinded paths again without storing them.

use bitcoin::hashes::{Hash as _, HashEngine as _, Hmac, HmacEngine, sha256};
use cln_primitives::{Hash32, Secret};

/// What a path's secret is derived for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathUse {
    /// A path in an offer or a request: the id is `offer_id`, or the request's id without its paths.
    OfferOrRequest,
    /// A path in an invoice: the id is the payment hash.
    Invoice,
}

impl PathUse {
    const fn info(self) -> &'static [u8] {
        match self {
            PathUse::OfferOrRequest => b"offer-blinded-path",
            PathUse::Invoice => b"bolt12-invoice-base",
        }
    }
}

/// The base of all path secrets of one use, from the seed in the node's `hsm_secret` (32 or 64 bytes): Core Lightning's
/// `makesecret`.
pub fn path_base(hsm_seed: &[u8], purpose: PathUse) -> Secret {
    make_secret(hsm_seed, purpose.info())
}

/// A path's `path_id`, by which its owner knows a message that came over it.
pub fn path_secret(base: &Secret, id: &Hash32) -> Secret {
    let mut engine = sha256::Hash::engine();
    engine.input(base.reveal());
    engine.input(id.as_bytes());
    Secret::from_bytes(sha256::Hash::from_engine(engine).to_byte_array())
}

/// Core Lightning's `makesecret`: 32 bytes that only this seed and purpose give.
pub fn make_secret(hsm_seed: &[u8], info: &[u8]) -> Secret {
    hkdf(hkdf(hsm_seed, b"derived secrets").reveal(), info)
}

/// HKDF-SHA256 (RFC 5869) without salt, its first 32 bytes.
fn hkdf(key: &[u8], info: &[u8]) -> Secret {
    let extracted = Secret::from_bytes(hmac(&[], &[key]));
    Secret::from_bytes(hmac(extracted.reveal(), &[info, &[1]]))
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut engine = HmacEngine::<sha256::Hash>::new(key);
    for part in parts {
        engine.input(part);
    }
    Hmac::from_engine(engine).to_byte_array()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Test case 3 of RFC 5869.
    #[test]
    fn hkdf_is_that_of_the_rfc() {
        let expected = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d";
        assert_eq!(hkdf(&[0x0b; 22], b"").reveal_hex(), expected);
    }

    #[test]
    fn secrets_differ_by_seed_use_and_id() {
        let id = Hash32::from_bytes([7; 32]);
        let secret = |seed: u8, purpose| path_secret(&path_base(&[seed; 32], purpose), &id);
        assert_eq!(secret(1, PathUse::Invoice), secret(1, PathUse::Invoice));
        assert_ne!(secret(1, PathUse::Invoice), secret(2, PathUse::Invoice));
        assert_ne!(secret(1, PathUse::Invoice), secret(1, PathUse::OfferOrRequest));
    }
}
