//! Paying: once for each hash, whatever happens.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use cln_primitives::Secret;
use cln_runtime::bolt12::{Invoice, Verified};
use cln_runtime::engine::{Fulfilment, Htlcs as _, PayError, Wallet as _};
use futures_util::FutureExt as _;
use tokio::task::JoinSet;

use crate::support::{EXPIRY, GRACE, INVREQ_ID, NOW, Scene, invoice, invoice_of, preimage};

const LATE: u64 = NOW + EXPIRY as u64 + 1;

fn paid(number: u8) -> Result<Secret, PayError> {
    Ok(preimage(number))
}

fn failed(why: &str) -> Result<Secret, PayError> {
    Err(PayError::Failed(why.to_owned()))
}

#[tokio::test]
async fn money_that_is_offered_is_nobodys_until_the_preimage_is_shown() {
    let scene = Scene::new().await;
    let (set, paying) = scene.offer(&invoice(7, 3000)).await;
    assert_eq!(scene.money().await, [7_000, 3_000, 10_000]);
    assert_eq!(scene.payee.fulfil(&set, &preimage(7)).await.unwrap(), Fulfilment::Fulfilled);
    assert_eq!(paying.await.unwrap(), paid(7));
    assert_eq!(scene.money().await, [7_000, 0, 13_000]);
}

#[tokio::test]
async fn money_that_is_refused_goes_back() {
    let scene = Scene::new().await;
    let (set, paying) = scene.offer(&invoice(7, 3000)).await;
    scene.payee.fail(&set, "not wanted").await.unwrap();
    assert_eq!(paying.await.unwrap(), failed("not wanted"));
    assert_eq!(scene.money().await, [10_000, 0, 10_000]);
    // It may be tried again.
    let (again, paying) = scene.offer(&invoice(7, 3000)).await;
    assert_ne!(again.id, set.id);
    assert_eq!(scene.payee.fulfil(&set, &preimage(7)).await.unwrap(), Fulfilment::Gone);
    assert_eq!(scene.payee.fulfil(&again, &preimage(7)).await.unwrap(), Fulfilment::Fulfilled);
    assert_eq!(paying.await.unwrap(), paid(7));
}

#[tokio::test]
async fn a_hash_is_paid_once() {
    let scene = Scene::new().await;
    let invoice = invoice(7, 3000);
    let (set, first) = scene.offer(&invoice).await;
    let (_, beside) = scene.offer(&invoice).await;
    // Also by another program, or after a restart.
    let elsewhere = scene.elsewhere(1).await;
    let other = invoice.clone();
    let restarted = tokio::spawn(async move { elsewhere.pay(&other, INVREQ_ID).await });
    tokio::time::sleep(Duration::from_millis(30)).await;
    scene.payee.fulfil(&set, &preimage(7)).await.unwrap();
    for paying in [first, beside, restarted] {
        assert_eq!(paying.await.unwrap(), paid(7));
    }
    scene.now.store(LATE, Relaxed);
    assert_eq!(scene.payer.pay(&invoice, INVREQ_ID).await, paid(7));
    assert_eq!((scene.states(), scene.money().await), (vec!["fulfilled".to_owned()], [7_000, 0, 13_000]));
}

#[tokio::test]
async fn a_payment_of_another_program_is_seen() {
    let scene = Scene::new().await;
    let (_, paying) = scene.offer(&invoice(7, 3000)).await;
    let payee = scene.elsewhere(2).await;
    let set = payee.offered().await.unwrap().remove(0);
    payee.fulfil(&set, &preimage(7)).await.unwrap();
    assert_eq!(paying.await.unwrap(), paid(7));
}

#[tokio::test]
async fn a_poke_has_all_look_again() {
    let scene = Scene::new().await;
    let mut changes = scene.ledger.subscribe();
    let (_, paying) = scene.offer(&invoice(7, 3000)).await;
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    scene.ledger.poke();
    assert!(changes.has_changed().unwrap());
    paying.abort();
}

