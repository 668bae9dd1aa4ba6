//! Being paid by a request, once.

use cln_primitives::Msat;
use cln_runtime::recover::{CollectSpec, Collected, Error, Receipt, Recover};
use cln_runtime::testing::Reply;
use serde_json::json;

use crate::kit::{AMOUNT, Fault, Node, builder, lni, lnr, now, preimage, sign};
use crate::payee::{Fate, Payee, Payer};

pub const LABEL: &str = "refund-17";

pub type End = Result<Collected, Error>;

pub async fn collect(recover: &Recover) -> End {
    recover.collect(lnr().to_string(), LABEL).await
}

/// The end of a call in a word or two.
pub fn words(end: &End) -> String {
    match end {
        Ok(Collected::Paid(_)) => "paid".to_owned(),
        Ok(Collected::Refused { reason, .. }) => format!("refused: {reason}"),
        Ok(Collected::Unreachable { reason }) => format!("unreachable: {reason}"),
        Ok(Collected::TimedOut { may_still_be_paid_until: None }) => "timed out".to_owned(),
        Ok(Collected::TimedOut { .. }) => "timed out, may be paid".to_owned(),
        Ok(Collected::Expired { at }) => format!("expired at {at}"),
        Ok(_) => "something new".to_owned(),
        Err(Error::Call { command, source }) => {
            format!("{command} {}", if source.may_have_taken_effect() { "lost" } else { "failed" })
        }
        Err(error) => error.to_string(),
    }
}

