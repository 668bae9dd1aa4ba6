//! Promising a payment, once.

use cln_primitives::Msat;
use cln_runtime::recover::{Error, Recover, RequestSpec, Requested};

use crate::kit::{AMOUNT, Fault, Node, builder, sign};
use crate::payer::{Payer, Row, id};

const LABEL: &str = "payout \"ü\" \\ 17";

fn spec() -> RequestSpec {
    RequestSpec::new(AMOUNT, "a refund")
}

/// A request as it would be made by [`spec`]; the number makes it another.
fn row(number: u64) -> Row {
    let bolt12 = sign(builder(number)).to_string();
    Row { label: Some(LABEL.to_owned()), bolt12, active: true, single_use: true, used: false }
}

async fn ask(recover: &Recover) -> Result<Requested, Error> {
    recover.request(&spec(), LABEL).await
}

fn words(end: &Result<Requested, Error>) -> String {
    match end {
        Ok(Requested::Open { others, .. }) => with_others("open", others.len()),
        Ok(Requested::Used { others, .. }) => with_others("used", others.len()),
        Ok(Requested::Disabled(_)) => "disabled".to_owned(),
        Ok(_) => "something new".to_owned(),
        Err(Error::Call { command, source }) => {
            format!("{command} {}", if source.may_have_taken_effect() { "lost" } else { "failed" })
        }
        Err(error) => error.to_string(),
    }
}

fn with_others(state: &str, others: usize) -> String {
    if others == 0 { state.to_owned() } else { format!("{state}, and {others} others") }
}

fn text(end: &Result<Requested, Error>) -> Option<&str> {
    match end {
        Ok(Requested::Open { request, .. } | Requested::Used { request, .. } | Requested::Disabled(request)) => {
            Some(&request.bolt12)
        }
        _ => None,
    }
}

/// What call after call gives where the table holds these rows; all requests that are given are one.
async fn check(rows: &[Row], faults: &[(&'static str, Fault)], expected: &[&str], asked: usize) -> Option<String> {
    let node = Node::<Payer>::start();
    node.table().rows.extend_from_slice(rows);
    node.table().faults.add(faults);
    let recover = node.recover().await;
    let mut given: Option<String> = None;
    for (at, expected) in expected.iter().enumerate() {
        let end = ask(&recover).await;
        assert_eq!(words(&end), *expected, "call {at} with {faults:?}");
        if let Some(text) = text(&end) {
            assert_eq!(*given.get_or_insert_with(|| text.to_owned()), text, "it is always the same request");
        }
    }
    assert_eq!(node.fake.count("invoicerequest"), asked, "{faults:?}");
    given
}

#[tokio::test]
async fn a_request_is_made_once_a_label() {
    check(&[], &[], &["open", "open", "open"], 1).await;
}

#[tokio::test]
async fn a_lost_answer_is_looked_for_and_nothing_is_made_twice_in_a_call() {
    for (fault, expected, asked) in [
        (Fault::LostAfter, &["open", "open"][..], 1),
        (Fault::Late(2), &["open", "open"], 1),
        (Fault::LostBefore, &["invoicerequest lost", "open"], 2),
    ] {
        check(&[], &[("invoicerequest", fault)], expected, asked).await;
    }
    check(&[], &[("listinvoicerequests", Fault::LostBefore)], &["open"], 1).await;
}

#[tokio::test]
async fn looks_that_fail_after_a_lost_answer_are_made_again() {
    let lost = ("listinvoicerequests", Fault::LostBefore);
    let faults =
        [("listinvoicerequests", Fault::Nothing), ("invoicerequest", Fault::LostAfter), lost, lost, lost, lost];
    check(&[], &faults, &["open"], 1).await;
}

#[tokio::test]
async fn a_closed_request_is_told_and_not_made_again() {
    check(&[Row { active: false, used: true, ..row(9) }], &[], &["used"], 0).await;
    check(&[Row { active: false, ..row(9) }], &[], &["disabled"], 0).await;
}

#[tokio::test]
async fn of_several_requests_the_used_one_is_taken_then_an_open_one_then_the_lowest_id() {
    let [mut low, mut high] = [row(7), row(8)];
    if id(&high.bolt12) < id(&low.bolt12) {
        std::mem::swap(&mut low, &mut high);
    }
    let open_low = check(&[high.clone(), low.clone()], &[], &["open, and 1 others"], 0).await;
    assert_eq!(open_low.as_ref(), Some(&low.bolt12));
    let disabled_low = Row { active: false, ..low.clone() };
    assert_eq!(check(&[disabled_low, high.clone()], &[], &["open"], 0).await.as_ref(), Some(&high.bolt12));
    let used_high = Row { active: false, used: true, ..high.clone() };
    let used = check(&[low, used_high], &[], &["used, and 1 others"], 0).await;
    assert_eq!(used.as_ref(), Some(&high.bolt12), "the open one can still be paid, and is told");
}

#[tokio::test]
async fn an_open_request_of_many_payments_comes_before_a_paid_one_that_was_disabled() {
    let many = |number| Row { single_use: false, ..row(number) };
    let closed = Row { active: false, used: true, ..many(7) };
    let node = Node::<Payer>::start();
    node.table().rows.extend([closed, many(8)]);
    let end = node.recover().await.request(&spec().single_use(false), LABEL).await;
    assert_eq!(words(&end), "open");
    assert_eq!(text(&end), Some(&*many(8).bolt12));
}

#[tokio::test]
async fn requests_of_other_labels_do_not_matter() {
    let [other, none] = [Some("payout 18".to_owned()), None].map(|label| Row { label, ..row(9) });
    check(&[other, none], &[], &["open"], 1).await;
}

/// A label that has a request of another content is refused, unless it has the one that is asked for as well.
async fn check_clash(other: Row) {
    let expected = format!(
        "the label `{LABEL}` holds another request ({}): use another label, or ask for the same again",
        id(&other.bolt12)
    );
    check(std::slice::from_ref(&other), &[], &[&expected], 0).await;
    check(&[other, row(9)], &[], &["open"], 0).await;
}

#[tokio::test]
async fn a_label_that_has_another_request_is_refused() {
    let with = |builder| Row { bolt12: sign(builder).to_string(), ..row(9) };
    check_clash(with(builder(3).invreq_amount(Msat::from_msat(4999)))).await;
    check_clash(with(builder(3).offer_description("another refund"))).await;
    check_clash(with(builder(3).offer_issuer("somebody"))).await;
    check_clash(with(builder(3).offer_absolute_expiry(1))).await;
    check_clash(Row { single_use: false, ..row(3) }).await;
}

#[tokio::test]
async fn all_that_a_spec_says_is_asked_for_and_found_again() {
    let node = Node::<Payer>::start();
    let recover = node.recover().await;
    let spec = spec().issuer("Ünïcode").absolute_expiry(4_000_000_000).single_use(false);
    for _ in 0..2 {
        let Ok(Requested::Open { request, .. }) = recover.request(&spec, LABEL).await else { panic!("not open") };
        assert_eq!((request.label.as_deref(), request.single_use), (Some(LABEL), false));
    }
    assert_eq!(node.fake.count("invoicerequest"), 1);
}

#[tokio::test]
async fn a_request_that_is_not_what_was_asked_for_is_not_handed_out() {
    let node = Node::<Payer>::start();
    node.table().alters = true;
    assert!(matches!(ask(&node.recover().await).await, Err(Error::Altered { .. })));
}
