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
