//! Messages that are built, signed, written and read again.

use bitcoin::secp256k1::Secp256k1;
use cln_primitives::{Hash32, Msat, ShortChannelId, ShortChannelIdDir};
use cln_runtime::bolt12::{
    Accept, Bip353Name, BlindedPathBuf, BlindedPay, Chain, Error, FallbackAddress, Features, FieldType, FirstNode,
    Invoice, InvoiceError, InvoiceRequest, Offer, Recurrence, RecurrenceBase, RecurrencePaywindow, RequestBuilder,
    Unsigned, Verified,
};
use proptest::prelude::*;

use crate::support::{id, key};

/// A path of one hop.
pub fn path() -> BlindedPathBuf {
    BlindedPathBuf { first_node: FirstNode::Node(id(7)), path_key: id(8), hops: vec![(id(9), vec![1, 2, 3])] }
}

pub const PAY: BlindedPay<'static> = BlindedPay {
    fee_base: Msat::from_msat(1),
    fee_proportional_millionths: 2,
    cltv_expiry_delta: 3,
    htlc_minimum: Msat::ZERO,
    htlc_maximum: Msat::from_msat(1 << 40),
    features: Features::from_bytes(&[]),
};

pub fn request_builder() -> RequestBuilder {
    let builder = RequestBuilder::stand_alone(&[5; 16], id(5), Chain::REGTEST, Msat::from_msat(21_000));
    builder.offer_description("a test")
}

pub fn request() -> InvoiceRequest<Verified> {
    request_builder().build().unwrap().sign(&key(5)).unwrap()
}

pub fn unsigned_invoice() -> Invoice<Unsigned> {
    let invoice = request().invoice(Hash32::from_bytes([4; 32]), Msat::from_msat(21_000), 1_790_000_000, id(6));
    invoice.invoice_relative_expiry(90).invoice_paths(&[path()]).invoice_blindedpay(&[PAY]).build().unwrap()
}

pub fn invoice() -> Invoice<Verified> {
    unsigned_invoice().sign(&key(6)).unwrap()
}

#[test]
fn an_invoice_repeats_its_request() {
    let (request, invoice) = (request(), invoice());
    assert_eq!(invoice.invreq_id(), request.invreq_id());
    assert_eq!((invoice.offer_description(), invoice.chain()), (Some("a test"), Chain::REGTEST));
    assert_eq!((invoice.expires_at(), invoice.is_expired(1_790_000_090)), (Some(1_790_000_090), false));
    assert!(invoice.is_expired(1_790_000_091));
    let read = Invoice::parse(&invoice.to_string(), Chain::REGTEST).unwrap().verify().unwrap();
    assert_eq!(read.as_bytes(), invoice.as_bytes());
    let payment = read.payment();
    assert_eq!(BlindedPathBuf::from(payment.paths.into_iter().next().unwrap()), path());
    assert_eq!(payment.blinded_pay.into_iter().next(), Some(PAY));
}

#[test]
fn an_unsigned_text_is_read_but_not_verified() {
    let text = unsigned_invoice().unsigned_text();
    let error = Invoice::parse(&text, Chain::REGTEST).unwrap().verify().unwrap_err();
    assert_eq!(error, Error::Missing(FieldType(240)));
}

#[test]
fn another_key_does_not_sign() {
    let error = request_builder().build().unwrap().sign(&key(6)).unwrap_err();
    assert_eq!(error, Error::InvalidSignature { key: FieldType(88) });
    let error = unsigned_invoice().sign(&key(5)).unwrap_err();
    assert_eq!(error, Error::InvalidSignature { key: FieldType(176) });
}

#[test]
fn a_signature_made_elsewhere_is_taken() {
    let unsigned = unsigned_invoice();
    let digest = bitcoin::secp256k1::Message::from_digest(unsigned.sighash().unwrap().to_byte_array());
    let signature = Secp256k1::new().sign_schnorr_with_aux_rand(&digest, &key(6), &[3; 32]);
    unsigned.with_signature(&signature).unwrap();
}

