//! Secrets that a node derives from its seed, to know its own blinded paths and requests again without storing them.

use bitcoin::hashes::{Hash as _, HashEngine as _, Hmac, HmacEngine, sha256};
use bitcoin::secp256k1::{Keypair, Scalar};
use cln_primitives::{Hash32, NodeId, Secret};

use super::curve::CURVE;

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
    Secret::from_bytes(hash(base, id.as_bytes()))
}

/// The base of a node's payer aliases, from the seed in its `hsm_secret` (32 or 64 bytes).
pub fn payer_alias_base(hsm_seed: &[u8]) -> Secret {
    make_secret(hsm_seed, b"node-alias-base")
}

/// A key for one request alone, so that a payer is not known again: its `invreq_payer_id`. Core Lightning's `fetchinvoice`
/// makes such keys, its `invoicerequest` does not.
///
/// `None` when `node_id` is no point of the curve.
pub fn payer_alias_id(base: &Secret, node_id: &NodeId, invreq_metadata: &[u8]) -> Option<NodeId> {
    let tweak = payer_alias_tweak(base, invreq_metadata)?;
    let alias = node_id.to_public_key().ok()?.add_exp_tweak(&*CURVE, &tweak).ok()?;
    Some(alias.into())
}

/// What signs for [`payer_alias_id`], from the key of the node itself.
///
/// `None` for one in 2^128 of all metadata: take others then.
pub fn payer_alias_key(base: &Secret, node_key: &Keypair, invreq_metadata: &[u8]) -> Option<Keypair> {
    let tweak = payer_alias_tweak(base, invreq_metadata)?;
    let alias = node_key.secret_key().add_tweak(&tweak).ok()?;
    Some(Keypair::from_secret_key(&CURVE, &alias))
}

fn payer_alias_tweak(base: &Secret, invreq_metadata: &[u8]) -> Option<Scalar> {
    Scalar::from_be_bytes(hash(base, invreq_metadata)).ok()
}

fn hash(base: &Secret, public: &[u8]) -> [u8; 32] {
    let mut engine = sha256::Hash::engine();
    engine.input(base.reveal());
    engine.input(public);
    sha256::Hash::from_engine(engine).to_byte_array()
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
    use proptest::prelude::*;

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

    #[test]
    fn no_alias_of_what_is_no_key() {
        let no_point: NodeId = format!("02{}", "ff".repeat(32)).parse().unwrap();
        assert_eq!(payer_alias_id(&payer_alias_base(&[1; 32]), &no_point, b"metadata"), None);
    }

    proptest! {
        #[test]
        fn both_sides_make_the_same_alias(seed in any::<[u8; 32]>(), key in 1..=u64::MAX, metadata in any::<Vec<u8>>()) {
            let base = payer_alias_base(&seed);
            let node_key = Keypair::from_seckey_slice(&CURVE, &[[0; 24].as_slice(), &key.to_be_bytes()].concat()).unwrap();
            let node_id = node_key.public_key().into();
            let id = payer_alias_id(&base, &node_id, &metadata).unwrap();
            let alias = payer_alias_key(&base, &node_key, &metadata).unwrap();
            prop_assert_eq!(NodeId::from(alias.public_key()), id);
            prop_assert_ne!(id, node_id);
        }
    }
}
