//! Invoices: labels, attempts, payments and expiry.

use cln_primitives::Msat;
use cln_runtime::engine::{
    Acceptance, Creation, Free, HtlcSetId, InvoiceState, InvoiceStore as _, NewInvoice, Receipt, SettlementStore as _,
};

use crate::support::{AMOUNT, EXPIRY, NOW, Scene, hash, htlc_set, keys, new_invoice, preimage, signed_request};

const EXPIRES_AT: u64 = NOW + EXPIRY as u64;

#[tokio::test]
async fn an_invoice_gets_the_nodes_path_and_is_kept() {
    let mut scene = Scene::new();
    let Creation::Created(made) = scene.store.create_invoice(new_invoice("a", 1, 7)).await.unwrap() else {
        panic!("the label is taken");
    };
    assert_eq!(
        (made.attempts, &made.state, made.created_index, made.updated_index),
        (1, &InvoiceState::Unpaid, 1, None)
    );
    let path = made.invoice.payment().paths.into_iter().next().unwrap();
    assert!(keys(2).read_own_path(path).is_some());
    scene.reopen();
    let found = scene.find("a").await.unwrap();
    assert_eq!(format!("{found:?}"), format!("{made:?}"));
    // It is as good as one that was verified now.
    assert!(!format!("{found:?}").contains(&preimage(7).reveal_hex()));
}

#[tokio::test]
async fn a_label_is_taken_unless_its_invoice_expired_for_the_same_request() {
    let scene = Scene::new();
    scene.invoice("a", 7).await;
    let taken = |created: Creation| matches!(created, Creation::LabelTaken(found) if found.payment_hash() == hash(7));
    assert!(taken(scene.store.create_invoice(new_invoice("a", 1, 8)).await.unwrap()));
    assert_eq!(scene.store.expire_invoices(EXPIRES_AT + 1).await.unwrap(), 1);
    assert!(taken(scene.store.create_invoice(new_invoice("a", 2, 8)).await.unwrap()));
    let made = scene.store.create_invoice(new_invoice("a", 1, 8)).await.unwrap();
    assert!(matches!(made, Creation::Created(record) if record.created_index == 2));
    assert_eq!(scene.find("a").await.unwrap().payment_hash(), hash(8));
}

#[tokio::test]
async fn a_payment_hash_has_one_invoice() {
    let scene = Scene::new();
    scene.invoice("a", 7).await;
    let error = scene.store.create_invoice(new_invoice("b", 1, 7)).await.unwrap_err().to_string();
    assert_eq!(
        error,
        format!("storing an invoice: there is an invoice with the payment hash {}: use a new one", hash(7))
    );
}

#[tokio::test]
async fn an_amount_that_no_row_holds_is_refused() {
    let invoice = signed_request(1).invoice(hash(7), Msat::MAX, NOW, keys(2).node_id()).build().unwrap();
    let new = NewInvoice { label: "a".to_owned(), invoice, preimage: preimage(7) };
    let error = Scene::new().store.create_invoice(new).await.unwrap_err().to_string();
    assert!(error.starts_with("storing an invoice: "), "{error}");
}

#[tokio::test]
async fn attempts_are_counted_while_it_is_unpaid() {
    let scene = Scene::new();
    scene.invoice("a", 7).await;
    let attempts = |number| {
        let again = scene.store.attempt_again("a", hash(number));
        async { again.await.unwrap().map(|record| record.attempts) }
    };
    assert_eq!(attempts(7).await, Some(2));
    assert_eq!(attempts(8).await, None);
    scene.pay(7, 1).await;
    assert_eq!(attempts(7).await, Some(2));
    assert!(scene.store.attempt_again("b", hash(7)).await.unwrap().is_none());
}

/// Frees a label; is it free then?
async fn check_free(attempts: u32, accepted: bool, why: Free, freed: bool) {
    let scene = Scene::new();
    scene.invoice("a", 7).await;
    for _ in 1..attempts {
        scene.store.attempt_again("a", hash(7)).await.unwrap();
    }
    assert!(!accepted || scene.accept(7, 1).await);
    assert!(scene.store.free_label("a", hash(8), why).await.unwrap().is_none());
    assert!(scene.find("a").await.is_some());
    assert_eq!(scene.store.free_label("a", hash(7), why).await.unwrap().is_none(), freed);
    assert_eq!(scene.find("a").await.is_none(), freed);
}

#[tokio::test]
async fn a_label_is_freed_when_its_invoice_cannot_be_paid_any_more() {
    check_free(1, false, Free::NeverDelivered, true).await;
    check_free(2, false, Free::NeverDelivered, false).await;
    check_free(1, false, Free::Refused, true).await;
    check_free(2, false, Free::Refused, true).await;
    check_free(1, true, Free::NeverDelivered, false).await;
    check_free(1, true, Free::Refused, false).await;
}

