//! Everything that running nodes sent goes through the generated types without loss.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use cln_tests::replay::report::{Kind, Tally};
use cln_tests::replay::types::error_data;
use cln_tests::replay::undescribed::{UNDESCRIBED, excuse};
use cln_tests::replay::walk::Standing;
use cln_tests::replay::{Checker, Report};
use serde_json::Value;
use support::{beside, root};

/// What has no schema, and why not.
const WITHOUT_SCHEMA: &[(&str, &[&str])] = &[
    (
        "for developers only",
        &[
            "dev",
            "dev-compact-gossip-store",
            "dev-fail",
            "dev-feerate",
            "dev-finalizepsbt",
            "dev-ignore-htlcs",
            "dev-listaddrs",
            "dev-memleak",
            "dev-peer-shachain",
            "dev-queryrates",
            "dev-quiesce",
            "dev-rawrequest",
            "dev-reenable-commit",
            "dev-report-fds",
            "dev-rescan-outputs",
            "dev-set-max-scids-encode-size",
            "dev-sign-last-tx",
        ],
    ),
    (
        "between lightningd and what watches the chain for it",
        &[
            "addblockdepthwatch",
            "addoutpointwatch",
            "addscidwatch",
            "addscriptpubkeywatch",
            "delblockdepthwatch",
            "deloutpointwatch",
            "delscidwatch",
            "delscriptpubkeywatch",
            "estimatefees",
            "getchaininfo",
            "getrawblockbyheight",
            "getutxout",
            "injectutxodeposit",
            "injectutxospend",
            "listwatch",
            "sendrawtransaction",
        ],
    ),
    (
        "between lightningd and its own plugins",
        &["createinvoicerequest", "createoffer", "decryptencrypteddata", "listincoming", "restorefrompeer"],
    ),
    (
        "old, new or experimental, and not described by Core Lightning",
        &[
            "abort_channels",
            "addpsbtinput",
            "destroyrune",
            "invokerune",
            "paystatus",
            "setleaserates",
            "stfu_channels",
            "xpay-as-pay",
        ],
    ),
    ("no command at all", &["no-such-command", "nosuch"]),
    ("notifications of the plugin `pay`", &["channel_hint_update", "pay_failure", "pay_success"]),
];

/// The recordings of a folder and of those in it.
fn recordings(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(recordings(&path));
        } else if path.extension().is_some_and(|extension| extension == "jsonl") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn lines(recording: &Path) -> Vec<Value> {
    let text = fs::read_to_string(recording).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn has(line: &Value, name: &str) -> bool {
    line.get(name).is_some()
}

fn checker() -> &'static Checker {
    static CHECKER: LazyLock<Checker> = LazyLock::new(|| Checker::new().unwrap());
    &CHECKER
}

/// Replays what is in the folder, which must go without a failure.
fn check(folder: &Path) -> Report {
    let files = recordings(folder);
    let report = checker().replay(&files);
    assert!(report.is_ok(), "{report}");
    assert_eq!(report.files, files.len() as u64);
    for Tally { total, decoded, equal } in [report.answers, report.requests, report.errors, report.error_data] {
        assert!(total > 0 && decoded == total && equal == total, "{report}");
    }
    report
}

fn own() -> Report {
    check(&root().join("tests/traffic"))
}

#[test]
fn the_part_of_the_recordings_that_a_clone_has_goes_through() {
    let report = own();
    assert!(report.hooks.total >= 15 && report.notifications.total >= 20, "{report}");
    assert!(report.notes > 0 && report.protocol.connections > 0 && report.protocol.filtered > 0, "{report}");
    let overlay_only = report.undocumented.keys().filter(|it| it.standing == Standing::OverlayOnly);
    assert!(overlay_only.count() >= 10, "{report}");
    assert!(report.apart.positional_requests > 0 && report.apart.failed_requests_refused > 0, "{report}");
}

#[test]
fn all_recordings_go_through() {
    let Some(folder) = beside("traffic") else { return };
    let report = check(&folder);
    let without_schema: BTreeSet<&str> = report.without_schema.keys().map(|it| it.name.as_str()).collect();
    let known: BTreeSet<&str> = WITHOUT_SCHEMA.iter().flat_map(|(_, names)| *names).copied().collect();
    assert_eq!(without_schema, known);
}

#[test]
fn no_message_is_left_out() {
    let Some(folder) = beside("traffic") else { return };
    for file in recordings(&folder) {
        let lines = lines(&file);
        let count = |name: &str| lines.iter().filter(|line| has(line, name)).count() as u64;
        let report = checker().replay(&[&file]);
        let apart = &report.apart;
        if report.protocol.connections == 0 {
            assert_eq!(report.answers.total + apart.answers_without_schema, count("response"));
            assert_eq!(report.errors.total, count("error"));
            let undescribed: u64 = report.undescribed_requests.values().sum();
            assert_eq!(report.requests.total + undescribed + apart.positional_requests, report.answers.total);
        }
        let events = report.hooks.total + report.notifications.total + apart.events_without_schema;
        assert_eq!(events, count("kind"), "{}", file.display());
        assert_eq!(report.protocol.connections, count("sent"));
        assert_eq!(report.notes, count("note") + count("scenario"));
    }
}

#[test]
fn every_excuse_for_a_request_is_needed() {
    let mut used = BTreeSet::new();
    for line in lines(&root().join("tests/traffic/exchanges.jsonl")).iter().filter(|line| has(line, "response")) {
        let (method, mut request) = (line["method"].as_str().unwrap(), line["request"].clone());
        while let Some(checked) = checker().request(method, &request.to_string())
            && let Some(fault) = checked.faults.first()
        {
            let excuse = excuse(method, fault).unwrap();
            assert!(excuse.mend(&mut request, fault));
            used.insert((excuse.method, excuse.fault));
        }
    }
    assert_eq!(used, UNDESCRIBED.iter().map(|it| (it.method, it.fault)).collect());
}

#[test]
fn every_type_of_error_data_is_reached() {
    for object in &checker().documented.api.error_data {
        assert!(error_data(&object.name).is_some(), "the replay does not know error_data::{}", object.name);
    }
}

#[test]
fn what_nodes_send_beyond_their_schemas_is_listed() {
    let report = own();
    let listed = |kind: Kind, name: &str, path: &str, value: Option<&str>| {
        let found = report
            .undocumented
            .keys()
            .any(|it| it.kind == kind && it.name == name && it.path == path && it.value.as_deref() == value);
        assert!(found, "{name} {path} {value:?}\n{report}");
    };
    listed(Kind::Answer, "checkmessage", "verified", Some("false"));
    listed(Kind::Answer, "listfunds", "outputs[].csv_lock", None);
    listed(Kind::Answer, "decode", "offer_recurrence.proportional_amount", None);
    listed(Kind::Notification, "forward_event", "preimage", None);
    listed(Kind::Hook, "rpc_command", "rpc_command.jsonrpc", None);
}
