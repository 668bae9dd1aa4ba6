//! The framer against serde_json's reader of JSON sequences.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Deserializer, Map, Value, json};

use super::frame::{FrameError, Framer, Message};

/// The messages in bytes that come in such pieces.
fn frames(bytes: &[u8], pieces: &[usize]) -> Result<Vec<Message>, FrameError> {
    let mut framer = Framer::new(usize::MAX);
    let mut messages = Vec::new();
    let mut sizes = pieces.iter().copied().cycle();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(sizes.next().unwrap_or(1).clamp(1, rest.len()));
        framer.buffer.extend_from_slice(piece);
        while let Some(message) = framer.next_message()? {
            messages.push(message);
        }
        rest = behind;
    }
    Ok(messages)
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), r#"[\\"{}\[\],: ]{0,12}"#]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(|number: f64| json!(number)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![vec(inner.clone(), 0..5).prop_map(Value::from), vec((text(), inner), 0..5).prop_map(object)]
    })
}

fn object(members: Vec<(String, Value)>) -> Value {
    Value::Object(members.into_iter().collect::<Map<_, _>>())
}

fn message() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        3 => prop::sample::select(vec!["id", "result", "error", "method", "params", "jsonrpc"]).prop_map(str::to_owned),
        1 => text(),
    ];
    vec((name, value()), 0..6).prop_map(object)
}

/// A message as some server may write it.
fn written() -> impl Strategy<Value = String> {
    (message(), any::<bool>(), prop::sample::select(vec!["", " ", "\n", "\n\n", "\r\n\t "])).prop_map(
        |(message, pretty, behind)| {
            let json = if pretty { format!("{message:#}") } else { message.to_string() };
            json + behind
        },
    )
}

/// Bytes that look like JSON more often than any bytes would.
fn garbage() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..200),
        vec(prop::sample::select(br#"{}[]",:\ 1tnid"#.to_vec()), 0..200),
        (written(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(json, at, byte)| {
            let mut bytes = json.into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn any_messages_in_any_pieces_are_what_serde_json_reads(
        texts in vec(written(), 0..5),
        pieces in vec(1_usize..40, 1..8),
    ) {
        let bytes = texts.concat().into_bytes();
        let expected: Vec<Value> = Deserializer::from_slice(&bytes).into_iter().collect::<Result<_, _>>().unwrap();
        let messages = frames(&bytes, &pieces).unwrap();
        let read: Vec<Value> = messages.iter().map(|it| serde_json::from_slice(&it.bytes).unwrap()).collect();
        prop_assert_eq!(&read, &expected);
        for (message, expected) in messages.iter().zip(&expected) {
            let members = &message.members;
            for (name, range) in [
                ("id", &members.id),
                ("result", &members.result),
                ("error", &members.error),
                ("method", &members.method),
                ("params", &members.params),
            ] {
                let member = message.member(range).map(|json| serde_json::from_slice::<Value>(&json).unwrap());
                prop_assert_eq!(member.as_ref(), expected.get(name));
            }
        }
    }

    /// Whether it is refused or not, nothing panics, and the pieces make no difference.
    #[test]
    fn garbage_does_no_harm(bytes in garbage(), pieces in vec(1_usize..40, 1..8)) {
        let whole = frames(&bytes, &[usize::MAX]);
        let split = frames(&bytes, &pieces);
        match (whole, split) {
            (Ok(whole), Ok(split)) => {
                let bytes = |messages: &[Message]| messages.iter().map(|it| it.bytes.clone()).collect::<Vec<_>>();
                prop_assert_eq!(bytes(&whole), bytes(&split));
            }
            (whole, split) => prop_assert_eq!(whole.map(|_| ()), split.map(|_| ())),
        }
    }

    /// A message that serde_json refuses is refused here or later, but what it takes is never refused.
    #[test]
    fn what_is_json_is_never_refused(bytes in garbage()) {
        let read: Result<Vec<Map<String, Value>>, _> = Deserializer::from_slice(&bytes).into_iter().collect();
        if let Ok(read) = read {
            prop_assert_eq!(frames(&bytes, &[7]).map(|messages| messages.len()), Ok(read.len()));
        }
    }
}
