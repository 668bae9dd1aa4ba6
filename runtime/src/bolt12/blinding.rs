//! Blinded paths of one hop, from a node to itself.
//!
//! Core Lightning puts one into each invoice that has no other path: it hides nothing, but carries a secret by which the
//! payee knows that a payment came by its invoice. The rules are those of BOLT 4 ("Route Blinding").
//!
//! ```text
//! e = secret of the path, E = e·G its path key, N = the node's id
//! ss = SHA256(e·N) = SHA256(n·E)
//! blinded node id = HMAC("blinded_node_id", ss)·N
//! encrypted data  = ChaCha20-Poly1305(HMAC("rho", ss), nonce 0) of record 6, the secret
//! ```

use bitcoin::hashes::{Hash as _, HashEngine as _, Hmac, HmacEngine, sha256};
use bitcoin::secp256k1::ecdh::SharedSecret;
use bitcoin::secp256k1::{Keypair, PublicKey, Scalar, SecretKey};
use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use cln_primitives::{Msat, NodeId, Secret};

use super::curve::CURVE;
use super::features::Features;
use super::paths::{BlindedPath, BlindedPathBuf, BlindedPay, FirstNode};
use super::tlv;

/// The record with the secret that a node gave the path (`path_id`).
const PATH_ID: u64 = 6;

/// What a path of one hop costs, as Core Lightning says: nothing. Its end needs `cltv_expiry_delta` blocks, and as much
/// as there is bitcoin may go through.
pub fn own_path_pay(cltv_expiry_delta: u16) -> BlindedPay<'static> {
    BlindedPay {
        fee_base: Msat::ZERO,
        fee_proportional_millionths: 0,
        cltv_expiry_delta,
        htlc_minimum: Msat::ZERO,
        htlc_maximum: Msat::from_msat(2_100_000_000_000_000_000),
        features: Features::from_bytes(&[]),
    }
}

/// A path from the node with this key to itself, that carries `path_id`. `path_key` is to be drawn for this path alone.
pub fn own_path(node: &Keypair, path_id: &Secret, path_key: &SecretKey) -> BlindedPathBuf {
    let node = node.public_key();
    let shared = SharedSecret::new(&node, path_key);
    let mut data = Vec::new();
    tlv::write_record(PATH_ID, path_id.reveal(), &mut data);
    BlindedPathBuf {
        first_node: FirstNode::Node(NodeId::from(node)),
        path_key: NodeId::from(path_key.public_key(&CURVE)),
        hops: vec![(NodeId::from(blinded(&node, &shared)), encrypt(&shared, &data))],
    }
}

/// The secret that [`own_path`] put into a path; `None` when the path has more than one hop, leads to another node than
/// this key's, or carries something else.
pub fn read_own_path(node: &Keypair, path: BlindedPath<'_>) -> Option<Secret> {
    let mut hops = path.hops;
    let (Some(hop), None) = (hops.next(), hops.next()) else { return None };
    let shared = SharedSecret::new(&path.path_key.to_public_key().ok()?, &node.secret_key());
    if hop.blinded_node_id != NodeId::from(blinded(&node.public_key(), &shared)) {
        return None;
    }
    path_id(&decrypt(&shared, hop.encrypted_recipient_data)?)
}

/// The secret, if the records say nothing else that a reader has to understand.
fn path_id(data: &[u8]) -> Option<Secret> {
    let mut found = None;
    for record in tlv::records(data) {
        let record = record.ok()?;
        match record.number {
            PATH_ID => found = Some(Secret::from_bytes(record.value().try_into().ok()?)),
            number if number % 2 == 0 => return None,
            _ => {}
        }
    }
    found
}

fn blinded(node: &PublicKey, shared: &SharedSecret) -> PublicKey {
    // A hash that is zero, or above the curve's order, is as likely as to guess a key.
    let factor = Scalar::from_be_bytes(derive(b"blinded_node_id", shared)).unwrap_or(Scalar::ONE);
    node.mul_tweak(&CURVE, &factor).unwrap_or(*node)
}

fn encrypt(shared: &SharedSecret, data: &[u8]) -> Vec<u8> {
    // Fails for more than 256 GiB only.
    cipher(shared).encrypt(&Nonce::default(), data).unwrap_or_default()
}

fn decrypt(shared: &SharedSecret, data: &[u8]) -> Option<Vec<u8>> {
    cipher(shared).decrypt(&Nonce::default(), data).ok()
}

/// The nonce is zero, as each path has a key of its own.
fn cipher(shared: &SharedSecret) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(&Key::from(derive(b"rho", shared)))
}

fn derive(purpose: &[u8], shared: &SharedSecret) -> [u8; 32] {
    let mut engine = HmacEngine::<sha256::Hash>::new(purpose);
    engine.input(&shared.secret_bytes());
    Hmac::from_engine(engine).to_byte_array()
}
