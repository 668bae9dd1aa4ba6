//! What the wallet makes of the node's answers.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::bolt12::{Chain, RequestBuilder};
use crate::client::Client;
use crate::engine::payment_hash;
use crate::node::keys::Keys;
use crate::testing::{FakeNode, Reply};

const NOW: u64 = 1_760_000_000;
/// The last second of the invoice.
const END: u64 = NOW + 7200;

/// A time that stands still until a test moves it.
struct At {
    now: AtomicU64,
    /// How far somebody has set the clock ahead, in seconds.
    set: AtomicU64,
}

impl Clock for At {
    fn now(&self) -> u64 {
        self.now.load(Ordering::SeqCst)
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.now() - self.set.load(Ordering::SeqCst))
    }

    async fn sleep(&self, _: Duration) {}
}

fn preimage() -> Secret {
    Secret::from_bytes([7; 32])
}

/// An invoice over 1000 sat that is valid until [`END`], for a request that may have an end of its own.
fn new_invoice(request_ends: Option<u64>) -> Invoice<Verified> {
    let keys = Keys::from_seed(&[1; 32], Chain::REGTEST).unwrap();
    let amount = Msat::from_msat(1_000_000);
    let mut request = RequestBuilder::stand_alone(&[1; 16], keys.node_id(), Chain::REGTEST, amount);
    if let Some(end) = request_ends {
        request = request.offer_absolute_expiry(end);
    }
    let request = keys.sign_request(request.build().unwrap()).unwrap();
    let invoice = request.invoice(payment_hash(&preimage()), amount, NOW, keys.node_id()).build().unwrap();
    keys.finish_invoice(invoice).unwrap()
}

/// A row of `listsendpays`.
fn part(status: &str) -> Value {
    let mut row = json!({
        "created_index": 1,
        "id": 1,
        "groupid": 1,
        "payment_hash": payment_hash(&preimage()),
        "created_at": NOW,
        "amount_sent_msat": 1_000_000,
        "status": status,
    });
    if status == "complete" {
        row["payment_preimage"] = json!(preimage());
    }
    row
}

/// A wallet, its node and its time.
struct Scene {
    node: FakeNode,
    wallet: Wallet<Client>,
    clock: At,
    invoice: Invoice<Verified>,
}

impl Scene {
    /// A node with these parts of the payment; the wallet begins with these claims open.
    async fn new(parts: &[&str], open: &[Hash32]) -> Self {
        let node = FakeNode::start().unwrap();
        let client = Client::connect(node.path()).await.unwrap();
        let wallet = Wallet::new(client, Spending::default(), open.iter().copied());
        let scene = Scene {
            node,
            wallet,
            clock: At { now: AtomicU64::new(NOW), set: AtomicU64::new(0) },
            invoice: new_invoice(None),
        };
        scene.has_parts(parts);
        scene
    }

    fn has_parts(&self, parts: &[&str]) {
        let rows: Vec<Value> = parts.iter().map(|status| part(status)).collect();
        self.node.answer("listsendpays", json!({ "payments": rows }));
    }

    fn refuses(&self, code: i64, words: &str) {
        self.node.reply("xpay", Reply::error(code, words));
    }

    fn pays(&self) {
        let paid = json!({
            "payment_preimage": preimage(),
            "failed_parts": 0,
            "successful_parts": 1,
            "amount_msat": 1_000_000,
            "amount_sent_msat": 1_000_000,
        });
        self.node.answer("xpay", paid);
    }

    async fn pay_at(&self, now: u64) -> Result<Secret, PayError> {
        self.clock.now.store(now, Ordering::SeqCst);
        self.wallet.pay(&self.clock, &self.invoice).await
    }

    #[track_caller]
    fn check_calls(&self, xpay: usize) {
        assert_eq!(self.node.count("xpay"), xpay);
    }
}

fn hash() -> Hash32 {
    payment_hash(&preimage())
}

#[track_caller]
fn check_paid(end: Result<Secret, PayError>) {
    assert_eq!(end, Ok(preimage()));
}

#[track_caller]
fn check_failed(end: Result<Secret, PayError>, words: &str) {
    assert_eq!(end, Err(PayError::Failed(words.to_owned())));
}

