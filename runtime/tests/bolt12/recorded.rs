//! Every text in recorded traffic and in the examples of schemas.

use std::collections::BTreeMap;
use std::fs;

use cln_runtime::bolt12::{Accept, Error, Invoice, InvoiceRequest, Offer};
use serde_json::{Map, Value};

use crate::support::{files, read, root, shared, texts_in};

/// How the texts start that stand for others in some schemas.
const PLACEHOLDERS: [&str; 2] = ["lno1qgsq000bolt", "lni1qqg0qe0"];

/// The texts that Core Lightning refuses too, by how they end, and why.
const REFUSED: [(&str, &str); 4] = [
    ("xvxg", "`offer_currency` (type 6) at byte 0 needs an `offer_amount`"),
    ("5nwacfdyhexq", "`offer_amount` (type 8) at byte 34 is zero"),
    ("x3tw7fzumk3dssnxq", "the signature does not fit"),
    // Recurrence as releases before v24.11 wrote it, in types that BOLT 12 has not given.
    ("", "must be understood and is not"),
];

fn is_expected(text: &str, error: &Error) -> bool {
    REFUSED.iter().any(|(end, why)| text.ends_with(end) && error.to_string().contains(why))
}

/// All texts at hand, each once, and one file that holds it.
fn recorded() -> BTreeMap<String, String> {
    let mut folders = vec![(root().join("schemas"), "jsonl"), (root().join("tests/traffic"), "jsonl")];
    folders.extend(shared("traffic").map(|folder| (folder, "jsonl")));
    folders.extend(shared("cln-schemas").map(|folder| (folder, "json")));
    let mut texts = BTreeMap::new();
    for (folder, ending) in folders {
        for file in files(&folder, ending) {
            let content = fs::read_to_string(&file).unwrap();
            let real =
                texts_in(&content).into_iter().filter(|text| !PLACEHOLDERS.iter().any(|start| text.starts_with(start)));
            texts.extend(real.map(|text| (text.to_owned(), file.display().to_string())));
        }
    }
    texts
}

#[test]
fn every_recorded_text_is_read_and_written_again() {
    let texts = recorded();
    let mut refused = Vec::new();
    for (text, file) in &texts {
        match read(text) {
            Ok(bytes) => check_written_again(text, &bytes),
            Err(error) if is_expected(text, &error) => {}
            Err(error) => refused.push(format!("{error}: {file}: {text}")),
        }
    }
    assert!(texts.len() > 20, "only {} texts were found", texts.len());
    assert!(refused.is_empty(), "{} of {} refused:\n{}", refused.len(), texts.len(), refused.join("\n"));
}

fn check_written_again(text: &str, bytes: &[u8]) {
    let again = match &text[..3] {
        "lno" => Offer::from_bytes(bytes.to_vec(), Accept::Any).map(|offer| offer.to_string()),
        "lnr" => InvoiceRequest::from_bytes(bytes.to_vec(), Accept::Any)
            .and_then(InvoiceRequest::verify)
            .map(|request| request.to_string()),
        _ => Invoice::from_bytes(bytes.to_vec(), Accept::Any)
            .and_then(Invoice::verify)
            .map(|invoice| invoice.to_string()),
    };
    match again {
        Ok(again) => assert_eq!(again, text),
        // A template that somebody is to sign.
        Err(Error::Missing(_)) => {}
        Err(error) => panic!("{error}: {text}"),
    }
}

/// Where an answer shows a text beside its id or hash, they are those that we find in the text.
#[test]
fn ids_are_those_that_the_node_told() {
    let mut folders = vec![root().join("tests/traffic")];
    folders.extend(shared("traffic"));
    let mut compared = 0;
    for file in folders.iter().flat_map(|folder| files(folder, "jsonl")) {
        for line in fs::read_to_string(&file).unwrap().lines() {
            if let Ok(json) = serde_json::from_str(line) {
                visit(&json, &mut |object| compared += usize::from(check_ids(object)));
            }
        }
    }
    assert!(compared > 20, "only {compared} were compared");
}

fn visit(json: &Value, seen: &mut dyn FnMut(&Map<String, Value>)) {
    match json {
        Value::Object(object) => {
            seen(object);
            object.values().for_each(|value| visit(value, seen));
        }
        Value::Array(list) => list.iter().for_each(|value| visit(value, seen)),
        _ => {}
    }
}

/// True when there was something to compare.
fn check_ids(object: &Map<String, Value>) -> bool {
    let text_of = |key: &str| object.get(key).and_then(Value::as_str);
    let Some(text) = text_of("bolt12") else {
        return false;
    };
    if let (Some(id), Ok(request)) = (text_of("invreq_id"), InvoiceRequest::parse(text, Accept::Any)) {
        assert_eq!(request.invreq_id().to_string(), id, "{text}");
        return true;
    }
    if let (Some(id), Ok(offer)) = (text_of("offer_id"), Offer::parse(text, Accept::Any)) {
        assert_eq!(offer.offer_id().to_string(), id, "{text}");
        return true;
    }
    if let (Some(hash), Ok(invoice)) = (text_of("payment_hash"), Invoice::parse(text, Accept::Any)) {
        assert_eq!(invoice.invoice_payment_hash().unwrap().to_string(), hash, "{text}");
        if let (Some(expiry), Some(amount)) = (object.get("expires_at"), object.get("amount_msat")) {
            assert_eq!(invoice.expires_at(), expiry.as_u64(), "{text}");
            assert_eq!(invoice.invoice_amount().map(u64::from), amount.as_u64(), "{text}");
        }
        return true;
    }
    false
}
