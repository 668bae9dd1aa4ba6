//! What `sendinvoice` takes for a request that an invoice may be sent for: all else is -32602, before anything is stored.

use bitcoin::secp256k1::{Keypair, Secp256k1};
use cln_api::sendinvoice::Request;
use cln_primitives::{Msat, NodeId};
use cln_runtime::bolt12::{BlindedPathBuf, Chain, Features, FirstNode, Recurrence, RequestBuilder};
use cln_runtime::engine::{Order, SendInvoiceError};

fn key(number: u8) -> Keypair {
    Keypair::from_seckey_slice(&Secp256k1::new(), &[number; 32]).unwrap()
}

fn node(number: u8) -> NodeId {
    NodeId::from(key(number).public_key())
}

fn request(chain: Chain) -> RequestBuilder {
    RequestBuilder::stand_alone(&[7; 16], node(1), chain, Msat::from_msat(1000)).offer_description("x")
}

fn text(builder: RequestBuilder) -> String {
    builder.build().unwrap().sign(&key(1)).unwrap().to_string()
}

fn regtest() -> RequestBuilder {
    request(Chain::REGTEST)
}

fn order(text: &str) -> Result<Order, SendInvoiceError> {
    Order::new(&Request::new(text, "label"), Chain::REGTEST)
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let error = order(text).unwrap_err();
    assert!(matches!(error, SendInvoiceError::Request(_)), "{error}");
    let told = error.to_string();
    assert!(told.starts_with("invreq: ") && told.contains(expected), "{told}");
}

#[test]
fn what_is_not_said_is_the_requests_amount_and_ninety_seconds() {
    let order = order(&text(regtest())).unwrap();
    assert_eq!((order.label.as_str(), order.amount.as_msat(), order.timeout), ("label", 1000, 90));
}

#[test]
fn another_amount_and_timeout_are_sent_as_they_are() {
    let request = Request::new(text(regtest()), "label").amount_msat(Msat::from_msat(1)).timeout(7200);
    let order = Order::new(&request, Chain::REGTEST).unwrap();
    assert_eq!((order.amount.as_msat(), order.timeout), (1, 7200));
}

#[test]
fn upper_case_and_broken_lines_are_read() {
    let text = text(regtest());
    order(&text.to_uppercase()).unwrap();
    let (first, second) = text.split_at(20);
    order(&format!("{first}+\n  {second}")).unwrap();
}

#[test]
fn a_text_of_another_kind_is_refused() {
    check("", "no `1`");
    check("lno1qqqq", "starts with `lno1`, expected `lnr1`");
    check("lni1qqqq", "starts with `lni1`, expected `lnr1`");
    check(&format!("lightning:{}", text(regtest())), "starts with");
    check("lnr1b", "holds 'b'");
}

#[test]
fn another_chain_is_refused() {
    check(&text(request(Chain::BITCOIN)), "not for the chain");
}

#[test]
fn an_unknown_feature_is_refused() {
    let even = regtest().invreq_features(Features::from_bytes(&[1]));
    let unsigned = even.build().map(|request| request.unsigned_text());
    assert!(unsigned.is_err(), "the builder makes none, as nobody reads it");
}

#[test]
fn a_missing_or_foreign_signature_is_refused() {
    let unsigned = regtest().build().unwrap().unsigned_text();
    check(&unsigned, "is missing");
    let mut signed = text(regtest());
    // The last but one character is a part of the signature, and of nothing else.
    let at = signed.len() - 3;
    let other = if signed.as_bytes()[at] == b'q' { "p" } else { "q" };
    signed.replace_range(at..=at, other);
    check(&signed, "does not fit");
}

#[test]
fn a_request_that_answers_an_offer_is_refused() {
    check(&text(regtest().offer_issuer_id(node(2))), "based on an offer");
    let path =
        BlindedPathBuf { first_node: FirstNode::Node(node(2)), path_key: node(2), hops: vec![(node(2), vec![])] };
    check(&text(regtest().offer_paths(&[path])), "based on an offer");
}

#[test]
fn what_only_an_offer_has_is_refused() {
    check(&text(regtest().offer_chains(&[Chain::REGTEST])), "no meaning");
    check(&text(regtest().offer_features(Features::from_bytes(&[2]))), "no meaning");
    check(&text(regtest().offer_quantity_max(5)), "no meaning");
    let recurrence = Recurrence { time_unit: 1, period: 1 };
    check(&text(regtest().offer_recurrence_optional(recurrence)), "no meaning");
    check(&text(regtest().invreq_recurrence_counter(0)), "no meaning");
}

#[test]
fn a_quantity_is_refused_as_no_such_request_has_one() {
    let request = Request::new(text(regtest()), "label").quantity(1);
    let error = Order::new(&request, Chain::REGTEST).unwrap_err();
    assert!(matches!(error, SendInvoiceError::Quantity), "{error}");
}

#[test]
fn what_nobody_can_pay_is_refused() {
    let most = 2_100_000_000_000_000_000;
    let order = |amount| {
        Order::new(&Request::new(text(regtest()), "label").amount_msat(Msat::from_msat(amount)), Chain::REGTEST)
    };
    assert_eq!(order(most).unwrap().amount.as_msat(), most);
    let error = order(most + 1).unwrap_err();
    assert!(matches!(error, SendInvoiceError::Amount(_)), "{error}");
}
