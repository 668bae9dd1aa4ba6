//! Callers of one process that want the same thing at once.

use cln_runtime::recover::{Collected, Recover, RequestSpec, Requested};
use cln_runtime::testing::Reply;
use futures_util::future::join_all;

use crate::collect::collect;
use crate::kit::{AMOUNT, Node, lnr};
use crate::payee::Payee;
use crate::payer::Payer;

#[tokio::test]
async fn callers_of_one_label_get_one_request() {
    let node = Node::<Payer>::start();
    let recover = node.recover().await;
    let spec = RequestSpec::new(AMOUNT, "a refund");
    let ends = join_all((0..8).map(|_| recover.request(&spec, "payout-17"))).await;
    for end in &ends {
        assert!(matches!(end, Ok(Requested::Open { others, .. }) if others.is_empty()), "{end:?}");
    }
    assert_eq!(node.fake.count("invoicerequest"), 1);
}

#[tokio::test]
async fn callers_of_one_label_get_one_receipt() {
    let node = Node::<Payee>::start();
    let recover = node.recover().await;
    let ends = join_all((0..8).map(|_| collect(&recover))).await;
    for end in ends {
        assert!(matches!(&end, Ok(Collected::Paid(_))), "{end:?}");
    }
    assert_eq!(node.fake.count("sendinvoice"), 1);
}

/// A caller that is dropped while its invoice is under way lets the next one go on.
#[tokio::test]
async fn a_call_that_is_dropped_gives_up_its_turn() {
    let node = Node::<Payee>::start();
    let recover = node.recover().await;
    node.fake.reply_once("sendinvoice", Reply::silence());
    let dropped: Recover = recover.clone();
    let calling = tokio::spawn(async move { dropped.collect(lnr().to_string(), "refund-17").await.is_ok() });
    node.fake.received("sendinvoice").await;
    calling.abort();
    assert!(calling.await.is_err());
    assert!(matches!(collect(&recover).await, Ok(Collected::Paid(_))));
}
