//! Taking one layer off a packet.

use bitcoin::hashes::{Hash as _, HashEngine as _, Hmac, HmacEngine, sha256};
use bitcoin::secp256k1::ecdh::SharedSecret;
use bitcoin::secp256k1::{Keypair, PublicKey, SecretKey};
use chacha20::cipher::{KeyIvInit as _, StreamCipher as _};
use chacha20::{ChaCha20, Key, Nonce};
use cln_primitives::{NodeId, Secret, ShortChannelId};
use subtle::ConstantTimeEq as _;

use super::error::PeelError;
use super::packet::{Contents, NextNode, Packet, Peeled, Received};
use super::path::REPLY_PATH;
use crate::bolt12::BlindedPathBuf;
use crate::bolt12::blinding::{NEXT_NODE_ID, PATH_ID, blinding_factor, decrypt, derive, next_key_factor};
use crate::bolt12::curve::CURVE;
use crate::bolt12::tlv::{self, Record};

/// The record of a payload that only its node can read (`encrypted_recipient_data`).
const ENCRYPTED_DATA: u64 = 4;
/// Records inside of it, besides those of [`crate::bolt12::blinding`]: `short_channel_id`, `next_path_key_override`.
const SHORT_CHANNEL_ID: u64 = 2;
const NEXT_PATH_KEY: u64 = 8;
/// What of a packet are no payloads: the version, a public key and an HMAC.
const FRAME: usize = 1 + 33 + HMAC;
const HMAC: usize = 32;

/// Takes the layer of the node with this key off a packet, and says what that is: a message, or what to give to whom.
///
/// # Errors
/// When it is not for this node, or is none. It is to be dropped then.
pub fn peel(node: &Keypair, packet: &Packet) -> Result<Peeled, PeelError> {
    let onion = Onion::read(&packet.message)?;
    let path_key = packet.path_key.to_public_key().map_err(|_| PeelError::NotAPoint("path key"))?;
    let mut key = node.secret_key();
    let shared = SharedSecret::new(&path_key, &key);
    let layer = onion.open(&shared, key);
    key.non_secure_erase();
    let layer = layer?;
    let payload = Payload::read(layer.payload())?;
    let data = payload.encrypted_data.ok_or(PeelError::Rule("payload has nothing for this node"))?;
    let data = decrypt(&shared, data).ok_or(PeelError::Rule("data is not for this node"))?;
    let data = Data::read(&data)?;
    match layer.next_onion() {
        None => payload.receive(data).map(Peeled::Received),
        Some(message) => {
            let next = payload.forward(&data)?;
            let path_key = match data.next_path_key {
                Some(key) => key,
                None => multiplied(&path_key, &shared)?,
            };
            Ok(Peeled::Forward { next, packet: Packet { path_key: path_key.into(), message: message? } })
        }
    }
}

/// A packet's parts.
struct Onion<'a> {
    key: PublicKey,
    payloads: &'a [u8],
    hmac: &'a [u8; HMAC],
}

impl<'a> Onion<'a> {
    fn read(message: &'a [u8]) -> Result<Self, PeelError> {
        let length = PeelError::Length(message.len());
        if message.len() <= FRAME || message.len() > u16::MAX.into() {
            return Err(length);
        }
        let Some((&version, rest)) = message.split_first() else { return Err(length) };
        if version != 0 {
            return Err(PeelError::Version(version));
        }
        let parts =
            rest.split_first_chunk::<33>().and_then(|(key, rest)| Some((key, rest.split_last_chunk::<HMAC>()?)));
        let Some((key, (payloads, hmac))) = parts else { return Err(length) };
        let key = PublicKey::from_slice(key).map_err(|_| PeelError::NotAPoint("onion's key"))?;
        Ok(Onion { key, payloads, hmac })
    }

