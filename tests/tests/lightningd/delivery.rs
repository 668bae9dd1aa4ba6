//! Messages that come twice, out of order, and with more in them than is known.

use futures_util::future::join_all;
use serde_json::json;

use super::by_hand::{End, Payee};
use super::pair::{Pair, With};

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_that_comes_twice_is_paid_once() {
    let pair = Pair::start(With::PayersPlugin).await;
    pair.payer.lightningd.delivery().twice();
    pair.payer.lightningd.delivery().with_unknown_fields();
    let request = pair.request(json!({})).await;
    pair.payee.ok("sendinvoice", json!({"invreq": request["bolt12"], "label": "a"})).await;
    let shown = pair.payer.used(&request).await;
    assert_eq!(shown["claims"].as_array().unwrap().len(), 1);
    pair.moved(5000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_three_invoices_in_reverse_order_one_is_paid() {
    let pair = Pair::start(With::PayersPlugin).await;
    let payee = Payee::start(pair.folder()).await;
    let request = pair.request(json!({})).await;
    pair.payer.lightningd.delivery().reverse(3);
    let invoices = join_all((0..3).map(|_| payee.invoice(&request, 5000))).await;
    let ends = join_all(invoices.iter().map(|invoice| payee.send(invoice))).await;
    let paid = ends.iter().filter(|end| matches!(end, End::Paid)).count();
    assert_eq!(paid, 1, "{ends:?}");
}
