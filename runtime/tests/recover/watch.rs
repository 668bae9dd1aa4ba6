//! Waiting until a request is used.

use std::time::Duration;

use cln_runtime::recover::{Error, Recover, Watched};
use cln_runtime::testing::Reply;

use crate::kit::{Fault, Node, lnr};
use crate::payer::{Payer, Row};

const SOON: Duration = Duration::from_millis(300);

pub fn open() -> Row {
    Row { label: None, bolt12: lnr().to_string(), active: true, single_use: true, used: false }
}

async fn watch(recover: &Recover, within: Duration) -> Result<Watched, Error> {
    recover.watch(&lnr().invreq_id(), within).await
}

async fn check(row: Option<Row>, within: Duration, expected: fn(&Watched) -> bool) {
    let node = Node::<Payer>::start();
    node.table().rows.extend(row);
    let watched = watch(&node.recover().await, within).await.unwrap();
    assert!(expected(&watched), "{watched:?}");
}

#[tokio::test]
async fn what_is_over_is_told_at_once() {
    let hour = Duration::from_secs(3600);
    check(None, hour, |watched| *watched == Watched::Unknown).await;
    check(Some(Row { used: true, active: false, ..open() }), hour, |watched| matches!(watched, Watched::Used(_))).await;
    check(Some(Row { used: true, single_use: false, ..open() }), hour, |watched| matches!(watched, Watched::Used(_)))
        .await;
    check(Some(Row { active: false, ..open() }), hour, |watched| matches!(watched, Watched::Disabled(_))).await;
}

#[tokio::test]
async fn what_is_open_is_told_when_the_time_is_up() {
    check(Some(open()), SOON, |watched| matches!(watched, Watched::StillOpen(_))).await;
    check(Some(open()), Duration::ZERO, |watched| matches!(watched, Watched::StillOpen(_))).await;
}

#[tokio::test]
async fn the_use_is_seen_although_the_node_is_away_for_a_while() {
    let node = Node::<Payer>::start();
    node.table().rows.push(open());
    let lost = ("listinvoicerequests", Fault::LostBefore);
    node.table().faults.add(&[lost; 5]);
    let recover = node.recover().await;
    let watching = tokio::spawn(async move { watch(&recover, Duration::from_secs(3600)).await });
    node.fake.received("listinvoicerequests").await;
    node.fake.refuse();
    node.table().rows[0].used = true;
    node.fake.accept();
    assert!(matches!(watching.await.unwrap(), Ok(Watched::Used(_))));
}

#[tokio::test]
async fn a_node_that_stops_is_waited_for() {
    let node = Node::<Payer>::start();
    node.table().rows.push(Row { used: true, ..open() });
    node.fake.reply_once("listinvoicerequests", Reply::error(-5, "lightningd is shutting down"));
    let watched = watch(&node.recover().await, Duration::from_secs(3600)).await;
    assert!(matches!(watched, Ok(Watched::Used(_))), "{watched:?}");
}

#[tokio::test]
async fn a_node_that_is_away_for_good_is_an_error_when_the_time_is_up() {
    let node = Node::<Payer>::start();
    let recover = node.recover().await;
    node.fake.refuse();
    node.fake.disconnect();
    node.fake.disconnected(1).await;
    assert!(watch(&recover, SOON).await.unwrap_err().is_transient());
}
