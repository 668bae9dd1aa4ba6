//! Invoices of BOLT 11.

use bitcoin::{Address, Network, ScriptBuf, WitnessProgram};
use lightning_invoice::{
    Bolt11ParseError, Bolt11SemanticError, Currency, Fallback, ParseOrSemanticError, RawTaggedField,
    SignedRawBolt11Invoice,
};
use serde_json::{Map, Value, json};

use super::answer::{Answer, hex};
use super::error::Error;

/// In how many seconds an invoice expires that does not say (BOLT 11).
const DEFAULT_EXPIRY: u64 = 3600;
/// How many blocks the last hop needs when an invoice does not say (BOLT 11).
const DEFAULT_FINAL_CLTV: u64 = 18;
/// Amounts are in trillionths of a bitcoin.
const PICO_PER_MSAT: u64 = 10;

/// What there is to tell of an invoice, from its text in lower case.
pub(super) fn answer(text: &str) -> Result<Value, Error> {
    let signed: SignedRawBolt11Invoice =
        text.parse().map_err(|error| Error::Bolt11(ParseOrSemanticError::ParseError(error)))?;
    let broken = |rule| Error::Bolt11(ParseOrSemanticError::SemanticError(rule));
    if !signed.check_signature() {
        return Err(broken(Bolt11SemanticError::InvalidSignature));
    }
    let invoice = signed.raw_invoice();
    let payee = match invoice.payee_pub_key() {
        Some(key) => key.0,
        None => signed.recover_payee_pub_key().map_err(|_| broken(Bolt11SemanticError::InvalidSignature))?.0,
    };
    let amount = invoice.amount_pico_btc();
    if amount.is_none() && invoice.hrp.raw_amount.is_some() {
        // More than all bitcoin there are, by far.
        return Err(Error::Bolt11(ParseOrSemanticError::ParseError(Bolt11ParseError::IntegerOverflowError)));
    }
    if amount.is_some_and(|amount| amount % PICO_PER_MSAT != 0) {
        return Err(broken(Bolt11SemanticError::ImpreciseAmount));
    }
    let payment_hash = invoice.payment_hash().ok_or(Error::Bolt11Missing("payment hash"))?;
    let secret = invoice.payment_secret().ok_or(Error::Bolt11Missing("payment secret"))?;
    if invoice.description().is_none() && invoice.description_hash().is_none() {
        return Err(Error::Bolt11Missing("description"));
    }

    let mut answer = Answer::new("bolt11 invoice");
    let (name, network) = currency(invoice.currency());
    answer.put("currency", name);
    answer.put("created_at", invoice.data.timestamp.as_unix_timestamp());
    answer.put("expiry", invoice.expiry_time().map_or(DEFAULT_EXPIRY, |expiry| expiry.as_seconds()));
    answer.put("payee", payee.to_string());
    answer.put_some("amount_msat", amount.map(|amount| amount / PICO_PER_MSAT));
    answer.put_some("description", invoice.description().map(|text| text.as_inner().0.clone()));
    answer.put_some("description_hash", invoice.description_hash().map(|hash| hash.0.to_string()));
    let final_cltv = invoice.min_final_cltv_expiry_delta().map_or(DEFAULT_FINAL_CLTV, |delta| delta.0);
    answer.put("min_final_cltv_expiry", final_cltv);
    answer.put("payment_secret", hex(&secret.0));
    answer.put_some("features", invoice.features().map(|features| features_hex(features.le_flags())));
    answer.put_some("payment_metadata", invoice.payment_metadata().map(|bytes| hex(bytes)));
    let fallbacks: Vec<_> = invoice.fallbacks().into_iter().filter_map(|one| fallback(one, network)).collect();
    answer.put_some("fallbacks", (!fallbacks.is_empty()).then_some(fallbacks));
    let routes: Vec<_> = invoice.private_routes().into_iter().map(|route| hops(&route.clone().into_inner())).collect();
    answer.put_some("routes", (!routes.is_empty()).then_some(routes));
    let extra: Vec<_> = invoice.data.tagged_fields.iter().filter_map(extra).collect();
    answer.put_some("extra", (!extra.is_empty()).then_some(extra));
    answer.put("payment_hash", payment_hash.0.to_string());
    answer.put("signature", hex(&signed.signature().0.to_standard().serialize_der()));
    Ok(answer.finish())
}

/// The part of the prefix that names the chain, and whose addresses it has.
fn currency(currency: Currency) -> (&'static str, Network) {
    match currency {
        Currency::Bitcoin => ("bc", Network::Bitcoin),
        Currency::BitcoinTestnet => ("tb", Network::Testnet),
        Currency::Regtest => ("bcrt", Network::Regtest),
        Currency::Simnet => ("sb", Network::Regtest),
        Currency::Signet => ("tbs", Network::Signet),
    }
}

fn features_hex(lowest_first: &[u8]) -> String {
    let bytes: Vec<u8> = lowest_first.iter().rev().copied().collect();
    hex(&bytes)
}

/// `None` for an address of no known kind, which readers are to pass over (BOLT 11).
fn fallback(fallback: &Fallback, network: Network) -> Option<Value> {
    let (kind, script) = match fallback {
        Fallback::PubKeyHash(hash) => ("P2PKH", ScriptBuf::new_p2pkh(hash)),
        Fallback::ScriptHash(hash) => ("P2SH", ScriptBuf::new_p2sh(hash)),
        Fallback::SegWitProgram { version, program } => {
            let program = WitnessProgram::new(*version, program).ok()?;
            (kind(&program)?, ScriptBuf::new_witness_program(&program))
        }
    };
    let mut fields = Map::new();
    fields.insert("type".to_owned(), kind.into());
    if let Ok(address) = Address::from_script(&script, network) {
        fields.insert("addr".to_owned(), address.to_string().into());
    }
    fields.insert("hex".to_owned(), hex(script.as_bytes()).into());
    Some(Value::Object(fields))
}

fn kind(program: &WitnessProgram) -> Option<&'static str> {
    let kinds = [(program.is_p2wpkh(), "P2WPKH"), (program.is_p2wsh(), "P2WSH"), (program.is_p2tr(), "P2TR")];
    kinds.into_iter().find(|(is_kind, _)| *is_kind).map(|(_, name)| name)
}

fn hops(route: &lightning_invoice::RouteHint) -> Value {
    let hops = route.0.iter().map(|hop| {
        json!({
            "pubkey": hop.src_node_id.to_string(),
            "short_channel_id": cln_primitives::ShortChannelId::from_u64(hop.short_channel_id).to_string(),
            "fee_base_msat": hop.fees.base_msat,
            "fee_proportional_millionths": hop.fees.proportional_millionths,
            "cltv_expiry_delta": hop.cltv_expiry_delta,
        })
    });
    hops.collect()
}

/// A field of no known kind, or one that does not fit its kind: its letter, and what follows its length.
fn extra(field: &RawTaggedField) -> Option<Value> {
    let RawTaggedField::UnknownSemantics(letters) = field else {
        return None;
    };
    let letters: String = letters.iter().map(|letter| letter.to_char()).collect();
    Some(json!({ "tag": letters.get(..1)?, "data": letters.get(3..).unwrap_or_default() }))
}