#[tokio::test]
async fn a_late_payment_is_taken_back_unless_the_payee_was_faster() {
    let scene = Scene::new().await;
    let (set, paying) = scene.offer(&invoice(7, 3000)).await;
    let (taken, paid_in_time) = scene.offer(&invoice(8, 3000)).await;
    scene.payee.fulfil(&taken, &preimage(8)).await.unwrap();
    scene.now.store(LATE + GRACE, Relaxed);
    scene.ledger.poke();
    assert_eq!(paying.await.unwrap(), failed("the payee did not take the payment in time"));
    assert_eq!(paid_in_time.await.unwrap(), paid(8));
    assert_eq!(scene.payee.fulfil(&set, &preimage(7)).await.unwrap(), Fulfilment::Gone);
    assert_eq!(scene.money().await, [7_000, 0, 13_000]);
}

async fn check_refused(scene: &Scene, invoice: &Invoice<Verified>, why: &str) {
    assert_eq!(scene.payer.pay(invoice, INVREQ_ID).await, failed(why));
    assert_eq!(scene.money().await, [10_000, 0, 10_000]);
}

#[tokio::test]
async fn what_cannot_be_paid_is_refused_in_words() {
    let scene = Scene::new().await;
    let poor = "the balance is too small: 10001msat are to be paid";
    check_refused(&scene, &invoice(7, 10_001), poor).await;
    check_refused(&scene, &invoice(7, 0), "an invoice over nothing cannot be paid").await;
    let stranger = invoice_of(3, 7, 1);
    let unknown = format!("the payee {} is no node of this network", stranger.payment().node_id);
    check_refused(&scene, &stranger, &unknown).await;
    scene.now.store(LATE, Relaxed);
    check_refused(&scene, &invoice(7, 1), &format!("the invoice expired at {}", LATE - 1)).await;
}

#[tokio::test]
async fn an_account_is_credited_once() {
    let scene = Scene::new().await;
    let (set, paying) = scene.offer(&invoice(7, 3000)).await;
    scene.payee.fulfil(&set, &preimage(7)).await.unwrap();
    paying.await.unwrap().unwrap();
    assert_eq!(scene.elsewhere(1).await.balance().await.unwrap().as_msat(), 7_000);
    assert_eq!(scene.ledger.balance(crate::support::keys(3).node_id()).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_programs_that_race_for_the_last_money_one_gets_it() {
    let scene = Scene::new().await;
    let mut racers = JoinSet::new();
    for number in 1..=8 {
        let racer = scene.elsewhere(1).await;
        racers.spawn(async move { racer.pay(&invoice(number, 9_000), INVREQ_ID).await });
    }
    for _ in 0..7 {
        let end = racers.join_next().await.unwrap().unwrap();
        assert!(matches!(&end, Err(PayError::Failed(why)) if why.starts_with("the balance")), "{end:?}");
    }
    // The last one waits for the payee.
    assert!(racers.join_next().now_or_never().is_none());
    assert_eq!(scene.money().await, [1_000, 9_000, 10_000]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_ends_in_one_way_when_its_ends_race() {
    let scene = Scene::new().await;
    for number in 1..=5 {
        let (set, paying) = scene.offer(&invoice(number, 100)).await;
        let (payee, other) = (scene.elsewhere(2).await, scene.elsewhere(2).await);
        scene.now.store(LATE + GRACE, Relaxed);
        scene.ledger.poke();
        let shown = preimage(number);
        let (fulfilled, failed) = tokio::join!(payee.fulfil(&set, &shown), other.fail(&set, "why"));
        failed.unwrap();
        let paid = paying.await.unwrap().is_ok();
        assert_eq!(paid, fulfilled.unwrap() == Fulfilment::Fulfilled);
        scene.money().await;
        scene.now.store(NOW, Relaxed);
    }
}

#[tokio::test]
async fn an_invoice_that_expires_while_the_ledger_is_locked_is_not_paid() {
    let scene = Scene::new().await;
    let other = scene.sql();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let payer = scene.payer.clone();
    let paying = tokio::spawn(async move { payer.pay(&invoice(7, 1), INVREQ_ID).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    scene.now.store(LATE, Relaxed);
    other.execute_batch("COMMIT").unwrap();
    let end = paying.await.unwrap();
    assert!(matches!(&end, Err(PayError::Failed(why)) if why.contains("expired")), "{end:?}");
    assert!(scene.states().is_empty());
}
