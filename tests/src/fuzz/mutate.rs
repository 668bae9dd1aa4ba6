//! Changes of bytes.

use fastrand::Rng;

use super::Corpus;

/// No input gets longer than this by repetition.
const LONGEST: usize = 1 << 16;

/// A seed with a few changes.
pub(super) fn any_bytes(rng: &mut Rng, corpus: &Corpus) -> Vec<u8> {
    let mut bytes = corpus.any(rng).to_vec();
    change(rng, &mut bytes, corpus);
    bytes
}

/// Makes a few changes.
pub(super) fn change(rng: &mut Rng, bytes: &mut Vec<u8>, corpus: &Corpus) {
    for _ in 0..rng.usize(1..5) {
        change_once(rng, bytes, corpus);
    }
}

fn change_once(rng: &mut Rng, bytes: &mut Vec<u8>, corpus: &Corpus) {
    let at = rng.usize(..=bytes.len());
    match rng.u8(..12) {
        0..=2 => put(bytes, at, &[rng.u8(..)]),
        3 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << rng.u8(..8)),
        4 => put(bytes, at, &number(rng)),
        5 => bytes.insert(at, rng.u8(..)),
        6 => drop(bytes.splice(at..at, number(rng))),
        7 => {
            let end = bytes.len().min(at + rng.usize(1..9));
            drop(bytes.drain(at..end));
        }
        8 => bytes.truncate(at),
        9 if bytes.len() < LONGEST => {
            let end = bytes.len().min(at + rng.usize(1..80));
            let part = bytes[at..end].repeat(rng.usize(1..4));
            drop(bytes.splice(at..at, part));
        }
        10 => {
            let end = bytes.len().min(at + rng.usize(1..40));
            bytes[at..end].fill(rng.u8(..));
        }
        _ => {
            let other = corpus.any(rng);
            let from = rng.usize(..=other.len());
            let to = other.len().min(from + rng.usize(1..100));
            let end = bytes.len().min(at + rng.usize(..40));
            drop(bytes.splice(at..end, other[from..to].iter().copied()));
        }
    }
}

fn put(bytes: &mut [u8], at: usize, new: &[u8]) {
    bytes.iter_mut().skip(at).zip(new).for_each(|(byte, new)| *byte = *new);
}

/// A number at which something changes, in some bytes.
fn number(rng: &mut Rng) -> Vec<u8> {
    let edge = 1_u64.checked_shl(rng.u32(..65)).unwrap_or(0);
    let number = edge.wrapping_add(rng.u64(..3)).wrapping_sub(1).to_be_bytes();
    number[8 - rng.usize(1..=8)..].to_vec()
}