    /// Checks and decrypts it, for the node that shares this secret of the path.
    fn open(&self, path_secret: &SharedSecret, key: SecretKey) -> Result<Layer, PeelError> {
        // A product that is zero is as likely as to guess a key.
        let mut key = key.mul_tweak(&blinding_factor(path_secret)).map_err(|_| PeelError::Hmac)?;
        let shared = SharedSecret::new(&self.key, &key);
        key.non_secure_erase();
        let mut engine = HmacEngine::<sha256::Hash>::new(&derive(b"mu", &shared));
        engine.input(self.payloads);
        if !bool::from(Hmac::from_engine(engine).to_byte_array().ct_eq(self.hmac)) {
            return Err(PeelError::Hmac);
        }
        // What this layer takes from the front comes back as zeros at the end: the packet keeps its length.
        let mut bytes = self.payloads.to_vec();
        bytes.resize(2 * self.payloads.len(), 0);
        let stream_key = Key::from(derive(b"rho", &shared));
        ChaCha20::new(&stream_key, &Nonce::default()).apply_keystream(&mut bytes);
        Layer::read(bytes, self, shared)
    }
}

/// A decrypted layer: a length, this node's payload, the next packet's HMAC and its payloads.
struct Layer {
    bytes: Vec<u8>,
    payload: std::ops::Range<usize>,
    length: usize,
    key: PublicKey,
    shared: SharedSecret,
}

impl Layer {
    fn read(bytes: Vec<u8>, onion: &Onion<'_>, shared: SharedSecret) -> Result<Self, PeelError> {
        let length = onion.payloads.len();
        let records = |source| PeelError::Records { part: "payload's length", source };
        let (size, rest) = tlv::split_bigsize(&bytes).map_err(records)?;
        let start = bytes.len() - rest.len();
        let end = usize::try_from(size).ok().and_then(|size| start.checked_add(size));
        let fits = |end: &usize| end.checked_add(HMAC).is_some_and(|end| end <= length);
        let end = end.filter(fits).ok_or(PeelError::Rule("payload is longer than the onion"))?;
        Ok(Layer { bytes, payload: start..end, length, key: onion.key, shared })
    }

    fn payload(&self) -> &[u8] {
        self.bytes.get(self.payload.clone()).unwrap_or_default()
    }

    /// What the next node gets; `None` when this one is the last.
    fn next_onion(&self) -> Option<Result<Vec<u8>, PeelError>> {
        let rest = self.bytes.get(self.payload.end..).unwrap_or_default();
        let (hmac, rest) = rest.split_at_checked(HMAC)?;
        if hmac == [0; HMAC] {
            return None;
        }
        let payloads = rest.get(..self.length)?;
        Some(multiplied(&self.key, &self.shared).map(|key| [&[0], &key.serialize()[..], payloads, hmac].concat()))
    }
}

/// The next node's key.
fn multiplied(key: &PublicKey, shared: &SharedSecret) -> Result<PublicKey, PeelError> {
    key.mul_tweak(&CURVE, &next_key_factor(key, shared)).map_err(|_| PeelError::NotAPoint("next node's key"))
}

/// The records of a node's payload (`onionmsg_tlv`).
#[derive(Default)]
struct Payload<'a> {
    reply_path: Option<&'a [u8]>,
    encrypted_data: Option<&'a [u8]>,
    contents: Option<Contents>,
    unknown: Vec<(u64, Vec<u8>)>,
}

