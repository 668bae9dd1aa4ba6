//! Changes of JSON, which stays JSON mostly.

use std::ops::Range;

use fastrand::Rng;

use super::Corpus;
use super::mutate::change;

/// What readers of JSON get wrong.
const VALUES: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1",
    "255",
    "65536",
    "4294967296",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775809",
    "1e400",
    "1.5",
    "-0",
    "1E2",
    "\"\"",
    "\"x\"",
    "\"0\"",
    "\"1msat\"",
    "\"1sat\"",
    "\"0.1btc\"",
    "\"18446744073709551615msat\"",
    "\"any\"",
    "\"all\"",
    "\"1x1x1\"",
    "\"16777216x16777216x65536\"",
    "\"00\"",
    "\"0\\u0000\"",
    "\"\\ud800\"",
    "\"\\ud83d\\ude00\"",
    "\"\u{202e}é\"",
    "[]",
    "{}",
    "[[]]",
    "[null]",
    "{\"\":{}}",
    "{\"code\":-1,\"message\":\"\"}",
    "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
    "\"unheard_of\"",
    "\"complete\"",
    "\"pending\"",
    "\"paid\"",
    "\"02eec7245d6b7d2ccb30380bfbe2a3648cd7a942653f5aa340edcea1f283686619\"",
    "\"0000000000000000000000000000000000000000000000000000000000000000\"",
];

/// A seed whose values are changed.
pub(super) fn any_json(rng: &mut Rng, corpus: &Corpus) -> Vec<u8> {
    let mut json = corpus.any(rng).to_vec();
    for _ in 0..rng.usize(1..4) {
        change_value(rng, &mut json, corpus);
    }
    if rng.u8(..6) == 0 {
        change(rng, &mut json, corpus);
    }
    json
}

/// The same behind some bytes that mostly stay.
pub(super) fn any_json_behind<const N: usize>(rng: &mut Rng, corpus: &Corpus) -> Vec<u8> {
    let seed = corpus.any(rng);
    let (head, json) = seed.split_at(seed.len().min(N));
    let mut json = json.to_vec();
    for _ in 0..rng.usize(1..4) {
        change_value(rng, &mut json, corpus);
    }
    let mut bytes = head.to_vec();
    bytes.append(&mut json);
    if rng.u8(..8) == 0 {
        change(rng, &mut bytes, corpus);
    }
    bytes
}

fn change_value(rng: &mut Rng, json: &mut Vec<u8>, corpus: &Corpus) {
    let Some(range) = any_value(rng, json) else { return };
    match rng.u8(..8) {
        // The member goes with its name, if a comma follows.
        0 => {
            let start =
                json[..range.start].iter().rposition(|byte| matches!(byte, b',' | b'{' | b'[')).map_or(0, |at| at + 1);
            let end = range.end + usize::from(json.get(range.end) == Some(&b','));
            drop(json.drain(start..end));
        }
        1 => {
            let value = json[range.clone()].to_vec();
            let with_comma = [&value[..], b","].concat();
            drop(json.splice(range.start..range.start, with_comma));
        }
        2 => {
            let depth = 1 << rng.u32(..9);
            let (open, close) = if rng.bool() { ("[", "]") } else { ("{\"a\":", "}") };
            let nested = [open.repeat(depth).as_bytes(), &json[range.clone()], close.repeat(depth).as_bytes()].concat();
            drop(json.splice(range, nested));
        }
        3 | 4 => {
            let other = corpus.any(rng);
            let value = any_value(rng, other).map(|range| other[range].to_vec()).unwrap_or_default();
            drop(json.splice(range, value));
        }
        _ => drop(json.splice(range, VALUES[rng.usize(..VALUES.len())].bytes())),
    }
}

/// Where a value stands, or a member's name.
fn any_value(rng: &mut Rng, json: &[u8]) -> Option<Range<usize>> {
    if json.is_empty() {
        return None;
    }
    let from = rng.usize(..json.len());
    let start = from + json[from..].iter().position(|byte| matches!(byte, b':' | b'[' | b',' | b'{'))? + 1;
    let start = start + json.get(start..)?.iter().position(|byte| !byte.is_ascii_whitespace())?;
    Some(start..start + length(&json[start..]))
}

/// The length of the value that begins here.
fn length(json: &[u8]) -> usize {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for (at, byte) in json.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_text,
            b'"' => {
                in_text = !in_text;
                if !in_text && depth == 0 {
                    return at + 1;
                }
            }
            _ if in_text => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' if depth <= 1 => return at + depth,
            b']' | b'}' => depth -= 1,
            b',' | b':' if depth == 0 => return at,
            _ => {}
        }
    }
    json.len()
}
