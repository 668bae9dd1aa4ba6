//! Onion messages: packets, and what is in them once they are decrypted.

use std::sync::LazyLock;

use bitcoin::hashes::{Hash as _, HashEngine as _, Hmac, HmacEngine, sha256};
use bitcoin::secp256k1::ecdh::SharedSecret;
use bitcoin::secp256k1::{Keypair, PublicKey, Scalar, Secp256k1, SecretKey};
use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit as _, StreamCipher as _};
use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use cln_runtime::onion::{Packet, Peeled, peel};
use fastrand::Rng;

use crate::fuzz::tlv::{any_records, record, write_bigsize};
use crate::fuzz::{Corpus, Memory, Target, mutate, seeds};

/// A node, and a sender whose keys are always the same: what both know of each other is computed once.
struct Parties {
    node: Keypair,
    /// Of the path, and of the onion.
    key: PublicKey,
    data_key: [u8; 32],
    stream_key: [u8; 32],
    hmac_key: [u8; 32],
}

static PARTIES: LazyLock<Parties> = LazyLock::new(|| {
    let (curve, secret) = (Secp256k1::new(), |byte| SecretKey::from_slice(&[byte; 32]).expect("a key"));
    let (node, sender) = (Keypair::from_secret_key(&curve, &secret(1)), secret(2));
    let path = SharedSecret::new(&node.public_key(), &sender);
    let factor = Scalar::from_be_bytes(derive(b"blinded_node_id", &path)).expect("a factor");
    let blinded = node.public_key().mul_tweak(&curve, &factor).expect("a key");
    let shared = SharedSecret::new(&blinded, &sender);
    Parties {
        node,
        key: sender.public_key(&curve),
        data_key: derive(b"rho", &path),
        stream_key: derive(b"rho", &shared),
        hmac_key: derive(b"mu", &shared),
    }
});

fn derive(name: &[u8], shared: &SharedSecret) -> [u8; 32] {
    let mut engine = HmacEngine::<sha256::Hash>::new(name);
    engine.input(&shared.secret_bytes());
    Hmac::from_engine(engine).to_byte_array()
}

/// Payloads of the length that packets have mostly.
const PAYLOADS_LENGTH: usize = 1300;

/// A packet for the node, with this in what it decrypts.
fn packet(payloads: &[u8]) -> Vec<u8> {
    let parties = &*PARTIES;
    let mut encrypted = payloads.to_vec();
    ChaCha20::new(&parties.stream_key.into(), &[0; 12].into()).apply_keystream(&mut encrypted);
    let mut engine = HmacEngine::<sha256::Hash>::new(&parties.hmac_key);
    engine.input(&encrypted);
    let hmac = Hmac::from_engine(engine).to_byte_array();
    [&[0], &parties.key.serialize()[..], &encrypted, &hmac].concat()
}

/// The record of a payload that only the node reads.
fn encrypted_data(data: &[u8]) -> Vec<u8> {
    let cipher = ChaCha20Poly1305::new(&PARTIES.data_key.into());
    record(4, &cipher.encrypt(&Nonce::default(), data).unwrap_or_default())
}

/// What the node decrypts: a payload, and the next node's HMAC and payloads.
fn payloads(payload: &[u8], next: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_bigsize(payload.len() as u64, &mut bytes);
    bytes.extend_from_slice(payload);
    bytes.extend_from_slice(next);
    bytes
}

fn peeled(message: &[u8]) -> bool {
    let parties = &*PARTIES;
    match peel(&parties.node, &Packet { path_key: parties.key.into(), message: message.to_vec() }) {
        Ok(Peeled::Forward { packet, .. }) => {
            assert_eq!(packet.message.len(), message.len(), "the next packet tells nothing by its length");
            true
        }
        Ok(Peeled::Received(received)) => {
            let _ = format!("{received:?}").len();
            true
        }
        Err(error) => error.to_string().is_empty(),
    }
}

fn seed_packets() -> Vec<Vec<u8>> {
    let padded = |mut bytes: Vec<u8>| {
        bytes.resize(bytes.len().max(PAYLOADS_LENGTH), 0);
        packet(&bytes)
    };
    let node = PARTIES.node.public_key().serialize();
    let received = [encrypted_data(&record(6, &[7; 32])), record(64, b"request")].concat();
    let forwarded = encrypted_data(&record(4, &node));
    vec![padded(payloads(&received, &[0; 32])), padded(payloads(&forwarded, &[9; 32])), packet(&[0])]
}

pub(super) const PACKETS: Target = Target {
    name: "onion-packets",
    reads: "onion messages as they come",
    seeds: seed_packets,
    mutate: mutate::any_bytes,
    read: |bytes| _ = peeled(bytes),
    memory: Memory::PerByte(8),
    check: peeled,
};

pub(super) const PAYLOADS: Target = Target {
    name: "onion-payloads",
    reads: "what a node decrypts of an onion message",
    seeds: || {
        let path = [&PARTIES.node.public_key().serialize()[..]; 2].concat();
        let path = [&path[..], &[1], &PARTIES.node.public_key().serialize(), &[0, 0]].concat();
        let data = [record(6, &[7; 32]), record(4, &PARTIES.node.public_key().serialize()), record(2, &[1; 8])];
        let messages = seeds::bolt12_messages().into_iter().zip([64, 66, 68].into_iter().cycle());
        let messages = messages.take(6).map(|(message, number)| [record(2, &path), record(number, &message)].concat());
        data.into_iter().chain(messages).chain([Vec::new()]).collect()
    },
    mutate: any_payload,
    read: |bytes| _ = peeled(bytes),
    memory: Memory::PerByte(40),
    check: peeled,
};

/// The records with that of the encrypted data at its place.
fn with_data(records: &[u8], data: &[u8]) -> Vec<u8> {
    // Only the reply path's type is less.
    match records {
        [2, length @ 0..0xfd, rest @ ..] if rest.len() >= usize::from(*length) => {
            let (path, rest) = records.split_at(2 + usize::from(*length));
            [path, data, rest].concat()
        }
        _ => [data, records].concat(),
    }
}

/// A packet whose HMACs are right.
fn any_payload(rng: &mut Rng, corpus: &Corpus) -> Vec<u8> {
    let data = match rng.u8(..4) {
        0 => record(6, &[7; 32]),
        1 => record(4, &PARTIES.node.public_key().serialize()),
        _ => any_records(rng, corpus),
    };
    let payload = match rng.u8(..8) {
        0 => any_records(rng, corpus),
        1 => encrypted_data(&data),
        2 => [encrypted_data(&data), any_records(rng, corpus)].concat(),
        _ => with_data(&any_records(rng, corpus), &encrypted_data(&data)),
    };
    let hmac = if rng.bool() { [0; 32] } else { [9; 32] };
    let mut bytes = payloads(&payload, &hmac);
    if rng.bool() {
        bytes.resize(bytes.len().max(PAYLOADS_LENGTH), 0);
    }
    if rng.u8(..8) == 0 {
        mutate::change(rng, &mut bytes, corpus);
    }
    packet(&bytes)
}
