//! The text form: a prefix, `1`, and bytes in bech32's alphabet; no checksum.
//!
//! Long texts may be split by a `+`, which spaces and line ends may follow.

use super::error::Error;

/// Which message a text holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefix {
    /// `lno`
    Offer,
    /// `lnr`
    InvoiceRequest,
    /// `lni`
    Invoice,
}

impl Prefix {
    /// The prefix as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Prefix::Offer => "lno",
            Prefix::InvoiceRequest => "lnr",
            Prefix::Invoice => "lni",
        }
    }
}

const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// What [`VALUES`] says of a character beside its value: the case of a letter, or that it is not in the alphabet.
const LOWER: u8 = 0x20;
const UPPER: u8 = 0x40;
const NONE: u8 = 0x80;
/// The value of each character, of both cases.
const VALUES: [u8; 256] = values();

const fn values() -> [u8; 256] {
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        let character = ALPHABET[value];
        values[character as usize] = value as u8 | case_of(character);
        let character = character.to_ascii_uppercase();
        values[character as usize] = value as u8 | case_of(character);
        value += 1;
    }
    values
}

const fn case_of(character: u8) -> u8 {
    match character {
        b'a'..=b'z' => LOWER,
        b'A'..=b'Z' => UPPER,
        _ => 0,
    }
}

/// The bytes that a text holds, which must have this prefix.
pub(crate) fn decode(text: &str, expected: Prefix) -> Result<Vec<u8>, Error> {
    let mut characters = Joined { text: text.as_bytes(), at: 0 };
    let mut case = Case::default();
    let found = read_prefix(&mut characters, &mut case)?;
    if found != expected.as_str() {
        return Err(Error::TextPrefix { found, expected: expected.as_str() });
    }

    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    take_plain(&mut characters, &mut case, &mut bytes);
    let (mut pending, mut bits) = (0u32, 0);
    while let Some((at, character)) = characters.next()? {
        let value = VALUES[usize::from(character)];
        if value == NONE {
            return Err(unexpected(text, at));
        }
        case.see(at, character)?;
        pending = pending << 5 | u32::from(value & 31);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            // Drops what is above: those bits were taken before.
            bytes.push((pending >> bits) as u8);
        }
    }
    if bits > 4 {
        return Err(Error::TextPaddingLength { bits });
    }
    if pending & ((1 << bits) - 1) != 0 {
        return Err(Error::TextPaddingNotZero);
    }
    Ok(bytes)
}

/// Takes eights of characters, each five bytes, up to the first that is not plainly right.
fn take_plain(characters: &mut Joined<'_>, case: &mut Case, bytes: &mut Vec<u8>) {
    let rest = &characters.text[characters.at..];
    for eight in rest.as_chunks::<8>().0 {
        let (mut number, mut seen) = (0u64, case.0);
        for character in eight {
            let value = VALUES[usize::from(*character)];
            number = number << 5 | u64::from(value & 31);
            seen |= value & !31;
        }
        if seen & NONE != 0 || Case(seen).is_mixed() {
            return;
        }
        case.0 = seen;
        bytes.extend_from_slice(&number.to_be_bytes()[3..]);
        characters.at += eight.len();
    }
}

/// Writes bytes as a text, in lower case and one piece.
pub(crate) fn encode(prefix: Prefix, bytes: &[u8]) -> String {
    let mut text = String::with_capacity(4 + bytes.len() * 8 / 5 + 1);
    text.push_str(prefix.as_str());
    text.push('1');
    let (mut pending, mut bits) = (0u32, 0);
    for byte in bytes {
        pending = pending << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(letter(pending >> bits));
        }
    }
    if bits > 0 {
        text.push(letter(pending << (5 - bits)));
    }
    text
}

/// The letter of a value's lowest five bits.
fn letter(value: u32) -> char {
    char::from(ALPHABET[(value & 31) as usize])
}

/// The prefix of a text in lower case, cut when long.
pub(crate) fn prefix_of(text: &str) -> Result<String, Error> {
    read_prefix(&mut Joined { text: text.as_bytes(), at: 0 }, &mut Case::default())
}

/// Goes to behind the first `1`, and tells what stands before it.
fn read_prefix(characters: &mut Joined<'_>, case: &mut Case) -> Result<String, Error> {
    /// Enough to tell what somebody pasted instead.
    const SHOWN: usize = 20;
    let mut found = Vec::new();
    loop {
        let Some((at, character)) = characters.next()? else {
            return Err(Error::TextNoSeparator);
        };
        if character == b'1' {
            return Ok(String::from_utf8_lossy(&found).into_owned());
        }
        case.see(at, character)?;
        if found.len() < SHOWN {
            found.push(character.to_ascii_lowercase());
        }
    }
}

fn unexpected(text: &str, at: usize) -> Error {
    let character = text.get(at..).and_then(|rest| rest.chars().next()).unwrap_or(char::REPLACEMENT_CHARACTER);
    Error::TextCharacter { character, at }
}

/// Which cases the letters so far have.
#[derive(Clone, Copy, Default)]
struct Case(u8);

impl Case {
    fn see(&mut self, at: usize, character: u8) -> Result<(), Error> {
        self.0 |= case_of(character);
        if self.is_mixed() { Err(Error::TextMixedCase { at }) } else { Ok(()) }
    }

    fn is_mixed(self) -> bool {
        self.0 & (LOWER | UPPER) == LOWER | UPPER
    }
}

/// The characters of a text without the `+` that join its parts.
struct Joined<'a> {
    text: &'a [u8],
    at: usize,
}

impl Joined<'_> {
    /// The next character and where it stands. A `+` that joins nothing is given like any other character, and then is
    /// found not to be in the alphabet.
    fn next(&mut self) -> Result<Option<(usize, u8)>, Error> {
        let Some(&character) = self.text.get(self.at) else {
            return Ok(None);
        };
        let is_join = character == b'+' && self.at != 0 && self.at + 1 != self.text.len();
        if !is_join {
            self.at += 1;
            return Ok(Some((self.at - 1, character)));
        }
        let plus = self.at;
        let rest = &self.text[plus + 1..];
        let Some(spaces) = rest.iter().position(|character| !is_space(*character)) else {
            return Err(Error::TextUnfinished { at: plus });
        };
        self.at = plus + 1 + spaces + 1;
        Ok(Some((self.at - 1, rest[spaces])))
    }
}

/// C's `isspace`, which unlike Rust's counts the vertical tab.
fn is_space(character: u8) -> bool {
    matches!(character, b' ' | b'\t'..=b'\r')
}
