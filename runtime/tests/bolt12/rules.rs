//! Each rule that a message can break, and the error that says so.

use cln_primitives::{Hash32, Msat};
use cln_runtime::bolt12::{
    Accept, BlindedPathBuf, Chain, Error, Features, FieldType, Invoice, InvoiceRequest, Offer, Place, Recurrence,
};

use crate::messages::{PAY, path, request, request_builder};
use crate::support::{hex, id, key};

/// A key on the curve, and one that is not.
const POINT: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
const NO_POINT: &str = "02ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

fn place(number: u64, at: usize) -> Place {
    Place { field: FieldType(number), at }
}

fn check_offer(bytes: &str, expected: Error) {
    let bytes = bytes.replace("POINT", &format!("1621{POINT}"));
    assert_eq!(Offer::from_bytes(hex(&bytes), Accept::Any).unwrap_err(), expected, "{bytes}");
}

#[test]
fn records_must_be_whole_and_in_order() {
    check_offer("fd", Error::BigsizeShort { at: 0 });
    check_offer("0a", Error::BigsizeShort { at: 1 });
    check_offer("fd00fc00", Error::BigsizeNotMinimal { at: 0 });
    check_offer("0afd0001", Error::BigsizeNotMinimal { at: 1 });
    check_offer("fe0000ffff00", Error::BigsizeNotMinimal { at: 0 });
    check_offer("ff00000000ffffffff00", Error::BigsizeNotMinimal { at: 0 });
    check_offer("0a000a00", Error::RecordOrder { place: place(10, 2), after: FieldType(10) });
    check_offer("0a000400", Error::RecordOrder { place: place(4, 2), after: FieldType(10) });
    check_offer("0a0541", Error::RecordLength { place: place(10, 0), length: 5, left: 1 });
    let most = u64::MAX;
    check_offer("0affffffffffffffffff", Error::RecordLength { place: place(10, 0), length: most, left: 0 });
}

#[test]
fn values_must_fit_their_encoding() {
    check_offer("080100", Error::ValueLeadingZero(place(8, 2)));
    check_offer("0809010000000000000000", Error::ValueLong(place(8, 2)));
    check_offer("0a0241ff", Error::ValueNotUtf8(place(10, 3)));
    check_offer("0a02c080", Error::ValueNotUtf8(place(10, 2)));
    check_offer("0a03eda080", Error::ValueNotUtf8(place(10, 2)));
    check_offer("0a024100", Error::ValueZeroByte(place(10, 3)));
    check_offer("160102", Error::ValueShort(place(22, 2)));
    check_offer(&format!("1622{POINT}00"), Error::ValueLong(place(22, 35)));
    check_offer(&format!("1621{NO_POINT}"), Error::ValueNotAPoint(place(22, 2)));
    check_offer("0201aa", Error::ValueShort(place(2, 2)));
    check_offer(&format!("1021{NO_POINT}"), Error::ValueNotAPoint(place(16, 2)));
    check_offer("100104", Error::ValueShort(place(16, 2)));
}

#[test]
fn offers_break_rules_in_this_order() {
    check_offer("0c0101", Error::UnknownFeature { place: place(12, 0), bit: 0 });
    check_offer("5000", Error::UnknownEven(place(80, 0)));
    check_offer("0200POINT", Error::NoChains(place(2, 0)));
    check_offer("POINT5100", Error::OutOfRange { place: place(81, 35), message: "offer" });
    check_offer("POINTfd00f100", Error::BigsizeNotMinimal { at: 35 });
    check_offer("POINTf100", Error::OutOfRange { place: place(241, 35), message: "offer" });
    check_offer("080101POINT", Error::AmountWithoutDescription(place(8, 0)));
    check_offer("08000a00POINT", Error::ZeroAmount(place(8, 0)));
    check_offer("0603555344POINT", Error::CurrencyWithoutAmount(place(6, 0)));
    check_offer("0a00", Error::NoIssuer);
    check_offer("1000", Error::NoIssuer);
    check_offer(&format!("1043{POINT}{POINT}00"), Error::EmptyPath(place(16, 0)));
    let (unit, none) = (Recurrence { time_unit: 3, period: 1 }, Recurrence { time_unit: 1, period: 0 });
    let recurs = |recurrence| Offer::builder(id(1)).offer_recurrence_optional(recurrence);
    let at = place(1_000_000_025, 35);
    assert_eq!(recurs(unit).build().unwrap_err(), Error::RecurrenceUnit { place: at, unit: 3 });
    assert_eq!(recurs(none).build().unwrap_err(), Error::RecurrencePeriodZero(at));
    let every_day = recurs(Recurrence { time_unit: 1, period: 1 });
    let limit = every_day.clone().offer_recurrence_limit(0).build().unwrap_err();
    assert!(matches!(limit, Error::RecurrenceLimitZero(_)), "{limit}");
    assert_eq!(every_day.offer_recurrence_limit(9).build().unwrap().offer_recurrence_limit(), Some(9));
    let alone = Offer::builder(id(1)).offer_recurrence_limit(9).build().unwrap_err();
    assert_eq!(alone, Error::RecurrenceMissing(place(1_000_000_029, 35)));
}

#[test]
fn offers_are_for_their_chains() {
    let check = |offer: &Offer, chain, fits: bool| {
        let read = Offer::from_bytes(offer.as_bytes().to_vec(), chain).map(|_| ());
        assert_eq!(read, if fits { Ok(()) } else { Err(Error::WrongChain { expected: chain }) });
    };
    let any = Offer::builder(id(1)).build().unwrap();
    check(&any, Chain::BITCOIN, true);
    check(&any, Chain::REGTEST, false);
    let two = Offer::builder(id(1)).offer_chains(&[Chain::SIGNET, Chain::REGTEST]).build().unwrap();
    check(&two, Chain::REGTEST, true);
    check(&two, Chain::BITCOIN, false);
}

