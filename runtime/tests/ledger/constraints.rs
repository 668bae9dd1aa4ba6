//! What the tables forbid, whoever writes.

use cln_runtime::engine::Htlcs as _;

use crate::support::{Scene, invoice, preimage};

/// A ledger with a payment that is offered and one that is fulfilled.
async fn filled() -> Scene {
    let scene = Scene::new().await;
    let (taken, _paying) = scene.offer(&invoice(1, 1_500)).await;
    scene.payee.fulfil(&taken, &preimage(1)).await.unwrap();
    let (_, paying) = scene.offer(&invoice(2, 2_500)).await;
    paying.abort();
    scene
}

async fn check(scene: &Scene, sql: &str, why: &str) {
    let error = scene.sql().execute_batch(sql).expect_err(sql).to_string();
    assert!(error.contains(why), "{sql}: {error}");
    assert_eq!(scene.money().await, [6_000, 2_500, 11_500]);
}

/// Another payment like the one with this number, but for what is said.
fn copy(id: u8, hash: &str, amount: i64, state: &str) -> String {
    format!(
        "INSERT INTO payments (payer, payee, payment_hash, invreq_id, amount, path_key, blinded_node_id,
             encrypted_recipient_data, state, created_at, timeout_at)
         SELECT payer, payee, {hash}, invreq_id, {amount}, path_key, blinded_node_id, encrypted_recipient_data,
             '{state}', 0, 0 FROM payments WHERE id = {id}"
    )
}

#[tokio::test]
async fn a_hash_is_paid_and_received_once() {
    let scene = filled().await;
    check(&scene, &copy(1, "payment_hash", 1, "offered"), "UNIQUE").await;
    check(&scene, &copy(2, "payment_hash", 1, "offered"), "UNIQUE").await;
    let from_another = copy(1, "payment_hash", 1, "offered").replace("SELECT payer,", "SELECT payee,");
    let fulfil = "INSERT INTO parts VALUES (3, 1, 1);
        UPDATE payments SET state = 'fulfilled', preimage = zeroblob(32) WHERE id = 3";
    check(&scene, &format!("BEGIN; {from_another}; {fulfil}; COMMIT"), "UNIQUE").await;
}

#[tokio::test]
async fn nobody_offers_what_it_has_not() {
    let scene = filled().await;
    check(&scene, &copy(2, "randomblob(32)", 6_001, "offered"), "CHECK").await;
    check(&scene, &copy(2, "randomblob(32)", 0, "offered"), "CHECK").await;
    check(&scene, &copy(2, "randomblob(32)", -1, "offered"), "CHECK").await;
    check(&scene, &copy(2, "randomblob(32)", 1, "timed_out"), "begins as an offer").await;
    let stranger = copy(2, "randomblob(32)", 1, "offered").replace("SELECT payer, payee", "SELECT payer, zeroblob(33)");
    check(&scene, &stranger, "FOREIGN KEY").await;
}

#[tokio::test]
async fn a_payment_ends_once_and_whole() {
    let scene = filled().await;
    let payments = "UPDATE payments SET";
    check(&scene, &format!("{payments} state = 'failed', preimage = NULL, reason = '' WHERE id = 1"), "ends once")
        .await;
    check(&scene, &format!("{payments} state = 'offered', preimage = NULL WHERE id = 1"), "ends once").await;
    check(&scene, &format!("{payments} state = 'fulfilled' WHERE id = 2"), "CHECK").await;
    check(&scene, &format!("{payments} state = 'failed' WHERE id = 2"), "CHECK").await;
    check(&scene, &format!("{payments} amount = 1 WHERE id = 2"), "only its end is written").await;
    check(&scene, &format!("{payments} payee = payer WHERE id = 2"), "only its end is written").await;
    check(&scene, "DELETE FROM payments WHERE id = 2", "a payment stays").await;
    check(&scene, "UPDATE parts SET amount = 1", "a part stays as it is").await;
    check(&scene, "DELETE FROM parts", "a part stays").await;
    check(&scene, "INSERT INTO parts VALUES (1, 9, 1)", "parts come with their offer").await;
    let more = "INSERT INTO parts VALUES (2, 9, 1);
        UPDATE payments SET state = 'fulfilled', preimage = zeroblob(32) WHERE id = 2";
    check(&scene, &format!("BEGIN; {more}; COMMIT"), "with all its parts").await;
}

#[tokio::test]
async fn money_comes_from_credit_alone() {
    let scene = filled().await;
    check(&scene, "UPDATE accounts SET credited = credited + 1", "credited once").await;
    check(&scene, "DELETE FROM accounts", "an account stays").await;
    check(&scene, "UPDATE accounts SET balance = -1", "CHECK").await;
    check(&scene, "INSERT INTO accounts VALUES (zeroblob(33), 1, 0)", "starts with its credit").await;
    let all = "INSERT INTO accounts VALUES (zeroblob(33), 2100000000000000000, 2100000000000000000)";
    check(&scene, all, "at most 21 million bitcoin").await;
}
