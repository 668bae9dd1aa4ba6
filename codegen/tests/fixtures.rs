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

#[test]
fn a_page_of_all_error_codes() {
    let command = |name: &str, errors: &str| {
        format!(
            r#"{{"rpc": "{name}", "request": {{"properties": {{}}}}, "response": {{"properties": {{}}}}, "errors": [{errors}]}}"#
        )
    };
    let (first, second) = (
        command("first", r#""- -1:", "- 7: Its <b>own</b> words.", "- 9: Only here.""#),
        command("second", r#""- 7:""#),
    );
    let mut input = common::input(&[("first.json", &first), ("second.json", &second)], common::OVERLAY);
    input.error_codes = r#"
        anywhere = [8]
        [[code]]
        code = -1
        constant = "LIGHTNINGD"
        name = "Lightningd"
        text = "A failure without a code of its own."
        [[code]]
        code = 7
        constant = "JOB_GONE"
        name = "JobGone"
        text = "The job has ended. Look at `listjobs`."
        [[code]]
        code = 8
        constant = "JOB_LOST"
        name = "JobLost"
        text = "Nobody knows."
    "#
    .to_owned();
    let lowered = cln_codegen::lower(&input).unwrap_or_else(|faults| panic!("{faults}"));
    insta::assert_snapshot!(cln_codegen::error_reference(&lowered.api));
}
