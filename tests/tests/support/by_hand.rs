//! What a payer and a payee call who do each step themselves.

use cln_primitives::{Msat, Secret};
use cln_runtime::bolt12::{Chain, InvoiceRequest, RequestBuilder, Verified};
use cln_runtime::engine::{Clock as _, payment_hash};
use serde_json::{Value, json};

use super::network::{Network, Party};

pub async fn peers_and_ways(net: &Network) {
    let (payer, payee) = (&net.payer, &net.payee);
    let (own, other) = (payer.node.node().node_id(), payee.node.node().node_id());
    let nodes = net.ok(payer, "listnodes", json!({})).await;
    assert_eq!(nodes["nodes"].as_array().unwrap().len(), 2);
    let known = net.ok(payer, "listnodes", json!([own])).await;
    assert_eq!((&known["nodes"][0]["nodeid"], &known["nodes"][0]["alias"]), (&json!(own), &json!("payer")));
    let channels = net.ok(payer, "listchannels", json!({"source": own})).await;
    assert_eq!(channels["channels"][0]["destination"], json!(other));
    let channel = &channels["channels"][0]["short_channel_id"];
    let both = net.ok(payer, "listchannels", json!([channel])).await;
    assert_eq!(both["channels"].as_array().unwrap().len(), 2);
    assert_eq!(net.ok(payer, "listpeerchannels", json!({"id": other})).await, json!({"channels": []}));
    net.fails(payer, "listpeerchannels", json!({"short_channel_id": "junk"}), -32602, "").await;
    let both = json!({"source": own, "destination": other});
    net.fails(payer, "listchannels", both, -32602, "only one of").await;
    let incoming = net.ok(payer, "listincoming", json!({})).await;
    assert_eq!((&incoming["incoming"][0]["id"], &incoming["incoming"][0]["enabled"]), (&json!(other), &json!(true)));
    let features = &net.ok(payer, "listpeers", json!([other])).await["peers"][0]["features"];
    assert_eq!(&incoming["incoming"][0]["peer_features"], features);

    let connected = net.ok(payer, "connect", json!({"id": other})).await;
    assert_eq!((&connected["id"], &connected["features"]), (&json!(other), features));
    net.ok(payer, "connect", json!([format!("{other}@localhost:9735")])).await;
    net.fails(payer, "connect", json!(["junk"]), -32602, "id: must be").await;
    net.fails(payer, "connect", json!([own]), 400, "not in this network").await;
}

fn draft(party: &Party, metadata: u8) -> RequestBuilder {
    let payer = party.node.node().node_id();
    RequestBuilder::stand_alone(&[metadata; 16], payer, Chain::REGTEST, Msat::from_msat(5000))
}

pub async fn requests(net: &Network) {
    let payer = &net.payer;
    let text = draft(payer, 1).offer_description("by hand").build().unwrap().unsigned_text();
    let signed = net.ok(payer, "createinvoicerequest", json!({"bolt12": text, "savetodb": false})).await;
    let request = InvoiceRequest::parse(signed["bolt12"].as_str().unwrap(), Chain::REGTEST).unwrap().verify().unwrap();
    assert_eq!(signed["invreq_id"], json!(request.invreq_id()));
    assert_eq!((&signed["active"], &signed["used"]), (&json!(true), &json!(false)));
    let listed = json!({"invreq_id": signed["invreq_id"]});
    assert_eq!(net.ok(payer, "listinvoicerequests", listed.clone()).await, json!({"invoicerequests": []}));

    let stored = net.ok(payer, "createinvoicerequest", json!([signed["bolt12"], true, "l", false])).await;
    assert_eq!((&stored["label"], &stored["single_use"]), (&json!("l"), &json!(false)));
    assert_eq!(net.ok(payer, "listinvoicerequests", listed).await, json!({"invoicerequests": [stored]}));
    net.fails(payer, "createinvoicerequest", json!([text, true]), -1, "already").await;
    net.fails(payer, "createinvoicerequest", json!(["junk", false]), -32602, "bolt12: ").await;
    net.fails(&net.payee, "createinvoicerequest", json!([text, false]), -32602, "bolt12: ").await;
}

