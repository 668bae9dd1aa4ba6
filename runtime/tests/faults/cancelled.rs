//! Calls whose futures are dropped.

use std::pin::pin;
use std::task::Poll;

use cln_runtime::client::CallOptions;
use futures_util::future::poll_fn;

use super::*;

#[tokio::test]
async fn the_answer_of_a_cancelled_call_goes_to_nobody() {
    let node = node();
    node.reply("pay", Reply::result(json!("not yours")).held());
    let client = client(&node).await;
    let paying = pay(&client);
    node.received("pay").await;
    paying.abort();
    assert!(paying.await.unwrap_err().is_cancelled());
    let next = call(&client, "hello", json!({}));
    node.release("pay");
    assert_eq!(words(&next.await.unwrap()), r#""hi""#);
    eventually(|| client.statistics().late_answers == 1).await;
    let statistics = client.statistics();
    assert_eq!((statistics.calls, statistics.answered, statistics.cancelled, statistics.failed), (2, 1, 1, 0));
}

#[tokio::test]
async fn a_call_can_be_dropped_wherever_it_stands() {
    let node = node();
    node.reply_with("echo", |request| Reply::result(request.params.clone()).notice("message", json!({})));
    for polls in 0..8 {
        let client = client(&node).await;
        {
            let options = CallOptions::new().notices(drop);
            let request = cln_api::listinvoices::Request::new();
            let mut call = pin!(client.call_with(&request, options));
            let mut left = polls;
            poll_fn(|context| {
                if left == 0 || call.as_mut().poll(context).is_ready() {
                    return Poll::Ready(());
                }
                left -= 1;
                context.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
        }
        assert_eq!(client.call_raw("echo", json!([polls])).await.unwrap(), json!([polls]), "after {polls} polls");
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_before_it_is_written_is_not_sent() {
    let node = node();
    let client = client(&node).await;
    {
        let mut paying = pin!(client.call_raw("pay", json!({})));
        // One poll puts it into the queue; the writer has had no turn yet.
        let pending = poll_fn(|context| Poll::Ready(paying.as_mut().poll(context).is_pending())).await;
        assert!(pending);
    }
    assert_eq!(client.call_raw("hello", json!({})).await.unwrap(), "hi");
    assert_eq!(node.count("pay"), 0);
}

#[tokio::test]
async fn who_is_dropped_while_notices_are_switched_on_takes_them_from_nobody() {
    let node = node();
    node.reply_once("notifications", Reply::silence());
    node.reply("listinvoices", Reply::result(json!({ "invoices": [] })).notice("progress", json!({})));
    let client = client(&node).await;
    let call = |client: Client| async move {
        let mut notices = 0;
        let options = CallOptions::new().notices(|_| notices += 1);
        client.call_with(&cln_api::listinvoices::Request::new(), options).await.unwrap();
        notices
    };
    let dropped = tokio::spawn(call(client.clone()));
    node.received("notifications").await;
    dropped.abort();
    assert_eq!(call(client).await, 1);
    assert_eq!((node.count("notifications"), node.count("listinvoices")), (2, 1));
}

/// SplitMix64: the same seed makes the same choices.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}

const TASKS: u64 = 64;
const CALLS: u64 = 10_000;

/// Makes some calls and drops some of them; how many were dropped.
async fn make_calls(client: Client, task: u64, seed: u64) -> u64 {
    let mut random = Random(seed ^ (task << 32));
    let mut dropped = 0;
    for number in (task..CALLS).step_by(TASKS as usize) {
        let outcome = {
            let mut call = pin!(client.call_raw("echo", json!({ "number": number })));
            // Dropped at any time between the first poll and long after the answer.
            match random.below(4) {
                0 => {
                    let mut turns = random.below(30);
                    poll_fn(|context| match call.as_mut().poll(context) {
                        Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
                        Poll::Pending if turns == 0 => Poll::Ready(None),
                        Poll::Pending => {
                            turns -= 1;
                            context.waker().wake_by_ref();
                            Poll::Pending
                        }
                    })
                    .await
                }
                _ => Some(call.await),
            }
        };
        match outcome {
            None => dropped += 1,
            Some(Ok(value)) => assert_eq!(value, json!({ "own": number })),
            Some(Err(CallError::Rpc(error))) => assert_eq!(i64::from(error.code), number as i64 + 1),
            Some(Err(error)) => panic!("{number}: {error}"),
        }
    }
    dropped
}

async fn every_caller_gets_its_own(seed: u64) {
    let node = node();
    node.shuffle(seed);
    node.reply_with("echo", |request| {
        let number = request.params["number"].as_i64().unwrap();
        if number % 3 == 0 {
            Reply::error(number + 1, "own")
        } else {
            Reply::result(json!({ "own": number })).times(if number % 100 == 1 { 2 } else { 1 })
        }
    });
    let client = client(&node).await;
    let tasks: Vec<_> = (0..TASKS).map(|task| tokio::spawn(make_calls(client.clone(), task, seed))).collect();
    let mut dropped = 0;
    for task in tasks {
        dropped += task.await.unwrap();
    }
    assert!(dropped > 0);
    // A dropped call's answer is late, unless it was not sent, and so is every second answer.
    let answers = || {
        let number = |request: &cln_runtime::testing::Received| request.params["number"].as_i64();
        let sent = node.requests();
        let twice = sent.iter().filter_map(number).filter(|it| it % 3 != 0 && it % 100 == 1).count();
        (sent.len() + twice) as u64
    };
    eventually(|| client.statistics().late_answers + (CALLS - dropped) == answers()).await;
    let statistics = client.statistics();
    assert_eq!((statistics.calls, statistics.cancelled, statistics.answered), (CALLS, dropped, CALLS - dropped));
    assert_eq!((statistics.failed, statistics.unknown_answers, statistics.connects), (0, 0, 1));
}

#[tokio::test]
async fn of_10_000_calls_from_64_tasks_on_one_thread_every_caller_gets_its_own() {
    every_caller_gets_its_own(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_10_000_calls_from_64_tasks_on_four_threads_every_caller_gets_its_own() {
    every_caller_gets_its_own(2).await;
    every_caller_gets_its_own(3).await;
}
