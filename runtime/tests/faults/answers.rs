//! Answers that are not what they should be.

use super::*;

#[tokio::test]
async fn an_answer_comes_however_it_is_written() {
    let answer = || Reply::result(json!({ "text": "\"}\n\n{" }));
    let expected = r#"{"text":"\"}\n\n{"}"#;
    check(answer(), expected).await;
    check(answer().terminator(""), expected).await;
    check(answer().terminator("\n"), expected).await;
    check(answer().terminator(" \t\r\n \n\n\n"), expected).await;
    for bytes in 1..20 {
        check(answer().in_pieces(bytes), expected).await;
    }
    check(answer().notice("log", json!({})).notice("progress", json!([])), expected).await;
    check(Reply::raw(r#" {"result" : [1], "unknown":{"id":"x#1"}, "id":$id } "#), "[1]").await;
    check(Reply::raw(r#"{"id":$id,"result":null,"error":null}"#), "null").await;
}

#[tokio::test]
async fn several_answers_in_one_write_find_their_callers_in_any_order() {
    for terminator in ["\n\n", ""] {
        let node = node();
        node.reply_with("echo", |request| Reply::result(request.params.clone()).held_by(&request.params.to_string()));
        node.terminator(terminator);
        node.answers_per_write(3);
        let client = client(&node).await;
        let calls: Vec<_> = (0..3).map(|number| call(&client, "echo", json!([number]))).collect();
        for number in [2, 0, 1] {
            node.release(&json!([number]).to_string());
        }
        for (number, call) in calls.into_iter().enumerate() {
            assert_eq!(call.await.unwrap().unwrap(), json!([number]));
        }
    }
}

#[tokio::test]
async fn an_answer_to_an_unknown_id_is_counted_and_dropped() {
    for id in [r#""nobody""#, r#""cln-runtime:pay#99""#, r#""other:pay#1""#, "1", "1.5", "null", "[]", r#"{"a":1}"#] {
        let stray = format!(r#"{{"id":{id},"result":"not mine"}}{{"id":$id,"result":"mine"}}"#);
        let (outcome, statistics) = outcome(Reply::raw(stray)).await;
        assert_eq!(words(&outcome), r#""mine""#, "{id}");
        assert_eq!((statistics.unknown_answers, statistics.late_answers), (1, 0), "{id}");
    }
    let (outcome, statistics) = outcome(Reply::raw(r#"{"result":"whose?"}{"id":$id,"result":"mine"}"#)).await;
    assert_eq!((words(&outcome).as_str(), statistics.unknown_answers), (r#""mine""#, 1));
}

#[tokio::test]
async fn who_is_answered_by_another_id_only_waits_until_the_time_is_over() {
    let expected = "no answer to `pay` within 60s; the request was sent: it may have taken effect, or may still";
    for id in [json!(1), json!(null), json!("pay#1")] {
        let statistics = check_silence(Reply::result(json!({})).with_id(id), expected).await;
        assert_eq!(statistics.unknown_answers, 1);
    }
}

#[tokio::test]
async fn the_second_of_two_answers_is_counted_and_dropped() {
    let (outcome, statistics) = outcome(Reply::result(json!("once")).times(2)).await;
    assert_eq!((words(&outcome).as_str(), statistics.late_answers, statistics.answered), (r#""once""#, 1, 2));
}

#[tokio::test]
async fn an_error_tells_code_and_words() {
    check(Reply::error(205, "Could not find a route"), "Could not find a route (code 205)").await;
    check(Reply::raw(r#"{"id":$id,"error":{"code":-32700}}"#), " (code -32700)").await;
    check(Reply::raw(r#"{"id":$id,"result":null,"error":{"code":1,"message":"old"}}"#), "old (code 1)").await;
    let (outcome, _) = outcome(Reply::error_with_data(900, "Duplicate label", json!({ "label": "a" }))).await;
    assert!(matches!(outcome, Err(CallError::Rpc(error)) if error.data == Some(json!({ "label": "a" }))));
}

#[tokio::test]
async fn what_is_json_and_no_answer_is_told_with_the_reason() {
    let no_answer = |what| format!("the answer to `pay` is no JSON-RPC answer: {what}");
    check(
        Reply::raw(r#"{"id":$id,"result":{},"error":{"code":1,"message":"x"}}"#),
        &no_answer("it has a result and an error"),
    )
    .await;
    check(Reply::raw(r#"{"id":$id}"#), &no_answer("it has neither a result nor an error")).await;
    check(Reply::raw(r#"{"id":$id,"error":{"message":"x"}}"#), &no_answer("its error has no code")).await;
    check(Reply::raw(r#"{"id":$id,"error":"x"}"#), &no_answer("its error has no code")).await;
    let (outcome, _) = outcome(Reply::raw(r#"{"id":$id}"#)).await;
    let error = outcome.unwrap_err();
    assert!(error.may_have_taken_effect() && !error.is_retryable());
    let CallError::NotAnAnswer { answer, .. } = error else { panic!("{error}") };
    assert_eq!(answer.as_bytes(), br#"{"id":"cln-runtime:pay#1"}"#);
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_fails_its_own_call_only() {
    let unreadable = |what| format!("cannot read the answer to `pay`: {what}; the command was carried out");
    check(
        Reply::raw(b"{\"id\":$id,\"result\":\"\xff\xfe\"}".as_slice()),
        &unreadable("invalid unicode code point at line 1 column 2"),
    )
    .await;
    check(Reply::raw(r#"{"id":$id,"result":tru}"#), &unreadable("EOF while parsing a value at line 1 column 3")).await;
    check(
        Reply::result_json("[".repeat(1000) + &"]".repeat(1000)),
        &unreadable("recursion limit exceeded at line 1 column 128")
            .replace("`pay`:", &format!("`pay` at `{}`:", "[0]".repeat(127))),
    )
    .await;
}

#[tokio::test]
async fn what_is_no_json_ends_the_connection_and_is_told() {
    let protocol = |what| {
        format!(
            "what came over the socket is not JSON-RPC: {what} was expected; is this lightningd's `lightning-rpc`?; \
             the request was sent: it may have taken effect, or may still"
        )
    };
    check(Reply::raw("HTTP/1.1 400 Bad Request\r\n\r\n"), &protocol("`H` where a JSON object")).await;
    check(Reply::raw([0xff, 0, 1]), &protocol(r"`\xff` where a JSON object")).await;
    check(Reply::raw("[1,2]"), &protocol("`[` where a JSON object")).await;
    check(Reply::raw(r#"{"id" 1}"#), &protocol("`1` where a colon")).await;
}

#[tokio::test]
async fn half_an_answer_and_then_silence_ends_with_the_time() {
    let node = node();
    node.reply("pay", Reply::result(json!("x".repeat(500))).first_bytes(300));
    let client = client(&node).await;
    let paying = pay(&client);
    node.received("pay").await;
    eventually(|| client.statistics().bytes_received == 300).await;
    tokio::time::pause();
    let expected = "no answer to `pay` within 60s; the request was sent: it may have taken effect, or may still";
    assert_eq!(words(&paying.await.unwrap()), expected);
}

#[tokio::test]
async fn an_answer_that_is_too_long_fails_its_call_and_the_next_one_works() {
    let expected =
        "the answer to `pay` is longer than 10000 bytes: read it as a stream or in pages, or raise `max_answer`";
    // Wherever the limit falls: while it comes, or when all of it has come.
    check(Reply::endless(), expected).await;
    check(Reply::result(json!("x".repeat(LIMIT))), expected).await;
    check(Reply::result(json!("x".repeat(LIMIT))).in_pieces(999), expected).await;
    check(Reply::result(json!("x".repeat(1 << 20))), expected).await;
    let exactly = |length| Reply::raw(format!(r#"{{"id":$id,"result":"{}"}}"#, "x".repeat(length)));
    let frame = r#"{"id":"cln-runtime:pay#1","result":""}"#.len();
    check(exactly(LIMIT - frame + 1), expected).await;
    let (outcome, statistics) = outcome(exactly(LIMIT - frame)).await;
    assert_eq!((outcome.unwrap().as_str().unwrap().len(), statistics.connects), (LIMIT - frame, 1));
}

#[tokio::test]
async fn an_endless_answer_is_stopped_and_the_other_calls_learn_why() {
    let node = node();
    node.reply("pay", Reply::silence());
    node.reply("list", Reply::endless());
    let client = client(&node).await;
    let paying = pay(&client);
    node.received("pay").await;
    assert!(matches!(client.call_raw("list", json!({})).await, Err(CallError::AnswerTooLong { limit: LIMIT, .. })));
    assert_eq!(
        words(&paying.await.unwrap()),
        "an answer was longer than 10000 bytes, so that the connection was given up; the request was sent: it may have \
         taken effect, or may still"
    );
    // Nothing more is read: the node sees that nobody listens, before the next call is made.
    node.disconnected(1).await;
    assert_eq!(client.statistics().connects, 1);
}
