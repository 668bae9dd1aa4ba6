//! What Core Lightning answered on a test network: such answers are understood.

use std::fs;
use std::path::{Path, PathBuf};

use cln_primitives::Msat;
use cln_runtime::bolt12::{Accept, InvoiceRequest};
use cln_runtime::client::Client;
use cln_runtime::recover::{Collected, Error, Recover, RequestSpec, Requested};
use cln_runtime::testing::{FakeNode, Reply};
use serde_json::{Value, json};

/// The recorded exchanges of a file, which a clone alone has not. Where the suite must be complete, their absence fails.
fn recorded(file: &str) -> Vec<Value> {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/traffic/v26.06").join(file);
    if !path.exists() {
        assert!(std::env::var_os("CI").is_none(), "{} is missing", path.display());
        return Vec::new();
    }
    let lines = fs::read_to_string(path).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn exchanges(method: &str) -> Vec<Value> {
    recorded("exchanges.jsonl").into_iter().filter(|exchange| exchange["method"] == method).collect()
}

fn reply(exchange: &Value) -> Reply {
    match exchange.get("error") {
        Some(error) => {
            let (code, message) = (error["code"].as_i64().unwrap(), error["message"].as_str().unwrap());
            match error.get("data") {
                Some(data) => Reply::error_with_data(code, message, data.clone()),
                None => Reply::error(code, message),
            }
        }
        None => Reply::result(exchange["response"].clone()),
    }
}

fn expected(exchange: &Value, end: &Result<Collected, Error>) -> bool {
    match (exchange["error"]["code"].as_i64(), end) {
        (None, Ok(Collected::Paid(receipt))) => exchange["response"]["label"] == *receipt.label,
        (Some(1003), Ok(Collected::Unreachable { reason })) => reason.contains("could not route"),
        (Some(1004), Ok(Collected::Refused { reason, erroneous_field: None, .. })) => {
            reason == "invoice_request no longer available"
                || reason == "invoice amount is too large"
                || reason.starts_with("pay attempt failed")
        }
        // There is no row: somebody has deleted it.
        (Some(1005), Ok(Collected::TimedOut { may_still_be_paid_until: None })) => true,
        // The label is taken, and the simulated node has nothing under it.
        (Some(900), Err(Error::Unsettled { .. })) => true,
        (Some(-32602), Err(Error::Call { command: "sendinvoice", .. })) => true,
        _ => false,
    }
}

#[tokio::test]
async fn every_recorded_end_of_sendinvoice_is_understood() {
    let mut ends = std::collections::BTreeMap::<String, usize>::new();
    for exchange in exchanges("sendinvoice") {
        let request = &exchange["request"];
        let (Some(lnr), Some(label)) = (request["invreq"].as_str(), request["label"].as_str()) else { continue };
        let Ok(read) = InvoiceRequest::parse(lnr, Accept::Any).and_then(InvoiceRequest::verify) else { continue };
        let node = FakeNode::start().unwrap();
        node.answer("listinvoices", json!({ "invoices": [] }));
        node.reply("sendinvoice", reply(&exchange));
        let recover = Recover::new(Client::connect(node.path()).await.unwrap());
        let end = recover.collect(lnr, label).await;
        if matches!(end, Ok(Collected::Expired { .. })) {
            assert!(read.offer_absolute_expiry().is_some() && node.count("sendinvoice") == 0);
            *ends.entry("expired".to_owned()).or_default() += 1;
            continue;
        }
        let amount = exchange["response"]["amount_msat"].as_u64().map(Msat::from_msat);
        if amount.is_some_and(|amount| Some(amount) != read.invreq_amount()) {
            assert!(matches!(end, Err(Error::NoReceipt { .. })), "an invoice of another amount: {end:?}");
            continue;
        }
        assert!(expected(&exchange, &end), "{}: {end:?}", exchange["error"]);
        *ends.entry(exchange["error"]["code"].to_string()).or_default() += 1;
    }
    for end in ["expired", "null", "900", "1003", "1004", "1005", "-32602"] {
        assert!(ends.is_empty() || ends.contains_key(end), "none ended so: {end} ({ends:?})");
    }
}

#[tokio::test]
async fn every_recorded_request_with_a_label_is_found_again() {
    for exchange in exchanges("invoicerequest") {
        let (request, response) = (&exchange["request"], &exchange["response"]);
        let (Some(label), Some(description)) = (request["label"].as_str(), request["description"].as_str()) else {
            continue;
        };
        let Some(bolt12) = response["bolt12"].as_str() else { continue };
        let read = InvoiceRequest::parse(bolt12, Accept::Any).unwrap();
        let mut spec = RequestSpec::new(read.invreq_amount().unwrap(), description);
        spec = spec.single_use(request["single_use"].as_bool().unwrap_or(true));
        if let Some(issuer) = request["issuer"].as_str() {
            spec = spec.issuer(issuer);
        }
        if let Some(expiry) = request["absolute_expiry"].as_u64() {
            spec = spec.absolute_expiry(expiry);
        }
        let node = FakeNode::start().unwrap();
        node.answer("listinvoicerequests", json!({ "invoicerequests": [response] }));
        let recover = Recover::new(Client::connect(node.path()).await.unwrap());
        let end = recover.request(&spec, label).await;
        assert!(matches!(end, Ok(Requested::Open { .. })), "{label}: {end:?}");
    }
}

/// The names of a call's parameters, and of an invoice's fields if it has one.
#[cfg(feature = "onion")]
fn form(params: &Value) -> (Vec<String>, Vec<u64>) {
    use cln_runtime::bolt12::Invoice;
    let names = params.as_object().unwrap().keys().cloned().collect();
    let invoice = params["invstring"].as_str().map(|text| Invoice::parse(text, Accept::Any).unwrap());
    (names, invoice.iter().flat_map(|invoice| invoice.records()).map(|(field, _)| field.0).collect())
}

#[cfg(feature = "onion")]
#[tokio::test]
async fn what_is_sent_directly_has_the_form_that_a_node_took() {
    let all = recorded("direct.jsonl");
    let mut compared = 0;
    for scenario in all.split(|line| line.get("scenario").is_some()).filter(|lines| !lines.is_empty()) {
        let of = |method: &str| scenario.iter().find(|line| line["method"] == method);
        let (Some(published), Some(created), Some(injected)) =
            (of("invoicerequest"), of("createinvoice"), of("injectonionmessage"))
        else {
            continue;
        };
        let node = crate::kit::Node::<crate::lightningd::Lightningd>::start();
        node.table().payer = Some(published["response"]["bolt12"].as_str().unwrap().to_owned());
        let lnr = published["response"]["bolt12"].as_str().unwrap();
        match node.recover().await.collect(lnr, "recorded").await.unwrap() {
            Collected::Paid(_) => {}
            Collected::Expired { .. } => continue,
            end => panic!("{end:?}"),
        }
        for (method, expected) in [("createinvoice", created), ("injectonionmessage", injected)] {
            let requests = node.fake.requests();
            let sent = requests.iter().find(|request| request.method == method).unwrap();
            assert_eq!(form(&sent.params), form(&expected["request"]), "{method}");
        }
        compared += 1;
    }
    assert!(all.is_empty() || compared > 1, "too little was recorded");
}
