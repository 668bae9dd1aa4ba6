//! Commands, hooks, notifications; shared enums, errors, rules, and what is said of them.

use super::*;

#[test]
fn commands_hooks_and_notifications_come_and_go() {
    let file = |kind: &str| {
        format!(
            r#"{{"{kind}": "it", "added": "v25.02", "request": {{"properties": {{}}}}, "response": {{"properties": {{}}}}}}"#
        )
    };
    for (kind, name, path) in [
        ("rpc", "it.json", "it"),
        ("hook", "hook/it.json", "hook::it"),
        ("notification", "notification/it.json", "notification::it"),
    ] {
        let file = file(kind);
        let with = [(name, file.as_str())];
        let added = format!("item_added {path} [] - > v25.02: additive, works, without_new_parts");
        check_files(common::OVERLAY, &[], &with, &added);
        check_files(common::OVERLAY, &with, &[], &format!("item_removed {path} [] - > -: breaking, breaks, works"));
    }
}

#[test]
fn a_shared_enum_is_told_once_and_judged_by_its_strictest_use() {
    let overlay = "oldest_release = \"v24.11\"\n[[shared]]\nname = \"Both\"\ndoc = \"It.\"\n\
                   paths = [\"test#/request/properties/a\", \"test#/response/properties/a\"]\n";
    let file = |values: &str| {
        let a = of(&format!(r#"{{"type": "string", "enum": [{values}]}}"#));
        format!(r#"{{"request": {a}, "response": {a}}}"#)
    };
    check_with(
        overlay,
        &file(r#""x""#),
        &file(r#""x", "y""#),
        "value_added shared::Both::Y [test: request.a test: response.a] - > y: additive, works, without_new_parts",
    );
    check_with(
        overlay,
        "{}",
        &file(r#""x""#),
        "required_field_added test::Request.a [request.a] - > shared::Both: breaking, breaks, breaks
         required_field_added test::Response.a [response.a] - > shared::Both: additive, works, breaks
         item_added shared::Both [] - > -: additive, works, without_new_parts",
    );
}

#[test]
fn error_codes_come_go_and_get_names() {
    let codes = |lines: &str| format!(r#"{{"errors": [{lines}]}}"#);
    check(&codes(""), &codes(r#""- 7: it.""#), "error_added test::Error::Code7 [] - > 7: additive, works, works");
    check(&codes(r#""- 7: it.""#), &codes(""), "error_removed test::Error::Code7 [] 7 > -: breaking, works, works");
    check(
        &codes(r#""- 7: it.""#),
        &codes(r#""- 7 (SO_IT_IS): it.""#),
        "error_renamed test::Error::SoItIs [] Code7 > SoItIs: breaking, works, works",
    );
}

#[test]
fn the_data_of_errors_changes() {
    let lowered = |data: &str, response: &str| {
        let file = format!(r#"{{"rpc": "test", "errors": ["- 7: it."], "request": {NONE}, "response": {response}}}"#);
        let mut input = common::input(&[("test.json", &file)], common::OVERLAY);
        input.error_codes = data.to_owned();
        lower(&input).unwrap_or_else(|faults| panic!("{faults}")).api
    };
    let check = |before: &Api, after: &Api, expected: &[&str]| {
        let diff = diff(("old", before), ("new", after));
        let lines: Vec<String> = diff.items.iter().flat_map(|item| &item.changes).map(line).collect();
        assert_eq!(lines, expected);
    };
    let data = "[[data]]\nname = \"Told\"\ndoc = \"It.\"\ncodes = [7]\nsame_as = \"test#/response\"\n";
    check(
        &lowered("", REQUIRED),
        &lowered(data, REQUIRED),
        &[
            "error_data test::Error::Code7 [] - > Told: breaking, works, works",
            "item_added error_data::Told [] - > -: additive, works, without_new_parts",
        ],
    );
    check(
        &lowered(data, REQUIRED),
        &lowered(data, OPTIONAL),
        &[
            "field_became_optional test::Response.a [response.a] u8 > Option<u8>: breaking, breaks, works",
            "field_became_optional error_data::Told.a [data.a] u8 > Option<u8>: breaking, breaks, works",
        ],
    );
}

#[test]
fn what_a_hook_is_told_is_received_and_what_it_answers_is_sent() {
    let hook = |payload: &str, result: &str, branches: &str| {
        format!(
            r#"{{"hook": "it", "request": {payload}, "response": {{"required": ["result"], "properties":
                {{"label": {{"type": "u8"}}, "result": {{"type": "string", "enum": [{result}]}}}}, "allOf": [{branches}]}}}}"#
        )
    };
    let check = |before: &str, after: &str, expected: &str| {
        check_files(common::OVERLAY, &[("hook/it.json", before)], &[("hook/it.json", after)], expected);
    };
    let when =
        |value: &str, required: &str, properties: &str| when(value, required, properties).replace("status", "result");
    let fail = when("fail", r#""why""#, r#""why": {"type": "u8"}"#);
    let resolve = when("resolve", r#""key""#, r#""key": {"type": "u8"}"#);
    let (one, two) = (r#""continue", "fail""#, r#""continue", "fail", "resolve""#);
    check(
        &hook(NONE, one, &fail),
        &hook(REQUIRED, two, &format!("{fail}, {resolve}")),
        "required_field_added hook::it::Payload.a [payload.a] - > u8: additive, works, breaks
         value_added hook::it::ActionResult::Resolve [action.result] - > resolve: additive, works, without_new_parts",
    );
    let more = when("fail", r#""why", "how""#, r#""why": {"type": "u8"}, "how": {"type": "u8"}"#);
    check(
        &hook(NONE, one, &fail),
        &hook(NONE, one, &more),
        "required_field_added hook::it::Fail.how [action.how] - > u8: breaking, breaks, breaks",
    );
    let turned = when("fail", r#""why", "how""#, r#""how": {"type": "u8"}, "why": {"type": "u8"}"#);
    check(
        &hook(NONE, one, &more),
        &hook(NONE, one, &turned),
        "arguments_changed hook::it::Fail::new [action.result] new(why, how) > new(how, why): breaking, works, works",
    );
    let outside = hook(NONE, one, &fail).replacen(
        r#""label": {"type": "u8"}"#,
        r#""label": {"type": "u8"}, "how": {"type": "u8"}"#,
        1,
    );
    check(
        &outside,
        &hook(NONE, one, &more),
        "field_moved hook::it::Fail.how [action.how] Action.how > Fail.how: breaking, breaks, breaks",
    );
}

#[test]
fn rules_of_requests_get_harder_or_softer() {
    let rules = |properties: &str, rules: &str| format!(r#"{{"properties": {{{properties}}}{rules}}}"#);
    let ab = r#""a": {"type": "u8"}, "b": {"type": "u8"}"#;
    let abc = r#""a": {"type": "u8"}, "b": {"type": "u8"}, "c": {"type": "u8"}"#;
    let (free, needs) = (rules(ab, ""), rules(ab, r#", "dependentUpon": {"b": ["a"]}"#));
    sent(&free, &needs, "rule_tightened test::Request::validate [request] - > a needs b: breaking, breaks, works");
    sent(
        &needs,
        &free,
        "rule_loosened test::Request::validate [request] a needs b > -: additive, works, without_new_parts",
    );
    // A set that grows by what is new refuses nothing that was fine.
    sent(
        &rules(ab, r#", "oneOfMany": [["a", "b"]]"#),
        &rules(abc, r#", "oneOfMany": [["a", "b", "c"]]"#),
        "optional_field_added test::Request.c [request.c] - > Option<u8>: additive, works, without_new_parts
         rule_of_new_parameter test::Request::validate [request] - > at most one of a, b, c: additive, works, works",
    );
    let text = |limits: &str| rules(&format!(r#""a": {{"type": "string", {limits}}}"#), "");
    sent(
        &text(r#""minLength": 2, "maxLength": 9"#),
        &text(r#""minLength": 1, "maxLength": 8"#),
        "rule_tightened test::Request::validate [request] - > length of a: at least 1, at most 8: breaking, breaks, works
         rule_loosened test::Request::validate [request] length of a: at least 2, at most 9 > -: additive, works, without_new_parts",
    );
}

#[test]
fn deprecations_defaults_and_releases() {
    let a = |more: &str| format!(r#"{{"properties": {{"a": {{"type": "u8"{more}}}}}}}"#);
    let deprecated = |versions: &str| a(&format!(r#", "deprecated": [{versions}]"#));
    received(
        &a(""),
        &deprecated(r#""v25.02", "v26.02""#),
        "deprecated test::Response.a [response.a] - > since v25.02, may go in v26.02: additive, works, works",
    );
    received(
        &deprecated(r#""v25.02", "v26.02""#),
        &deprecated(r#""v25.02", "v26.08""#),
        "deprecation_changed test::Response.a [response.a] since v25.02, may go in v26.02 > since v25.02, may go in v26.08: documentation, works, works",
    );
    sent(
        &a(r#", "default": 1"#),
        &a(r#", "default": 2"#),
        "default_changed test::Request.a [request.a] 1 > 2: documentation, works, works",
    );
    sent(
        &a(""),
        &a(r#", "added": "v25.02""#),
        "since_changed test::Request.a [request.a] - > v25.02: documentation, works, works",
    );
}
