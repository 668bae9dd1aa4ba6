//! BOLT 12's own vectors, where they are at hand; a clone alone has the table in `texts.rs` and `rules.rs`.

use cln_runtime::bolt12::{Accept, InvoiceRequest, Offer};
use serde_json::Value;

use crate::support::{hex, shared_json};

fn cases(path: &str) -> Vec<Value> {
    let Some(Value::Array(cases)) = shared_json(path) else {
        return Vec::new();
    };
    assert!(!cases.is_empty());
    cases
}

#[test]
fn texts_are_joined_as_bolt_12_says() {
    let cases = cases("bolt12/format-string-test.json");
    assert!(cases.is_empty() || cases.len() == 12);
    for case in cases {
        let offer = Offer::parse(case["string"].as_str().unwrap(), Accept::Any);
        assert_eq!(offer.is_ok(), case["valid"] == true, "{}: {offer:?}", case["comment"]);
    }
}

#[test]
fn offers_are_read_and_refused_as_bolt_12_says() {
    let cases = cases("bolt12/offers-test.json");
    assert!(cases.is_empty() || cases.len() == 53);
    for case in cases {
        let text = case["bolt12"].as_str().unwrap();
        let offer = Offer::parse(text, Accept::Any);
        assert_eq!(offer.is_ok(), case["valid"] == true, "{}: {offer:?}", case["description"]);
        let Ok(offer) = offer else {
            continue;
        };
        assert_eq!(offer.to_string(), text, "{}", case["description"]);
        let found: Vec<_> = offer.records().map(|(field, value)| (field.0, value.to_vec())).collect();
        let fields = case["fields"].as_array().unwrap();
        let expected: Vec<_> =
            fields.iter().map(|field| (field["type"].as_u64().unwrap(), hex(field["hex"].as_str().unwrap()))).collect();
        assert_eq!(found, expected, "{}", case["description"]);
    }
}

#[test]
fn requests_are_signed_as_bolt_12_says() {
    let cases = cases("bolt12/signature-test.json");
    for case in cases.iter().filter(|case| case["bolt12"].is_string()) {
        let request = InvoiceRequest::parse(case["bolt12"].as_str().unwrap(), Accept::Any).unwrap();
        let root = request.merkle_root().unwrap();
        assert_eq!(root.to_string(), case["merkle"].as_str().unwrap());
        assert_eq!(request.sighash().unwrap().to_string(), case["H(signature_tag,merkle)"].as_str().unwrap());
        assert_eq!(request.signature().unwrap().to_string(), case["signature"].as_str().unwrap());
        request.verify().unwrap();
    }
}
