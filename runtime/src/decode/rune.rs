//! Runes: what their holder may ask of a node.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::answer::{Answer, hex};

/// The length of the code that a rune starts with.
const CODE: usize = 32;
/// What a condition can be, and how it reads.
const CONDITIONS: [(char, &str); 11] = [
    ('!', "is absent"),
    ('=', "equals"),
    ('/', "differs from"),
    ('^', "starts with"),
    ('$', "ends with"),
    ('~', "contains"),
    ('<', "is less than"),
    ('>', "is greater than"),
    ('{', "sorts before"),
    ('}', "sorts after"),
    ('#', "is ignored:"),
];

/// What a rune says; `None` for what is no rune.
pub(super) fn decode(text: &str) -> Option<Value> {
    let bytes = BASE64URL_NOPAD.decode(text.trim_end_matches('=').as_bytes()).ok()?;
    let (code, rules) = bytes.split_at_checked(CODE)?;
    let mut answer = Answer::new("rune");
    let Ok(rules) = std::str::from_utf8(rules) else {
        answer.put("hex", hex(&bytes));
        answer.warn("warning_rune_invalid_utf8", "the restrictions are not UTF-8");
        return Some(answer.finish());
    };
    let mut restrictions: Vec<_> = split(rules, '&').into_iter().filter(|part| !part.is_empty()).collect();
    let alternatives: Vec<Vec<&str>> = restrictions.drain(..).map(|part| split(part, '|')).collect();
    if !alternatives.iter().flatten().all(|alternative| parts(alternative).is_some()) {
        return None;
    }
    let (id, rest) = match alternatives.split_first() {
        Some((first, rest)) if first.len() == 1 && first[0].starts_with('=') => (Some(&first[0][1..]), rest),
        _ => (None, &alternatives[..]),
    };
    if let Some(id) = id {
        let (id, version) = id.split_once('-').map_or((id, None), |(id, version)| (id, Some(version)));
        answer.put("unique_id", id);
        answer.put_some("version", version);
    }
    answer.put("string", format!("{}:{rules}", hex(code)));
    answer.put("restrictions", rest.iter().map(|alternatives| restriction(alternatives)).collect::<Value>());
    Some(answer.finish())
}

fn restriction(alternatives: &[&str]) -> Value {
    let words: Vec<_> = alternatives.iter().map(|alternative| summary(alternative)).collect();
    let texts: Vec<_> = alternatives.iter().map(|alternative| unescaped(alternative)).collect();
    json!({ "alternatives": texts, "summary": words.join(" or ") })
}

fn summary(alternative: &str) -> String {
    let Some((name, words, value)) = parts(alternative) else {
        return alternative.to_owned();
    };
    if words == CONDITIONS[0].1 { format!("{name} {words}") } else { format!("{name} {words} {}", unescaped(value)) }
}

/// The name, the condition in words and the value of an alternative.
fn parts(alternative: &str) -> Option<(&str, &'static str, &str)> {
    let at = alternative.find(|character: char| character.is_ascii_punctuation() && character != '_')?;
    let (name, rest) = alternative.split_at(at);
    let condition = rest.chars().next()?;
    let (_, words) = CONDITIONS.into_iter().find(|(known, _)| *known == condition)?;
    Some((name, words, &rest[condition.len_utf8()..]))
}

/// The parts between separators; a backslash takes away the meaning of what follows it.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut is_escaped) = (Vec::new(), 0, false);
    for (at, character) in text.char_indices() {
        if character == separator && !is_escaped {
            parts.push(&text[start..at]);
            start = at + separator.len_utf8();
        }
        is_escaped = character == '\\' && !is_escaped;
    }
    parts.push(&text[start..]);
    parts
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.extend(if character == '\\' { characters.next() } else { Some(character) });
    }
    plain
}
