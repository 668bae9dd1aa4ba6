//! The recorded runs of a payee that does each step itself, against our plugin as the payer. It refuses what the daemon
//! refused, and what BOLT 12 wants refused besides.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::by_hand::{End, Payee};
use super::pair::{Pair, With};
use super::support::beside;

/// A recorded run: the request's parameters, what its invoice asked for, and how it ended.
struct Run {
    scenario: String,
    request: Value,
    disabled: bool,
    amount: u64,
    was_paid: bool,
}

/// How many runs a clone alone has none of.
const RUNS: usize = 5;

fn recorded() -> Option<Vec<Run>> {
    let text = std::fs::read_to_string(beside("traffic/v26.06/direct.jsonl")?).unwrap();
    let mut runs: Vec<Run> = Vec::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if let Some(scenario) = line["scenario"].as_str() {
            let scenario = scenario.to_owned();
            runs.push(Run { scenario, request: Value::Null, disabled: false, amount: 0, was_paid: false });
            continue;
        }
        let run = runs.last_mut().unwrap();
        match line["method"].as_str() {
            Some("invoicerequest") => run.request = line["request"].clone(),
            Some("disableinvoicerequest") => run.disabled = true,
            Some("createinvoice") => run.amount = line["response"]["amount_msat"].as_u64().unwrap(),
            Some("listinvoices") => run.was_paid |= line["response"]["invoices"][0]["status"] == "paid",
            _ => {}
        }
    }
    Some(runs)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_daemon_refused_is_refused_and_what_it_paid_is_paid_unless_it_had_expired() {
    let Some(runs) = recorded() else { return };
    assert_eq!(runs.len(), RUNS);
    let pair = Pair::start(With::PayersPlugin).await;
    let payee = Payee::start(pair.folder()).await;
    let mut ends = BTreeMap::new();
    for run in runs {
        let request = pair.payer.ok("lnr-request", run.request.clone()).await;
        let invoice = payee.invoice(&request, run.amount).await;
        if run.disabled {
            pair.payer.ok("lnr-disable", json!({"invreq_id": request["invreq_id"]})).await;
        }
        let end = payee.send(&invoice).await;
        let expired = run.request.get("absolute_expiry").is_some();
        assert_eq!(matches!(end, End::Paid), run.was_paid && !expired, "{}: {end:?}", run.scenario);
        let told = match end {
            End::Paid => "paid".to_owned(),
            End::Refused(error) => {
                format!("{}, field {:?}", error.error().unwrap_or_default(), error.erroneous_field())
            }
        };
        ends.insert(run.scenario, told);
    }
    insta::assert_debug_snapshot!(ends);
}
