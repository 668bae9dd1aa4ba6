//! The two commands that the project began with: real requests and answers, read into types and back.

use cln_api::{Command, invoicerequest, sendinvoice};
use cln_primitives::{Msat, RpcError};
use serde_json::{Value, json};

fn paid() -> Value {
    json!({
        "label": "order-17",
        "description": "simple test",
        "payment_hash": "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925",
        "status": "paid",
        "expires_at": 1_739_000_000,
        "amount_msat": 10_000_000,
        "bolt12": "lni1qqgteyhfyp40c79",
        "created_index": 4,
        "updated_index": 2,
        "pay_index": 2,
        "amount_received_msat": 10_000_000,
        "paid_at": 1_738_500_000,
        "payment_preimage": "0000000000000000000000000000000000000000000000000000000000000000",
    })
}

fn with(mut answer: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => answer.as_object_mut().unwrap().remove(name),
            value => answer.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    answer
}

fn unpaid() -> Value {
    let gone = json!({"status": "unpaid", "pay_index": null, "amount_received_msat": null, "paid_at": null,
        "payment_preimage": null});
    with(paid(), gone)
}

fn read(answer: &Value) -> Result<sendinvoice::Response, String> {
    sendinvoice::Request::decode_response(answer.to_string().as_bytes()).map_err(|error| error.to_string())
}

fn check_there_and_back(answer: Value) -> sendinvoice::Response {
    let response = read(&answer).unwrap();
    assert_eq!(serde_json::to_value(&response).unwrap(), answer);
    response
}

#[test]
fn the_seed_of_invoicerequest_is_read_and_written() {
    let request: invoicerequest::Request = serde_json::from_value(json!({
        "amount": "10000sat", "description": "simple test", "issuer": "clightning test suite"
    }))
    .unwrap();
    assert_eq!(
        request,
        invoicerequest::Request::new(Msat::from_msat(10_000_000), "simple test").issuer("clightning test suite")
    );
    assert_eq!(
        serde_json::to_value(&request).unwrap(),
        json!({"amount": 10_000_000, "description": "simple test", "issuer": "clightning test suite"})
    );

    let answer = json!({
        "invreq_id": "715484ead84bcdae5b33e3015c686fa1bdd4ae9ade3c4729b58257a98cfcd9b5",
        "active": true,
        "single_use": true,
        "bolt12": "lnr1qqgteyhfyp40c79a5y3gfe33nxfs6zstwd5k6urvv5s8getnwsfp2cmvd9nksarwd9hxwgr5v4ehg",
        "used": false
    });
    let response = invoicerequest::Request::decode_response(answer.to_string().as_bytes()).unwrap();
    assert_eq!(response.invreq_id.to_string(), "715484ead84bcdae5b33e3015c686fa1bdd4ae9ade3c4729b58257a98cfcd9b5");
    assert_eq!(serde_json::to_value(&response).unwrap(), answer);
}

#[test]
fn a_paid_invoice_has_a_preimage() {
    let response = check_there_and_back(paid());
    let sendinvoice::Status::Paid(paid) = &response.status else { panic!("{response:?}") };
    assert_eq!(paid.amount_received_msat, Msat::from_msat(10_000_000));
    assert_eq!(paid.payment_preimage.reveal(), &[0; 32]);
    assert!(!format!("{response:?}").contains(&"00".repeat(32)), "the preimage shows in {response:?}");
}

#[test]
fn an_unpaid_invoice_has_none() {
    assert_eq!(check_there_and_back(unpaid()).status, sendinvoice::Status::Unpaid);
}

#[test]
fn a_paid_invoice_without_a_preimage_is_an_error_that_says_where() {
    let error = read(&with(paid(), json!({"payment_preimage": null}))).unwrap_err();
    for part in ["`sendinvoice`", "at the top level", "`paid` requires `payment_preimage`"] {
        assert!(error.contains(part), "{error}");
    }
    let listed = json!({"invoices": [unpaid(), with(paid(), json!({"payment_preimage": null}))]});
    let error = cln_api::listinvoices::Request::decode_response(listed.to_string().as_bytes()).unwrap_err().to_string();
    for part in ["`listinvoices`", "`invoices[1]`", "`paid` requires `payment_preimage`"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn an_unknown_status_keeps_its_text_and_its_fields() {
    let held = with(unpaid(), json!({"status": "held", "held_since": 1_738_400_000, "pay_index": 9}));
    let response = check_there_and_back(held);
    assert_eq!(response.status.to_string(), "held");
    let sendinvoice::Status::Unknown(held) = &response.status else { panic!("{response:?}") };
    assert_eq!((held.as_str(), held.fields().len()), ("held", 2));
    assert_eq!(held.fields()["held_since"], 1_738_400_000);
}

#[test]
fn errors_are_told_apart_by_their_codes() {
    let error = |code, data| sendinvoice::Error::from(RpcError { code, message: "no".to_owned(), data });
    let clash = error(900, Some(with(unpaid(), json!({"label": "order-17"}))));
    let sendinvoice::Error::InvoiceLabelAlreadyExists(clash) = clash else { panic!("{clash:?}") };
    assert_eq!(clash.data.unwrap().label, "order-17");

    let refused = error(1004, Some(json!({"erroneous_field": 170, "error": "too large"})));
    let sendinvoice::Error::OfferBadInvreqReply(refused) = refused else { panic!("{refused:?}") };
    let data = refused.data.unwrap();
    assert_eq!((data.erroneous_field, data.error.as_deref()), (Some(170), Some("too large")));

    assert!(matches!(error(1005, Some(json!({"invstring": "lni1"}))), sendinvoice::Error::Timeout(_)));
    let unlisted = error(4242, None);
    assert!(matches!(unlisted, sendinvoice::Error::Other(_)));
    assert_eq!((unlisted.code(), unlisted.common()), (4242, None));
    assert!(error(-32602, None).common().is_some());
}

#[test]
fn requests_are_strict_on_names() {
    let error = serde_json::from_value::<sendinvoice::Request>(json!({"invreq": "lnr1", "lable": "a"})).unwrap_err();
    assert!(error.to_string().contains("unknown field `lable`"), "{error}");
}
