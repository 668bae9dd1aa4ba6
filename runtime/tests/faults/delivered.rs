//! What is known of a request whose answer does not come, and what waits when a node does not read.

use cln_api::{pay, waitinvoice};
use cln_runtime::client::{CallOptions, Delivery};

use super::*;

/// A request that no socket takes in one write.
fn large(client: &Client) -> JoinHandle<Outcome> {
    call(client, "large", json!({ "text": "x".repeat(1 << 20) }))
}

fn check_delivery(outcome: Outcome, expected: Delivery, words: &str) {
    let error = outcome.unwrap_err();
    assert_eq!(error.to_string(), words);
    let (CallError::Timeout { delivery, .. } | CallError::Connection { delivery, .. }) = error else {
        panic!("{error}")
    };
    assert_eq!(delivery, expected);
}

#[tokio::test]
async fn a_timeout_tells_how_far_the_request_came_and_what_was_not_sent_never_is() {
    let node = node();
    node.answer("large", json!("got it"));
    let client = client(&node).await;
    node.stop_reading();
    let large = large(&client);
    settle().await;
    let paying = super::pay(&client);
    settle().await;
    tokio::time::pause();
    let unknown =
        "no answer to `large` within 60s; whether the request was sent is not known: it may have taken effect";
    check_delivery(large.await.unwrap(), Delivery::Unknown, unknown);
    let not_sent = "no answer to `pay` within 60s; the request was not sent and has no effect";
    check_delivery(paying.await.unwrap(), Delivery::NotSent, not_sent);
    tokio::time::resume();
    node.resume_reading();
    assert_eq!(client.call_raw("hello", json!({})).await.unwrap(), "hi");
    assert_eq!((node.count("large"), node.count("pay")), (1, 0));
    assert_eq!(client.statistics().late_answers, 1);
}

#[tokio::test]
async fn a_full_socket_is_waited_for() {
    let node = node();
    node.answer("large", json!("got it"));
    let client = client(&node).await;
    node.stop_reading();
    let calls: Vec<_> = (0..3).map(|_| large(&client)).collect();
    settle().await;
    node.resume_reading();
    for call in calls {
        assert_eq!(words(&call.await.unwrap()), r#""got it""#);
    }
}

#[tokio::test]
async fn answers_come_while_nothing_can_be_written() {
    let node = node();
    node.reply("pay", Reply::result(json!("paid")).held());
    node.answer("large", json!("got it"));
    let client = client(&node).await;
    let paying = super::pay(&client);
    node.received("pay").await;
    node.stop_reading();
    let large = large(&client);
    settle().await;
    node.release("pay");
    assert_eq!(words(&paying.await.unwrap()), r#""paid""#);
    node.resume_reading();
    assert_eq!(words(&large.await.unwrap()), r#""got it""#);
}

#[tokio::test]
async fn who_waits_for_a_place_in_the_queue_is_not_sent_when_dropped_and_told_when_the_connection_is_lost() {
    let node = node();
    let client = with(&node, |builder| builder.queue(1).retry(0)).await;
    node.stop_reading();
    let large = large(&client);
    settle().await;
    // The first takes the only place.
    let [in_queue, without_place, dropped] = [super::pay(&client), super::pay(&client), super::pay(&client)];
    settle().await;
    dropped.abort();
    settle().await;
    assert_eq!(client.statistics().cancelled, 1);
    node.send("garbage");
    let lost = "what came over the socket is not JSON-RPC: `g` where a JSON object was expected; is this lightningd's \
                `lightning-rpc`?";
    let not_sent = format!("{lost}; the request was not sent and has no effect");
    check_delivery(without_place.await.unwrap(), Delivery::NotSent, &not_sent);
    check_delivery(in_queue.await.unwrap(), Delivery::NotSent, &not_sent);
    let unknown = format!("{lost}; whether the request was sent is not known: it may have taken effect");
    check_delivery(large.await.unwrap(), Delivery::Unknown, &unknown);
    node.resume_reading();
    assert_eq!(client.call_raw("hello", json!({})).await.unwrap(), "hi");
    assert_eq!(node.count("pay"), 0);
}

#[tokio::test]
async fn what_was_not_sent_is_sent_over_the_next_connection() {
    let node = node();
    node.answer("pay", json!("paid"));
    let client = client(&node).await;
    node.stop_reading();
    let large = large(&client);
    settle().await;
    let paying = super::pay(&client);
    settle().await;
    node.disconnect();
    assert!(large.await.unwrap().unwrap_err().may_have_taken_effect());
    node.resume_reading();
    assert_eq!(words(&paying.await.unwrap()), r#""paid""#);
    assert_eq!((node.count("large"), node.count("pay")), (0, 1));
}

#[tokio::test]
async fn a_command_that_waits_for_an_event_is_waited_for_unless_the_call_says_otherwise() {
    let node = node();
    node.reply("waitinvoice", Reply::error(903, "expired").held());
    let client = client(&node).await;
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.call(&waitinvoice::Request::new("order-17")).await }
    });
    node.received("waitinvoice").await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(1_000_000)).await;
    tokio::time::resume();
    assert!(!waiting.is_finished());
    node.release("waitinvoice");
    assert!(matches!(waiting.await.unwrap(), Err(CallError::Rpc(_))));

    let options = CallOptions::new().timeout(Duration::from_millis(1));
    let error = client.call_with(&waitinvoice::Request::new("order-17"), options).await.unwrap_err();
    assert!(error.to_string().starts_with("no answer to `waitinvoice` within 1ms; "), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_a_timeout_calls_not_sent_never_arrives() {
    let node = node();
    node.reply("pay", Reply::error(205, "no route"));
    let client = with(&node, |builder| builder.queue(1)).await;
    node.stop_reading();
    let large = large(&client);
    let make_calls = |task| {
        let client = client.clone();
        tokio::spawn(async move {
            let mut not_sent = Vec::new();
            for number in 0..100 {
                let name = format!("{task}-{number}");
                let request = pay::Request::new(name.as_str());
                let options = CallOptions::new().timeout(Duration::from_micros(number * 10));
                match client.call_with(&request, options).await {
                    Err(CallError::Rpc(_)) => {}
                    Err(CallError::Timeout { delivery: Delivery::NotSent, .. }) => not_sent.push(name),
                    Err(CallError::Timeout { .. }) => {}
                    other => panic!("{other:?}"),
                }
            }
            not_sent
        })
    };
    let tasks: Vec<_> = (0..16).map(make_calls).collect();
    // At first nothing gets through, then the node reads while other calls run out of time.
    eventually(|| client.statistics().failed > 50).await;
    node.resume_reading();
    large.await.unwrap().unwrap_err();
    let mut not_sent = Vec::new();
    for task in tasks {
        not_sent.extend(task.await.unwrap());
    }
    assert_eq!(client.call_raw("hello", json!({})).await.unwrap(), "hi");
    for request in node.requests().iter().filter(|request| request.method == "pay") {
        assert!(!not_sent.iter().any(|name| request.params["bolt11"] == name.as_str()), "{}", request.raw);
    }
    assert!(!not_sent.is_empty());
}