impl<'a> Payload<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, PeelError> {
        let mut payload = Payload::default();
        for record in tlv::records(bytes) {
            let record = record.map_err(|source| PeelError::Records { part: "payload", source })?;
            let value = record.value();
            match (record.number, Contents::read(record.number, value)) {
                (REPLY_PATH, _) => payload.reply_path = Some(value),
                (ENCRYPTED_DATA, _) => payload.encrypted_data = Some(value),
                (_, None) => payload.unknown.push((record.number, value.to_vec())),
                (_, contents) if payload.contents.is_none() => payload.contents = contents,
                _ => return Err(PeelError::Rule("payload has more than one message")),
            }
        }
        Ok(payload)
    }

    fn forward(&self, data: &Data) -> Result<NextNode, PeelError> {
        if self.reply_path.is_some() || self.contents.is_some() || !self.unknown.is_empty() {
            return Err(PeelError::Rule("payload has a message for a node that only forwards"));
        }
        if data.path_id.is_some() {
            return Err(PeelError::Rule("data has a path_id for a node that only forwards"));
        }
        data.next.ok_or(PeelError::Rule("data names no next node"))
    }

    fn receive(self, data: Data) -> Result<Received, PeelError> {
        if data.next.is_some() || data.next_path_key.is_some() {
            return Err(PeelError::Rule("data names a next node, for which nothing is left"));
        }
        let reply_path = self.reply_path.map(BlindedPathBuf::from_bytes).transpose().map_err(PeelError::ReplyPath)?;
        let path_secret = data.path_id.and_then(|id| id.try_into().ok()).map(Secret::from_bytes);
        Ok(Received { path_secret, reply_path, contents: self.contents, unknown_fields: self.unknown })
    }
}

/// The records that only this node can read (`encrypted_data_tlv`).
#[derive(Default)]
struct Data {
    next: Option<NextNode>,
    path_id: Option<Vec<u8>>,
    next_path_key: Option<PublicKey>,
}

impl Data {
    fn read(bytes: &[u8]) -> Result<Self, PeelError> {
        let mut data = Data::default();
        for record in tlv::records(bytes) {
            let record = record.map_err(|source| PeelError::Records { part: "data", source })?;
            match record.number {
                SHORT_CHANNEL_ID => data.add_next(channel(&record)?)?,
                NEXT_NODE_ID => data.add_next(NextNode::Node(NodeId::from(point(&record, "next node's id")?)))?,
                PATH_ID => data.path_id = Some(record.value().to_vec()),
                NEXT_PATH_KEY => data.next_path_key = Some(point(&record, "next path key")?),
                number if number % 2 == 0 => return Err(PeelError::Rule("data has an even record that is not known")),
                _ => {}
            }
        }
        Ok(data)
    }

    fn add_next(&mut self, next: NextNode) -> Result<(), PeelError> {
        match self.next.replace(next) {
            None => Ok(()),
            Some(_) => Err(PeelError::Rule("data names the next node twice")),
        }
    }
}

fn channel(record: &Record<'_>) -> Result<NextNode, PeelError> {
    let id = record
        .value()
        .try_into()
        .map_err(|_| PeelError::Rule("data has a short_channel_id that is not 8 bytes long"))?;
    Ok(NextNode::Channel(ShortChannelId::from_u64(u64::from_be_bytes(id))))
}

fn point(record: &Record<'_>, what: &'static str) -> Result<PublicKey, PeelError> {
    PublicKey::from_slice(record.value()).map_err(|_| PeelError::NotAPoint(what))
}

#[cfg(test)]
mod tests {
    use bitcoin::secp256k1::SecretKey;
    use proptest::prelude::*;

    use super::*;

    fn record(number: u64, value: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        tlv::write_record(number, value, &mut bytes);
        bytes
    }

    fn point(byte: u8) -> [u8; 33] {
        SecretKey::from_slice(&[byte; 32]).unwrap().public_key(&CURVE).serialize()
    }

    fn forward(payload: &[Vec<u8>], data: &[Vec<u8>]) -> Result<NextNode, PeelError> {
        Payload::read(&payload.concat())?.forward(&Data::read(&data.concat())?)
    }

    fn receive(payload: &[Vec<u8>], data: &[Vec<u8>]) -> Result<Received, PeelError> {
        Payload::read(&payload.concat())?.receive(Data::read(&data.concat())?)
    }

