//! Which invoices a payer pays, as far as the invoice, the request and the time tell.

use cln_primitives::Msat;

use super::model::RequestRecord;
use super::refusal::Refusal;
use crate::bolt12::{BlindedPay, Error, FieldType, Invoice, Verified};

/// For how many seconds at most an invoice may be valid. A payment whose end is not known keeps its claim until then, and
/// the payee must not be able to make that long.
const LONGEST_VALIDITY: u32 = 86_400;

/// The payer's rules that need nothing but the invoice, the request and the time. The invoice repeats the request to the
/// byte, as their ids are equal.
pub(super) fn check(invoice: &Invoice<Verified>, record: &RequestRecord, now: u64) -> Result<(), Refusal> {
    if let Some(expiry) = invoice.offer_absolute_expiry().filter(|&expiry| now > expiry) {
        return Err(Refusal::RequestExpired(expiry));
    }
    if let Some(expiry) = invoice.expires_at().filter(|&expiry| now > expiry) {
        return Err(Refusal::InvoiceExpired(expiry));
    }
    if let Some(expiry) = invoice.expires_at().filter(|&expiry| expiry - now > LONGEST_VALIDITY.into()) {
        return Err(Refusal::ValidTooLong { expiry, longest: LONGEST_VALIDITY });
    }
    let payment = invoice.payment();
    let unknown = |pay: BlindedPay<'_>| pay.features.unknown_even(&[]);
    if let Some(feature) = payment.blinded_pay.into_iter().map(unknown).min_by_key(Option::is_some).flatten() {
        return Err(Refusal::UnknownPathFeature(feature));
    }
    let offered = invoice.invreq_amount().ok_or(Error::Missing(FieldType(82)))?;
    check_amount(payment.amount, offered, record.min_amount)
}

