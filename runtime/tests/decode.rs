//! Texts decoded without a node, beside what a node answered.

use std::fs;
use std::path::{Path, PathBuf};

use cln_api::decode::Response;
use cln_runtime::decode::{Error, decode, to_json};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Recorded traffic: the workspace's own, and that beside it, which a clone alone has not. Where the suite must be complete,
/// its absence fails.
fn recorded() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let own = root.join("tests/traffic/exchanges.jsonl");
    let examples = root.join("schemas/examples.jsonl");
    let shared = root.join("../shared/traffic/v26.06/exchanges.jsonl");
    assert!(shared.exists() || std::env::var_os("CI").is_none(), "{} is missing", shared.display());
    [own, examples, shared].into_iter().filter(|path| path.exists()).collect()
}

/// All recorded calls of `decode` with a text: what was asked, and the line.
fn exchanges() -> Vec<(String, Value)> {
    let files = recorded().into_iter().map(|path| fs::read_to_string(path).unwrap());
    let lines: Vec<Value> = files
        .flat_map(|file| file.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>())
        .collect();
    let calls = lines.into_iter().filter(|line| line["method"] == "decode");
    calls.filter_map(|line| Some((line["request"]["string"].as_str()?.to_owned(), line))).collect()
}

/// Leaves out what a program says in its own words.
fn without_words(mut answer: Value) -> Value {
    for (name, value) in answer.as_object_mut().unwrap() {
        if name.starts_with("warning_") {
            *value = Value::Null;
        }
    }
    for restriction in answer["restrictions"].as_array_mut().into_iter().flatten() {
        restriction["summary"] = Value::Null;
    }
    if answer["restrictions"].is_null() {
        answer.as_object_mut().unwrap().remove("restrictions");
    }
    answer
}

#[test]
fn texts_are_decoded_as_a_node_does() {
    let (mut answered, mut refused) = (0, 0);
    for (text, line) in exchanges() {
        let ours = to_json(&text);
        match line.get("response") {
            Some(theirs) => {
                let ours = ours.unwrap_or_else(|error| panic!("{error}: {line}"));
                assert_eq!(without_words(ours), without_words(theirs.clone()), "{text}");
                answered += 1;
            }
            None => {
                assert!(ours.is_err(), "{line}");
                refused += 1;
            }
        }
    }
    assert!(answered >= 7, "only {answered} answers and {refused} errors were found");
}

#[test]
fn every_answer_has_the_generated_type() {
    for (text, line) in exchanges().into_iter().filter(|(_, line)| line.get("response").is_some()) {
        let typed = decode(&text).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(!matches!(typed, Response::Unknown(_)), "{line}");
        let theirs: Response = serde_json::from_value(line["response"].clone()).unwrap();
        assert_eq!(std::mem::discriminant(&typed), std::mem::discriminant(&theirs), "{line}");
    }
}

fn check_error(text: &str, is_expected: fn(&Error) -> bool) {
    let error = to_json(text).unwrap_err();
    assert!(is_expected(&error), "{text}: {error}");
}

#[test]
fn other_texts_are_refused() {
    check_error("", |error| matches!(error, Error::Kind));
    check_error("hello", |error| matches!(error, Error::Kind));
    check_error("word1word", |error| matches!(error, Error::Kind));
    check_error("lnbc1junk", |error| matches!(error, Error::Bolt11(_)));
    check_error("lno1qq", |error| matches!(error, Error::Bolt12(_)));
    check_error("lnp1qq", |error| matches!(error, Error::PayerProof));
    check_error("clnemerg1qq", |error| matches!(error, Error::EmergencyRecover));
}

/// A witness program of version 1 and 20 bytes.
const ODD_FALLBACK: &str = "lntb20m1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygshp58yjmdan79s6qqdhdzgynm4zwqd5d7xmw5fk98kl\
                            ysy043l2ahrqspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqfppwx9et2e20v6pu37c5d9vax37wxq72un989qrs\
                            gqdj545axuxtnfemtpwkc45hx9d2ft7x04mt8q7y6t0k2dge9e7h8kpy9p34ytyslj3yu569aalz2xdk8xkd7ltxqld94u8h2esmsmacgpwe\
                            mlww";

