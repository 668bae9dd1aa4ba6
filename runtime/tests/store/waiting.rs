//! Waiting for payments: no change is missed, and none is seen twice.

use std::time::Duration;

use cln_runtime::engine::{Free, HtlcSetId, InvoiceRecord, InvoiceState, InvoiceStore as _, SettlementStore as _};
use cln_runtime::node::store::InvoiceStatus;

use crate::support::{EXPIRY, NOW, Scene, hash};

const SOON: Duration = Duration::from_secs(20);

/// Waits for an invoice, while something else happens to it.
async fn waited(scene: &Scene, happens: impl AsyncFn()) -> Option<InvoiceRecord> {
    scene.invoice("a", 7).await;
    let wait = scene.store.wait_invoice("a", hash(7));
    let later = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        happens().await;
    };
    let (end, ()) = tokio::join!(tokio::time::timeout(SOON, wait), later);
    end.expect("it goes on waiting").unwrap()
}

#[tokio::test]
async fn a_wait_ends_with_the_payment() {
    let scene = Scene::new();
    let end = waited(&scene, async || scene.pay(7, 1).await).await;
    assert!(matches!(end.unwrap().state, InvoiceState::Paid(receipt) if receipt.pay_index == 1));
    // And at once when it is paid already.
    assert!(scene.store.wait_invoice("a", hash(7)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_wait_ends_with_the_expiry() {
    let scene = Scene::new();
    let expire = async || {
        scene.store.expire_invoices(NOW + u64::from(EXPIRY) + 1).await.unwrap();
    };
    assert_eq!(waited(&scene, expire).await.unwrap().state, InvoiceState::Expired);
}

#[tokio::test]
async fn a_wait_ends_when_the_invoice_is_gone() {
    let scene = Scene::new();
    let free = async || drop(scene.store.free_label("a", hash(7), Free::Refused).await.unwrap());
    assert!(waited(&scene, free).await.is_none());
    let delete = async || drop(scene.store.delete_invoice("a", InvoiceStatus::Unpaid).await.unwrap());
    assert!(waited(&scene, delete).await.is_none());
    assert!(scene.store.wait_invoice("a", hash(9)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_payment_that_is_given_up_ends_no_wait() {
    let scene = Scene::new();
    scene.invoice("a", 7).await;
    assert!(scene.accept(7, 1).await);
    scene.store.release_htlcs(hash(7), HtlcSetId(1)).await.unwrap();
    let wait = scene.store.wait_invoice("a", hash(7));
    assert!(tokio::time::timeout(Duration::from_millis(50), wait).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_wait_misses_its_payment() {
    let scene = Scene::new();
    for number in 0..100 {
        scene.invoice(&number.to_string(), number).await;
    }
    let store = scene.store.clone();
    let waits = (0..100).map(|number| {
        let store = store.clone();
        tokio::spawn(async move { store.wait_invoice(&number.to_string(), hash(number)).await.unwrap().unwrap() })
    });
    let waits: Vec<_> = waits.collect();
    let pays = futures_util::future::join_all((0..100).map(|number| scene.pay(number, number.into())));
    let all = futures_util::future::join(pays, futures_util::future::join_all(waits));
    let (_, ends) = tokio::time::timeout(SOON, all).await.expect("a wait goes on");
    assert!(ends.into_iter().all(|end| matches!(end.unwrap().state, InvoiceState::Paid(_))));
}

#[tokio::test]
async fn payments_come_in_their_order_without_a_gap() {
    let scene = Scene::new();
    let any = |last, timeout| {
        let wait = scene.store.wait_any_invoice(last, Some(timeout));
        async { wait.await.unwrap().map(|row| row.label) }
    };
    assert_eq!(any(0, Duration::ZERO).await, None);
    for number in [3, 1, 2] {
        scene.invoice(&number.to_string(), number).await;
        scene.pay(number, number.into()).await;
    }
    let mut labels = Vec::new();
    for last in 0..=3 {
        labels.extend(any(last, Duration::ZERO).await);
    }
    assert_eq!(labels, ["3", "1", "2"]);
    assert_eq!(any(u64::MAX, Duration::ZERO).await, None);

    scene.invoice("next", 9).await;
    let pay = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        scene.pay(9, 9).await;
    };
    assert_eq!(tokio::join!(any(3, SOON), pay).0.as_deref(), Some("next"));
}
