//! Being paid directly: over the node's own commands, without `sendinvoice`.

use cln_primitives::Secret;
use cln_runtime::bolt12::{Chain, InvoiceError};
use cln_runtime::client::Client;
use cln_runtime::engine::{
    Answer, Creation, InvoiceRecord, InvoiceStore as _, NewInvoice, Order, SendInvoiceError, System, send_invoice,
};
use cln_runtime::lightningd::Payee;
use cln_runtime::recover::{CollectSpec, Collected, Error, Recover, Sending};
use cln_runtime::testing::Reply;
use serde_json::json;

use crate::collect::{LABEL, words};
use crate::kit::{AMOUNT, Fault, Node, builder, id, lnr, now, preimage, sign};
use crate::lightningd::{Lightningd, Message};

pub async fn collect(recover: &Recover) -> Result<Collected, Error> {
    recover.collect(CollectSpec::new(lnr().to_string()).sending(Sending::Direct), LABEL).await
}

/// What call after call gives, and how many invoices were made in all.
async fn check(messages: &[Message], faults: &[(&'static str, Fault)], expected: &[&str], made: usize) {
    let node = Node::<Lightningd>::start();
    node.table().messages.extend(messages);
    node.table().faults.add(faults);
    let recover = node.recover().await;
    for (at, expected) in expected.iter().enumerate() {
        let end = collect(&recover).await;
        assert_eq!(words(&end), *expected, "call {at} of {messages:?} with {faults:?}: {end:?}");
    }
    assert_eq!(node.table().hashes.len(), made, "{messages:?} with {faults:?}");
    assert_eq!(node.fake.count("sendinvoice"), 0);
}

#[tokio::test]
async fn an_invoice_is_made_sent_and_paid_once() {
    check(&[], &[], &["paid", "paid"], 1).await;
}

#[tokio::test]
async fn a_receipt_says_how_its_call_sends() {
    let node = Node::<Lightningd>::start();
    let end = node.recover().await.collect(lnr().to_string(), LABEL).await;
    let Ok(Collected::Paid(receipt)) = end else { panic!("{end:?}") };
    assert_eq!(receipt.sending, Some(Sending::Direct), "a node that can is used directly");
    let mut old = serde_json::to_value(&receipt).unwrap();
    assert_eq!(old["sending"], "direct");
    old.as_object_mut().unwrap().remove("sending");
    assert_eq!(serde_json::from_value::<cln_runtime::recover::Receipt>(old).unwrap().sending, None);
}

#[tokio::test]
async fn a_message_that_the_node_does_not_take_frees_the_label() {
    let node = Node::<Lightningd>::start();
    node.table().messages.push_back(Message::NotTaken);
    let recover = node.recover().await;
    let end = collect(&recover).await;
    assert!(matches!(&end, Ok(Collected::Unreachable { reason }) if reason.contains("unknown next peer")), "{end:?}");
    assert!(node.table().rows.is_empty());
    assert_eq!(words(&collect(&recover).await), "paid");
}

#[tokio::test]
async fn a_payer_out_of_reach_frees_the_label() {
    let node = Node::<Lightningd>::start();
    node.table().alone = true;
    let end = collect(&node.recover().await).await;
    assert!(matches!(&end, Ok(Collected::Unreachable { reason }) if reason.contains("could not route")), "{end:?}");
    assert!(node.table().rows.is_empty());
}

#[tokio::test]
async fn a_lost_answer_at_each_step_makes_no_second_invoice() {
    check(&[], &[("createinvoice", Fault::LostAfter)], &["paid"], 1).await;
    check(&[], &[("injectonionmessage", Fault::LostAfter)], &["paid"], 1).await;
    check(&[], &[("waitinvoice", Fault::LostAfter)], &["paid"], 1).await;
    let before = [("createinvoice", Fault::LostBefore)];
    let node = Node::<Lightningd>::start();
    node.table().faults.add(&before);
    let recover = node.recover().await;
    let end = collect(&recover).await;
    assert!(matches!(end, Err(Error::Direct(_))), "{end:?}");
    assert_eq!(words(&collect(&recover).await), "paid");
    assert_eq!(node.table().hashes.len(), 1);
}

#[tokio::test]
async fn a_message_of_unknown_fate_keeps_the_label_until_it_expires() {
    check(&[Message::Silence], &[("injectonionmessage", Fault::LostAfter)], &["timed out", "paid"], 2).await;
    check(&[Message::Silence], &[], &["timed out", "paid"], 2).await;
}

#[tokio::test]
async fn an_invoice_that_the_node_alters_is_not_sent() {
    let node = Node::<Lightningd>::start();
    node.table().alters = true;
    let end = collect(&node.recover().await).await;
    assert!(end.is_err_and(|error| error.to_string().contains("another invoice than ordered")));
    assert_eq!(node.fake.count("injectonionmessage"), 0);
    assert!(node.table().rows.is_empty());
}

#[tokio::test]
async fn a_request_past_its_time_gets_no_invoice() {
    let node = Node::<Lightningd>::start();
    let expired = sign(builder(0).offer_absolute_expiry(now() - 5)).to_string();
    let spec = CollectSpec::new(expired).sending(Sending::Direct);
    let end = node.recover().await.collect(spec, LABEL).await;
    assert!(matches!(end, Ok(Collected::Expired { .. })), "{end:?}");
    assert_eq!(node.fake.count("createinvoice"), 0);
}

#[tokio::test]
async fn a_node_without_the_commands_is_not_forced() {
    let node = Node::<crate::payee::Payee>::start();
    let end = collect(&node.recover().await).await;
    assert!(matches!(&end, Err(Error::NoDirectSending(why)) if why.contains("createinvoice")), "{end:?}");
}

#[tokio::test]
async fn an_invoice_that_another_makes_under_the_freed_label_is_not_deleted() {
    let node = Node::<Lightningd>::start();
    node.table().messages.push_back(Message::NotTaken);
    node.table().crowded = true;
    let end = collect(&node.recover().await).await;
    assert!(matches!(end, Ok(Collected::Unreachable { .. })), "{end:?}");
    assert_eq!((node.fake.count("delinvoice"), node.fake.count("waitinvoice")), (1, 1));
}

#[tokio::test]
async fn a_node_that_cannot_tell_its_commands_now_is_asked_again() {
    let node = Node::<Lightningd>::start();
    node.table().faults.add(&[("help", Fault::PluginDied)]);
    let recover = node.recover().await;
    let end = recover.collect(lnr().to_string(), LABEL).await;
    assert!(matches!(end, Err(Error::Call { command: "help", .. })), "{end:?}");
    let end = recover.collect(lnr().to_string(), LABEL).await;
    assert!(matches!(&end, Ok(Collected::Paid(receipt)) if receipt.sending == Some(Sending::Direct)), "{end:?}");
}

#[tokio::test]
async fn of_two_labels_at_once_one_gets_an_invoice() {
    let node = Node::<Lightningd>::start();
    let client = Client::connect(node.fake.path()).await.unwrap();
    let payee = Payee::new(client, id(2), Chain::REGTEST, System);
    let create = |number, label: &str| {
        let (secret, hash) = preimage(number);
        let invoice = lnr().invoice(hash, AMOUNT, now(), id(2)).build().unwrap();
        payee.create_invoice(NewInvoice { label: label.to_owned(), invoice, preimage: Secret::from_bytes(secret) })
    };
    let (first, second) = tokio::join!(create(1, "first"), create(2, "second"));
    assert!(matches!(first, Ok(Creation::Created(_))), "{first:?}");
    assert!(second.is_err_and(|error| error.to_string().contains("the label \"first\" has an unpaid invoice")));
    assert_eq!(node.table().rows.len(), 1);
}

#[tokio::test]
async fn an_invoice_that_somebody_deletes_is_no_longer_waited_for() {
    // Core Lightning says -1. No other code could mean it but 905, which its `delinvoice` has.
    for code in [-1, 905] {
        let node = Node::<Lightningd>::start();
        node.table().messages.push_back(Message::Silence);
        node.table().deleted_in_wait = Some(code);
        let recover = node.recover().await;
        assert_eq!(words(&collect(&recover).await), "timed out", "{code}: it was sent in this call");
        assert_eq!(words(&collect(&recover).await), "paid", "{code}");
        assert_eq!(node.table().hashes.len(), 2);

        let node = Node::<Lightningd>::start();
        node.table().put(LABEL);
        node.table().deleted_in_wait = Some(code);
        assert_eq!(words(&collect(&node.recover().await).await), "paid", "{code}: it was there before");
        assert_eq!(node.table().hashes.len(), 1);
    }
}

#[tokio::test]
async fn a_label_of_an_invoice_that_is_for_no_request_is_left_alone() {
    let coffee = json!({
        "label": LABEL, "bolt11": "lnbcrt100n1p4szepe", "payment_hash": preimage(8).1, "amount_msat": AMOUNT,
        "status": "unpaid", "description": "coffee", "expires_at": 1_795_858_105, "created_index": 46,
    });
    // It is there at the first look, or comes before the look of the engine, or before the node makes the invoice.
    for (looks, made) in [(0, 0), (2, 0), (3, 1)] {
        let node = Node::<Lightningd>::start();
        for _ in 0..looks {
            node.fake.reply_once("listinvoices", Reply::result(json!({ "invoices": [] })));
        }
        node.fake.answer("listinvoices", json!({ "invoices": [coffee] }));
        node.fake.reply("createinvoice", Reply::error_with_data(900, "Duplicate label", coffee.clone()));
        let end = collect(&node.recover().await).await;
        let Err(Error::LabelTaken { label, invoice }) = end else { panic!("{end:?}") };
        assert_eq!((&*label, invoice.bolt11.as_deref()), (LABEL, coffee["bolt11"].as_str()));
        let count = |method| node.fake.count(method);
        assert_eq!((count("createinvoice"), count("injectonionmessage") + count("delinvoice")), (made, 0));
    }
}

/// What `send_invoice` gives for a silent payer's refusal, which comes while the payment is waited for.
async fn refused(node: &Node<Lightningd>) -> Result<InvoiceRecord, SendInvoiceError> {
    node.table().messages.push_back(Message::Silence);
    node.fake.reply_once("waitinvoice", Reply::silence());
    let payee = Payee::new(Client::connect(node.fake.path()).await.unwrap(), id(2), Chain::REGTEST, System);
    // Nobody waits so long here.
    let order = Order { request: lnr(), label: LABEL.to_owned(), amount: AMOUNT, timeout: 86_400 };
    let refusal = InvoiceError::builder("not from you").build().unwrap();
    let refusing = async {
        node.fake.received("waitinvoice").await;
        let path_id = node.table().refuse(&refusal);
        assert!(!payee.replies().answer(&Secret::from_bytes([3; 32]), || Answer::Refusal(refusal.clone())));
        assert!(payee.replies().answer(&path_id, || Answer::Refusal(refusal.clone())));
    };
    tokio::join!(send_invoice(&payee, &order), refusing).0
}

#[tokio::test]
async fn a_refusal_that_is_heard_ends_the_wait_and_frees_the_label() {
    let node = Node::<Lightningd>::start();
    let end = refused(&node).await;
    assert!(matches!(&end, Err(SendInvoiceError::Refused(why)) if why.error() == Some("not from you")), "{end:?}");
    assert!(node.table().rows.is_empty());
}

#[tokio::test]
async fn a_payment_that_was_faster_than_the_refusal_counts() {
    let node = Node::<Lightningd>::start();
    node.table().paid_before_deletion = true;
    let end = refused(&node).await;
    assert!(matches!(&end, Ok(record) if record.receipt().is_some()), "{end:?}");
    assert_eq!(node.fake.count("delinvoice"), 1);
}