#[track_caller]
fn check_unsettled(end: Result<Secret, PayError>) {
    assert!(matches!(end, Err(PayError::Unsettled(_))), "{end:?}");
}

#[tokio::test]
async fn a_preimage_is_the_receipt() {
    let scene = Scene::new(&[], &[]).await;
    scene.pays();
    check_paid(scene.pay_at(NOW).await);
    assert_eq!(scene.node.count("listsendpays"), 0);
}

#[tokio::test]
async fn a_call_has_no_more_time_than_the_invoice_and_a_bound_on_fees() {
    let scene = Scene::new(&[], &[]).await;
    scene.pays();
    check_paid(scene.pay_at(END - 20).await);
    let params = scene.node.received("xpay").await.params;
    assert_eq!(params, json!({ "invstring": scene.invoice.to_string(), "maxfee": 10_000, "retry_for": 20 }));
}

#[tokio::test]
async fn a_refusal_without_any_part_left_is_a_failure() {
    let scene = Scene::new(&[], &[]).await;
    scene.refuses(205, "no way");
    check_failed(scene.pay_at(NOW).await, "no way");
    // Another claim of the invoice may try again.
    scene.pays();
    check_paid(scene.pay_at(NOW).await);
}

#[tokio::test]
async fn failed_parts_are_looked_at_twice() {
    for (later, paid) in [(&["failed"][..], false), (&["failed", "pending"], true)] {
        let scene = Scene::new(&["failed"], &[]).await;
        scene.refuses(205, "no way");
        check_unsettled(scene.pay_at(NOW).await);
        scene.has_parts(later);
        if paid {
            check_unsettled(scene.pay_at(NOW + 5).await);
            scene.has_parts(&["failed", "complete"]);
            check_paid(scene.pay_at(NOW + 10).await);
        } else {
            check_failed(scene.pay_at(NOW + 5).await, "no way");
        }
        scene.check_calls(1);
    }
}

#[tokio::test]
async fn a_refusal_is_none_while_a_part_may_end_well() {
    for parts in [&["pending"][..], &["failed", "pending"], &["a new state"]] {
        let scene = Scene::new(parts, &[]).await;
        scene.refuses(209, "Failed after 1 attempts");
        check_unsettled(scene.pay_at(NOW).await);
        // It is looked at, and not called again.
        check_unsettled(scene.pay_at(END + 1000).await);
        scene.check_calls(1);
        scene.has_parts(&["complete"]);
        check_paid(scene.pay_at(END + 1000).await);

        let scene = Scene::new(parts, &[]).await;
        scene.refuses(209, "Failed after 1 attempts");
        check_unsettled(scene.pay_at(NOW).await);
        scene.has_parts(&["failed", "failed"]);
        check_failed(scene.pay_at(NOW + 300).await, "Failed after 1 attempts");
    }
}

#[tokio::test]
async fn a_refusal_of_what_is_paid_is_a_receipt() {
    for (code, words) in [(219, "Already paid this invoice successfully"), (207, "Invoice expired"), (-1, "odd")] {
        let scene = Scene::new(&["failed", "complete"], &[]).await;
        scene.refuses(code, words);
        check_paid(scene.pay_at(NOW).await);
    }
}

