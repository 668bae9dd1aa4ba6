//! `lnr-collect`, and the answers of payers that reach it through the hook.

use std::sync::{Arc, Mutex};

use cln_primitives::{HexBytes, Msat, Secret};
use serde_json::{Value, json};

use super::host::{COMMANDS, Host, node, payer};
use crate::bolt12::{Chain, Invoice, InvoiceError, InvoiceRequest, RequestBuilder, Verified};
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

fn request() -> InvoiceRequest<Verified> {
    let new = RequestBuilder::stand_alone(&[8; 16], payer().node_id(), Chain::REGTEST, Msat::from_msat(1000));
    payer().sign_request(new.build().unwrap()).unwrap()
}

#[tokio::test]
async fn a_refusal_that_comes_through_the_hook_ends_the_wait() {
    let (node, folder) = (node(COMMANDS), tempfile::tempdir().unwrap());
    keeps_invoices(&node);
    let (mut host, _) = Host::start(&node, &folder, json!({})).await;
    let collecting = host.begin("lnr-collect", json!({ "invreq": request().to_string(), "label": "r-1" })).await;

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
    assert_eq!((&error["code"], &error["data"]["error"]), (&json!(1004), &json!("not from you")));
    assert_eq!(node.count("delinvoice"), 1);
    host.stop().await;
}

/// A row of the label `r-1` which is no invoice of ours.
fn other_row(more: Value) -> Value {
    let mut row = json!({
        "label": "r-1", "payment_hash": "0808080808080808080808080808080808080808080808080808080808080808",
        "amount_msat": 1000, "status": "unpaid", "description": "coffee", "expires_at": 1_795_858_105, "created_index": 46,
    });
    row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    row
}

#[tokio::test]
async fn a_label_of_an_invoice_that_is_none_of_ours_is_told_with_that_invoice() {
    let another = super::host::invoice(&request(), 3, 1000).to_string();
    for row in [json!({ "bolt11": "lnbcrt100n1p4szepe" }), json!({ "bolt12": another }), json!({ "bolt12": "lni1zz" })]
    {
        let (row, node, folder) = (other_row(row), node(COMMANDS), tempfile::tempdir().unwrap());
        node.answer("listinvoices", json!({ "invoices": [row] }));
        let (mut host, _) = Host::start(&node, &folder, json!({})).await;
        let order = json!({ "invreq": request().to_string(), "label": "r-1" });
        let error = host.call("lnr-collect", order).await.unwrap_err();
        assert_eq!((&error["code"], &error["data"]), (&json!(900), &row), "{error}");
        assert_eq!(error["message"], json!("the label \"r-1\" is taken by another invoice: use a new one"));
        assert_eq!(node.count("createinvoice") + node.count("injectonionmessage") + node.count("delinvoice"), 0);
        host.stop().await;
    }
}

#[tokio::test]
async fn a_label_that_another_invoice_takes_first_is_told_with_that_invoice() {
    let (row, node, folder) = (other_row(json!({ "bolt11": "lnbcrt1" })), node(COMMANDS), tempfile::tempdir().unwrap());
    node.answer("listinvoices", json!({ "invoices": [row] }));
    // The label's look and that at all labels see nothing.
    for _ in 0..2 {
        node.reply_once("listinvoices", Reply::result(json!({ "invoices": [] })));
    }
    node.reply("createinvoice", Reply::error_with_data(900, "Duplicate label", row.clone()));
    let (mut host, _) = Host::start(&node, &folder, json!({})).await;
    let error = host.call("lnr-collect", json!({ "invreq": request().to_string(), "label": "r-1" })).await.unwrap_err();
    assert_eq!((&error["code"], &error["data"]), (&json!(900), &row), "{error}");
    assert_eq!((node.count("createinvoice"), node.count("injectonionmessage")), (1, 0));
    host.stop().await;
}
