//! What the commands list and delete.

use cln_runtime::engine::{ClaimState, RequestStore as _, SettlementStore as _};
use cln_runtime::node::store::{DeleteError, Index, InvoiceFilter, InvoiceStatus, Page, PayFilter, PayStatus};

use crate::support::{AMOUNT, LIMITS, NOW, Scene, claim, hash, preimage};

/// A store with the invoices a (paid), b and c (unpaid); c was changed last.
async fn filled() -> Scene {
    let scene = Scene::new();
    for (number, label) in (1..).zip(["a", "b", "c"]) {
        scene.invoice(label, number).await;
    }
    scene.pay(1, 1).await;
    scene.store.delete_description("c", InvoiceStatus::Unpaid).await.unwrap();
    scene
}

async fn check(scene: &Scene, filter: InvoiceFilter, page: Page, labels: &[&str]) {
    let rows = scene.store.list_invoices(filter.clone(), page).await.unwrap();
    let found: Vec<&str> = rows.iter().map(|row| row.label.as_str()).collect();
    assert_eq!(found, labels, "{filter:?} {page:?}");
}

#[tokio::test]
async fn invoices_are_found_by_what_one_knows_of_them() {
    let scene = filled().await;
    let text = scene.find("b").await.unwrap().invoice.to_string();
    let all = Page::default();
    check(&scene, InvoiceFilter::All, all, &["a", "b", "c"]).await;
    check(&scene, InvoiceFilter::Label("b".to_owned()), all, &["b"]).await;
    check(&scene, InvoiceFilter::Bolt12(text), all, &["b"]).await;
    check(&scene, InvoiceFilter::PaymentHash(hash(3)), all, &["c"]).await;
    check(&scene, InvoiceFilter::PaymentHash(hash(4)), all, &[]).await;
    check(&scene, InvoiceFilter::OfferId(hash(3)), all, &[]).await;
}

#[tokio::test]
async fn lists_come_in_pages() {
    let scene = filled().await;
    let page = |index, start, limit| Page { index, start, limit };
    check(&scene, InvoiceFilter::All, page(Index::Created, 2, None), &["b", "c"]).await;
    check(&scene, InvoiceFilter::All, page(Index::Created, 1, Some(2)), &["a", "b"]).await;
    check(&scene, InvoiceFilter::All, page(Index::Created, u64::MAX, Some(u64::MAX)), &[]).await;
    check(&scene, InvoiceFilter::All, page(Index::Updated, 0, None), &["a", "c"]).await;
    check(&scene, InvoiceFilter::All, page(Index::Updated, 3, None), &["c"]).await;
}

#[tokio::test]
async fn a_row_tells_all_of_an_invoice() {
    let scene = filled().await;
    let rows = scene.store.list_invoices(InvoiceFilter::All, Page::default()).await.unwrap();
    let record = scene.find("a").await.unwrap();
    assert_eq!((rows[0].payment_hash, rows[0].amount), (hash(1), AMOUNT));
    assert_eq!((&rows[0].bolt12, rows[0].expires_at), (&record.invoice.to_string(), record.expires_at()));
    assert_eq!((&rows[0].state, rows[0].updated_index), (&record.state, record.updated_index));
    let descriptions: Vec<Option<&str>> = rows.iter().map(|row| row.description.as_deref()).collect();
    assert_eq!(descriptions, [Some("tea"), Some("tea"), None]);
}

async fn check_kept(scene: &Scene, label: &str, status: InvoiceStatus, why: &str) {
    let error = scene.store.delete_invoice(label, status).await.unwrap_err();
    assert_eq!(error.to_string(), why);
}

#[tokio::test]
async fn an_invoice_is_deleted_when_it_is_what_it_is_taken_for() {
    let scene = filled().await;
    check_kept(&scene, "z", InvoiceStatus::Paid, "there is no invoice with this label").await;
    check_kept(&scene, "a", InvoiceStatus::Unpaid, "the invoice is paid, not unpaid").await;
    check_kept(&scene, "b", InvoiceStatus::Expired, "the invoice is unpaid, not expired").await;
    assert!(scene.accept(2, 2).await);
    check_kept(&scene, "b", InvoiceStatus::Unpaid, "the invoice is being paid at this moment: try again").await;
    let again = scene.store.delete_description("c", InvoiceStatus::Unpaid).await.unwrap_err();
    assert!(matches!(again, DeleteError::NoDescription));
    assert_eq!(scene.store.delete_invoice("a", InvoiceStatus::Paid).await.unwrap().payment_hash, hash(1));
    check(&scene, InvoiceFilter::All, Page::default(), &["b", "c"]).await;
}

#[tokio::test]
async fn no_number_comes_twice() {
    let mut scene = filled().await;
    scene.store.delete_invoice("c", InvoiceStatus::Unpaid).await.unwrap();
    scene.store.delete_invoice("a", InvoiceStatus::Paid).await.unwrap();
    scene.reopen();
    scene.invoice("d", 4).await;
    scene.pay(4, 4).await;
    let row = scene.store.list_invoices(InvoiceFilter::Label("d".to_owned()), Page::default()).await.unwrap().remove(0);
    assert_eq!((row.created_index, row.updated_index), (4, Some(5)));
    assert_eq!(scene.store.wait_any_invoice(0, None).await.unwrap().unwrap().label, "d");
    let receipt = scene.store.mark_paid(hash(4), cln_runtime::engine::HtlcSetId(4), AMOUNT, NOW).await.unwrap();
    assert_eq!(receipt.pay_index, 2);
}

#[tokio::test]
async fn payments_are_listed_as_they_are() {
    let scene = Scene::new();
    for request in 1..=3 {
        scene.request(request, true).await;
        scene.store.claim(&claim(request, request), LIMITS).await.unwrap();
    }
    scene.store.settle_claim(hash(2), ClaimState::Failed("why".to_owned())).await.unwrap();
    scene.store.settle_claim(hash(1), ClaimState::Complete(preimage(1))).await.unwrap();
    let list = async |filter, page| scene.store.list_pays(filter, page).await.unwrap();
    let rows = list(PayFilter::default(), Page::default()).await;
    let told: Vec<_> = rows.iter().map(|row| (row.status, row.amount, row.reason.as_deref())).collect();
    assert_eq!(
        told,
        [
            (PayStatus::Complete, AMOUNT, None),
            (PayStatus::Failed, AMOUNT, Some("why")),
            (PayStatus::Pending, AMOUNT, None)
        ]
    );
    assert_eq!((rows[0].preimage.clone(), rows[0].completed_at.is_some()), (Some(preimage(1)), true));
    assert_eq!((rows[2].created_at, rows[2].completed_at, rows[2].updated_index), (NOW, None, None));

    let pending = list(PayFilter { status: Some(PayStatus::Pending), ..PayFilter::default() }, Page::default()).await;
    assert_eq!(pending, rows[2..]);
    let by_hash = list(PayFilter { payment_hash: Some(hash(2)), ..PayFilter::default() }, Page::default()).await;
    assert_eq!(by_hash, rows[1..2]);
    let by_text = PayFilter { bolt12: Some(rows[0].bolt12.clone()), ..PayFilter::default() };
    assert_eq!(list(by_text, Page::default()).await, rows[..1]);
    let updated = list(PayFilter::default(), Page { index: Index::Updated, ..Page::default() }).await;
    assert_eq!(updated.iter().map(|row| row.payment_hash).collect::<Vec<_>>(), [hash(2), hash(1)]);
}
