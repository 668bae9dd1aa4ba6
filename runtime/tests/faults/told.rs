//! What a client tells: notices, figures, spans; and what it refuses to send.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, Once};

use cln_api::getinfo;
use cln_runtime::client::{CallOptions, Notice};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use super::*;

#[tokio::test]
async fn notices_are_handed_over_before_the_answer() {
    let node = node();
    let list = Reply::result(json!({ "invoices": [] }))
        .notice("message", json!({ "level": "info", "message": "looking" }))
        .notice("progress", json!({ "num": 1, "total": 3, "stage": { "num": 0, "total": 2 } }))
        .notice("custom", json!({ "x": 1 }));
    node.reply("listinvoices", list);
    let client = client(&node).await;
    for _ in 0..2 {
        let mut notices = Vec::new();
        let options = CallOptions::new().notices(|notice| notices.push(notice));
        client.call_with(&listinvoices::Request::new(), options).await.unwrap();
        let [message, progress, Notice::Other { method, params }] = &*notices else { panic!("{notices:?}") };
        assert_eq!(*message, Notice::Message { level: "info".into(), message: "looking".into() });
        assert_eq!(*progress, Notice::Progress { num: 1, total: 3, stage: Some((0, 2)) });
        assert_eq!((method.as_str(), &params["x"]), ("custom", &json!(1)));
    }
    // Who does not ask for them gets the answer only.
    client.call(&listinvoices::Request::new()).await.unwrap();
    let [enable] = &*node.requests().into_iter().filter(|it| it.method == "notifications").collect::<Vec<_>>() else {
        panic!("asked once a connection")
    };
    assert_eq!(enable.params, json!({ "enable": true }));
}

#[tokio::test]
async fn a_node_without_notices_answers_all_the_same() {
    let node = node();
    node.reply("notifications", Reply::error(-32601, "Unknown command 'notifications'"));
    node.answer("listinvoices", json!({ "invoices": [] }));
    let options = CallOptions::new().notices(|notice| panic!("{notice:?}"));
    client(&node).await.call_with(&listinvoices::Request::new(), options).await.unwrap();
}

#[tokio::test]
async fn the_figures_add_up() {
    let node = node();
    node.reply("pay", Reply::disconnect());
    node.reply("refused", Reply::error(1, "no"));
    let client = client(&node).await;
    client.call_raw("hello", json!({})).await.unwrap();
    client.call_raw("refused", json!({})).await.unwrap_err();
    client.call_raw("pay", json!({})).await.unwrap_err();
    let statistics = client.statistics();
    assert_eq!((statistics.calls, statistics.answered, statistics.failed, statistics.connects), (3, 2, 1, 1));
    let sent: usize = node.requests().iter().map(|request| request.raw.len() + 2).sum();
    assert_eq!(statistics.bytes_sent, sent as u64);
    assert!(statistics.bytes_received > 60);
}

