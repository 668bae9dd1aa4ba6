//! The reports.

use super::*;

#[test]
fn texts_are_counted_a_command() {
    let file = |text: &str| {
        format!(
            r#"{{"rpc": "test", "title": "{text}", "description": ["{text}"], "errors": ["- 7: {text}"], "request": {{"properties": {{}}}},
                "response": {{"properties": {{"a": {{"type": "u8", "description": ["{text}"],
                    "default": "what is said here of it in a sentence: {text}"}}}}}}}}"#
        )
    };
    let diff = diff_of(common::OVERLAY, &[("test.json", &file("One."))], &[("test.json", &file("Two."))]);
    assert_eq!((diff.counts.texts, diff.counts.breaking, diff.items.len()), (5, 0, 1));
    assert_eq!((diff.items[0].texts, diff.items[0].changes.len()), (5, 0));
    assert!(diff.to_string().ends_with("Documentation\n  texts: test 5"), "{diff}");
}

const BEFORE: &str = r#"{"rpc": "test", "request": {"properties": {"a": {"type": "u8"}}},
    "response": {"required": ["b", "c"], "properties": {"b": {"type": "u8"}, "c": {"type": "u8"}}}}"#;

const AFTER: &str = r#"{"rpc": "test", "request": {"required": ["a"], "properties": {"a": {"type": "u8", "default": 2}}},
    "response": {"required": ["b"], "properties": {"b": {"type": "string"}, "d1": {"type": "u8"}, "d2": {"type": "u8"},
                 "d3": {"type": "u8"}, "d4": {"type": "u8"}}}}"#;

const NEWCOMER: &str = r#"{"rpc": "later", "request": {"properties": {}}, "response": {"properties": {}}}"#;

#[test]
fn a_report_for_people_and_one_for_machines() {
    let diff = diff_of(common::OVERLAY, &[("test.json", BEFORE)], &[("test.json", AFTER), ("later.json", NEWCOMER)]);
    insta::assert_snapshot!("report_text", diff);
    insta::assert_snapshot!("report_markdown", diff.to_markdown());
    insta::assert_snapshot!("report_json", serde_json::to_string_pretty(&diff).unwrap());
}

#[test]
fn nothing_changed_is_said_in_a_line() {
    let diff = diff_of(common::OVERLAY, &[("test.json", BEFORE)], &[("test.json", BEFORE)]);
    assert_eq!(diff.to_string(), "old → new: no change");
    assert_eq!(diff.to_markdown(), "## old → new\n\nNo change.");
}
