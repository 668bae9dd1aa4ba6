//! Calls, repeated until they end, against random faults and payers, by one process or two.

use cln_runtime::recover::{Collected, Receipt, Recover};
use futures_util::future::join_all;
use proptest::prelude::*;

use crate::collect::collect;
use crate::kit::{Fault, Node, Serve};
use crate::payee::{Fate, Payee, Payer};

fn fault() -> impl Strategy<Value = Fault> {
    let lost = prop_oneof![Just(Fault::LostBefore), Just(Fault::LostAfter), Just(Fault::PluginDied)];
    prop_oneof![2 => Just(Fault::Nothing), 2 => lost, 1 => (1..5usize).prop_map(Fault::Late)]
}

fn payer() -> impl Strategy<Value = Payer> {
    let fate = prop_oneof![Just(Fate::Paid), Just(Fate::Expired), Just(Fate::Unpaid)];
    prop_oneof![
        Just(Payer::Pays),
        Just(Payer::TooLong),
        fate.clone().prop_map(Payer::Refuses),
        fate.clone().prop_map(Payer::NoWay),
        fate.clone().prop_map(Payer::NotInjected),
        fate.prop_map(Payer::Silent),
    ]
}

/// Calls until there is a receipt.
async fn until_paid(recover: &Recover) -> Receipt {
    for _ in 0..60 {
        if let Ok(Collected::Paid(receipt)) = collect(recover).await {
            return receipt;
        }
    }
    panic!("never paid");
}

/// The table itself sees to it that there is one invoice at a time and one payment.
async fn check(payers: Vec<Payer>, faults: Vec<(&'static str, Fault)>, processes: usize) {
    let node = Node::<Payee>::start();
    node.table().payers.extend(payers);
    node.table().faults.add(&faults);
    let mut recovers = Vec::new();
    for _ in 0..processes {
        recovers.push(node.recover().await);
    }
    let receipts = join_all(recovers.iter().map(until_paid)).await;
    for receipt in &receipts {
        assert_eq!(*receipt, receipts[0], "everybody has the same receipt");
    }
    assert_eq!(until_paid(&recovers[0]).await, receipts[0], "and has it again");
    assert_eq!(node.table().payments, 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn calls_that_are_repeated_end_with_one_payment_and_one_receipt(
        payers in prop::collection::vec(payer(), 0..6),
        faults in prop::collection::vec((prop::sample::select(Payee::METHODS), fault()), 0..30),
        processes in 1..4usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check(payers, faults, processes));
    }
}