#[test]
fn unknown_odd_fields_are_kept_and_passed_on() {
    let builder = request_builder().unknown_field(77, b"odd").unknown_field(2_999_999_999, b"high");
    let request = builder.build().unwrap().sign(&key(5)).unwrap();
    let read = InvoiceRequest::parse(&request.to_string(), Chain::REGTEST).unwrap().verify().unwrap();
    let unknown: Vec<_> = read.unknown_records().collect();
    assert_eq!(unknown, [(FieldType(77), &b"odd"[..]), (FieldType(2_999_999_999), b"high")]);
    let invoice = read.invoice(Hash32::from_bytes([4; 32]), Msat::from_msat(1), 1, id(6)).build().unwrap();
    assert_eq!(invoice.unknown_records().count(), 2);
    assert_eq!(invoice.invreq_id(), read.invreq_id());
}

#[test]
fn an_invoice_adds_nothing_to_its_request() {
    let build = |number| {
        let invoice = request().invoice(Hash32::from_bytes([4; 32]), Msat::from_msat(1), 1, id(6));
        invoice.unknown_field(number, b"odd").build().map(|invoice| invoice.invreq_id())
    };
    let foreign = |number| Err(Error::ForeignField { field: FieldType(number), message: "invoice" });
    for number in [0, 77, 159, 2_999_999_999] {
        assert_eq!(build(number), foreign(number));
    }
    for number in [161, 239, 3_000_000_001] {
        assert_eq!(build(number), Ok(request().invreq_id()));
    }
}

#[test]
fn types_of_signatures_are_signed_by_none() {
    let with_record = |record: &[u8]| {
        let bytes = [request().as_bytes(), record].concat();
        InvoiceRequest::from_bytes(bytes, Chain::REGTEST).unwrap().verify().map(|request| request.invreq_id())
    };
    let invalid = Err(Error::InvalidSignature { key: FieldType(88) });
    assert_eq!(with_record(&[241, 1, 7]), Ok(request().invreq_id()));
    assert_eq!(with_record(&[253, 3, 231, 0]), Ok(request().invreq_id()));
    assert_eq!(with_record(&[254, 0x3b, 0x9a, 0xca, 1, 0]), invalid);
}

#[test]
fn a_path_may_start_at_a_channel() {
    let channel = ShortChannelIdDir::new(ShortChannelId::from_u64(42), 1).unwrap();
    let path = BlindedPathBuf { first_node: FirstNode::Channel(channel), ..path() };
    let request = request_builder().invreq_paths(std::slice::from_ref(&path)).build().unwrap().sign(&key(5)).unwrap();
    let read: Vec<_> = request.invreq_paths().unwrap().map(BlindedPathBuf::from).collect();
    assert_eq!(read, [path]);
    assert_ne!(request.invreq_id(), request.invreq_id_without_paths());
    assert_eq!(request.invreq_id_without_paths(), crate::messages::request().invreq_id());
}

/// Checks that what was set is what is read.
macro_rules! check_fields {
    ($message:expr, $($name:ident = $value:expr),* $(,)?) => {
        $(assert_eq!($message.$name(), Some($value), stringify!($name));)*
    };
}

const ADDRESS: FallbackAddress<'static> = FallbackAddress { version: 1, program: &[9; 32] };
const NAME: Bip353Name<'static> = Bip353Name { name: b"alice", domain: b"example.org" };
const PERIOD: Recurrence = Recurrence { time_unit: 2, period: 1 };
const BASE: RecurrenceBase = RecurrenceBase { proportional: 1, basetime: 0 };
const WINDOW: RecurrencePaywindow = RecurrencePaywindow { seconds_before: 60, seconds_after: 0 };
const FEATURES: Features<'static> = Features::from_bytes(&[2]);

