//! Connections that are lost.

use cln_runtime::client::Delivery;
use tokio::runtime::Runtime;

use super::*;

const SENT: &str = "the request was sent: it may have taken effect, or may still";
const CLOSED: &str = "the node closed the connection: it was stopped, or restarts";

#[tokio::test]
async fn a_node_that_closes_before_it_is_asked_is_connected_anew() {
    let node = node();
    let client = client(&node).await;
    node.disconnect();
    node.disconnected(1).await;
    node.answer("pay", json!("paid"));
    assert_eq!(words(&pay(&client).await.unwrap()), r#""paid""#);
    assert_eq!((node.count("pay"), node.connections()), (1, 2));
}

#[tokio::test]
async fn a_node_that_closes_in_the_middle_of_a_request_leaves_its_effect_open() {
    let node = node();
    let client = client(&node).await;
    node.hang_up_after(10);
    let outcome = pay(&client).await.unwrap();
    // Systems differ in how they tell that the node left bytes unread.
    let reset = "the connection failed: Connection reset by peer (os error 104)";
    let expected = [CLOSED, reset].map(|lost| format!("{lost}; {SENT}"));
    assert!(expected.contains(&words(&outcome)), "{outcome:?}");
    assert!(outcome.unwrap_err().may_have_taken_effect());
    assert_eq!(client.call_raw("hello", json!({})).await.unwrap(), "hi");
}

#[tokio::test]
async fn a_node_that_closes_after_a_request_leaves_its_effect_open() {
    check(Reply::disconnect(), &format!("{CLOSED}; {SENT}")).await;
}

#[tokio::test]
async fn a_node_that_closes_in_the_middle_of_an_answer_is_told_so() {
    let within = "the node closed the connection in the middle of a message: it was stopped, or has crashed";
    check(Reply::result(json!("x")).first_bytes(20).then_disconnect(), &format!("{within}; {SENT}")).await;
}

#[tokio::test]
async fn a_node_that_closes_after_its_answer_has_answered() {
    check(Reply::result(json!("paid")).then_disconnect(), r#""paid""#).await;
    check(Reply::result(json!("paid")).terminator("").then_disconnect(), r#""paid""#).await;
}

#[tokio::test]
async fn a_read_only_command_is_asked_again_and_others_are_never_sent_twice() {
    let node = node();
    node.reply_once("listinvoices", Reply::disconnect());
    node.reply_once("listinvoices", Reply::raw("garbage"));
    node.reply("pay", Reply::disconnect());
    let client = client(&node).await;
    let answer = client.call(&listinvoices::Request::new()).await.unwrap();
    assert!(answer.invoices.is_empty());
    assert_eq!((node.count("listinvoices"), node.connections(), client.statistics().calls), (3, 3, 1));
    assert!(!pay(&client).await.unwrap().unwrap_err().is_retryable());
    assert_eq!((node.count("pay"), node.connections()), (1, 3));
}

#[tokio::test]
async fn a_read_only_command_is_not_asked_for_ever() {
    for retries in [0, 1, 5] {
        let node = node();
        node.reply("listinvoices", Reply::disconnect());
        let client = with(&node, |builder| builder.retry(retries)).await;
        let error = client.call(&listinvoices::Request::new()).await.unwrap_err();
        assert_eq!(error.to_string(), format!("{CLOSED}; {SENT}"));
        assert!(error.is_retryable() && !error.may_have_taken_effect());
        assert_eq!(node.count("listinvoices"), retries as usize + 1);
    }
}

#[tokio::test]
async fn connections_that_are_closed_at_once_are_tried_again_without_sending_twice() {
    let node = node();
    node.answer("pay", json!("paid"));
    node.close_accepted(1);
    let client = client(&node).await;
    node.disconnected(1).await;
    assert_eq!(words(&pay(&client).await.unwrap()), r#""paid""#);
    assert_eq!(node.count("pay"), 1);
}

#[tokio::test]
async fn every_call_in_flight_learns_that_the_connection_is_lost() {
    let node = node();
    node.reply("pay", Reply::silence());
    let client = client(&node).await;
    let calls: Vec<_> = (0..50).map(|_| pay(&client)).collect();
    for _ in 0..50 {
        node.received("pay").await;
    }
    node.disconnect();
    for call in calls {
        assert_eq!(words(&call.await.unwrap()), format!("{CLOSED}; {SENT}"));
    }
    assert_eq!((client.statistics().failed, node.count("pay")), (50, 50));
}

#[tokio::test]
async fn an_answer_that_came_before_the_end_is_given_though_writing_fails_first() {
    let node = node();
    node.reply("pay", Reply::result(json!("paid")).then_disconnect().held());
    let client = client(&node).await;
    let paying = pay(&client);
    node.received("pay").await;
    node.release("pay");
    // The client's tasks run on this thread, so that they see nothing of it yet.
    while node.closed_connections() < 1 {
        std::thread::yield_now();
    }
    assert_eq!(client.call_raw("hello", json!({})).await.unwrap(), "hi");
    assert_eq!(words(&paying.await.unwrap()), r#""paid""#);
}

#[test]
fn a_client_outlives_the_runtime_that_it_was_made_in() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let node = node();
    let first = runtime();
    let client = first.block_on(client(&node));
    assert_eq!(first.block_on(client.call_raw("hello", json!({}))).unwrap(), "hi");
    drop(first);
    assert_eq!(runtime().block_on(client.call_raw("hello", json!({}))).unwrap(), "hi");
    assert_eq!(node.connections(), 2);
}

fn runtime_of_one_thread() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_connection_whose_tasks_never_ran_is_lost_with_its_runtime() {
    let node = node();
    let first = runtime_of_one_thread();
    // It returns before it comes to the tasks that carry the calls.
    let client = first.block_on(with(&node, |builder| builder.retry(0)));
    drop(first);
    assert_eq!(runtime_of_one_thread().block_on(client.call_raw("hello", json!({}))).unwrap(), "hi");
    assert_eq!(node.connections(), 2);
}

#[test]
fn a_request_that_waits_for_a_runtime_which_ends_is_not_sent_or_sent_anew() {
    for (retries, expected) in
        [(0, "the client was closed; the request was not sent and has no effect"), (1, r#""paid""#)]
    {
        let node = node();
        node.answer("pay", json!("paid"));
        let first = runtime_of_one_thread();
        let client = first.block_on(with(&node, |builder| builder.retry(retries)));
        let outcome = runtime_of_one_thread().block_on(async {
            let paying = pay(&client);
            settle().await;
            first.shutdown_background();
            paying.await.unwrap()
        });
        assert_eq!(words(&outcome), expected);
        assert_eq!(node.count("pay"), retries as usize);
    }
}

#[tokio::test]
async fn a_request_is_called_sent_only_when_all_of_it_was_taken() {
    let node = node();
    let client = client(&node).await;
    node.hang_up_after(1);
    // More than a socket takes.
    let outcome = call(&client, "pay", json!({ "label": "x".repeat(1 << 20) })).await.unwrap();
    let error = outcome.unwrap_err();
    assert!(matches!(error, CallError::Connection { delivery: Delivery::Unknown, .. }), "{error}");
    assert!(error.may_have_taken_effect() && !error.is_retryable());
    assert!(error.to_string().ends_with("; whether the request was sent is not known: it may have taken effect"));
    assert_eq!(node.count("pay"), 0);
}
