//! Route blinding (BOLT 4): paths that tell each node only the next one, and their end a secret.
//!
//! A path of one hop, from a node to itself, is what Core Lightning puts into each invoice that has no other: it hides
//! nothing, but the payee knows by its secret that a payment came by its invoice.
//!
//! ```text
//! e = secret of the path, E = e·G its path key, N = a node's id
//! ss = SHA256(e·N) = SHA256(n·E)
//! blinded node id = HMAC("blinded_node_id", ss)·N
//! encrypted data  = ChaCha20-Poly1305(HMAC("rho", ss), nonce 0) of records: 4, the next node; 6, the secret
//! the next hop's e = SHA256(E || ss)·e
//! ```

use bitcoin::hashes::{Hash as _, HashEngine as _, Hmac, HmacEngine, sha256};
use bitcoin::secp256k1::ecdh::SharedSecret;
use bitcoin::secp256k1::{Keypair, PublicKey, Scalar, SecretKey};
use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use cln_primitives::{Msat, NodeId, Secret};

use super::chain::MAX_MONEY;
use super::curve::CURVE;
use super::features::Features;
use super::paths::{BlindedPath, BlindedPathBuf, BlindedPay, FirstNode, Hop};
use super::tlv;

/// The record with the id of the node that comes next (`next_node_id`).
pub(crate) const NEXT_NODE_ID: u64 = 4;
/// The record with the secret that a node gave the path (`path_id`).
pub(crate) const PATH_ID: u64 = 6;

/// What a path of one hop costs, as Core Lightning says: nothing. Its end needs `cltv_expiry_delta` blocks, and as much
/// as there is bitcoin may go through.
pub fn own_path_pay(cltv_expiry_delta: u16) -> BlindedPay<'static> {
    BlindedPay {
        fee_base: Msat::ZERO,
        fee_proportional_millionths: 0,
        cltv_expiry_delta,
        htlc_minimum: Msat::ZERO,
        htlc_maximum: MAX_MONEY,
        features: Features::from_bytes(&[]),
    }
}

/// A path from the node with this key to itself, that carries `path_id`. `path_key` is to be drawn for this path alone.
pub fn own_path(node: &Keypair, path_id: &Secret, path_key: &SecretKey) -> BlindedPathBuf {
    message_path(&[], &node.public_key(), Some(path_id), path_key)
}

/// A path over nodes that relay onion messages, to one that gets `path_id`. `path_key` is to be drawn for this path alone.
pub(crate) fn message_path(
    relays: &[PublicKey],
    end: &PublicKey,
    path_id: Option<&Secret>,
    path_key: &SecretKey,
) -> BlindedPathBuf {
    let mut key = *path_key;
    let mut hops = Vec::with_capacity(relays.len() + 1);
    for (at, node) in relays.iter().enumerate() {
        let next = relays.get(at + 1).unwrap_or(end);
        let shared = SharedSecret::new(node, &key);
        hops.push(hop(node, &shared, NEXT_NODE_ID, &next.serialize()));
        let factor = next_key_factor(&key.public_key(&CURVE), &shared);
        // A product that is zero is as likely as to guess a key.
        key = key.mul_tweak(&factor).unwrap_or(key);
    }
    let shared = SharedSecret::new(end, &key);
    key.non_secure_erase();
    hops.push(match path_id {
        Some(secret) => hop(end, &shared, PATH_ID, secret.reveal()),
        None => (NodeId::from(blinded(end, &shared)), encrypt(&shared, &[])),
    });
    BlindedPathBuf {
        first_node: FirstNode::Node(NodeId::from(*relays.first().unwrap_or(end))),
        path_key: NodeId::from(path_key.public_key(&CURVE)),
        hops,
    }
}

fn hop(node: &PublicKey, shared: &SharedSecret, number: u64, value: &[u8]) -> (NodeId, Vec<u8>) {
    let mut data = Vec::new();
    tlv::write_record(number, value, &mut data);
    (NodeId::from(blinded(node, shared)), encrypt(shared, &data))
}

/// The secret that [`own_path`] put into a path; `None` when the path has more than one hop, leads to another node than
/// this key's, or carries something else.
pub fn read_own_path(node: &Keypair, path: BlindedPath<'_>) -> Option<Secret> {
    let mut hops = path.hops;
    let (Some(hop), None) = (hops.next(), hops.next()) else { return None };
    read_own_hop(node, path.path_key, hop)
}

/// The secret that [`own_path`] put into a path, from what a payment carries of it.
pub fn read_own_hop(node: &Keypair, path_key: NodeId, hop: Hop<'_>) -> Option<Secret> {
    let shared = SharedSecret::new(&path_key.to_public_key().ok()?, &node.secret_key());
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
    node.mul_tweak(&CURVE, &blinding_factor(shared)).unwrap_or(*node)
}

/// What a node's id and key are multiplied by, to be those of the hop.
pub(crate) fn blinding_factor(shared: &SharedSecret) -> Scalar {
    scalar(derive(b"blinded_node_id", shared))
}