#[test]
fn an_address_of_no_known_kind_is_passed_over() {
    assert!(matches!(decode(ODD_FALLBACK), Ok(Response::Bolt11Invoice(invoice)) if invoice.fallbacks.is_none()));
}

/// Otherwise the invoice would look like one of any amount.
#[test]
fn an_invoice_over_more_than_a_number_holds_is_refused() {
    use bitcoin::secp256k1::{Message, Secp256k1, SecretKey};
    use lightning_invoice::{SiPrefix, SignedRawBolt11Invoice};
    let calls = exchanges();
    let (text, _) =
        calls.iter().find(|(text, line)| text.starts_with("lnbc") && line.get("response").is_some()).unwrap();
    let (mut invoice, ..) = text.parse::<SignedRawBolt11Invoice>().unwrap().into_parts();
    let mut with_amount = |amount| {
        invoice.hrp.raw_amount = Some(amount);
        invoice.hrp.si_prefix = Some(SiPrefix::Milli);
        let key = SecretKey::from_slice(&[1; 32]).unwrap();
        let sign = |hash: &Message| Ok::<_, ()>(Secp256k1::new().sign_ecdsa_recoverable(hash, &key));
        to_json(&invoice.clone().sign(sign).unwrap().to_string())
    };
    assert_eq!(with_amount(1).unwrap()["amount_msat"], 100_000_000);
    assert!(matches!(with_amount(u64::MAX), Err(Error::Bolt11(_))));
}

/// An offer of a key alone.
const OFFER: &str = "lno1zcss9mk8y3wkklfvevcrszlmu23kfrxh49px20665dqwmn4p72pksese";

#[test]
fn a_scheme_and_case_do_not_matter() {
    let expected = to_json(OFFER).unwrap();
    for text in
        [format!("lightning:{OFFER}"), format!("LIGHTNING:{}", OFFER.to_uppercase()), format!("l+no{}", &OFFER[3..])]
    {
        assert_eq!(to_json(&text).unwrap(), expected, "{text}");
    }
}

#[test]
fn runes_are_read_with_their_escapes() {
    use cln_primitives::HexBytes;
    let rune = |rules: &[u8]| {
        let bytes = [&[7; 32], rules].concat();
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let bit = |at: usize| u8::from(bytes.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1));
        let digits =
            (0..(bytes.len() * 8).div_ceil(6)).map(|at| (0..6).fold(0, |digit, one| digit << 1 | bit(at * 6 + one)));
        digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect::<String>()
    };
    let answer = to_json(&rune(br"=3-1&method^list|method=odd\|a\&b&time!")).unwrap();
    assert_eq!((&answer["unique_id"], &answer["version"]), (&json!("3"), &json!("1")));
    assert_eq!(answer["restrictions"][0]["alternatives"], json!(["method^list", "method=odd|a&b"]));
    assert_eq!(answer["restrictions"][1]["summary"], "time is absent");
    assert_eq!(to_json(&rune(b"\xff")).unwrap()["valid"], false);
    let hex = to_json(&rune(b"\xff")).unwrap()["hex"].as_str().unwrap().parse::<HexBytes>().unwrap();
    assert_eq!(hex.into_vec().len(), 33);
    check_error(&rune(b"method"), |error| matches!(error, Error::Kind));
}

proptest! {
    #[test]
    fn changed_texts_are_decoded_or_refused(
        text in prop::sample::select(exchanges().into_iter().map(|(text, _)| text).collect::<Vec<_>>()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut bytes = text.into_bytes();
        for (index, byte) in changes.iter().filter(|_| !bytes.is_empty()).collect::<Vec<_>>() {
            let at = index.index(bytes.len());
            bytes[at] = *byte;
        }
        let _ = decode(&String::from_utf8_lossy(&bytes));
    }
}