/// What call after call gives, and how many invoices were sent in all.
async fn check(payers: &[Payer], faults: &[(&'static str, Fault)], expected: &[&str], sent: usize) {
    let node = Node::<Payee>::start();
    node.table().payers.extend(payers);
    node.table().faults.add(faults);
    let recover = node.recover().await;
    let mut receipt: Option<Receipt> = None;
    for (at, expected) in expected.iter().enumerate() {
        let end = collect(&recover).await;
        assert_eq!(words(&end), *expected, "call {at} of {payers:?} with {faults:?}");
        if let Ok(Collected::Paid(paid)) = end {
            assert_eq!(*receipt.get_or_insert_with(|| paid.clone()), paid, "it is always the same receipt");
        }
    }
    assert_eq!(node.fake.count("sendinvoice"), sent, "{payers:?} with {faults:?}");
}

#[tokio::test]
async fn a_paid_invoice_gives_the_same_receipt_to_every_call() {
    check(&[], &[], &["paid", "paid", "paid"], 1).await;
}

#[tokio::test]
async fn a_receipt_is_what_was_paid_and_survives_json_without_showing_its_preimage() {
    let node = Node::<Payee>::start();
    let Ok(Collected::Paid(receipt)) = collect(&node.recover().await).await else { panic!("not paid") };
    assert_eq!((&*receipt.label, receipt.amount_msat, receipt.paid_at), (LABEL, AMOUNT, 1_700_000_000));
    assert_eq!(receipt.invreq_id, lnr().invreq_id());
    let json = serde_json::to_string(&receipt).unwrap();
    assert!(json.contains(&receipt.preimage.reveal_hex()));
    assert_eq!(serde_json::from_str::<Receipt>(&json).unwrap(), receipt);
    assert!(!format!("{receipt:?}").contains(&receipt.preimage.reveal_hex()));
}

#[tokio::test]
async fn a_refusal_frees_the_label_and_the_next_call_sends_another() {
    check(&[Payer::Refuses(Fate::Unpaid)], &[], &["refused: it is too early", "paid"], 2).await;
}

#[tokio::test]
async fn a_payer_that_cannot_be_reached_frees_the_label() {
    let reason = "unreachable: Failed: could not route or connect directly to 02aa: why";
    check(&[Payer::NoWay(Fate::Unpaid)], &[], &[reason, "paid"], 2).await;
    let reason = "unreachable: onion msg: unknown next peer 02aa";
    check(&[Payer::NotInjected(Fate::Unpaid)], &[], &[reason, "paid"], 2).await;
}

#[tokio::test]
async fn an_invoice_that_the_own_node_could_not_send_is_withdrawn() {
    check(&[Payer::TooLong], &[], &["sendinvoice failed", "paid"], 2).await;
}

#[tokio::test]
async fn a_payment_that_was_faster_than_the_withdrawal_counts() {
    for payer in [Payer::Refuses, Payer::NoWay, Payer::NotInjected] {
        check(&[payer(Fate::Paid)], &[], &["paid", "paid"], 1).await;
    }
}

#[tokio::test]
async fn an_invoice_that_expires_before_its_withdrawal_is_as_good_as_withdrawn() {
    check(&[Payer::Refuses(Fate::Expired)], &[], &["refused: it is too early", "paid"], 2).await;
}

#[tokio::test]
async fn an_invoice_that_the_node_does_not_give_up_is_waited_for() {
    for (fate, expected) in [(Fate::Paid, "paid"), (Fate::Expired, "timed out")] {
        let node = Node::<Payee>::start();
        node.table().payers.push_back(Payer::Refuses(fate));
        node.fake.reply_once("delinvoice", Reply::error(-1, "the invoice is being paid"));
        assert_eq!(words(&collect(&node.recover().await).await), expected);
    }
}

#[tokio::test]
async fn a_silent_payer_may_pay_until_the_invoice_expires() {
    check(&[Payer::Silent(Fate::Paid)], &[], &["paid", "paid"], 1).await;
    check(&[Payer::Silent(Fate::Expired)], &[], &["timed out", "paid"], 2).await;
}

#[tokio::test]
async fn a_lost_answer_is_looked_for() {
    // The node never got it: the next call sends.
    check(&[], &[("sendinvoice", Fault::LostBefore)], &["sendinvoice lost", "paid"], 2).await;
    // The node gets to it after the look: the next call meets the row, or the taken label (900).
    check(&[], &[("sendinvoice", Fault::Late(1))], &["sendinvoice lost", "paid"], 1).await;
    check(&[], &[("sendinvoice", Fault::Late(3))], &["sendinvoice lost", "paid"], 2).await;
    // It was sent and the payer pays: it is waited for.
    check(&[], &[("sendinvoice", Fault::LostAfter)], &["paid"], 1).await;
    check(&[], &[("sendinvoice", Fault::PluginDied)], &["paid"], 1).await;
    // It was made and never sent: after its time another is sent.
    let silent = Payer::Silent(Fate::Expired);
    check(&[silent], &[("sendinvoice", Fault::LostAfter)], &["timed out", "paid"], 2).await;
    check(&[silent], &[("sendinvoice", Fault::PluginDied)], &["timed out", "paid"], 2).await;
}

#[tokio::test]
async fn a_lost_deletion_is_looked_for() {
    let refuses = Payer::Refuses(Fate::Unpaid);
    for fault in [Fault::LostBefore, Fault::LostAfter] {
        check(&[refuses], &[("delinvoice", fault)], &["refused: it is too early", "paid"], 2).await;
    }
}

#[tokio::test]
async fn looks_and_waits_go_on_over_a_lost_connection() {
    let lost = |method| [(method, Fault::LostBefore), (method, Fault::LostAfter)];
    check(&[], &lost("listinvoices"), &["paid"], 1).await;
    check(&[Payer::Silent(Fate::Paid)], &lost("waitinvoice"), &["paid"], 1).await;
}

#[tokio::test]
async fn a_node_that_stays_away_is_an_error_and_the_next_call_goes_on() {
    let node = Node::<Payee>::start();
    node.table().payers.push_back(Payer::Silent(Fate::Paid));
    node.table().faults.add(&[("sendinvoice", Fault::LostAfter)]);
    let recover = node.recover().await;
    node.fake.reply_once("waitinvoice", Reply::silence());
    let calling = tokio::spawn({
        let recover = recover.clone();
        async move { collect(&recover).await }
    });
    node.fake.received("waitinvoice").await;
    node.fake.refuse();
    node.fake.disconnect();
    let end = calling.await.unwrap();
    assert_eq!(words(&end), "waitinvoice failed");
    assert!(end.unwrap_err().is_transient());
    node.fake.accept();
    assert_eq!(words(&collect(&recover).await), "paid");
    assert_eq!(node.fake.count("sendinvoice"), 1);
}

#[tokio::test]
async fn an_invoice_of_an_earlier_run_is_waited_for_before_another_is_sent() {
    for (fate, sent) in [(Fate::Paid, 0), (Fate::Expired, 1)] {
        let node = Node::<Payee>::start();
        node.table().put(&lnr().to_string(), LABEL, AMOUNT.as_msat(), fate);
        assert_eq!(words(&collect(&node.recover().await).await), "paid");
        assert_eq!(node.fake.count("sendinvoice"), sent);
    }
}

#[tokio::test]
async fn a_wait_ends_with_the_time_of_the_call() {
    let node = Node::<Payee>::start();
    node.table().put(&lnr().to_string(), LABEL, AMOUNT.as_msat(), Fate::Unpaid);
    node.fake.reply("waitinvoice", Reply::silence());
    let recover = node.recover().await;
    let calling = tokio::spawn(async move { collect(&recover).await });
    node.fake.received("waitinvoice").await;
    tokio::time::pause();
    let end = calling.await.unwrap();
    assert_eq!(words(&end), "timed out, may be paid");
    let Ok(Collected::TimedOut { may_still_be_paid_until: Some(until) }) = end else { return };
    assert!((now()..=now() + 90).contains(&until));
    assert_eq!(node.fake.count("sendinvoice") + node.fake.count("delinvoice"), 0, "it may be with the payer");
}

/// What a call gives where the table is prepared so, without a word to the payer.
async fn check_unsent(prepare: impl Fn(&mut Payee), spec: CollectSpec, expected: &str) {
    let node = Node::<Payee>::start();
    prepare(&mut node.table());
    let end = node.recover().await.collect(spec, LABEL).await;
    assert_eq!(words(&end), expected);
    assert_eq!(node.fake.count("sendinvoice") + node.fake.count("delinvoice"), 0);
}

#[tokio::test]
async fn nothing_is_sent_for_a_request_that_is_not_as_expected() {
    let spec = |text: String| CollectSpec::new(text);
    check_unsent(|_| {}, spec(sign(builder(0).offer_absolute_expiry(99)).to_string()), "expired at 99").await;
    check_unsent(
        |_| {},
        spec(lnr().to_string()).amount(Msat::from_msat(6000)),
        "the request pays 5000msat, expected 6000msat: nothing was sent; ask its issuer for another",
    )
    .await;
    let unsigned = builder(0).build().unwrap().unsigned_text();
    check_unsent(|_| {}, spec(unsigned), "no invoice can be sent for this request: `signature` (type 240) is missing")
        .await;
}

#[tokio::test]
async fn an_expired_request_still_gives_the_receipt_of_a_paid_invoice() {
    let expired = sign(builder(0).offer_absolute_expiry(99)).to_string();
    let paid = |table: &mut Payee| {
        let at = table.put(&expired, LABEL, AMOUNT.as_msat(), Fate::Paid);
        table.settle(at);
    };
    check_unsent(paid, CollectSpec::new(&expired), "paid").await;
}

#[tokio::test]
async fn a_label_in_other_use_is_left_alone() {
    let other = sign(builder(1)).to_string();
    for (text, amount) in [(&other, 5000), (&lnr().to_string(), 4999)] {
        let node = Node::<Payee>::start();
        node.table().put(text, LABEL, amount, Fate::Unpaid);
        let end = collect(&node.recover().await).await;
        let Err(Error::LabelTaken { label, invoice }) = end else { panic!("{end:?}") };
        assert_eq!((&*label, &*invoice.label), (LABEL, LABEL));
        assert_eq!((node.fake.count("listinvoices"), node.fake.count("sendinvoice")), (1, 0), "it was only looked at");
    }
}

#[tokio::test]
async fn no_second_invoice_is_made_while_another_label_has_one_that_can_be_paid() {
    for (fate, sent) in [(Fate::Unpaid, 0), (Fate::Expired, 1)] {
        let node = Node::<Payee>::start();
        for number in 1..4 {
            node.table().put(&sign(builder(number)).to_string(), &format!("other {number}"), 5000, Fate::Unpaid);
        }
        let at = node.table().put(&lnr().to_string(), "refund-16", 5000, fate);
        node.table().settle(at);
        let end = collect(&node.recover().await).await;
        let other = matches!(&end, Err(Error::OtherLabel { label, .. }) if label == "refund-16");
        assert_eq!((other, node.fake.count("sendinvoice")), (sent == 0, sent), "{end:?}");
    }
}

#[tokio::test]
async fn an_invoice_of_a_status_that_nobody_knows_may_be_paid() {
    let node = Node::<Payee>::start();
    let held = json!({
        "label": "refund-16", "bolt12": lni(&lnr(), 1, AMOUNT, 90), "payment_hash": preimage(1).1.to_string(),
        "status": "held", "expires_at": now() + 90, "created_index": 1,
    });
    node.fake.reply_once("listinvoices", Reply::result(json!({ "invoices": [] })));
    node.fake.reply_once("listinvoices", Reply::result(json!({ "invoices": [held] })));
    let end = collect(&node.recover().await).await;
    assert!(matches!(&end, Err(Error::OtherLabel { label, .. }) if label == "refund-16"), "{end:?}");
}

#[tokio::test]
async fn what_is_not_under_this_label_need_not_be_looked_at() {
    let node = Node::<Payee>::start();
    let spec = CollectSpec::new(lnr().to_string()).look_at_other_labels(false);
    assert_eq!(words(&node.recover().await.collect(spec, LABEL).await), "paid");
    assert_eq!((node.fake.count("listinvoices"), node.fake.count("sendinvoice")), (1, 1));
}

#[tokio::test]
async fn a_node_that_heeds_the_expiry_may_say_so_first() {
    let node = Node::<Payee>::start();
    node.fake.reply("sendinvoice", Reply::error(1002, "Offer expired"));
    let later = sign(builder(0).offer_absolute_expiry(4_000_000_000)).to_string();
    assert_eq!(words(&node.recover().await.collect(later, LABEL).await), "expired at 4000000000");
}

/// A payment with a bad proof is no receipt, whichever command tells it.
async fn check_proof(spoil: impl Fn(&mut Payee), fault: &str) {
    for lost in [Fault::Nothing, Fault::LostAfter] {
        let node = Node::<Payee>::start();
        spoil(&mut node.table());
        node.table().faults.add(&[("sendinvoice", lost)]);
        let recover = node.recover().await;
        let expected = format!(
            "the invoice under the label `refund-17` counts as paid, but {fault}: see `listinvoices` before delivering"
        );
        for _ in 0..2 {
            assert_eq!(words(&collect(&recover).await), expected);
        }
        assert_eq!(node.fake.count("sendinvoice"), 1);
    }
}

#[tokio::test]
async fn a_bad_proof_is_no_receipt() {
    check_proof(|table| table.wrong_preimage = Some(99), "the preimage does not hash to the payment hash").await;
    check_proof(|table| table.received = Some(4999), "4999msat came in where it asks for 5000msat").await;
}

#[tokio::test]
async fn a_label_that_another_process_takes_first_is_waited_for() {
    let node = Node::<Payee>::start();
    node.table().put(&lnr().to_string(), LABEL, AMOUNT.as_msat(), Fate::Paid);
    // It comes between the look and the sending: the label's look and that at all labels see nothing.
    for _ in 0..2 {
        node.fake.reply_once("listinvoices", Reply::result(json!({ "invoices": [] })));
    }
    assert_eq!(words(&collect(&node.recover().await).await), "paid");
    assert_eq!(node.fake.count("sendinvoice"), 1, "900");
}

#[tokio::test]
async fn a_label_that_never_rests_is_an_error() {
    let node = Node::<Payee>::start();
    node.table().put(&lnr().to_string(), LABEL, AMOUNT.as_msat(), Fate::Unpaid);
    node.fake.reply("waitinvoice", Reply::error(-1, "Invoice deleted during wait"));
    let end = collect(&node.recover().await).await;
    assert!(end.is_err_and(|error| matches!(error, Error::Unsettled { .. }) && error.is_transient()));
}