#[test]
fn requests_break_rules_in_this_order() {
    let check = |bytes: &str, expected| {
        assert_eq!(InvoiceRequest::from_bytes(hex(bytes), Accept::Any).map(|_| ()), expected, "{bytes}");
    };
    check("540101", Err(Error::UnknownFeature { place: place(84, 0), bit: 0 }));
    check("540102", Ok(()));
    check("a100", Err(Error::OutOfRange { place: place(161, 0), message: "invoice_request" }));
    check("a000", Err(Error::UnknownEven(place(160, 0))));
    check("f100", Ok(()));
    check("feb2d05e0100", Err(Error::OutOfRange { place: place(3_000_000_001, 0), message: "invoice_request" }));
    check(&format!("5a43{POINT}{POINT}00"), Err(Error::EmptyPath(place(90, 0))));
}

#[test]
fn requests_are_verified_in_this_order() {
    let check = |bytes: String, missing| {
        let request = InvoiceRequest::from_bytes(hex(&bytes), Accept::Any).unwrap();
        assert_eq!(request.verify().unwrap_err(), Error::Missing(FieldType(missing)));
    };
    check("0000".into(), 88);
    check(format!("5821{POINT}"), 0);
    check(format!("00005821{POINT}"), 240);
}

#[test]
fn only_requests_without_an_offer_stand_alone() {
    let check = |builder: cln_runtime::bolt12::RequestBuilder, expected: fn(&Error) -> bool| {
        let error = builder.build().unwrap().sign(&key(5)).unwrap().stand_alone_amount().unwrap_err();
        assert!(expected(&error), "{error}");
    };
    assert_eq!(request().stand_alone_amount(), Ok(Msat::from_msat(21_000)));
    check(request_builder().offer_issuer_id(id(1)), |error| matches!(error, Error::BasedOnOffer(_)));
    check(request_builder().offer_paths(&[path()]), |error| matches!(error, Error::BasedOnOffer(_)));
    check(request_builder().offer_quantity_max(1), |error| matches!(error, Error::UnexpectedOfferField(_)));
    check(request_builder().offer_chains(&[Chain::REGTEST]), |error| matches!(error, Error::UnexpectedOfferField(_)));
    let no_amount = Offer::builder(id(1)).build().unwrap().request(&[1], id(5));
    let no_amount = no_amount.build().unwrap().sign(&key(5)).unwrap();
    assert!(no_amount.answers_offer());
}

#[test]
fn invoices_must_be_payable() {
    let builder = || request().invoice(Hash32::from_bytes([4; 32]), Msat::from_msat(1), 1, id(6));
    let check = |builder: cln_runtime::bolt12::InvoiceBuilder, expected| {
        assert_eq!(builder.build().unwrap().sign(&key(6)).unwrap_err(), expected);
    };
    check(builder(), Error::Missing(FieldType(160)));
    check(builder().invoice_paths(&[]), Error::Missing(FieldType(160)));
    check(builder().invoice_paths(&[path()]), Error::Missing(FieldType(162)));
    let two = builder().invoice_paths(&[path()]).invoice_blindedpay(&[PAY, PAY]);
    check(two, Error::BlindedPayCount { paths: 1, infos: 2 });
    let empty = builder().invoice_paths(&[BlindedPathBuf { hops: Vec::new(), ..path() }]).invoice_blindedpay(&[PAY]);
    let error = empty.build().unwrap().sign(&key(6)).unwrap_err();
    assert!(matches!(error, Error::EmptyPath(_)), "{error}");
    let unsigned = Invoice::from_bytes(hex("00"), Accept::Any).unwrap_err();
    assert_eq!(unsigned, Error::BigsizeShort { at: 1 });
}

/// Core Lightning hashes far beyond the message here.
#[test]
fn an_invoice_without_a_request_has_the_id_of_nothing() {
    let invoice = Invoice::from_bytes(hex("aa00"), Accept::Any).unwrap();
    let of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(invoice.invreq_id().to_string(), of_nothing);
    assert_eq!((invoice.offer_id(), invoice.invoice_amount()), (None, Some(Msat::ZERO)));
}

#[test]
fn invoices_may_ask_for_payment_in_parts_only() {
    let build = |features: &'static [u8]| {
        let builder = request().invoice(Hash32::from_bytes([4; 32]), Msat::from_msat(1), 1, id(6));
        builder.invoice_features(Features::from_bytes(features)).build()
    };
    let bits: Vec<usize> = build(&[3, 0, 0]).unwrap().invoice_features().unwrap().bits().collect();
    assert_eq!(bits, [16, 17]);
    let error = build(&[4, 0, 0]).unwrap_err();
    assert!(matches!(error, Error::UnknownFeature { bit: 18, .. }), "{error}");
    assert!(build(&[8, 0, 0]).is_ok());
}

#[test]
fn an_ended_recurrence_gives_no_invoice() {
    let request = request_builder().invreq_recurrence_cancel(()).build().unwrap().sign(&key(5)).unwrap();
    assert_eq!(request.invreq_recurrence_cancel(), Some(()));
    let error = request.invoice(Hash32::from_bytes([4; 32]), Msat::from_msat(1), 1, id(6)).build().unwrap_err();
    assert!(matches!(error, Error::UnknownEven(place) if place.field == FieldType(2_000_000_094)), "{error}");
}
