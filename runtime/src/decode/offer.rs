//! Offers, and the fields that requests and invoices take over from them.

use serde_json::{Map, Value, json};

use super::answer::{Answer, hex};
use super::currency::minor_digits;
use super::paths::paths;
use crate::bolt12::{Offer, Recurrence, View};

/// What there is to tell of an offer.
pub(super) fn answer(offer: &Offer) -> Value {
    let mut answer = Answer::new("bolt12 offer");
    answer.put("offer_id", offer.offer_id().to_string());
    put_fields(&mut answer, offer.view());
    put_unknown(&mut answer, "unknown_offer_tlvs", offer.view());
    answer.finish()
}

/// The fields of the offer.
pub(super) fn put_fields(answer: &mut Answer, message: View<'_>) {
    let chains = message.offer_chains().map(|chains| chains.map(|chain| chain.hash().to_string()).collect::<Value>());
    answer.put_some("offer_chains", chains);
    answer.put_some("offer_metadata", message.offer_metadata().map(hex));
    put_amount(answer, message);
    answer.put_some("offer_description", message.offer_description());
    if message.offer_amount().is_some() && message.offer_description().is_none() {
        answer.warn("warning_missing_offer_description", "an amount is asked for without saying what for");
    }
    answer.put_some("offer_issuer", message.offer_issuer());
    answer.put_some("offer_features", message.offer_features().map(|features| hex(features.as_bytes())));
    answer.put_some("offer_absolute_expiry", message.offer_absolute_expiry());
    answer.put_some("offer_quantity_max", message.offer_quantity_max());
    answer.put_some("offer_paths", message.offer_paths().map(paths));
    answer.put_some("offer_issuer_id", message.offer_issuer_id().map(|id| id.to_string()));
    answer.put_some("offer_recurrence", recurrence(message));
}

fn put_amount(answer: &mut Answer, message: View<'_>) {
    let Some(currency) = message.offer_currency() else {
        answer.put_some("offer_amount_msat", message.offer_amount());
        return;
    };
    answer.put("offer_currency", currency);
    let Some(amount) = message.offer_amount() else {
        return;
    };
    answer.put("offer_amount", amount);
    match minor_digits(currency) {
        Some(digits) => answer.put("currency_minor_unit", digits),
        // The offer is good all the same: whoever knows the currency can pay it.
        None => answer.put("warning_unknown_offer_currency", format!("{currency} is no currency of ISO 4217")),
    }
}

fn recurrence(message: View<'_>) -> Option<Value> {
    let compulsory = message.offer_recurrence_compulsory();
    let Recurrence { time_unit, period } = compulsory.or(message.offer_recurrence_optional())?;
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
    put("compulsory_field", compulsory.is_some().into());
    put("time_unit", time_unit.into());
    if let Some(name) = ["seconds", "days", "months"].get(usize::from(time_unit)) {
        put("time_unit_name", (*name).into());
    }
    put("period", period.into());
    if let Some(base) = message.offer_recurrence_base() {
        put("basetime", base.basetime.into());
        if base.proportional != 0 {
            put("proportional_amount", true.into());
        }
    }
    if let Some(limit) = message.offer_recurrence_limit() {
        put("limit", limit.into());
    }
    if let Some(window) = message.offer_recurrence_paywindow() {
        let window = json!({ "seconds_before": window.seconds_before, "seconds_after": window.seconds_after });
        put("paywindow", window);
    }
    Some(Value::Object(fields))
}

/// The records that have no name, when there are any.
pub(super) fn put_unknown(answer: &mut Answer, name: &str, message: View<'_>) {
    let unknown: Vec<_> = message
        .unknown_records()
        .map(|(field, value)| json!({ "type": field.0, "length": value.len(), "value": hex(value) }))
        .collect();
    answer.put_some(name, (!unknown.is_empty()).then_some(unknown));
}
