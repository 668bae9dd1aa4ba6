//! The flows between two embedded nodes, with connections that are lost and nodes that come and go.

use std::time::Duration;

use cln_api::{disableinvoicerequest, listinvoicerequests, listinvoices};
use cln_primitives::{Hash32, Msat};
use cln_runtime::bolt12::FieldType;
use cln_runtime::recover::{
    CollectSpec, Collected, Disabled, Error, Receipt, Recover, RequestSpec, Requested, Sending, Watched,
};
use tokio::time::sleep;

use crate::kit::{AMOUNT, now};
use crate::network::{Hold, Leave, Network, until};
use crate::proxy::Cut;

const LATE: Cut = Cut::Late(Duration::from_millis(150));
const LEAVES: [Leave; 2] = [Leave::Stopped, Leave::Dropped];
const LONG: Duration = Duration::from_secs(20);
const WAYS: [Sending; 2] = [Sending::SendInvoice, Sending::Direct];

fn sent(lnr: &str, sending: Sending) -> CollectSpec {
    CollectSpec::new(lnr).sending(sending)
}

/// The command that makes an invoice.
fn making(sending: Sending) -> &'static str {
    match sending {
        Sending::Direct => "createinvoice",
        _ => "sendinvoice",
    }
}

fn spec() -> RequestSpec {
    RequestSpec::new(AMOUNT, "a refund")
}

/// Alice's request of this label.
async fn promise(network: &Network, spec: &RequestSpec, label: &str) -> (Hash32, String) {
    match network.alice.recover().await.request(spec, label).await {
        Ok(Requested::Open { request, .. }) => (request.invreq_id, request.bolt12),
        end => panic!("{label}: {end:?}"),
    }
}

/// Calls until there is a receipt.
async fn until_paid(recover: &Recover, spec: impl Into<CollectSpec>, label: &str) -> Receipt {
    let spec = spec.into();
    let mut last = None;
    for _ in 0..50 {
        match recover.collect(spec.clone(), label).await {
            Ok(Collected::Paid(receipt)) => return receipt,
            end => last = Some(end),
        }
        sleep(Duration::from_millis(20)).await;
    }
    panic!("{label} is never paid: {last:?}");
}

/// Collects in a task of its own.
fn collecting(
    recover: &Recover,
    spec: impl Into<CollectSpec>,
    label: &'static str,
) -> tokio::task::JoinHandle<Result<Collected, Error>> {
    let (recover, spec) = (recover.clone(), spec.into());
    tokio::spawn(async move { recover.collect(spec, label).await })
}

/// The reason and the field of a refusal.
fn refusal(end: Result<Collected, Error>) -> (String, Option<FieldType>) {
    match end {
        Ok(Collected::Refused { reason, erroneous_field, .. }) => (reason, erroneous_field),
        end => panic!("not refused: {end:?}"),
    }
}

