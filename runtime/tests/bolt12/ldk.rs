//! LDK, another implementation: each reads what the other writes.

use std::time::Duration;

use bitcoin::Network;
use bitcoin::secp256k1::Secp256k1;
use cln_primitives::{Hash32, Msat};
use cln_runtime::bolt12::{Accept, Chain, Invoice, InvoiceRequest, Offer, RequestBuilder};
use lightning::blinded_path::BlindedHop;
use lightning::blinded_path::payment::{BlindedPayInfo, BlindedPaymentPath};
use lightning::offers::invoice::{Bolt12Invoice, UnsignedBolt12Invoice};
use lightning::offers::offer::{Amount, OfferBuilder};
use lightning::offers::refund::{Refund, RefundBuilder};
use lightning::types::features::BlindedHopFeatures;
use lightning::types::payment::PaymentHash;

use crate::messages::{invoice, request};
use crate::support::{id, key, root, texts_in};

const NOW: Duration = Duration::from_secs(1_790_000_000);

#[test]
fn ldk_reads_our_offers() {
    let builder = Offer::builder(id(1)).offer_chains(&[Chain::REGTEST]).offer_amount(1234);
    let ours = builder.offer_description("ten ✓").offer_issuer("me").offer_quantity_max(0).build().unwrap();
    let theirs: lightning::offers::offer::Offer = ours.to_string().parse().unwrap();
    assert_eq!(theirs.amount(), Some(Amount::Bitcoin { amount_msats: 1234 }));
    assert_eq!(theirs.description().unwrap().to_string(), "ten ✓");
    assert_eq!(theirs.issuer_signing_pubkey(), Some(key(1).public_key()));
    assert!(theirs.supports_chain(bitcoin::constants::ChainHash::REGTEST));
    assert_eq!(theirs.to_string(), ours.to_string());
}

#[test]
fn we_read_the_offers_of_ldk() {
    let builder = OfferBuilder::new(key(2).public_key()).chain(Network::Signet).amount_msats(77);
    let theirs = builder.description("tea".into()).absolute_expiry(NOW).build().unwrap();
    let ours = Offer::parse(&theirs.to_string(), Chain::SIGNET).unwrap();
    assert_eq!((ours.offer_amount(), ours.offer_description()), (Some(77), Some("tea")));
    assert_eq!((ours.offer_issuer_id(), ours.is_expired(NOW.as_secs() + 1)), (Some(id(2)), true));
}

#[test]
fn ldk_reads_our_requests_for_its_offer() {
    let theirs = OfferBuilder::new(key(2).public_key()).amount_msats(77).description("tea".into()).build().unwrap();
    let offer = Offer::parse(&theirs.to_string(), Chain::BITCOIN).unwrap();
    let request = offer.request(&[9; 16], id(3)).invreq_amount(Msat::from_msat(80)).invreq_payer_note("now");
    let request = request.build().unwrap().sign(&key(3)).unwrap();
    let read = lightning::offers::invoice_request::InvoiceRequest::try_from(request.as_bytes().to_vec()).unwrap();
    assert_eq!((read.amount_msats(), read.payer_note().unwrap().to_string()), (Some(80), "now".into()));
    assert_eq!(request.offer_id(), Some(offer.offer_id()));
}

#[test]
fn each_reads_the_refunds_of_the_other() {
    let theirs = RefundBuilder::new(vec![7; 16], key(4).public_key(), 5000).unwrap();
    let theirs = theirs.description("back".into()).chain(Network::Regtest).build().unwrap();
    let ours = InvoiceRequest::parse(&theirs.to_string(), Chain::REGTEST).unwrap();
    assert_eq!((ours.invreq_amount(), ours.invreq_payer_id()), (Some(Msat::from_msat(5000)), Some(id(4))));
    assert!(ours.verify().is_err(), "LDK's refunds have no signature");

    let ours = RequestBuilder::stand_alone(&[7; 16], id(4), Chain::REGTEST, Msat::from_msat(5000));
    let text = ours.offer_description("back").build().unwrap().unsigned_text();
    assert_eq!(text.parse::<Refund>().unwrap(), theirs);
}

#[test]
fn ldk_reads_our_invoices() {
    let ours = invoice();
    let theirs = Bolt12Invoice::try_from(ours.as_bytes().to_vec()).unwrap();
    assert_eq!(theirs.amount_msats(), 21_000);
    assert_eq!(theirs.signing_pubkey(), key(6).public_key());
    assert_eq!(&theirs.payment_hash().0, ours.invoice_payment_hash().unwrap().as_bytes());
    assert_eq!(theirs.payment_paths().len(), ours.payment().paths.len());
    assert_eq!(theirs.payer_metadata(), request().invreq_metadata().unwrap());
}

#[test]
fn ldk_reads_the_invoices_that_we_read() {
    let content = std::fs::read_to_string(root().join("schemas/examples.jsonl")).unwrap();
    let texts = texts_in(&content).into_iter().filter(|text| text.starts_with("lni"));
    let mut seen = 0;
    for text in texts {
        let ours = Invoice::parse(text, Accept::Any).unwrap().verify().unwrap();
        let theirs = Bolt12Invoice::try_from(ours.as_bytes().to_vec()).unwrap();
        assert_eq!(Some(theirs.amount_msats()), ours.invoice_amount().map(Msat::as_msat));
        assert_eq!(theirs.relative_expiry().as_secs() + theirs.created_at().as_secs(), ours.expires_at().unwrap());
        seen += 1;
    }
    assert!(seen > 0);
}

#[test]
fn we_read_the_invoices_of_ldk() {
    let refund = RefundBuilder::new(vec![7; 16], key(4).public_key(), 5000).unwrap().build().unwrap();
    let hops = vec![BlindedHop { blinded_node_id: key(8).public_key(), encrypted_payload: vec![1, 2, 3] }];
    let info = BlindedPayInfo {
        fee_base_msat: 1,
        fee_proportional_millionths: 2,
        cltv_expiry_delta: 3,
        htlc_minimum_msat: 4,
        htlc_maximum_msat: 5,
        features: BlindedHopFeatures::empty(),
    };
    let path = BlindedPaymentPath::from_blinded_path_and_payinfo(key(6).public_key(), key(7).public_key(), hops, info);
    let unsigned = refund.respond_with_no_std(vec![path], PaymentHash([5; 32]), key(6).public_key(), NOW).unwrap();
    let sign = |message: &UnsignedBolt12Invoice| {
        let digest = message.as_ref().as_digest();
        Ok(Secp256k1::new().sign_schnorr_no_aux_rand(digest, &key(6)))
    };
    let theirs = unsigned.build().unwrap().sign(sign).unwrap();
    let mut bytes = Vec::new();
    lightning::util::ser::Writeable::write(&theirs, &mut bytes).unwrap();

    let ours = Invoice::from_bytes(bytes, Chain::BITCOIN).unwrap().verify().unwrap();
    assert_eq!(ours.invoice_payment_hash(), Some(Hash32::from_bytes([5; 32])));
    let info = ours.payment().blinded_pay.into_iter().next().unwrap();
    assert_eq!((info.fee_base, info.fee_proportional_millionths, info.cltv_expiry_delta), (Msat::from_msat(1), 2, 3));
    let request = InvoiceRequest::parse(&refund.to_string(), Chain::BITCOIN).unwrap();
    assert_eq!(request.invreq_id(), ours.invreq_id());
}
