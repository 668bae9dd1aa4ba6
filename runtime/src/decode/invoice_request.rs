//! Invoice requests, and the fields that invoices take over from them.

use serde_json::{Map, Value};

use super::answer::{Answer, hex};
use super::offer::{put_fields as put_offer_fields, put_unknown};
use super::paths::paths;
use crate::bolt12::{Bip353Name, InvoiceRequest, Parsed, View};

/// What there is to tell of a request, signed or not.
pub(super) fn answer(request: InvoiceRequest<Parsed>) -> Value {
    let mut answer = Answer::new("bolt12 invoice_request");
    answer.put_some("offer_id", request.offer_id().map(|id| id.to_string()));
    put_fields(&mut answer, request.view());
    put_cancel(&mut answer, request.view());
    put_unknown(&mut answer, "unknown_invoice_request_tlvs", request.view());
    put_signature(&mut answer, request);
    answer.finish()
}

/// The fields of the request and of its offer.
pub(super) fn put_fields(answer: &mut Answer, message: View<'_>) {
    put_offer_fields(answer, message);
    let metadata = message.invreq_metadata().map(hex);
    answer.require("invreq_metadata", metadata, "warning_missing_invreq_metadata", "every request has metadata");
    let payer = message.invreq_payer_id().map(|id| id.to_string());
    answer.require("invreq_payer_id", payer, "warning_missing_invreq_payer_id", "the request does not say who pays");
    answer.put_some("invreq_chain", message.invreq_chain().map(|chain| chain.hash().to_string()));
    answer.put_some("invreq_amount_msat", message.invreq_amount().map(u64::from));
    answer.put_some("invreq_features", message.invreq_features().map(|features| hex(features.as_bytes())));
    answer.put_some("invreq_quantity", message.invreq_quantity());
    answer.put_some("invreq_payer_note", message.invreq_payer_note());
    answer.put_some("invreq_paths", message.invreq_paths().map(paths));
    if let Some(name) = message.invreq_bip_353_name() {
        put_name(answer, name);
    }
    answer.put_some("invreq_recurrence_counter", message.invreq_recurrence_counter());
    answer.put_some("invreq_recurrence_start", message.invreq_recurrence_start());
}

/// BIP 353 allows letters, digits and three marks.
fn put_name(answer: &mut Answer, Bip353Name { name, domain }: Bip353Name<'_>) {
    let readable = |bytes: &[u8]| {
        let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        bytes.iter().all(is_allowed).then(|| bytes.iter().copied().map(char::from).collect::<String>())
    };
    let mut fields = Map::new();
    match readable(name) {
        Some(name) => drop(fields.insert("name".to_owned(), name.into())),
        None => answer.warn("warning_invreq_bip_353_name_name_invalid", "the name has characters that none may have"),
    }
    match readable(domain) {
        Some(domain) => drop(fields.insert("domain".to_owned(), domain.into())),
        None => {
            answer.warn("warning_invreq_bip_353_name_domain_invalid", "the domain has characters that none may have");
        }
    }
    answer.put("invreq_bip_353_name", fields);
}

fn put_cancel(answer: &mut Answer, message: View<'_>) {
    if message.invreq_recurrence_cancel().is_none() {
        return;
    }
    answer.put("invreq_recurrence_cancel", true);
    match message.invreq_recurrence_counter() {
        None => {
            let name = "warning_invreq_recurrence_cancel_without_counter";
            answer.warn(name, "it ends a recurrence without saying at which period");
        }
        Some(0) => {
            let name = "warning_invreq_recurrence_cancel_with_zero_counter";
            answer.warn(name, "it ends a recurrence before the first period");
        }
        Some(_) => {}
    }
}

fn put_signature(answer: &mut Answer, request: InvoiceRequest<Parsed>) {
    let Some(signature) = request.signature() else {
        return answer.warn("warning_missing_invoice_request_signature", "the request is not signed");
    };
    match request.verify() {
        Ok(_) => answer.put("signature", signature.to_string()),
        Err(error) => answer.warn("warning_invalid_invoice_request_signature", &error.to_string()),
    }
}
