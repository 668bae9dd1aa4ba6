//! Invoices of BOLT 12.

use bitcoin::{Address, KnownHrp, WitnessProgram, WitnessVersion};
use serde_json::{Map, Value};

use super::answer::{Answer, hex};
use super::invoice_request::put_fields as put_request_fields;
use super::offer::put_unknown;
use super::paths::path_with;
use crate::bolt12::{Chain, FallbackAddress, Invoice, Verified};

/// What there is to tell of an invoice. A node takes none that it could not verify.
pub(super) fn answer(invoice: &Invoice<Verified>) -> Value {
    let message = invoice.view();
    let payment = invoice.payment();
    let mut answer = Answer::new("bolt12 invoice");
    answer.put_some("offer_id", invoice.offer_id().map(|id| id.to_string()));
    put_request_fields(&mut answer, message);
    let paths = payment.paths.zip(payment.blinded_pay).map(|(path, cost)| path_with(path, Some(cost)));
    answer.put("invoice_paths", paths.collect::<Value>());
    answer.put("invoice_created_at", payment.created_at);
    answer.put("invoice_relative_expiry", invoice.valid_for());
    answer.put("invoice_payment_hash", payment.payment_hash.to_string());
    answer.put("invoice_amount_msat", payment.amount.as_msat());
    let fallbacks = invoice.invoice_fallbacks().map(|list| list.map(|one| fallback(one, invoice.chain())));
    answer.put_some("invoice_fallbacks", fallbacks.map(Iterator::collect::<Value>));
    answer.put_some("invoice_features", invoice.invoice_features().map(|features| hex(features.as_bytes())));
    answer.put("invoice_node_id", payment.node_id.to_string());
    answer.put_some("invoice_recurrence_basetime", invoice.invoice_recurrence_basetime());
    put_unknown(&mut answer, "unknown_invoice_tlvs", message);
    answer.put_some("signature", invoice.signature().map(|signature| signature.to_string()));
    answer.finish()
}

fn fallback(FallbackAddress { version, program }: FallbackAddress<'_>, chain: Chain) -> Value {
    let mut fields = Map::new();
    fields.insert("version".to_owned(), version.into());
    fields.insert("hex".to_owned(), hex(program).into());
    if let Some(address) = address(version, program, chain) {
        fields.insert("address".to_owned(), address.into());
    }
    Value::Object(fields)
}

/// The address; `None` for a program of no known kind, or a chain whose addresses are not known.
fn address(version: u8, program: &[u8], chain: Chain) -> Option<String> {
    let hrp = match chain {
        Chain::BITCOIN => KnownHrp::Mainnet,
        Chain::TESTNET | Chain::TESTNET4 | Chain::SIGNET => KnownHrp::Testnets,
        Chain::REGTEST => KnownHrp::Regtest,
        _ => return None,
    };
    let program = WitnessProgram::new(WitnessVersion::try_from(version).ok()?, program).ok()?;
    let is_known = program.is_p2wpkh() || program.is_p2wsh() || program.is_p2tr();
    is_known.then(|| Address::from_witness_program(program, hrp).to_string())
}