    #[test]
    fn a_forwarding_node_learns_who_is_next_and_nothing_else() {
        let id = NodeId::try_from(point(1)).unwrap();
        let next = || record(4, &point(1));
        assert_eq!(forward(&[], &[next()]), Ok(NextNode::Node(id)));
        assert_eq!(forward(&[], &[record(1, &[0; 9]), next(), record(8, &point(2))]), Ok(NextNode::Node(id)));
        assert_eq!(forward(&[], &[record(2, &[0; 8])]), Ok(NextNode::Channel(ShortChannelId::from_u64(0))));
        let check = |payload: &[Vec<u8>], data: &[Vec<u8>], why| {
            assert_eq!(forward(payload, data), Err(PeelError::Rule(why)));
        };
        check(&[], &[], "data names no next node");
        check(&[], &[record(2, &[0; 8]), next()], "data names the next node twice");
        check(&[], &[record(2, &[0; 7])], "data has a short_channel_id that is not 8 bytes long");
        check(&[], &[next(), record(6, &[0; 32])], "data has a path_id for a node that only forwards");
        check(&[], &[next(), record(10, &[])], "data has an even record that is not known");
        check(&[record(66, &[])], &[next()], "payload has a message for a node that only forwards");
        check(&[record(2, &[])], &[next()], "payload has a message for a node that only forwards");
        assert_eq!(forward(&[], &[record(4, &[2; 32])]), Err(PeelError::NotAPoint("next node's id")));
        assert_eq!(forward(&[], &[next(), record(8, &[4; 33])]), Err(PeelError::NotAPoint("next path key")));
    }

    #[test]
    fn the_last_node_gets_one_message() {
        let secret = |length| receive(&[], &[record(6, &vec![7; length])]).unwrap().path_secret;
        assert_eq!(secret(32), Some(Secret::from_bytes([7; 32])));
        assert_eq!((secret(31), secret(33)), (None, None));
        let read = receive(&[record(64, b"a"), record(1000, b"b")], &[]).unwrap();
        assert_eq!(read.contents, Some(Contents::InvoiceRequest(b"a".to_vec())));
        assert_eq!(read.unknown_fields, [(1000, b"b".to_vec())]);
        let check = |payload: &[Vec<u8>], data: &[Vec<u8>], why| {
            assert_eq!(receive(payload, data), Err(PeelError::Rule(why)));
        };
        check(&[record(66, b"a"), record(68, b"b")], &[], "payload has more than one message");
        check(&[], &[record(4, &point(1))], "data names a next node, for which nothing is left");
        assert!(matches!(receive(&[record(2, b"")], &[]), Err(PeelError::ReplyPath(_))));
        assert!(matches!(receive(&[vec![66, 9]], &[]), Err(PeelError::Records { part: "payload", .. })));
        assert!(matches!(receive(&[], &[vec![6, 9]]), Err(PeelError::Records { part: "data", .. })));
    }

    proptest! {
        #[test]
        fn a_layer_of_any_bytes_is_read_or_refused(payloads in prop::collection::vec(any::<u8>(), 1..200), size: u8) {
            let key = PublicKey::from_slice(&point(1)).unwrap();
            let onion = Onion { key, payloads: &payloads, hmac: &[0; HMAC] };
            let shared = SharedSecret::new(&key, &SecretKey::from_slice(&[2; 32]).unwrap());
            let mut bytes = payloads.clone();
            bytes.resize(2 * payloads.len(), 0);
            bytes[0] = size;
            if let Ok(layer) = Layer::read(bytes, &onion, shared) {
                prop_assert!(layer.payload().len() + HMAC < payloads.len());
                if let Some(message) = layer.next_onion() {
                    prop_assert_eq!(message.unwrap().len(), payloads.len() + FRAME);
                }
            }
        }

        #[test]
        fn records_of_any_bytes_are_read_or_refused(payload: Vec<u8>, data: Vec<u8>) {
            let _ = Payload::read(&payload).map(|payload| payload.receive(Data::default()));
            let _ = Data::read(&data);
        }
    }
}
