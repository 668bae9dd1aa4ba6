//! Three schema files that a person can read, and all that becomes of them.

mod common;

const FILES: &[(&str, &str)] = &[
    ("payout.json", include_str!("fixtures/payout.json")),
    ("hook/approve.json", include_str!("fixtures/hook/approve.json")),
    ("notification/told.json", include_str!("fixtures/notification/told.json")),
];

#[test]
fn a_command_a_hook_and_a_notification() {
    let emitted = common::emitted(FILES, common::OVERLAY);
    for module in ["payout.rs", "hook/approve.rs", "notification/told.rs", "lib.rs", "hook.rs", "notification.rs"] {
        insta::assert_snapshot!(module.replace('/', "_"), emitted[module]);
    }
}

#[test]
fn generation_is_the_same_every_time() {
    assert_eq!(common::emitted(FILES, common::OVERLAY), common::emitted(FILES, common::OVERLAY));
}

/// A field of a variant whose discriminator did not come is kept.
#[test]
fn an_answer_with_a_discriminator_that_older_nodes_do_not_send() {
    let file = r#"{"rpc": "test", "request": {"properties": {}}, "response": {"required": ["z", "k"], "properties": {
        "z": {"type": "u8"}, "k": {"type": "string", "enum": ["a", "err"], "added": "v26.09"}},
        "if": {"properties": {"k": {"enum": ["a"]}}},
        "then": {"required": ["x"], "properties": {"k": {}, "z": {}, "x": {"type": "u8"}}},
        "else": {"properties": {"k": {}, "z": {}}, "additionalProperties": false}}}"#;
    insta::assert_snapshot!(common::emitted(&[("test.json", file)], common::OVERLAY)["test.rs"]);
}