async fn labels(network: &Network) -> Vec<String> {
    let listed = network.bob.client().await.call(&listinvoices::Request::new()).await.unwrap();
    listed.invoices.into_iter().map(|invoice| invoice.label).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_made_once_whatever_is_lost() {
    let network = Network::new().await;
    let recover = network.alice.recover().await;
    for (label, cut) in
        [("before", Cut::Before), ("forwarded", Cut::Forwarded), ("answered", Cut::Answered), ("late", LATE)]
    {
        network.alice.proxy.cut("invoicerequest", cut);
        network.alice.proxy.cut("listinvoicerequests", Cut::Answered);
        let first = recover.request(&spec(), label).await;
        assert_eq!(first.is_err(), cut == Cut::Before, "{label}: {first:?}");
        let second = recover.request(&spec(), label).await.unwrap();
        assert!(first.is_err() || first.unwrap() == second, "{label}");
        assert_eq!(recover.request(&spec(), label).await.unwrap(), second, "{label}");
    }
    let made = network.alice.client().await.call(&listinvoicerequests::Request::new()).await.unwrap();
    let mut made: Vec<_> = made.invoicerequests.into_iter().flat_map(|request| request.label).collect();
    made.sort();
    assert_eq!(made, ["answered", "before", "forwarded", "late"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_given_again_whatever_is_lost() {
    let network = Network::new().await;
    let recover = network.bob.recover().await;
    let mut paid = 0;
    let losses = [
        (Sending::SendInvoice, "sendinvoice", "waitinvoice"),
        (Sending::SendInvoice, "listinvoices", "sendinvoice"),
        (Sending::Direct, "createinvoice", "waitinvoice"),
        (Sending::Direct, "injectonionmessage", "createinvoice"),
    ];
    for (sending, method, other) in losses {
        for cut in [Cut::Before, Cut::Forwarded, Cut::Answered, LATE] {
            let label = format!("{method} {cut:?}");
            let (invreq_id, lnr) = promise(&network, &spec(), &label).await;
            network.bob.proxy.cut(method, cut);
            network.bob.proxy.cut(other, Cut::Answered);
            // A message that is lost before the node has it is silence, until its invoice expires.
            let timeout = if (method, cut) == ("injectonionmessage", Cut::Before) { 1 } else { 90 };
            let receipt = until_paid(&recover, sent(&lnr, sending).timeout(timeout), &label).await;
            network.bob.proxy.mend();
            assert_eq!(until_paid(&recover, sent(&lnr, sending), &label).await, receipt, "{label}");
            assert_eq!(network.payments(invreq_id), 1, "{label}");
            paid += AMOUNT.as_msat();
        }
    }
    network.check_money(Msat::from_msat(paid)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collection_goes_on_after_the_payee_was_away() {
    let network = Network::new().await;
    let recover = network.bob.recover().await;
    for (leave, label) in LEAVES.into_iter().zip(["stopped", "dropped"]) {
        let (invreq_id, lnr) = promise(&network, &spec(), label).await;
        let hold = Hold::of(network.ledger());
        let lost = collecting(&recover, &*lnr, label);
        network.payment_begins().await;
        network.bob.leave_while(hold, leave).await;
        network.bob.start().await;
        let lost = lost.await.unwrap();
        assert!(matches!(&lost, Ok(Collected::Paid(_))) || lost.is_err_and(|error| error.is_transient()), "{label}");
        let receipt = until_paid(&recover, &*lnr, label).await;
        network.bob.leave(leave).await;
        network.bob.start().await;
        assert_eq!(until_paid(&recover, &*lnr, label).await, receipt, "{label}");
        assert_eq!(network.payments(invreq_id), 1, "{label}");
    }
    network.check_money(Msat::from_msat(2 * AMOUNT.as_msat())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_that_goes_while_it_pays_goes_on_when_it_is_back() {
    let network = Network::new().await;
    let recover = network.bob.recover().await;
    let labels = ["stopped", "dropped", "stopped, directly", "dropped, directly"];
    let cases = WAYS.into_iter().flat_map(|sending| LEAVES.map(|leave| (sending, leave)));
    for ((sending, leave), label) in cases.zip(labels) {
        let (invreq_id, lnr) = promise(&network, &spec(), label).await;
        let hold = Hold::of(network.ledger());
        let collecting = collecting(&recover, sent(&lnr, sending), label);
        network.payment_begins().await;
        network.alice.leave_while(hold, leave).await;
        network.alice.start().await;
        let end = collecting.await.unwrap();
        assert!(matches!(end, Ok(Collected::Paid(_))), "{label}: {end:?}");
        assert_eq!(network.payments(invreq_id), 1, "{label}");
    }
    assert_eq!(WAYS.map(|sending| network.bob.proxy.count(making(sending))), [2, 2]);
    network.check_money(Msat::from_msat(4 * AMOUNT.as_msat())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_by_a_payer_that_has_stopped_and_its_claim_is_paid_when_it_is_back() {
    let network = Network::new().await;
    let recover = network.bob.recover().await;
    for (leave, label) in LEAVES.into_iter().zip(["stopped", "dropped"]) {
        let (_, lnr) = promise(&network, &spec(), label).await;
        let hold = Hold::of(network.alice.store());
        let collecting = collecting(&recover, &*lnr, label);
        until(async || labels(&network).await.contains(&label.to_owned())).await;
        // It has arrived, and its claim waits for the database.
        sleep(Duration::from_millis(300)).await;
        network.alice.leave_while(hold, leave).await;
        if let Leave::Stopped = leave {
            let claims = network.alice.claims();
            sleep(Duration::from_millis(300)).await;
            assert_eq!(network.alice.claims(), claims);
        }
        network.alice.start().await;
        let end = collecting.await.unwrap();
        assert!(matches!(end, Ok(Collected::Paid(_))), "{label}: {end:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_payer_refuses_is_told_and_leaves_nothing() {
    let network = Network::new().await;
    let (recover, alice) = (network.bob.recover().await, network.alice.recover().await);

    let (_, lnr) = promise(&network, &spec(), "used").await;
    until_paid(&recover, &*lnr, "first").await;
    let (reason, field) = refusal(recover.collect(sent(&lnr, Sending::SendInvoice), "second").await);
    assert_eq!((reason.contains("no longer available"), field), (true, None), "{reason}");

    let (invreq_id, lnr) = promise(&network, &spec(), "disabled").await;
    let end = alice.disable(&invreq_id, LONG).await.unwrap();
    assert!(matches!(end, Disabled::Disabled { pending: None, .. }), "{end:?}");
    let (reason, field) = refusal(recover.collect(sent(&lnr, Sending::SendInvoice), "disabled").await);
    assert_eq!((reason.contains("no longer available"), field), (true, None), "{reason}");
    assert!(matches!(alice.watch(&invreq_id, LONG).await, Ok(Watched::Disabled(_))));

    let (_, lnr) = promise(&network, &spec(), "amount").await;
    for amount in [AMOUNT.as_msat() - 1, AMOUNT.as_msat() + 1] {
        network.bob.proxy.cut("sendinvoice", Cut::Amount(amount));
        let end = recover.collect(sent(&lnr, Sending::SendInvoice), "amount").await.unwrap();
        let Collected::Refused { erroneous_field, suggested_value, .. } = end else { panic!("{amount}: {end:?}") };
        assert_eq!(erroneous_field, Some(FieldType(170)), "{amount}");
        assert_eq!(suggested_value.map(|value| value.into_vec()), Some(vec![0x13, 0x88]), "{amount}");
    }

    assert_eq!(labels(&network).await, ["first"]);
    until_paid(&recover, &*lnr, "amount").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_payer_refuses_is_silence_to_who_sends_directly() {
    let network = Network::new().await;
    let recover = network.bob.recover().await;
    let (invreq_id, lnr) = promise(&network, &spec(), "used").await;
    until_paid(&recover, sent(&lnr, Sending::Direct), "first").await;
    for made in [2, 3] {
        let end = recover.collect(sent(&lnr, Sending::Direct).timeout(1), "second").await;
        assert_eq!(end.unwrap(), Collected::TimedOut { may_still_be_paid_until: None });
        assert_eq!(network.bob.proxy.count("createinvoice"), made);
    }
    let (reason, _) = refusal(recover.collect(sent(&lnr, Sending::SendInvoice), "second").await);
    assert!(reason.contains("no longer available"), "{reason}");
    assert_eq!(network.payments(invreq_id), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_for_a_request_that_has_expired_or_pays_something_else() {
    let network = Network::new().await;
    let recover = network.bob.recover().await;
    let (_, lnr) = promise(&network, &spec().absolute_expiry(now() - 1), "late").await;
    for sending in WAYS {
        let end = recover.collect(sent(&lnr, sending), "late").await;
        assert!(matches!(end, Ok(Collected::Expired { at }) if at < now()), "{end:?}");
    }
    let (_, lnr) = promise(&network, &spec(), "open").await;
    let more = CollectSpec::new(&*lnr).amount(Msat::from_msat(5001));
    let end = recover.collect(more, "more").await;
    assert!(matches!(end, Err(Error::Amount { .. })), "{end:?}");
    assert_eq!(WAYS.map(|sending| network.bob.proxy.count(making(sending))), [0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_that_is_away_is_told_and_collected_from_under_the_same_label_when_it_is_back() {
    let network = Network::new().await;
    let recover = network.bob.recover().await;
    let (_, lnr) = promise(&network, &spec(), "request").await;
    network.alice.leave(Leave::Stopped).await;
    for sending in [WAYS, WAYS].concat() {
        let end = recover.collect(sent(&lnr, sending), "label").await;
        assert!(matches!(end, Ok(Collected::Unreachable { .. })), "{end:?}");
    }
    network.alice.start().await;
    let end = recover.collect(&*lnr, "label").await;
    assert!(matches!(end, Ok(Collected::Paid(_))), "{end:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_silent_payer_it_is_told_how_long_it_may_pay_and_then_it_does() {
    for sending in WAYS {
        let network = Network::new().await;
        let recover = network.bob.recover().await;
        let (_, lnr) = promise(&network, &spec(), "request").await;
        let hold = Hold::of(network.ledger());
        let abandoned = collecting(&recover, sent(&lnr, sending), "label");
        network.payment_begins().await;
        abandoned.abort();
        assert!(abandoned.await.unwrap_err().is_cancelled());
        let invoices = network.bob.client().await.call(&listinvoices::Request::new().label("label")).await.unwrap();
        let expires_at = invoices.invoices.first().unwrap().expires_at;
        let end = recover.collect(sent(&lnr, sending).timeout(1), "label").await;
        let expected = Collected::TimedOut { may_still_be_paid_until: Some(expires_at) };
        assert_eq!(end.unwrap(), expected);
        drop(hold);
        let end = recover.collect(sent(&lnr, sending), "label").await;
        assert!(matches!(end, Ok(Collected::Paid(_))), "{end:?}");
        assert_eq!(network.bob.proxy.count(making(sending)), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_that_a_silent_payer_lets_expire_gives_way_to_another() {
    for sending in WAYS {
        let network = Network::new().await;
        let recover = network.bob.recover().await;
        let (invreq_id, lnr) = promise(&network, &spec(), "request").await;
        let hold = Hold::of(network.ledger());
        let end = recover.collect(sent(&lnr, sending).timeout(1), "label").await;
        assert_eq!(end.unwrap(), Collected::TimedOut { may_still_be_paid_until: None });
        // The payer thinks that it may still pay the first one.
        let end = recover.collect(sent(&lnr, sending).timeout(1), "label").await;
        match sending {
            Sending::Direct => assert_eq!(end.unwrap(), Collected::TimedOut { may_still_be_paid_until: None }),
            _ => assert!(refusal(end).0.contains("being paid already")),
        }
        drop(hold);
        network.payments_end().await;
        until_paid(&recover, sent(&lnr, sending), "label").await;
        assert_eq!([network.offers(invreq_id), network.payments(invreq_id)], [1, 1]);
        network.check_money(AMOUNT).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_being_paid_is_disabled_when_that_has_ended() {
    let network = Network::new().await;
    let (recover, alice) = (network.bob.recover().await, network.alice.recover().await);
    let (invreq_id, lnr) = promise(&network, &spec().single_use(false), "request").await;
    let hold = Hold::of(network.ledger());
    let collecting = collecting(&recover, &*lnr, "label");
    network.payment_begins().await;
    let end = alice.disable(&invreq_id, Duration::from_millis(100)).await;
    assert!(matches!(end, Ok(Disabled::PaymentPending { .. })), "{end:?}");
    let disabling = tokio::spawn(async move { alice.disable(&invreq_id, LONG).await });
    sleep(Duration::from_millis(100)).await;
    assert_eq!(network.alice.proxy.count("disableinvoicerequest"), 0);
    drop(hold);
    let end = disabling.await.unwrap();
    assert!(matches!(&end, Ok(Disabled::Disabled { request, pending: None }) if request.used), "{end:?}");
    let end = collecting.await.unwrap();
    assert!(matches!(end, Ok(Collected::Paid(_))), "{end:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_whose_request_is_disabled_by_force_goes_on_and_counts() {
    let network = Network::new().await;
    let (recover, alice) = (network.bob.recover().await, network.alice.recover().await);
    let (invreq_id, lnr) = promise(&network, &spec(), "request").await;
    let hold = Hold::of(network.ledger());
    let collecting = collecting(&recover, &*lnr, "label");
    network.payment_begins().await;
    let disable = disableinvoicerequest::Request::new(invreq_id.to_string());
    network.alice.client().await.call(&disable).await.unwrap();
    let end = alice.disable(&invreq_id, LONG).await;
    assert!(matches!(end, Ok(Disabled::AlreadyClosed { pending: Some(_), .. })), "{end:?}");
    network.alice.leave_while(hold, Leave::Stopped).await;
    network.alice.start().await;
    let end = collecting.await.unwrap();
    assert!(matches!(end, Ok(Collected::Paid(_))), "{end:?}");
    until(async || matches!(alice.watch(&invreq_id, Duration::ZERO).await, Ok(Watched::Used(_)))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_disable_is_found_out() {
    let network = Network::new().await;
    let alice = network.alice.recover().await;
    for (label, cut) in [("before", Cut::Before), ("forwarded", Cut::Forwarded), ("answered", Cut::Answered)] {
        let (invreq_id, _) = promise(&network, &spec(), label).await;
        network.alice.proxy.cut("disableinvoicerequest", cut);
        let end = alice.disable(&invreq_id, LONG).await;
        match (cut, end) {
            (Cut::Before | Cut::Forwarded, Ok(Disabled::Disabled { pending: None, .. })) => {}
            (Cut::Forwarded | Cut::Answered, Ok(Disabled::AlreadyClosed { pending: None, .. })) => {}
            (_, end) => panic!("{label}: {end:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_sees_the_payment_although_the_payer_was_away() {
    let network = Network::new().await;
    let alice = network.alice.recover().await;
    let (invreq_id, lnr) = promise(&network, &spec(), "request").await;
    let watching = tokio::spawn(async move { alice.watch(&invreq_id, LONG).await });
    for leave in LEAVES {
        network.alice.leave(leave).await;
        network.alice.start().await;
    }
    until_paid(&network.bob.recover().await, &*lnr, "label").await;
    let end = watching.await.unwrap();
    assert!(matches!(end, Ok(Watched::Used(_))), "{end:?}");
}