#[tokio::test]
async fn an_id_tells_in_the_nodes_log_who_asks_what() {
    let node = node();
    let client = with(&node, |builder| builder.name("my \"shop\"")).await;
    client.call_raw("hello", json!({})).await.unwrap();
    client.call_raw("hello", json!([])).await.unwrap();
    let ids: Vec<_> = node.requests().into_iter().map(|request| request.id).collect();
    assert_eq!(ids, [r#""myshop:hello#1""#, r#""myshop:hello#2""#]);
    assert_eq!(node.requests()[1].raw, r#"{"jsonrpc":"2.0","id":"myshop:hello#2","method":"hello","params":[]}"#);
}

#[tokio::test]
async fn what_lightningd_cannot_read_is_not_sent() {
    let node = node();
    let client = client(&node).await;
    for (method, params) in [("hello", json!({ "label": "a\u{1}" })), ("he\u{1}llo", json!({}))] {
        let error = client.call_raw(method, params).await.unwrap_err();
        assert!(matches!(error, CallError::ControlCharacter { .. }));
        assert_eq!(
            error.to_string(),
            format!(
                "the request to `{method}` holds a control character (below U+0020), which lightningd cannot read in a \
                 text; remove it"
            )
        );
    }
    client.call_raw("hello", json!("☃\n\\u0041")).await.unwrap();
    assert_eq!(node.requests().len(), 1);
    assert!(node.requests()[0].raw.contains(r#""params":"☃\n\\u0041""#));
}

#[tokio::test]
async fn a_deprecated_command_is_told_with_the_remedy() {
    let node = node();
    node.reply("old", Reply::error(-32601, "Command 'old' is deprecated"));
    let client = client(&node).await;
    let error = client.call_raw("old", json!({})).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`old` is deprecated and switched off: use its successor, allow it on this connection by the command \
         `deprecations`, or start lightningd with `allow-deprecated-apis=true` (Command 'old' is deprecated (code -32601))"
    );
    let error = client.call_raw("unknown", json!({})).await.unwrap_err();
    assert_eq!(error.to_string(), "Unknown command 'unknown' (code -32601)");
}

#[tokio::test]
async fn what_the_types_do_not_have_is_an_error_in_strict_mode_only() {
    let node = node();
    node.answer("listinvoices", json!({ "invoices": [], "later": { "x": 1 }, "nothing": null }));
    client(&node).await.call(&listinvoices::Request::new()).await.unwrap();
    let strict = with(&node, |builder| builder.strict(true)).await;
    let error = strict.call(&listinvoices::Request::new()).await.unwrap_err();
    assert_eq!(error.to_string(), "the answer to `listinvoices` has `later`, which its type does not have");
}

#[tokio::test]
async fn an_answer_of_another_shape_tells_where_and_keeps_what_came() {
    let node = node();
    node.answer("listinvoices", json!({ "invoices": [{ "label": 5 }] }));
    let error = client(&node).await.call(&listinvoices::Request::new()).await.unwrap_err();
    let CallError::Decode { source, answer } = error else { panic!("{error}") };
    assert_eq!((source.command, source.path.as_str()), ("listinvoices", "invoices[0].label"));
    assert_eq!(answer.as_bytes(), br#"{"invoices":[{"label":5}]}"#);
    assert_eq!(format!("{answer:?}"), "Answer(26 bytes)");
}

/// Writes down all that spans and events tell.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<String>>);

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0.lock().unwrap(), " {}={value:?}", field.name()).unwrap();
    }
}

impl<S: Subscriber> Layer<S> for Told {
    fn on_new_span(&self, span: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        write!(self.0.lock().unwrap(), "\n{}:", span.metadata().name()).unwrap();
        span.record(&mut self.clone());
    }

    fn on_record(&self, _: &Id, values: &Record<'_>, _: Context<'_, S>) {
        self.0.lock().unwrap().push_str("\n ");
        values.record(&mut self.clone());
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        write!(self.0.lock().unwrap(), "\n{}:", event.metadata().level()).unwrap();
        event.record(&mut self.clone());
    }
}

impl Told {
    /// Listens on this thread, up to a level.
    fn listen(level: LevelFilter) -> (Self, tracing::subscriber::DefaultGuard) {
        // With a second subscriber, of everybody else, `tracing` asks both what they listen to. The only one would be asked
        // through the thread that comes by first, which may be another test's.
        static EVERYBODY_ELSE: Once = Once::new();
        EVERYBODY_ELSE.call_once(|| drop(tracing::subscriber::set_global_default(tracing_subscriber::registry())));
        let told = Self::default();
        let subscriber = tracing_subscriber::registry().with(level).with(told.clone());
        let guard = tracing::subscriber::set_default(subscriber);
        (told, guard)
    }

    fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn a_span_tells_of_a_call_and_nothing_tells_its_secrets() {
    let (told, _guard) = Told::listen(LevelFilter::TRACE);
    let node = node();
    let secret = "5ec4e75ec4e7";
    let stray = json!({ "id": "x", "result": secret });
    node.reply("pay", Reply::raw(format!(r#"{stray}{{"id":$id,"result":{{"payment_preimage":"{secret}"}}}}"#)));
    node.reply("refused", Reply::error_with_data(205, secret, json!({ "preimage": secret })));
    node.reply("odd", Reply::raw(format!(r#"{{"id":$id,"error":"{secret}"}}"#)));
    let client = client(&node).await;
    for method in ["pay", "refused", "odd"] {
        let _ = client.call_raw(method, json!({ "rune": secret })).await;
    }
    let text = told.text();
    assert!(!text.contains(secret), "{text}");
    let spans: Vec<_> = text.lines().filter(|line| line.starts_with("call:") || line.starts_with("  ")).collect();
    let numbers =
        |line: &str| line.split_once("s=").filter(|_| !line.contains("outcome")).map(|(name, _)| name.to_owned() + "s");
    let spans: Vec<_> = spans.into_iter().map(|line| numbers(line).unwrap_or(line.to_owned())).collect();
    let expected = |method: &str, number: u8, outcome: &str| {
        [
            format!(r#"call: method="{method}""#),
            format!(r#"  id="\"cln-runtime:{method}#{number}\"""#),
            "  bytes".to_owned(),
            "  milliseconds".to_owned(),
            format!("  outcome={outcome}"),
        ]
    };
    let expected =
        [expected("pay", 1, r#""result""#), expected("refused", 2, "205"), expected("odd", 3, r#""failed""#)];
    assert_eq!(spans, expected.concat());
    assert!(text.contains("WARN: message=an answer to an id that was never used"), "{text}");
}

#[tokio::test]
async fn a_span_that_is_filtered_out_writes_nothing_into_the_callers_own() {
    let (told, _guard) = Told::listen(LevelFilter::INFO);
    let node = node();
    let client = client(&node).await;
    let span = tracing::info_span!("order", id = tracing::field::Empty);
    let request = getinfo::Request::new();
    let call = client.call(&request);
    tracing::Instrument::instrument(call, span).await.unwrap_err();
    assert_eq!(told.text().trim(), "order:");
}
