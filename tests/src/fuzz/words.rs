//! Changes of texts in bech32's alphabet: of what they hold, and of how that is written.

use bech32::primitives::decode::UncheckedHrpstring;
use bech32::{Bech32, ByteIterExt as _, Fe32, Fe32IterExt as _, Hrp};
use fastrand::Rng;

use super::Corpus;
use super::mutate::change;
use super::tlv::any_records;

/// A BOLT 12 text: the corpus has its records behind the prefix's last letter.
pub(super) fn bolt12(rng: &mut Rng, corpus: &Corpus) -> Vec<u8> {
    let letter = *rng.choice(b"ori").unwrap_or(&b'o');
    let records = any_records(rng, corpus);
    let mut text = bolt12_text(letter, &records);
    match rng.u8(..4) {
        0 => text.make_ascii_uppercase(),
        1 => join(rng, &mut text),
        2 => change(rng, &mut text, corpus),
        _ => {}
    }
    text
}

/// The text of some records.
pub(super) fn bolt12_text(letter: u8, records: &[u8]) -> Vec<u8> {
    let characters = records.iter().copied().bytes_to_fes().map(|character| character.to_char() as u8);
    [b'l', b'n', letter, b'1'].into_iter().chain(characters).collect()
}

/// Puts some `+` between the parts.
fn join(rng: &mut Rng, text: &mut Vec<u8>) {
    for _ in 0..rng.usize(1..5) {
        let at = rng.usize(..=text.len());
        let joint = rng.choice(["+", "+ ", "+\r\n", "+\t \u{b}", "++", "+ +", " "]).unwrap_or("+");
        drop(text.splice(at..at, joint.bytes()));
    }
}

/// A BOLT 11 text or a rune: changed inside of a right checksum mostly, so that what is behind it is reached.
pub(super) fn bolt11(rng: &mut Rng, corpus: &Corpus) -> Vec<u8> {
    let seed = corpus.any(rng);
    let text = String::from_utf8_lossy(seed).to_ascii_lowercase();
    let parts = UncheckedHrpstring::new(&text).ok().map(|parts| (parts.hrp(), parts.data_part_ascii().to_vec()));
    let Some((hrp, data)) = parts.filter(|_| rng.u8(..8) != 0) else {
        let mut bytes = seed.to_vec();
        change(rng, &mut bytes, corpus);
        return bytes;
    };
    let mut values: Vec<u8> = data
        .iter()
        .rev()
        .skip(6)
        .rev()
        .filter_map(|byte| Fe32::from_char(char::from(*byte)).ok())
        .map(Fe32::to_u8)
        .collect();
    change(rng, &mut values, corpus);
    let hrp = if rng.u8(..6) == 0 { other_amount(rng) } else { hrp };
    let data = values.into_iter().filter_map(|value| Fe32::try_from(value & 31).ok());
    data.with_checksum::<Bech32>(&hrp).chars().map(|character| character as u8).collect()
}

fn other_amount(rng: &mut Rng) -> Hrp {
    let amount = rng.u64(..) >> rng.u32(..64);
    let unit = rng.choice(["", "m", "u", "n", "p", "x"]).unwrap_or_default();
    Hrp::parse(&format!("lnbc{amount}{unit}")).unwrap_or(bech32::hrp::BC)
}

/// The records of a BOLT 12 text, when it is one.
pub(super) fn bolt12_bytes(text: &str) -> Option<Vec<u8>> {
    let data = ["lno1", "lnr1", "lni1"].iter().find_map(|prefix| text.strip_prefix(prefix))?;
    let values = data.chars().map(Fe32::from_char).collect::<Result<Vec<_>, _>>().ok()?;
    Some(values.into_iter().fes_to_bytes().collect())
}
