//! Other crates reach every command, notification and hook without a list of their own.

use std::collections::BTreeSet;

use cln_api::{Command, Hook, Notification};

fn methods() -> BTreeSet<&'static str> {
    let mut methods = BTreeSet::new();
    macro_rules! add {
        ($request:ty) => {
            assert!(methods.insert(<$request>::METHOD), "{} comes twice", <$request>::METHOD);
        };
    }
    cln_api::for_each_command!(add);
    methods
}

#[test]
fn every_command_is_reached() {
    let methods = methods();
    // Those of the schemas, six of our plugin, and two that lightningd has for its own plugins.
    assert_eq!(methods.len(), 162 + 6 + 2);
    assert!(methods.contains("sql") && methods.contains("askrene-age"));
}

#[test]
fn every_notification_and_hook_is_reached() {
    let mut notifications = BTreeSet::new();
    let mut hooks = BTreeSet::new();
    macro_rules! add_notification {
        ($payload:ty) => {
            notifications.insert(<$payload as Notification>::NAME);
        };
    }
    macro_rules! add_hook {
        ($payload:ty) => {
            hooks.insert(<$payload as Hook>::NAME);
        };
    }
    cln_api::for_each_notification!(add_notification);
    cln_api::for_each_hook!(add_hook);
    assert_eq!((notifications.len(), hooks.len()), (24, 15));
    assert!(notifications.contains("pay_part_start"), "named by its schema, not by its file");
}