/// An offer, a request for it and the invoice, which have all fields but paths in the offer.
pub fn full() -> (Offer, InvoiceRequest<Verified>, Invoice<Verified>) {
    let offer = Offer::builder(id(1)).offer_chains(&[Chain::REGTEST, Chain::SIGNET]).offer_metadata(b"m");
    let offer = offer.offer_currency("EUR").offer_amount(1).offer_description("").offer_features(FEATURES);
    let offer = offer.offer_absolute_expiry(2).offer_issuer("i").offer_quantity_max(3).unknown_field(79, b"");
    let offer = offer.offer_recurrence_compulsory(PERIOD).offer_recurrence_base(BASE);
    let offer = offer.offer_recurrence_paywindow(WINDOW).offer_recurrence_limit(4).build().unwrap();

    let request = offer.request(&[5; 16], id(5)).invreq_chain(Chain::REGTEST).invreq_amount(Msat::from_msat(6));
    let request = request.invreq_features(FEATURES).invreq_quantity(7).invreq_payer_note("n").invreq_bip_353_name(NAME);
    let request = request.invreq_recurrence_counter(8).invreq_recurrence_start(0).build().unwrap();
    let request = request.sign(&key(5)).unwrap();

    let invoice = request.invoice(Hash32::from_bytes([4; 32]), Msat::from_msat(6), 9, id(6));
    let invoice = invoice.invoice_paths(&[path(), path()]).invoice_blindedpay(&[PAY, PAY]).invoice_relative_expiry(0);
    let invoice = invoice.invoice_fallbacks(&[ADDRESS]).invoice_features(FEATURES).invoice_recurrence_basetime(1);
    let invoice = invoice.build().unwrap().sign(&key(6)).unwrap();
    (offer, request, invoice)
}

#[test]
fn every_field_is_read_as_it_was_set() {
    let (offer, request, invoice) = full();
    check_fields!(
        invoice,
        offer_metadata = &b"m"[..],
        offer_currency = "EUR",
        offer_amount = 1,
        offer_description = "",
        offer_features = FEATURES,
        offer_absolute_expiry = 2,
        offer_issuer = "i",
        offer_quantity_max = 3,
        offer_issuer_id = id(1),
        offer_recurrence_compulsory = PERIOD,
        offer_recurrence_base = BASE,
        offer_recurrence_paywindow = WINDOW,
        offer_recurrence_limit = 4,
        invreq_metadata = &[5; 16][..],
        invreq_chain = Chain::REGTEST,
        invreq_amount = Msat::from_msat(6),
        invreq_features = FEATURES,
        invreq_quantity = 7,
        invreq_payer_id = id(5),
        invreq_payer_note = "n",
        invreq_bip_353_name = NAME,
        invreq_recurrence_counter = 8,
        invreq_recurrence_start = 0,
        invoice_created_at = 9,
        invoice_relative_expiry = 0,
        invoice_payment_hash = Hash32::from_bytes([4; 32]),
        invoice_amount = Msat::from_msat(6),
        invoice_features = FEATURES,
        invoice_node_id = id(6),
        invoice_recurrence_basetime = 1,
    );
    assert_eq!(invoice.offer_chains().unwrap().collect::<Vec<_>>(), [Chain::REGTEST, Chain::SIGNET]);
    assert_eq!(invoice.invoice_fallbacks().unwrap().collect::<Vec<_>>(), [ADDRESS]);
    assert_eq!(invoice.offer_id(), Some(offer.offer_id()));
    assert_eq!(invoice.invreq_id(), request.invreq_id());
    assert_eq!(invoice.records().count(), 36);
    assert!(invoice.is_expired(10) && !invoice.is_expired(9));
}

#[test]
fn what_has_no_room_is_not_written() {
    let check = |path: BlindedPathBuf| {
        let error = request_builder().invreq_paths(&[path]).build().unwrap_err();
        assert_eq!(error, Error::Unwritable(FieldType(90)));
    };
    check(BlindedPathBuf { hops: vec![(id(9), Vec::new()); 256], ..path() });
    check(BlindedPathBuf { hops: vec![(id(9), vec![0; 65_536])], ..path() });
}

