//! `lnr-collect`, and the answers of payers that reach it through the hook.

use std::sync::{Arc, Mutex};

use cln_primitives::{HexBytes, Msat, Secret};
use serde_json::{Value, json};

use super::host::{COMMANDS, Host, node, payer};
use crate::bolt12::{Chain, Invoice, InvoiceError, RequestBuilder};
use crate::onion::{Contents, Packet, Peeled, Received, create};
use crate::testing::{FakeNode, Reply};

/// What a packet says to the node, which is its only hop.
fn received(packet: &Packet) -> Received {
    match payer().peel(packet).unwrap() {
        Peeled::Received(received) => received,
        Peeled::Forward { .. } => panic!("it is for another node"),
    }
}

/// Keeps one invoice, until it is deleted.
fn keeps_invoices(node: &FakeNode) {
    let table = Arc::new(Mutex::new(None::<Value>));
    let (listed, deleted) = (table.clone(), table.clone());
    node.reply_with("createinvoice", move |call| {
        let ordered = Invoice::parse(call.params["invstring"].as_str().unwrap(), Chain::REGTEST).unwrap();
        let made = payer().finish_invoice(ordered.into_builder().build().unwrap()).unwrap();
        let row = json!({
            "label": call.params["label"], "bolt12": made.to_string(), "status": "unpaid", "created_index": 1,
            "payment_hash": made.payment().payment_hash, "amount_msat": made.payment().amount,
            "expires_at": made.expires_at(), "description": "",
        });
        *table.lock().unwrap() = Some(row.clone());
        Reply::result(row)
    });
    node.reply_with("listinvoices", move |call| {
        let row = listed.lock().unwrap().clone().filter(|row| row["label"] == call.params["label"]);
        Reply::result(json!({ "invoices": Vec::from_iter(row) }))
    });
    node.reply_with("delinvoice", move |_| Reply::result(deleted.lock().unwrap().take().unwrap()));
    node.reply("waitinvoice", Reply::silence());
}

#[tokio::test]
async fn a_refusal_that_comes_through_the_hook_ends_the_wait() {
    let (node, folder) = (node(COMMANDS), tempfile::tempdir().unwrap());
    keeps_invoices(&node);
    let new = RequestBuilder::stand_alone(&[8; 16], payer().node_id(), Chain::REGTEST, Msat::from_msat(1000));
    let request = payer().sign_request(new.build().unwrap()).unwrap();
    let (mut host, _) = Host::start(&node, &folder, json!({})).await;
    let collecting = host.begin("lnr-collect", json!({ "invreq": request.to_string(), "label": "r-1" })).await;

    let sent = node.received("injectonionmessage").await.params;
    let message: HexBytes = serde_json::from_value(sent["message"].clone()).unwrap();
    let path_key = serde_json::from_value(sent["path_key"].clone()).unwrap();
    let asked = received(&Packet { path_key, message: message.into_vec() });
    assert!(matches!(asked.contents, Some(Contents::Invoice(_))));
    let refusal = InvoiceError::builder("not from you").build().unwrap();
    let contents = Contents::InvoiceError(refusal.as_bytes().to_vec());
    let back = create(&[payer().node_id()], asked.reply_path.as_ref(), &contents, None, &[6; 32]).unwrap();
    let path_secret: Secret = received(&back).path_secret.unwrap();

    let answer = |path_secret: &Secret| {
        json!({ "onion_message": {
            "pathsecret": path_secret, "invoice_error": HexBytes::from(refusal.as_bytes().to_vec()), "unknown_fields": [],
        } })
    };
    // Whoever guesses the path's secret ends nothing.
    let guessed = host.call("onion_message_recv_secret", answer(&Secret::from_bytes([3; 32]))).await.unwrap();
    assert_eq!(guessed, json!({ "result": "continue" }));
    let taken = host.call("onion_message_recv_secret", answer(&path_secret)).await.unwrap();
    assert_eq!(taken, json!({ "result": "resolve" }));
    let error = host.answer(&collecting).await.unwrap_err();
    assert_eq!(error["message"], json!("the payer refused the invoice: not from you"));
    assert_eq!(node.count("delinvoice"), 1);
    host.stop().await;
}