fn check_amount(asked: Msat, offered: Msat, least: Option<Msat>) -> Result<(), Refusal> {
    if asked > offered {
        return Err(Refusal::AmountTooLarge { asked, offered });
    }
    if asked < least.unwrap_or(offered) {
        return Err(Refusal::AmountTooSmall { asked, offered });
    }
    if asked == Msat::ZERO {
        return Err(Refusal::AmountZero);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bitcoin::secp256k1::{Keypair, Secp256k1};
    use cln_primitives::{Hash32, NodeId};

    use super::*;
    use crate::bolt12::{BlindedPathBuf, Chain, Features, FirstNode, InvoiceRequest, RequestBuilder};
    use crate::engine::RequestStatus;

    const NOW: u64 = 1_760_000_000;

    /// A request for 1000 msat, and an invoice for it that is paid as it stands.
    struct Case {
        asked: u64,
        least: Option<u64>,
        request_expiry: Option<u64>,
        created_at: u64,
        invoice_expiry: Option<u32>,
        /// What the paths need, one a path.
        features: &'static [&'static [u8]],
    }

    impl Default for Case {
        fn default() -> Self {
            Case {
                asked: 1000,
                least: None,
                request_expiry: None,
                created_at: NOW,
                invoice_expiry: None,
                features: &[&[]],
            }
        }
    }

    fn request(case: &Case, key: &Keypair) -> InvoiceRequest<Verified> {
        let id = NodeId::from(key.public_key());
        let mut request = RequestBuilder::stand_alone(&[1; 16], id, Chain::REGTEST, Msat::from_msat(1000));
        if let Some(expiry) = case.request_expiry {
            request = request.offer_absolute_expiry(expiry);
        }
        request.build().unwrap().sign(key).unwrap()
    }

    fn judged(case: Case) -> Result<(), Refusal> {
        let key = Keypair::from_seckey_slice(&Secp256k1::new(), &[1; 32]).unwrap();
        let request = request(&case, &key);
        let id = NodeId::from(key.public_key());
        let path = BlindedPathBuf { first_node: FirstNode::Node(id), path_key: id, hops: vec![(id, Vec::new())] };
        let pay = |features: &&'static [u8]| BlindedPay {
            fee_base: Msat::ZERO,
            fee_proportional_millionths: 0,
            cltv_expiry_delta: 0,
            htlc_minimum: Msat::ZERO,
            htlc_maximum: Msat::from_msat(1_000_000),
            features: Features::from_bytes(features),
        };
        let pays: Vec<BlindedPay<'_>> = case.features.iter().map(pay).collect();
        let hash = Hash32::from_bytes([2; 32]);
        let mut invoice = request.invoice(hash, Msat::from_msat(case.asked), case.created_at, id);
        invoice = invoice.invoice_paths(&vec![path; pays.len()]).invoice_blindedpay(&pays);
        if let Some(expiry) = case.invoice_expiry {
            invoice = invoice.invoice_relative_expiry(expiry);
        }
        let invoice = invoice.build().unwrap().sign(&key).unwrap();
        let record = RequestRecord {
            invreq_id: request.invreq_id(),
            bolt12: request.to_string(),
            label: None,
            status: RequestStatus::SingleUse,
            min_amount: case.least.map(Msat::from_msat),
            created_at: NOW,
        };
        super::check(&invoice, &record, NOW)
    }

    #[track_caller]
    fn check(case: Case, expected: Option<(&str, u64, Option<&[u8]>)>) {
        let refusal = judged(case).err();
        let told = refusal.as_ref().map(|refusal| {
            let error = refusal.to_invoice_error().unwrap();
            let field = error.erroneous_field().unwrap();
            (error.error().unwrap().to_owned(), field, error.suggested_value().map(<[u8]>::to_vec))
        });
        let told = told.as_ref().map(|(words, field, value)| (words.as_str(), *field, value.as_deref()));
        assert_eq!(told, expected);
    }

    #[test]
    fn an_invoice_over_the_requests_amount_is_paid() {
        check(Case::default(), None);
        check(Case { created_at: NOW - 7200, ..Case::default() }, None);
        check(Case { created_at: NOW - 90, invoice_expiry: Some(90), ..Case::default() }, None);
        check(Case { request_expiry: Some(NOW), ..Case::default() }, None);
    }

    #[test]
    fn another_amount_is_refused_with_the_right_one() {
        let right = [3, 232];
        let more = "the invoice amount 1001msat is too large: the invoice_request is for 1000msat";
        check(Case { asked: 1001, ..Case::default() }, Some((more, 170, Some(&right))));
        let less = "the invoice amount 999msat is too small: the invoice_request is for 1000msat";
        check(Case { asked: 999, ..Case::default() }, Some((less, 170, Some(&right))));
    }

    #[test]
    fn less_is_paid_down_to_the_least_amount() {
        let with_least = |asked, least| Case { asked, least: Some(least), ..Case::default() };
        check(with_least(1000, 600), None);
        check(with_least(600, 600), None);
        let less = "the invoice amount 599msat is too small: the invoice_request is for 1000msat";
        check(with_least(599, 600), Some((less, 170, Some(&[3, 232]))));
        let more = "the invoice amount 1001msat is too large: the invoice_request is for 1000msat";
        check(with_least(1001, 600), Some((more, 170, Some(&[3, 232]))));
        check(with_least(0, 0), Some(("an invoice over nothing cannot be paid", 170, None)));
    }

    #[test]
    fn what_has_expired_is_refused() {
        let request = "the invoice_request expired at 1759999999";
        check(Case { request_expiry: Some(NOW - 1), ..Case::default() }, Some((request, 14, None)));
        let invoice = "the invoice expired at 1759999999";
        check(Case { created_at: NOW - 7201, ..Case::default() }, Some((invoice, 166, None)));
        check(Case { created_at: NOW - 91, invoice_expiry: Some(90), ..Case::default() }, Some((invoice, 166, None)));
    }

    #[test]
    fn an_invoice_is_valid_for_a_day_at_most() {
        check(Case { invoice_expiry: Some(86_400), ..Case::default() }, None);
        let too_long = "the invoice is valid until 1760086401: make one that is valid for 86400 seconds at most";
        let day = [1, 81, 128];
        check(Case { invoice_expiry: Some(86_401), ..Case::default() }, Some((too_long, 166, Some(&day))));
    }

    #[test]
    fn one_path_without_unknown_features_is_enough() {
        check(Case { features: &[&[1], &[]], ..Case::default() }, None);
        check(Case { features: &[&[2]], ..Case::default() }, None);
        let words = "no path of the invoice can be used: feature 0 is not known";
        check(Case { features: &[&[1], &[1]], ..Case::default() }, Some((words, 162, None)));
    }
}