#[test]
fn an_error_is_written_and_read() {
    let error = InvoiceError::builder("wrong amount").erroneous_field(170).suggested_value(&[0x52, 0x08]);
    let read = InvoiceError::from_bytes(error.build().unwrap().as_bytes().to_vec()).unwrap();
    assert_eq!((read.error(), read.suggested_value()), (Some("wrong amount"), Some(&[0x52, 0x08][..])));
    assert_eq!(read.to_string(), "wrong amount (`invoice_amount` (type 170))");
    assert_eq!(InvoiceError::from_bytes(Vec::new()).unwrap().to_string(), "no reason given");
    assert!(matches!(InvoiceError::builder("\0").build(), Err(Error::ValueZeroByte(_))));
    assert!(matches!(InvoiceError::from_bytes(vec![2, 0]), Err(Error::UnknownEven(_))));
}

/// A bit that changes anywhere makes the message another, and none that is signed.
fn check_flips(bytes: &[u8], verified: fn(Vec<u8>) -> bool) {
    assert!(verified(bytes.to_vec()));
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(!verified(flipped), "bit {bit}");
    }
}

#[test]
fn no_bit_of_a_signed_message_can_change() {
    check_flips(request().as_bytes(), |bytes| {
        InvoiceRequest::from_bytes(bytes, Accept::Any).and_then(InvoiceRequest::verify).is_ok()
    });
    check_flips(invoice().as_bytes(), |bytes| {
        Invoice::from_bytes(bytes, Accept::Any).and_then(Invoice::verify).is_ok()
    });
    let seed = InvoiceRequest::parse(crate::requests::SEED, Accept::Any).unwrap();
    check_flips(seed.as_bytes(), |bytes| {
        InvoiceRequest::from_bytes(bytes, Accept::Any).and_then(InvoiceRequest::verify).is_ok()
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn requests_are_read_as_they_were_built(
        metadata in prop::collection::vec(any::<u8>(), 1..64),
        amount in any::<u64>(),
        description in prop::option::of("[^\0]{0,300}"),
        expiry in prop::option::of(any::<u64>()),
        quantity in prop::option::of(any::<u64>()),
        unknown in prop::collection::btree_map((0..35u64).prop_map(|n| 2 * n + 93), prop::collection::vec(any::<u8>(), 0..300), 0..5),
        cut in 1..100usize,
    ) {
        let amount = Msat::from_msat(amount);
        let mut builder = RequestBuilder::stand_alone(&metadata, id(5), Chain::REGTEST, amount);
        if let Some(description) = &description {
            builder = builder.offer_description(description);
        }
        if let Some(expiry) = expiry {
            builder = builder.offer_absolute_expiry(expiry);
        }
        if let Some(quantity) = quantity {
            builder = builder.invreq_quantity(quantity);
        }
        for (number, value) in unknown.iter().filter(|(number, _)| **number < 160) {
            builder = builder.unknown_field(*number, value);
        }
        let request = builder.build().unwrap().sign(&key(5)).unwrap();
        let text = request.to_string();
        let joined = format!("{}+\n {}", &text[..cut], &text[cut..]).to_uppercase();
        let read = InvoiceRequest::parse(&joined, Chain::REGTEST).unwrap().verify().unwrap();
        prop_assert_eq!(read.as_bytes(), request.as_bytes());
        prop_assert_eq!(read.invreq_metadata(), Some(&metadata[..]));
        prop_assert_eq!(read.offer_description(), description.as_deref());
        prop_assert_eq!((read.offer_absolute_expiry(), read.invreq_quantity()), (expiry, quantity));
        prop_assert_eq!(read.invreq_amount(), Some(amount));
    }

    #[test]
    fn offers_are_read_as_they_were_built(amount in 1..u64::MAX, description in "[^\0]{0,100}", max in any::<u64>()) {
        let builder = Offer::builder(id(1)).offer_amount(amount).offer_description(&description);
        let offer = builder.offer_quantity_max(max).offer_paths(&[path(), path()]).build().unwrap();
        let read = Offer::parse(&offer.to_string(), Chain::BITCOIN).unwrap();
        prop_assert_eq!(read.offer_id(), offer.offer_id());
        prop_assert_eq!((read.offer_amount(), read.offer_description()), (Some(amount), Some(&*description)));
        prop_assert_eq!((read.offer_quantity_max(), read.offer_paths().unwrap().len()), (Some(max), 2));
    }
}
