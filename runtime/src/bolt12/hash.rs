//! SHA-256 behind a tag (BIP 340), on whole blocks: most of what a message hashes is a block or two, and as much again
//! would go into buffering them.

use sha2::block_api::compress256;
use sha2::{Digest as _, Sha256};

const BLOCK: usize = 64;
/// The state before the first block (FIPS 180-4).
const START: Words =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// A hash in the form it is computed in. These compare like its bytes.
pub(crate) type Words = [u32; 8];

/// The state of the hash behind a tag, which fills the first block.
#[derive(Clone, Copy)]
pub(crate) struct Tag(Words);

impl Tag {
    /// The tag of a name, given in parts.
    pub(crate) fn new(name: &[&[u8]]) -> Self {
        let name: [u8; 32] = name.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part)).finalize().into();
        let mut block = [0; BLOCK];
        let (first, second) = block.split_at_mut(name.len());
        first.copy_from_slice(&name);
        second.copy_from_slice(&name);
        let mut state = START;
        compress256(&mut state, &[block]);
        Tag(state)
    }

    /// The hash of some bytes.
    pub(crate) fn hash(self, bytes: &[u8]) -> Words {
        let Tag(mut state) = self;
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        if !blocks.is_empty() {
            compress256(&mut state, blocks);
        }
        // A one, zeros, and at the end of a block the length in bits.
        let mut end = [[0; BLOCK]; 2];
        let end_bytes = end.as_flattened_mut();
        end_bytes[..rest.len()].copy_from_slice(rest);
        end_bytes[rest.len()] = 0x80;
        let count = if rest.len() + 9 <= BLOCK { 1 } else { 2 };
        end_bytes[count * BLOCK - 8..count * BLOCK].copy_from_slice(&bit_length(bytes.len()));
        compress256(&mut state, &end[..count]);
        state
    }

    /// The hash of two hashes, one behind the other.
    pub(crate) fn hash_pair(self, first: &Words, second: &Words) -> Words {
        const END: [u8; BLOCK] = {
            let mut end = [0; BLOCK];
            end[0] = 0x80;
            let length = bit_length(BLOCK);
            let mut at = 0;
            while at < 8 {
                end[BLOCK - 8 + at] = length[at];
                at += 1;
            }
            end
        };
        let Tag(mut state) = self;
        let mut block = [0; BLOCK];
        let words = first.iter().chain(second);
        for (bytes, word) in block.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *bytes = word.to_be_bytes();
        }
        compress256(&mut state, &[block, END]);
        state
    }
}

/// The length of a tag and so many bytes, in bits.
const fn bit_length(bytes: usize) -> [u8; 8] {
    (((BLOCK + bytes) as u64) * 8).to_be_bytes()
}

/// The hash as it is written.
pub(crate) fn to_bytes(words: Words) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (bytes, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(words) {
        *bytes = word.to_be_bytes();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use bitcoin::hashes::sha256::{HashEngine, Midstate};
    use bitcoin::hashes::{Hash as _, HashEngine as _, sha256};

    use super::*;

    fn check(tag: Tag, midstate: Midstate) {
        for length in 0..200 {
            let bytes: Vec<u8> = (0..length).collect();
            let mut engine = HashEngine::from_midstate(midstate, BLOCK);
            engine.input(&bytes);
            assert_eq!(to_bytes(tag.hash(&bytes)), sha256::Hash::from_engine(engine).to_byte_array(), "{length} bytes");
        }
        let pair = [[0x01_02_03_04; 8], [0xfc_fd_fe_ff; 8]];
        let bytes = pair.map(to_bytes).concat();
        assert_eq!(tag.hash_pair(&pair[0], &pair[1]), tag.hash(&bytes));
    }

    #[test]
    fn hashes_are_those_of_another_implementation() {
        check(Tag::new(&[b"LnLeaf"]), Midstate::hash_tag(b"LnLeaf"));
        check(Tag::new(&[b"LnNo", b"nce"]), Midstate::hash_tag(b"LnNonce"));
    }
}
