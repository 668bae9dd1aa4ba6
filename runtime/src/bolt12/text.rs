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
/// Stands in [`VALUES`] for what is not in the alphabet.
const NONE: u8 = 0xff;
/// The value of each character, of both cases.
const VALUES: [u8; 256] = values();

const fn values() -> [u8; 256] {
    let mut values = [NONE; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        let character = ALPHABET[value];
        values[character as usize] = value as u8;
        values[character.to_ascii_uppercase() as usize] = value as u8;
        value += 1;
    }
    values
}

/// The bytes that a text holds, which must have this prefix.
pub(crate) fn decode(text: &str, expected: Prefix) -> Result<Vec<u8>, Error> {
    let mut characters = Joined { text: text.as_bytes(), at: 0 };
    let mut case = Case::default();
    check_prefix(&mut characters, &mut case, expected)?;

    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut pending, mut bits) = (0u32, 0);
    while let Some((at, character)) = characters.next()? {
        let value = VALUES[usize::from(character)];
        if value == NONE {
            return Err(unexpected(text, at));
        }
        case.see(at, character)?;
        pending = pending << 5 | u32::from(value);
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

/// Goes to behind the first `1`.
fn check_prefix(characters: &mut Joined<'_>, case: &mut Case, expected: Prefix) -> Result<(), Error> {
    /// Enough to tell what somebody pasted instead.
    const SHOWN: usize = 20;
    let mut found = Vec::new();
    loop {
        let Some((at, character)) = characters.next()? else {
            return Err(Error::TextNoSeparator);
        };
        if character == b'1' {
            break;
        }
        case.see(at, character)?;
        if found.len() < SHOWN {
            found.push(character.to_ascii_lowercase());
        }
    }
    if found == expected.as_str().as_bytes() {
        return Ok(());
    }
    Err(Error::TextPrefix { found: String::from_utf8_lossy(&found).into_owned(), expected: expected.as_str() })
}

fn unexpected(text: &str, at: usize) -> Error {
    let character = text.get(at..).and_then(|rest| rest.chars().next()).unwrap_or(char::REPLACEMENT_CHARACTER);
    Error::TextCharacter { character, at }
}

/// Which cases the letters so far have.
#[derive(Default)]
struct Case {
    upper: bool,
    lower: bool,
}

impl Case {
    fn see(&mut self, at: usize, character: u8) -> Result<(), Error> {
        self.upper |= character.is_ascii_uppercase();
        self.lower |= character.is_ascii_lowercase();
        if self.upper && self.lower { Err(Error::TextMixedCase { at }) } else { Ok(()) }
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
