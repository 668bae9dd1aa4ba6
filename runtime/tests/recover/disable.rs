//! Taking a promise back while nobody is being paid by it.

use std::time::Duration;

use cln_primitives::Msat;
use cln_runtime::recover::{Disabled, Error, Recover};
use cln_runtime::testing::Reply;
use serde_json::{Value, json};

use crate::kit::{AMOUNT, Fault, Node, builder, lni, lnr, preimage, sign};
use crate::payer::{Payer, Row};
use crate::watch::open;

async fn disable(recover: &Recover, within: Duration) -> Result<Disabled, Error> {
    recover.disable(&lnr().invreq_id(), within).await
}

fn words(end: &Result<Disabled, Error>) -> &'static str {
    match end {
        Ok(Disabled::Disabled { pending: None, .. }) => "disabled",
        Ok(Disabled::Disabled { .. }) => "disabled too late",
        Ok(Disabled::AlreadyClosed { pending: None, .. }) => "already closed",
        Ok(Disabled::AlreadyClosed { .. }) => "already closed, and being paid",
        Ok(Disabled::Unknown) => "unknown",
        Ok(Disabled::PaymentPending { .. }) => "payment pending",
        Ok(_) => "something new",
        Err(_) => "failed",
    }
}

/// A part that is under way, with these fields of its own.
fn part(own: Value) -> Value {
    let mut part = json!({
        "created_index": 1, "id": 1, "groupid": 1, "payment_hash": preimage(1).1.to_string(), "status": "pending",
        "amount_sent_msat": 5000, "created_at": 1_700_000_000,
    });
    part.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    part
}

fn invoice() -> String {
    lni(&lnr(), 1, AMOUNT, 90)
}

/// What the first call gives without waiting.
async fn check(row: Option<Row>, parts: &[Value], pays: &[Value], faults: &[(&'static str, Fault)], expected: &str) {
    let node = Node::<Payer>::start();
    node.table().rows.extend(row);
    node.table().parts.extend_from_slice(parts);
    node.table().pays.extend_from_slice(pays);
    node.table().faults.add(faults);
    let end = disable(&node.recover().await, Duration::from_millis(100)).await;
    assert_eq!(words(&end), expected, "{parts:?} {pays:?} {faults:?}");
}

#[tokio::test]
async fn a_quiet_request_is_disabled() {
    check(Some(open()), &[], &[], &[], "disabled").await;
}

#[tokio::test]
async fn what_is_closed_or_unknown_is_told() {
    check(None, &[], &[], &[], "unknown").await;
    check(Some(Row { active: false, ..open() }), &[], &[], &[], "already closed").await;
}

#[tokio::test]
async fn a_request_that_is_being_paid_is_left_alone() {
    let text = invoice();
    check(Some(open()), &[part(json!({ "bolt12": text }))], &[], &[], "payment pending").await;
    // What cannot be read may be for it.
    check(Some(open()), &[part(json!({ "bolt12": "lni1new" }))], &[], &[], "payment pending").await;
    // A later part does not say what it is for, the payment does.
    let pay = part(json!({ "bolt12": text, "amount_msat": 5000 }));
    check(Some(open()), &[part(json!({}))], &[pay], &[], "payment pending").await;
}

#[tokio::test]
async fn other_payments_do_not_matter() {
    let other = lni(&sign(builder(1).invreq_amount(Msat::from_msat(1))), 2, AMOUNT, 90);
    let others = [json!({ "bolt12": other }), json!({ "bolt11": "lnbcrt1" }), json!({})].map(part);
    check(Some(open()), &others, &[], &[], "disabled").await;
}

#[tokio::test]
async fn a_lost_answer_is_looked_for() {
    let lost = |fault| [("disableinvoicerequest", fault)];
    check(Some(open()), &[], &[], &lost(Fault::LostBefore), "disabled").await;
    check(Some(open()), &[], &[], &lost(Fault::LostAfter), "already closed").await;
}

#[tokio::test]
async fn a_payment_for_a_closed_request_is_told() {
    let closed = Row { active: false, ..open() };
    check(Some(closed), &[part(json!({ "bolt12": invoice() }))], &[], &[], "already closed, and being paid").await;
}

#[tokio::test]
async fn what_became_of_it_is_looked_at_even_without_time() {
    let node = Node::<Payer>::start();
    node.table().rows.push(open());
    node.table().faults.add(&[("disableinvoicerequest", Fault::LostAfter)]);
    assert_eq!(words(&disable(&node.recover().await, Duration::ZERO).await), "already closed");
    // Where the node contradicts itself, that is the end.
    node.table().rows[0].active = true;
    node.fake.reply("disableinvoicerequest", Reply::error(1001, "invoice_request is not active"));
    assert_eq!(words(&disable(&node.recover().await, Duration::ZERO).await), "failed");
}

#[tokio::test]
async fn the_end_of_a_payment_is_waited_for() {
    let node = Node::<Payer>::start();
    node.table().rows.push(Row { single_use: false, ..open() });
    node.table().parts.push(part(json!({ "bolt12": invoice() })));
    let recover = node.recover().await;
    let disabling = tokio::spawn(async move { disable(&recover, Duration::from_secs(3600)).await });
    node.fake.received("listsendpays").await;
    node.fake.received("listsendpays").await;
    assert_eq!(node.fake.count("disableinvoicerequest"), 0);
    node.table().parts.clear();
    assert_eq!(words(&disabling.await.unwrap()), "disabled");
    assert!(!node.table().doomed);
}

#[tokio::test]
async fn a_payment_that_begins_in_the_last_moment_is_told() {
    let node = Node::<Payer>::start();
    node.table().rows.push(open());
    node.table().parts.push(part(json!({ "bolt12": invoice() })));
    node.fake.reply_once("listsendpays", Reply::result(json!({ "payments": [] })));
    assert_eq!(words(&disable(&node.recover().await, Duration::ZERO).await), "disabled too late");
}

#[tokio::test]
async fn a_request_that_somebody_else_disables_first_is_already_closed() {
    let node = Node::<Payer>::start();
    node.table().rows.push(open());
    let recover = node.recover().await;
    node.fake.reply_once("listsendpays", Reply::result(json!({ "payments": [] })).held());
    let disabling = tokio::spawn(async move { disable(&recover, Duration::from_secs(3600)).await });
    node.fake.received("listsendpays").await;
    node.table().rows[0].active = false;
    node.fake.release("listsendpays");
    assert_eq!(words(&disabling.await.unwrap()), "already closed");
    assert_eq!(node.fake.count("disableinvoicerequest"), 1, "1001");
}