/// An invoice for a request of the payer, to be signed by the payee, as `createinvoice` takes it.
pub async fn order(net: &Network, label: &str, preimage: &Secret, amount: u64) -> Value {
    let request = net.request(json!({"single_use": false})).await;
    let request: InvoiceRequest<Verified> = InvoiceRequest::parse(&request, Chain::REGTEST).unwrap().verify().unwrap();
    let node = net.payee.node.node();
    let (hash, now) = (payment_hash(preimage), node.ports().now());
    let invoice = request.invoice(hash, Msat::from_msat(amount), now, node.node_id()).build().unwrap();
    json!({"invstring": invoice.unsigned_text(), "label": label, "preimage": preimage.reveal_hex()})
}

pub async fn payments(net: &Network) {
    let (payer, payee) = (&net.payer, &net.payee);
    let preimage = Secret::from_bytes([77; 32]);
    let order = order(net, "made", &preimage, 5000).await;
    net.ok(payee, "check", json!(["createinvoice", order["invstring"], "made", order["preimage"]])).await;
    let made = net.ok(payee, "createinvoice", order.clone()).await;
    assert_eq!((&made["status"], &made["description"]), (&json!("unpaid"), &json!("tea")));
    assert_eq!(net.fails(payee, "createinvoice", order.clone(), 900, "has this label").await, made);
    for (changed, code, words) in [
        (json!({"label": "other"}), -1, "there is an invoice with the payment hash"),
        (json!({"label": "other", "invstring": made["bolt12"]}), -32602, "signed already"),
        (json!({"label": "other", "preimage": "00".repeat(32)}), -32602, "preimage: "),
        (json!({"preimage": "00"}), -32602, "preimage: must be 64 hex digits"),
        (json!({"invstring": "junk"}), -32602, "invstring: "),
    ] {
        let mut order = order.clone();
        order.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
        net.fails(payee, "createinvoice", order, code, words).await;
    }

    let uri = format!("lightning:{}", made["bolt12"].as_str().unwrap());
    for (more, words) in [
        (json!({"amount_msat": 5000}), "amount_msat: leave it out"),
        (json!({"partial_msat": 1}), "partial_msat: "),
        (json!({"layers": ["a"]}), "layers: "),
        (json!({"layers": "a"}), "layers: must be a list"),
        (json!({"localinvreqid": "00".repeat(32)}), "localinvreqid: "),
        (json!({"invstring": "junk"}), "invstring: "),
        (json!({"invstring": order["invstring"]}), "invstring: "),
    ] {
        let mut pay = json!({"invstring": uri});
        pay.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        net.fails(payer, "xpay", pay, -32602, words).await;
    }
    net.ok(payer, "check", json!(["xpay", uri])).await;
    let limits =
        json!({"invstring": uri, "maxfee": 0, "retry_for": 10, "label": "by hand", "layers": [], "maxdelay": 5});
    let (paid, waited) =
        tokio::join!(net.ok(payer, "xpay", limits), net.ok(payee, "waitinvoice", json!({"label": "made"})));
    assert_eq!((&paid["payment_preimage"], &paid["amount_sent_msat"]), (&json!(preimage), &json!(5000)));
    assert_eq!(waited["payment_preimage"], paid["payment_preimage"]);
    net.fails(payer, "xpay", json!([uri]), 219, "paid already").await;
    for (method, list) in [("listpays", "pays"), ("listsendpays", "payments")] {
        let listed = net.ok(payer, method, json!({"payment_hash": made["payment_hash"]})).await;
        let listed = &listed[list][0];
        assert_eq!((&listed["label"], &listed["status"]), (&json!("by hand"), &json!("complete")));
        assert_eq!(listed["bolt12"], made["bolt12"]);
    }
    ends_without_payment(net).await;
}

async fn ends_without_payment(net: &Network) {
    let (payer, payee) = (&net.payer, &net.payee);
    let dear = order(net, "dear", &Secret::from_bytes([78; 32]), 2_000_000_000_000_000_000).await;
    let dear = net.ok(payee, "createinvoice", dear).await;
    net.fails(payer, "xpay", json!([dear["bolt12"]]), 205, "balance is too small").await;
    let gone = order(net, "gone", &Secret::from_bytes([79; 32]), 5000).await;
    let gone = net.ok(payee, "createinvoice", gone).await;
    net.ok(payee, "delinvoice", json!(["gone", "unpaid"])).await;
    net.fails(payer, "xpay", json!([gone["bolt12"]]), 203, "no such invoice").await;
    let failed = net.ok(payer, "listpays", json!({"status": "failed", "payment_hash": gone["payment_hash"]})).await;
    assert_eq!(failed["pays"].as_array().unwrap().len(), 1);
}