/// What is answered to a payment of this amount at this time, for an invoice of 1000 msat?
async fn check_payment(amount: u64, now: u64, refused: Option<&str>) {
    let scene = Scene::new();
    scene.invoice("a", 7).await;
    let set = htlc_set(7, 1, Msat::from_msat(amount));
    let expected = refused.is_none().then(|| preimage(7));
    match scene.store.accept_htlcs(&set, now).await.unwrap() {
        Acceptance::Accepted(shown) => assert_eq!(Some(shown), expected),
        Acceptance::Refused(why) => assert_eq!(Some(why), refused),
    }
}

#[tokio::test]
async fn a_payment_is_taken_when_it_is_enough_and_in_time() {
    check_payment(1000, NOW, None).await;
    check_payment(2000, EXPIRES_AT, None).await;
    check_payment(999, NOW, Some("it is less than the invoice asks for")).await;
    check_payment(2001, NOW, Some("it is more than twice of what the invoice asks for")).await;
    check_payment(u64::MAX, NOW, Some("it is more than twice of what the invoice asks for")).await;
    check_payment(1000, EXPIRES_AT + 1, Some("the invoice has expired")).await;
}

#[tokio::test]
async fn an_invoice_is_paid_by_one_payment() {
    let mut scene = Scene::new();
    scene.invoice("a", 7).await;
    assert!(!scene.accept(8, 1).await, "there is no such invoice");
    assert!(scene.accept(7, 1).await);
    assert!(scene.accept(7, 1).await, "the same again");
    assert!(!scene.accept(7, 2).await, "another one");
    scene.reopen();
    assert!(scene.accept(7, 1).await, "the same after a restart");

    let pay = |htlcs, paid_at| scene.store.mark_paid(hash(7), HtlcSetId(htlcs), AMOUNT, paid_at);
    let error = pay(2, NOW).await.unwrap_err().to_string();
    assert!(error.contains("was not bound to the HTLCs 2"), "{error}");
    let receipt = Receipt { preimage: preimage(7), pay_index: 1, amount_received: AMOUNT, paid_at: NOW };
    assert_eq!(pay(1, NOW).await.unwrap(), receipt);
    assert_eq!(pay(1, NOW + 5).await.unwrap(), receipt, "the first receipt stays");
    assert!(scene.accept(7, 1).await, "the same when it is paid");
    assert!(!scene.accept(7, 2).await);
    scene.store.release_htlcs(hash(7), HtlcSetId(1)).await.unwrap();
    assert_eq!(scene.find("a").await.unwrap().state, InvoiceState::Paid(receipt));
}

#[tokio::test]
async fn a_payment_that_is_gone_leaves_the_invoice_unpaid() {
    let scene = Scene::new();
    scene.invoice("a", 7).await;
    assert!(scene.accept(7, 1).await);
    scene.store.release_htlcs(hash(7), HtlcSetId(2)).await.unwrap();
    assert_eq!(scene.find("a").await.unwrap().state, InvoiceState::Accepted);
    let accepted = scene.store.accepted().await.unwrap();
    let told: Vec<_> = accepted.into_iter().map(|it| (it.id, it.payment_hash, it.amount, it.preimage)).collect();
    assert_eq!(told, [(HtlcSetId(1), hash(7), AMOUNT, preimage(7))]);
    scene.store.release_htlcs(hash(7), HtlcSetId(1)).await.unwrap();
    scene.store.release_htlcs(hash(8), HtlcSetId(1)).await.unwrap();
    assert_eq!(scene.find("a").await.unwrap().state, InvoiceState::Unpaid);
    assert!(scene.accept(7, 2).await);
}

#[tokio::test]
async fn what_is_unpaid_expires_after_its_last_second() {
    let scene = Scene::new();
    for (number, label) in (7..).zip(["unpaid", "accepted", "paid"]) {
        scene.invoice(label, number).await;
    }
    assert!(scene.accept(8, 1).await);
    scene.pay(9, 2).await;
    assert_eq!(scene.store.expire_invoices(EXPIRES_AT).await.unwrap(), 0);
    let kept = scene.store.expire_invoice("unpaid", hash(7), EXPIRES_AT).await.unwrap();
    assert_eq!(kept.unwrap().state, InvoiceState::Unpaid);
    assert_eq!(scene.store.expire_invoices(u64::MAX).await.unwrap(), 1);
    assert_eq!(scene.store.expire_invoices(u64::MAX).await.unwrap(), 0);
    assert_eq!(scene.find("unpaid").await.unwrap().state, InvoiceState::Expired);
    assert!(!scene.accept(7, 3).await);
    assert_eq!(scene.find("accepted").await.unwrap().state, InvoiceState::Accepted);
}
