//! The payments that arrive at a payee.

use cln_primitives::Msat;
use cln_runtime::bolt12::secrets::PathUse;
use cln_runtime::engine::{Fulfilment, HtlcSet, HtlcSetId, Htlcs as _};

use crate::support::{GRACE, NOW, Scene, invoice, keys, preimage};

#[tokio::test]
async fn parts_are_one_payment_to_the_payee() {
    let scene = Scene::new().await;
    let (set, _paying) = scene.offer(&invoice(7, 3_500)).await;
    assert_eq!(set.amount, Msat::from_msat(3_500));
    let sql = scene.sql();
    let mut parts = sql.prepare("SELECT amount FROM parts ORDER BY part").unwrap();
    let parts: Vec<u64> = parts.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(parts, [1_000, 1_000, 1_000, 500]);
}

#[tokio::test]
async fn a_payment_brings_what_the_invoices_path_carries() {
    let scene = Scene::new().await;
    let (set, _paying) = scene.offer(&invoice(7, 100)).await;
    assert_eq!(set.path_secret, Some(keys(2).path_secret(PathUse::Invoice, &set.payment_hash)));
    assert!(scene.payer.offered().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_payment_is_taken_by_its_preimage_only_and_as_often_as_one_likes() {
    let scene = Scene::new().await;
    let (set, paying) = scene.offer(&invoice(7, 100)).await;
    let wrong = scene.payee.fulfil(&set, &preimage(8)).await.unwrap_err().to_string();
    assert!(wrong.contains("the preimage is not that of"), "{wrong}");
    for _ in 0..2 {
        assert_eq!(scene.payee.fulfil(&set, &preimage(7)).await.unwrap(), Fulfilment::Fulfilled);
    }
    scene.payee.fail(&set, "too late").await.unwrap();
    assert_eq!(paying.await.unwrap(), Ok(preimage(7)));
    assert_eq!(scene.states(), ["fulfilled"]);
}

#[tokio::test]
async fn nobody_takes_or_refuses_anothers_payment() {
    let scene = Scene::new().await;
    let (set, _paying) = scene.offer(&invoice(7, 100)).await;
    let error = scene.payer.fulfil(&set, &preimage(7)).await.unwrap_err().to_string();
    assert!(error.contains("was offered to this node"), "{error}");
    scene.payer.fail(&set, "no").await.unwrap();
    let unknown = HtlcSet { id: HtlcSetId(99), ..set };
    scene.payee.fulfil(&unknown, &preimage(7)).await.unwrap_err();
    assert_eq!(scene.states(), ["offered"]);
}

/// What a payee that comes back finds, when its invoice is bound to a payment that ended before the invoice did.
async fn check_bound(ends: impl AsyncFn(&Scene, &HtlcSet), expected: Fulfilment) {
    use cln_runtime::engine::{InvoiceStore as _, NewInvoice, SettlementStore as _};
    let scene = Scene::new().await;
    let signed = invoice(7, 100);
    // The same invoice, as the store makes it: only its path is another one.
    let store = scene.payee_store();
    let unsigned = crate::support::unsigned(2, 7, 100);
    store.create_invoice(NewInvoice { label: "a".to_owned(), invoice: unsigned, preimage: preimage(7) }).await.unwrap();
    let (set, paying) = scene.offer(&signed).await;
    store.accept_htlcs(&set, NOW).await.unwrap();
    ends(&scene, &set).await;
    let _ = paying.await.unwrap();
    let again = scene.elsewhere(2).await;
    let found = again.offered().await.unwrap();
    assert_eq!(found.iter().map(|set| set.id).collect::<Vec<_>>(), [set.id]);
    assert_eq!(again.fulfil(&found[0], &preimage(7)).await.unwrap(), expected);
    match expected {
        Fulfilment::Fulfilled => drop(store.mark_paid(set.payment_hash, set.id, set.amount, NOW).await.unwrap()),
        Fulfilment::Gone => store.release_htlcs(set.payment_hash, set.id).await.unwrap(),
    }
    assert!(again.offered().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_payment_is_offered_until_its_invoice_knows_its_end() {
    let fulfil = async |scene: &Scene, set: &HtlcSet| {
        scene.payee.fulfil(set, &preimage(7)).await.unwrap();
    };
    check_bound(fulfil, Fulfilment::Fulfilled).await;
    let late = async |scene: &Scene, _: &HtlcSet| {
        scene.now.store(NOW + 101 + GRACE, std::sync::atomic::Ordering::Relaxed);
        scene.ledger.poke();
    };
    check_bound(late, Fulfilment::Gone).await;
}
