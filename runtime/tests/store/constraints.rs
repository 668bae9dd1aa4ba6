//! What the tables forbid, whoever writes.

use cln_runtime::engine::{ClaimState, RequestStatus, RequestStore as _};

use crate::support::{LIMITS, Scene, claim, hash, preimage};

/// A store with a single-use request that is paid, one that is being paid, and an invoice in each state.
async fn filled() -> Scene {
    let scene = Scene::new();
    for request in [1, 2] {
        scene.request(request, true).await;
        scene.store.claim(&claim(request, request), LIMITS).await.unwrap();
    }
    scene.store.settle_claim(hash(1), ClaimState::Complete(preimage(1))).await.unwrap();
    for (number, label) in (10..).zip(["unpaid", "accepted", "paid"]) {
        scene.invoice(label, number).await;
    }
    assert!(scene.accept(11, 1).await);
    scene.pay(12, 2).await;
    scene
}

fn check(scene: &Scene, sql: &str, why: &str) {
    let error = scene.sql().execute_batch(sql).expect_err(sql).to_string();
    assert!(error.contains(why), "{sql}: {error}");
}

fn set(what: &str, label: &str) -> String {
    format!("UPDATE invoices SET {what} WHERE label = '{label}'")
}

#[tokio::test]
async fn a_status_is_one_of_seven_and_never_goes_back() {
    let scene = filled().await;
    let request = "UPDATE invoicerequests SET";
    check(&scene, &format!("{request} status = 7 WHERE number = 2"), "CHECK");
    check(&scene, &format!("{request} status = -1 WHERE number = 2"), "CHECK");
    check(&scene, &format!("{request} status = 1 WHERE number = 2"), "CHECK");
    check(&scene, &format!("{request} status = 2 WHERE number = 1"), "never unused or enabled again");
    check(&scene, &format!("{request} status = 3 WHERE number = 1"), "never unused or enabled again");
    for status in RequestStatus::ALL {
        let sql = format!(
            "INSERT INTO invoicerequests (invreq_id, bolt12, status, single_use, created_at)
             VALUES (randomblob(32), 'lnr1', {}, {}, 0)",
            status.bits(),
            status.is_single_use()
        );
        scene.sql().execute_batch(&sql).unwrap();
    }
}

#[tokio::test]
async fn a_single_use_request_has_one_payment() {
    let scene = filled().await;
    let copy = |request: u8, single_use: u8, state: &str| {
        format!(
            "INSERT INTO claims (payment_hash, invreq_id, single_use, bolt12, state, reason, created_at)
             SELECT randomblob(32), invreq_id, {single_use}, 'lni1', {state}, 0 FROM invoicerequests WHERE number = {request}"
        )
    };
    check(&scene, &copy(1, 1, "'pending', NULL"), "UNIQUE constraint failed: claims.invreq_id");
    check(&scene, &copy(2, 1, "'pending', NULL"), "UNIQUE constraint failed: claims.invreq_id");
    // Nor by saying that the request is another one.
    check(&scene, &copy(2, 0, "'pending', NULL"), "FOREIGN KEY");
    scene.sql().execute_batch(&copy(2, 1, "'failed', 'why'")).unwrap();
    check(&scene, "UPDATE claims SET state = 'pending', reason = NULL WHERE state = 'failed'", "UNIQUE");
}

#[tokio::test]
async fn a_claim_has_what_its_state_says() {
    let scene = filled().await;
    let claims = "UPDATE claims SET";
    check(&scene, &format!("{claims} state = 'complete', completed_at = 1 WHERE state = 'pending'"), "CHECK");
    check(&scene, &format!("{claims} state = 'failed' WHERE state = 'pending'"), "CHECK");
    check(&scene, &format!("{claims} state = 'other' WHERE state = 'pending'"), "CHECK");
    check(&scene, &format!("{claims} preimage = zeroblob(32) WHERE state = 'pending'"), "CHECK");
    check(&scene, &format!("{claims} preimage = zeroblob(32) WHERE state = 'complete'"), "stays so");
    check(&scene, &format!("{claims} state = 'pending', preimage = NULL WHERE state = 'complete'"), "stays so");
    check(&scene, "DELETE FROM claims", "only failed claims are forgotten");
    check(&scene, "DELETE FROM invoicerequests", "FOREIGN KEY");
}

#[tokio::test]
async fn an_invoice_has_what_its_state_says() {
    let scene = filled().await;
    check(&scene, &set("state = 'accepted'", "unpaid"), "CHECK");
    check(&scene, &set("htlcs = 9", "unpaid"), "CHECK");
    check(&scene, &set("state = 'paid'", "accepted"), "CHECK");
    check(&scene, &set("pay_index = NULL", "paid"), "CHECK");
    check(&scene, &set("paid_at = NULL", "paid"), "CHECK");
    check(&scene, &set("amount_received = NULL", "paid"), "CHECK");
    check(&scene, &set("amount_received = 0", "paid"), "CHECK");
    check(&scene, &set("attempts = 0", "unpaid"), "CHECK");
    check(&scene, &set("preimage = x'00'", "unpaid"), "CHECK");
    check(&scene, &set("label = 'paid'", "unpaid"), "UNIQUE");
    check(&scene, &set("payment_hash = (SELECT payment_hash FROM invoices WHERE label = 'paid')", "unpaid"), "UNIQUE");
}

#[tokio::test]
async fn an_invoice_takes_the_known_steps_only() {
    let scene = filled().await;
    let paid = "state = 'paid', htlcs = 5, pay_index = 9, amount_received = 1, paid_at = 1";
    check(&scene, &set(paid, "unpaid"), "no such step");
    check(&scene, &set("state = 'expired', htlcs = NULL", "accepted"), "no such step");
    check(&scene, &set("state = 'accepted', pay_index = NULL, amount_received = NULL, paid_at = NULL", "paid"), "step");
    check(&scene, &set("htlcs = 9", "accepted"), "bound to one payment");
    check(&scene, "DELETE FROM invoices WHERE label = 'accepted'", "being paid stays");
}

#[tokio::test]
async fn numbers_only_grow() {
    let scene = filled().await;
    check(&scene, "UPDATE counters SET value = value", "only grows");
    check(&scene, "DELETE FROM counters", "a counter stays");
}