#[tokio::test]
async fn what_another_call_may_be_doing_is_no_failure() {
    let wrapped = |code| format!(r#"Unexpected injectpaymentonion error {code}: {{"code":{code},"message":"…"}}"#);
    let cases = [(200, String::new()), (219, String::new()), (-3, wrapped(200)), (-3, wrapped(219))];
    let ended = [(-4, "Plugin terminated before replying to RPC call.".to_owned()), (-5, "stopping".to_owned())];
    for (code, words) in cases.into_iter().chain(ended) {
        let scene = Scene::new(&[], &[]).await;
        scene.refuses(code, &words);
        check_unsettled(scene.pay_at(NOW).await);
        scene.refuses(205, "no way");
        check_unsettled(scene.pay_at(NOW).await);
    }
    let scene = Scene::new(&[], &[]).await;
    scene.refuses(-3, &wrapped(-32602));
    check_failed(scene.pay_at(NOW).await, &wrapped(-32602));
}

#[tokio::test]
async fn after_a_lost_answer_only_the_invoices_end_is_certain() {
    let scene = Scene::new(&[], &[]).await;
    scene.node.reply("xpay", Reply::disconnect());
    check_unsettled(scene.pay_at(NOW).await);
    scene.refuses(205, "no way");
    check_unsettled(scene.pay_at(END).await);
    scene.check_calls(2);
    let longest = u64::from(Spending::default().retry_for) + LAST_ATTEMPT;
    for late in [END + 1, END + LAST_ATTEMPT, END + longest] {
        check_unsettled(scene.pay_at(late).await);
    }
    check_failed(scene.pay_at(END + longest + 1).await, "the invoice expired before it could be paid");
    scene.check_calls(2);
}

#[tokio::test]
async fn a_clock_that_is_set_ahead_ends_no_call() {
    for earlier in [&[][..], &[hash()]] {
        let scene = Scene::new(&[], earlier).await;
        scene.node.reply("xpay", Reply::disconnect());
        check_unsettled(scene.pay_at(NOW).await);
        scene.clock.set.store(100_000, Ordering::SeqCst);
        check_unsettled(scene.pay_at(NOW + 100_000).await);
        check_unsettled(scene.pay_at(NOW + 100_600).await);
        check_failed(scene.pay_at(NOW + 100_700).await, "the invoice expired before it could be paid");
    }
}

#[tokio::test]
async fn a_claim_of_an_earlier_run_is_looked_at_first() {
    let scene = Scene::new(&["complete"], &[hash()]).await;
    check_paid(scene.pay_at(NOW).await);
    scene.check_calls(0);

    let scene = Scene::new(&[], &[hash()]).await;
    scene.refuses(205, "no way");
    check_unsettled(scene.pay_at(NOW).await);
    scene.pays();
    check_paid(scene.pay_at(NOW).await);
    let asked: Vec<_> = scene.node.requests().into_iter().filter(|request| request.method == "xpay").collect();
    assert_eq!(asked[0].params["invstring"], asked[1].params["invstring"]);
}

#[tokio::test]
async fn after_its_requests_end_no_call_begins() {
    let begin = async || Scene { invoice: new_invoice(Some(NOW + 100)), ..Scene::new(&[], &[]).await };
    let scene = begin().await;
    check_failed(scene.pay_at(NOW + 101).await, "the invoice_request expired before it could be paid");
    scene.check_calls(0);

    let scene = begin().await;
    scene.node.reply("xpay", Reply::disconnect());
    check_unsettled(scene.pay_at(NOW + 100).await);
    check_unsettled(scene.pay_at(NOW + 101).await);
    scene.check_calls(1);
}

#[tokio::test]
async fn an_expired_invoice_is_not_begun() {
    let scene = Scene::new(&[], &[]).await;
    check_failed(scene.pay_at(END + 1).await, "the invoice expired before it could be paid");
    scene.check_calls(0);
}

#[tokio::test]
async fn a_node_that_does_not_say_what_is_under_way_leaves_it_open() {
    let scene = Scene::new(&[], &[]).await;
    scene.node.reply("listsendpays", Reply::error(-1, "busy"));
    scene.refuses(205, "no way");
    check_unsettled(scene.pay_at(NOW).await);
}

#[tokio::test]
async fn nothing_begins_while_it_is_paused() {
    let scene = Scene::new(&["complete"], &[hash()]).await;
    scene.wallet.pause(true);
    check_paid(scene.pay_at(NOW).await);

    let scene = Scene::new(&[], &[]).await;
    scene.pays();
    scene.wallet.pause(true);
    check_unsettled(scene.pay_at(NOW).await);
    scene.check_calls(0);
    scene.wallet.pause(false);
    check_paid(scene.pay_at(NOW).await);
}

#[tokio::test]
async fn whoever_stops_waiting_does_not_stop_the_call() {
    let scene = Scene::new(&[], &[]).await;
    scene.node.reply("xpay", Reply::result(json!({})).held());
    {
        let paying = std::pin::pin!(scene.wallet.pay(&scene.clock, &scene.invoice));
        let asked = std::pin::pin!(scene.node.received("xpay"));
        futures_util::future::select(paying, asked).await;
    }
    scene.refuses(205, "no way");
    check_unsettled(scene.pay_at(NOW).await);
}
