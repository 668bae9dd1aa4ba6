//! The hash that a signature signs: the root of a tree over all records.
//!
//! A leaf is a record together with a nonce made of the first record, so that a single record can later be shown
//! without giving away its neighbours.

use std::sync::LazyLock;

use cln_primitives::Hash32;

use super::hash::{Tag, Words, to_bytes};
use super::tlv::checked_records;

static LEAF: LazyLock<Tag> = LazyLock::new(|| Tag::new(&[b"LnLeaf"]));
static BRANCH: LazyLock<Tag> = LazyLock::new(|| Tag::new(&[b"LnBranch"]));

/// The types of signatures, which no signature covers.
const SIGNATURES: std::ops::RangeInclusive<u64> = 240..=1000;

/// The root over the records of a checked message; `None` when it has none that are signed.
pub(crate) fn root(message: &[u8]) -> Option<Hash32> {
    let nonce = Tag::new(&[b"LnNonce", checked_records(message).next()?.bytes]);
    let mut tree = Tree { leaves: 0, subtrees: [[0; 8]; MOST_LEVELS] };
    for record in checked_records(message).filter(|record| !SIGNATURES.contains(&record.number)) {
        tree.add(branch(LEAF.hash(record.bytes), nonce.hash(record.type_bytes())));
    }
    tree.root().map(to_bytes).map(Hash32::from_bytes)
}

/// What is signed for a root, by the tag of a message and its field.
pub(crate) fn sighash(tag: Tag, root: &Hash32) -> Hash32 {
    Hash32::from_bytes(to_bytes(tag.hash(root.as_bytes())))
}

/// The lesser comes first, so that a proof need not say which side it is on.
fn branch(a: Words, b: Words) -> Words {
    let (first, second) = if a <= b { (a, b) } else { (b, a) };
    BRANCH.hash_pair(&first, &second)
}

/// A message has less than 2^32 bytes, and a record two at least.
const MOST_LEVELS: usize = 32;

/// Whole subtrees of 1, 2, 4, … leaves: at most one of each size, as in a binary number. Joining them from the smallest
/// at the end carries an odd last node up unchanged.
struct Tree {
    leaves: u32,
    subtrees: [Words; MOST_LEVELS],
}

impl Tree {
    fn add(&mut self, leaf: Words) {
        let level = self.leaves.trailing_ones() as usize;
        self.subtrees[level] = self.subtrees[..level].iter().fold(leaf, |right, left| branch(*left, right));
        self.leaves += 1;
    }

    fn root(&self) -> Option<Words> {
        let whole = self.subtrees.iter().enumerate().filter(|(level, _)| self.leaves >> level & 1 == 1);
        whole.map(|(_, node)| *node).reduce(|right, left| branch(left, right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of three records in BOLT 12's vectors, whose type numbers are of no message here.
    #[test]
    fn roots_are_those_of_bolt_12() {
        let records = [
            "010203e8",
            "02080000010000020003",
            "03310266e4598d1d3c415f572a8488830b60f7e744ed9235eb0b1ba93283b315c0351800000000000000010000000000000002",
        ];
        let roots = [
            "b013756c8fee86503a0b4abdab4cddeb1af5d344ca6fc2fa8b6c08938caa6f93",
            "c3774abbf4815aa54ccaa026bff6581f01f3be5fe814c620a252534f434bc0d1",
            "ab2e79b1283b0b31e0b035258de23782df6b89a38cfa7237bde69aed1a658c5d",
        ];
        for (count, expected) in (1..).zip(roots) {
            let message: cln_primitives::HexBytes = records[..count].concat().parse().unwrap();
            assert_eq!(root(&message).unwrap().to_string(), expected, "{count} records");
        }
        assert_eq!(root(&[]), None);
    }
}
