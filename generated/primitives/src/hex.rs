//! The one decoder and encoder of hex digits, behind every type written as hex.

use std::fmt;

/// Why a text is not the hex digits that were expected. The message tells lengths and positions and never quotes the
/// text itself, for it may have been meant to be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseHexError {
    /// Too few or too many digits for a value of fixed size.
    #[error("expected {expected} hex digits, found {found} characters")]
    Length {
        /// How many digits the value has.
        expected: usize,
        /// How many characters there were.
        found: usize,
    },
    /// Two digits make a byte, and one is left over.
    #[error("expected an even number of hex digits, found {found} characters")]
    OddLength {
        /// How many characters there were.
        found: usize,
    },
    /// Something that is no hex digit.
    #[error("character {position} is no hex digit: only 0-9 and a-f are")]
    Digit {
        /// Which character, counted from 1.
        position: usize,
    },
}

/// Marks a byte that is no hex digit; its high bits are set, which no digit's value has.
const BAD: u8 = 0xff;
const VALUES: [u8; 256] = values();
const DIGITS: &[u8; 16] = b"0123456789abcdef";

const fn values() -> [u8; 256] {
    let mut table = [BAD; 256];
    let mut value = 0;
    while value < DIGITS.len() {
        table[DIGITS[value] as usize] = value as u8;
        table[DIGITS[value].to_ascii_uppercase() as usize] = value as u8;
        value += 1;
    }
    table
}

/// Decodes exactly `N` bytes, without allocating. Capital digits are read too.
pub(crate) fn decode_array<const N: usize>(text: &str) -> Result<[u8; N], ParseHexError> {
    if text.len() != 2 * N {
        return Err(ParseHexError::Length { expected: 2 * N, found: text.chars().count() });
    }
    let mut bytes = [0; N];
    decode_into(text, &mut bytes)?;
    Ok(bytes)
}

/// Decodes as many bytes as there are pairs of digits.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, ParseHexError> {
    if !text.len().is_multiple_of(2) {
        return Err(ParseHexError::OddLength { found: text.chars().count() });
    }
    let mut bytes = vec![0; text.len() / 2];
    decode_into(text, &mut bytes)?;
    Ok(bytes)
}

/// The hot loop: it looks for bad digits once, at the end, instead of branching at each.
fn decode_into(text: &str, bytes: &mut [u8]) -> Result<(), ParseHexError> {
    let mut seen = 0;
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let (high, low) = (VALUES[usize::from(pair[0])], VALUES[usize::from(pair[1])]);
        seen |= high | low;
        *byte = high << 4 | low;
    }
    if seen <= 0xf {
        return Ok(());
    }
    let before = text.chars().take_while(char::is_ascii_hexdigit).count();
    Err(ParseHexError::Digit { position: before + 1 })
}

/// The bytes as lower-case digits.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    // Its size is known beforehand: growing would leave copies of a secret behind.
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 0xf));
    }
    text
}

/// Writes the bytes as lower-case digits, in pieces from the stack.
pub(crate) fn write(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    const PIECE: usize = 33;
    let mut digits = [0; 2 * PIECE];
    for piece in bytes.chunks(PIECE) {
        for (pair, byte) in digits.chunks_exact_mut(2).zip(piece) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 0xf)];
        }
        f.write_str(str::from_utf8(&digits[..2 * piece.len()]).map_err(|_| fmt::Error)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_error(text: &str, expected: ParseHexError) {
        assert_eq!(decode_array::<2>(text), Err(expected), "{text}");
    }

    #[test]
    fn both_cases_are_read_and_lower_case_is_written() {
        assert_eq!(decode_array("00fFa9"), Ok([0x00, 0xff, 0xa9]));
        assert_eq!(decode("DEADbeef").map(|bytes| encode(&bytes)), Ok("deadbeef".to_owned()));
        assert_eq!(decode(""), Ok(vec![]));
    }

    #[test]
    fn an_error_tells_the_length_found_or_the_bad_characters_place() {
        check_error("0a0", ParseHexError::Length { expected: 4, found: 3 });
        check_error("ééé", ParseHexError::Length { expected: 4, found: 3 });
        check_error("", ParseHexError::Length { expected: 4, found: 0 });
        check_error("0a0g", ParseHexError::Digit { position: 4 });
        check_error(" a00", ParseHexError::Digit { position: 1 });
        check_error("aéa", ParseHexError::Digit { position: 2 });
        assert_eq!(decode("abc"), Err(ParseHexError::OddLength { found: 3 }));
        assert_eq!(decode("0x"), Err(ParseHexError::Digit { position: 2 }));
    }
}