/// What a hop's key, which it shares so much of, is multiplied by to be the next one's: the path's, or an onion's.
pub(crate) fn next_key_factor(key: &PublicKey, shared: &SharedSecret) -> Scalar {
    let mut engine = sha256::Hash::engine();
    engine.input(&key.serialize());
    engine.input(&shared.secret_bytes());
    scalar(sha256::Hash::from_engine(engine).to_byte_array())
}

/// A hash that is above the curve's order is as likely as to guess a key.
fn scalar(hash: [u8; 32]) -> Scalar {
    Scalar::from_be_bytes(hash).unwrap_or(Scalar::ONE)
}

fn encrypt(shared: &SharedSecret, data: &[u8]) -> Vec<u8> {
    // Fails for more than 256 GiB only.
    cipher(shared).encrypt(&Nonce::default(), data).unwrap_or_default()
}

/// What a hop's data says; `None` when it is not for who shares this secret, or was changed.
pub(crate) fn decrypt(shared: &SharedSecret, data: &[u8]) -> Option<Vec<u8>> {
    cipher(shared).decrypt(&Nonce::default(), data).ok()
}

/// The nonce is zero, as each path has a key of its own.
fn cipher(shared: &SharedSecret) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(&Key::from(derive(b"rho", shared)))
}

/// A key of the hop's, for one purpose.
pub(crate) fn derive(purpose: &[u8], shared: &SharedSecret) -> [u8; 32] {
    let mut engine = HmacEngine::<sha256::Hash>::new(purpose);
    engine.input(&shared.secret_bytes());
    Hmac::from_engine(engine).to_byte_array()
}

#[cfg(test)]
mod tests {
    use lightning::blinded_path::message::{BlindedMessagePath, MessageContext};
    use lightning::sign::{EntropySource, ReceiveAuthKey};
    use proptest::prelude::*;

    use super::*;
    use crate::bolt12::input::Input;
    use crate::bolt12::kinds::Kind as _;
    use crate::bolt12::output::Output;
    use crate::bolt12::paths::Path;

    fn key(byte: u8) -> SecretKey {
        SecretKey::from_slice(&[byte; 32]).unwrap()
    }

    fn node(byte: u8) -> Keypair {
        key(byte).keypair(&CURVE)
    }

    fn check(reader: &Keypair, path: &BlindedPathBuf, expected: Option<Secret>) {
        let mut output = Output::default();
        Path::write(path, &mut output);
        let bytes = output.finish().unwrap();
        let path = Path::read(&mut Input::unchecked(160, 0, &bytes, &[])).unwrap();
        assert_eq!(read_own_path(reader, path), expected);
    }

    struct FixedEntropy([u8; 32]);

    impl EntropySource for FixedEntropy {
        fn get_secure_random_bytes(&self) -> [u8; 32] {
            self.0
        }
    }

    #[test]
    fn a_node_is_blinded_as_ldk_blinds_it() {
        let ours = own_path(&node(1), &Secret::from_bytes([7; 32]), &key(2));
        let context = MessageContext::Custom(Vec::new());
        let (id, entropy) = (node(1).public_key(), FixedEntropy([2; 32]));
        let theirs = BlindedMessagePath::one_hop(id, ReceiveAuthKey([3; 32]), context, &entropy, &*CURVE);
        assert_eq!(ours.path_key, NodeId::from(theirs.blinding_point()));
        assert_eq!(ours.hops[0].0, NodeId::from(theirs.blinded_hops()[0].blinded_node_id));
    }

    #[test]
    fn only_its_node_reads_a_path() {
        let path = own_path(&node(1), &Secret::from_bytes([7; 32]), &key(2));
        check(&node(1), &path, Some(Secret::from_bytes([7; 32])));
        check(&node(3), &path, None);
    }

    #[test]
    fn a_longer_path_is_not_an_own_one() {
        let mut path = own_path(&node(1), &Secret::from_bytes([7; 32]), &key(2));
        path.hops.push(path.hops[0].clone());
        check(&node(1), &path, None);
        path.hops.clear();
        check(&node(1), &path, None);
    }

    #[test]
    fn a_path_that_carries_more_is_not_an_own_one() {
        let record = |number, length| {
            let mut data = Vec::new();
            tlv::write_record(number, &vec![7; length], &mut data);
            data
        };
        let check = |parts: &[(u64, usize)], known: bool| {
            let data = parts.iter().flat_map(|&(number, length)| record(number, length)).collect::<Vec<_>>();
            assert_eq!(path_id(&data).is_some(), known, "{parts:?}");
        };
        check(&[(6, 32)], true);
        check(&[(1, 5), (6, 32), (7, 1)], true);
        check(&[(6, 31)], false);
        check(&[(1, 5)], false);
        check(&[(4, 33), (6, 32)], false);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_and_any_changed_bit_is_found(secret: [u8; 32], at in 0..50usize, bit in 0..8u8) {
            let secret = Secret::from_bytes(secret);
            let mut path = own_path(&node(1), &secret, &key(2));
            check(&node(1), &path, Some(secret));
            path.hops[0].1[at] ^= 1u8 << bit;
            check(&node(1), &path, None);
        }
    }
}
