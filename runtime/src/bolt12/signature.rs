//! Signatures: BIP-340 over the root of all records.

use bitcoin::secp256k1::{Keypair, Message as Digest, schnorr};
use cln_primitives::Hash32;

use super::curve::CURVE;
use super::error::{Error, FieldType};
use super::fields::types::Bip340Sig;
use super::hash::Tag;
use super::merkle;
use super::message::Message;
use super::tlv;

/// The type of a signature.
pub(crate) const SIGNATURE: u64 = 240;

/// The hash to sign.
pub(crate) fn sighash(message: &[u8], tag: Tag) -> Result<Hash32, Error> {
    // A message without a record lacks its key as well, of which the caller has made sure.
    let root = merkle::root(message).ok_or(Error::Missing(FieldType(SIGNATURE)))?;
    Ok(merkle::sighash(tag, &root))
}

/// Signs without randomness, as Core Lightning does: the same message gets the same signature.
pub(crate) fn sign(sighash: &Hash32, key: &Keypair) -> schnorr::Signature {
    CURVE.sign_schnorr_no_aux_rand(&Digest::from_digest(sighash.to_byte_array()), key)
}

/// Is the message signed by the key in the field `key`?
pub(crate) fn verify(message: &Message, tag: Tag, key: u64) -> Result<(), Error> {
    let signer = message.signer().ok_or(Error::Missing(FieldType(key)))?;
    let signature = message.get::<Bip340Sig>(SIGNATURE).ok_or(Error::Missing(FieldType(SIGNATURE)))?;
    let digest = Digest::from_digest(sighash(message.bytes(), tag)?.to_byte_array());
    CURVE
        .verify_schnorr(&signature, &digest, &signer.x_only_public_key().0)
        .map_err(|_| Error::InvalidSignature { key: FieldType(key) })
}

/// The message with this signature in place.
pub(crate) fn attach(message: &Message, signature: &schnorr::Signature) -> Vec<u8> {
    tlv::insert(message.bytes(), SIGNATURE, &signature.serialize())
}
