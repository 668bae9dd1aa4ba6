//! What the program writes: helps, answers and errors.

use std::process::{Command, Stdio};

use cln_runtime::testing::FakeNode;
use serde_json::{Value, json};

use crate::network::{Network, REQUEST, lnr, output, read};

/// What differs from run to run, and its name in the snapshots.
const FILTERS: &[(&str, &str)] = &[
    (r"\bln[ri]1[02-9ac-hj-np-z]{20,}", "[bolt12]"),
    (r"\b[0-9a-f]{66}\b", "[node id]"),
    (r"\b[0-9a-f]{64}\b", "[32 bytes]"),
    (r"(?m)^([0-9a-f]{12}) ", "[short id]   "),
    (r"`lnr (show|disable) [0-9a-f]{12}", "`lnr $1 [short id]"),
    (r"lnr-[0-9a-f]{16}", "lnr-[16 digits]"),
    (r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "[date]"),
    (r"\bin (1 d|23 h \d+ min) *", "[in a day] "),
    (r"\([0-9a-f]{12}…\)", "([short id])"),
    (r"/\S*/(alice|bob)\b", "[folder]/$1"),
    (r#""(created_index|updated_index|pay_index|expires_at|paid_at)":\d+"#, r#""$1":[number]"#),
    (r"lnr \d+\.\d+\.\d+", "lnr [version]"),
];

/// Compares what the command writes with the snapshot of this name. Where lines of errors are broken depends on the
/// length of paths, so that they are put together again.
fn check(name: &str, mut command: Command) {
    let (code, shown, error) = read(command.stdin(Stdio::null()).output().unwrap());
    let code = code.map_or_else(|| "none".to_owned(), |code| code.to_string());
    let all = format!("exit code: {code}\n---- stdout\n{shown}---- stderr\n{}", error.replace("\n  ", " "));
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    for (pattern, replacement) in FILTERS {
        settings.add_filter(pattern, *replacement);
    }
    settings.bind(|| insta::assert_snapshot!(name.replace(' ', "_"), all));
}

#[test]
fn helps() {
    for command in [
        "request",
        "collect",
        "list",
        "show",
        "disable",
        "decode",
        "node",
        "plugin",
        "call",
        "sendinvoice",
        "doctor",
        "man",
    ] {
        check(&format!("help {command}"), lnr(&[command, "--help"]));
    }
    check("help", lnr(&["--help"]));
}

#[test]
fn errors_say_what_to_do() {
    let check = |name, arguments: &[&str]| check(name, lnr(arguments));
    check("an amount without a unit", &["request", "10000", "a refund"]);
    check("an amount of nothing", &["request", "0sat", "x"]);
    check("a time that is over", &["request", "10sat", "a refund", "--expires", "2020-01-01", "--rpc", "/nowhere/x"]);
    check("a time that is none", &["request", "10sat", "a refund", "--expires", "soon"]);
    check("no node", &["list"]);
    check("no node at a socket", &["list", "--rpc", "/nowhere/lightning-rpc"]);
    check("no request to collect", &["collect", "hello"]);
    check("an offer to collect", &["collect", "lno1zcss9mk8y3wkklfvevcrszlmu23kfrxh49px20665dqwmn4p72pksese"]);
    check("a missing file", &["decode", "/nowhere/code.png"]);
    check("an unknown command", &["call", "getinf"]);
    check("a wrong parameter", &["call", "sendinvoice", "invreq=lnr1", "label=x", "timeout=soon"]);
    check("too many parameters", &["sendinvoice", "lnr1", "label", "1sat", "90", "1"]);
    check("no node for the doctor", &["doctor"]);
    check("a wrong argument", &["node"]);
}

#[test]
fn every_error_ends_with_what_to_do() {
    let check = |arguments: &[&str]| {
        let (code, shown, error) = output(arguments);
        assert!(code != Some(0) && shown.is_empty(), "{arguments:?} {shown}");
        let last = error.trim_end().lines().last().unwrap_or_default();
        assert!(last.ends_with(['.', '\'']), "{error}");
        assert!(error.lines().all(|line| line.chars().count() <= 80), "{error}");
    };
    check(&["list"]);
    check(&["collect", REQUEST.trim()]);
    check(&["collect", "lnr1qq"]);
    check(&["call", "unknown"]);
    check(&["man", "--out", "/nowhere"]);
}

#[test]
fn a_text_is_decoded_without_a_node() {
    let request = REQUEST.trim();
    check("decode", lnr(&["decode", request]));
    check("decode json", lnr(&["decode", "--json", request]));
    let link = output(&["decode", &format!("LIGHTNING:{}", request.to_uppercase()), "--json"]);
    assert_eq!(link, output(&["decode", "--json", request]));
    let unsigned = "lnr1qqgdnv9sjupgtds5kd3v0l9mua487zswwfjkvatwvssxzgp4xvcrjvzsyqrzymjxzydqkkw24ufxqslttwlj3s608f0rx2slc7etw0833zgs75szzwy9";
    let (code, _, error) = output(&["decode", unsigned]);
    assert_eq!(code, Some(2), "{error}");
}

#[test]
fn a_payment_from_both_sides() {
    let network = Network::start();
    let check = |name, who, arguments: &[&str]| check(name, network.lnr(who, arguments));
    check("no requests", "alice", &["list"]);
    let refund = [
        "request",
        "10000sat",
        "refund of order 17",
        "--label",
        "order-17",
        "--issuer",
        "The shop",
        "--expires",
        "24h",
    ];
    check("request", "alice", &refund);
    check("request json", "alice", &["show", "order-17", "--json"]);
    check(
        "a label with another request",
        "alice",
        &["request", "20000sat", "refund of order 17", "--label", "order-17"],
    );
    let text = network.request(&refund[1..]);
    assert_eq!(text, network.request(&refund[1..]), "a label has one request");
    check("list", "alice", &["list"]);
    check("collect", "bob", &["collect", &text]);
    check("collect again", "bob", &["collect", &text, "--show-preimage"]);
    check("collect json", "bob", &["collect", &text, "--json"]);
    check("wait for what is paid", "alice", &["show", "order-17", "--wait"]);
    check("list of paid", "alice", &["list"]);
    check("refused", "bob", &["collect", &text, "--label", "again"]);
    check("refused json", "bob", &["collect", &text, "--label", "again", "--json"]);
    check("another amount than expected", "bob", &["collect", &text, "--amount", "20000sat"]);
    check("disable what is paid", "alice", &["disable", "order-17"]);
    check("doctor", "alice", &["doctor"]);
}

#[test]
fn requests_that_take_no_invoice() {
    let network = Network::start();
    let check = |name, who, arguments: &[&str]| check(name, network.lnr(who, arguments));
    let text =
        network.request(&["1234567msat", "a \u{202e}description of a stranger", "--label", "gone", "--multi-use"]);
    check("show", "alice", &["show", "gone"]);
    check("disable", "alice", &["disable", "gone"]);
    check("wait for what was disabled", "alice", &["show", "gone", "--wait"]);
    check("disabled", "bob", &["collect", &text]);
    check("unknown", "alice", &["show", "abcdef"]);
    check("list of open", "alice", &["list", "--active"]);
}

#[test]
fn requests_of_the_plugin() {
    let node = FakeNode::start().unwrap();
    let id = "5d".repeat(32);
    let row = json!({
        "invreq_id": id, "bolt12": REQUEST.trim(), "label": "refund", "active": true, "single_use": true, "used": false,
    });
    let with = |mut row: Value, more: Value| {
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        row
    };
    let listed = with(row.clone(), json!({ "min_amount_msat": 4000, "created_at": 1_795_292_103, "keeper": "lnr" }));
    node.answer("lnr-list", json!({ "invoicerequests": [listed] }));
    node.answer("lnr-request", row.clone());
    let claims = json!([
        { "payment_hash": "11".repeat(32), "amount_msat": 5000, "status": "failed", "created_at": 1_795_292_103, "bolt12": "lni1", "reason": "no way" },
        { "payment_hash": "22".repeat(32), "amount_msat": 4000, "status": "pending", "created_at": 1_795_292_104, "bolt12": "lni1" },
    ]);
    node.answer("lnr-show", with(row.clone(), json!({ "claims": claims })));
    node.answer("lnr-disable", with(row, json!({ "active": false, "keeper": "lnr" })));
    let check = |name, arguments: &[&str]| {
        check(name, lnr(&[arguments, &["--rpc", node.path().to_str().unwrap()]].concat()));
    };
    check(
        "plugin request",
        &["request", "5sat", "refund a 53090", "--label", "refund", "--min-amount", "4sat", "--expires", "1d"],
    );
    let sent = node.received_blocking("lnr-request").params;
    assert!((86_300..=86_400).contains(&sent["expires"].as_u64().unwrap()), "{sent}");
    assert_eq!((&sent["min_amount_msat"], &sent["label"]), (&4000.into(), &"refund".into()));
    check("plugin list", &["list"]);
    check("plugin show", &["show", "refund"]);
    check("plugin disable", &["disable", "5d5d5d"]);
    assert_eq!(node.received_blocking("lnr-disable").params, json!({ "invreq_id": id }));
    assert_eq!(node.count("invoicerequest") + node.count("disableinvoicerequest"), 0);
}

#[test]
fn less_than_the_least_amount_is_told() {
    let network = Network::start();
    let made = ["request", "10000sat", "a refund", "--min-amount", "9000sat", "--label", "least"];
    assert!(network.output("alice", &made).contains("10,000 sat"));
    check("a label with a least amount", network.lnr("alice", &made));
    check(
        "a least amount that is more",
        network.lnr("alice", &["request", "10sat", "a refund", "--min-amount", "11sat"]),
    );
}

#[test]
fn any_command_can_be_called() {
    let network = Network::start();
    let json = |who, arguments: &[&str]| -> Value { serde_json::from_str(&network.output(who, arguments)).unwrap() };
    assert_eq!(json("alice", &["call", "getinfo"])["network"], "regtest");
    let made = json("alice", &["invoicerequest", "10000", "5", "The shop"]);
    assert_eq!((&made["active"], &made["used"]), (&true.into(), &false.into()));
    let decoded = json("alice", &["call", "decode", &format!("string={}", made["bolt12"].as_str().unwrap())]);
    assert_eq!((&decoded["invreq_amount_msat"], &decoded["offer_description"]), (&10_000.into(), &"5".into()));
    let row = json("bob", &["sendinvoice", made["bolt12"].as_str().unwrap(), "17"]);
    assert_eq!((&row["status"], &row["label"]), (&"paid".into(), &"17".into()));
    let unchecked = json("alice", &["call", "lnr-request", "--unchecked", "amount=5sat", "description=x"]);
    assert_eq!(unchecked["single_use"], true);
    let (code, shown, error) =
        read(network.lnr("bob", &["sendinvoice", made["bolt12"].as_str().unwrap(), "18"]).output().unwrap());
    assert_eq!(code, Some(3), "{error}");
    assert_eq!(serde_json::from_str::<Value>(&shown).unwrap()["code"], 1004);
}

#[test]
fn a_drawn_code_is_collected_from_stdin_and_from_a_picture() {
    let network = Network::start();
    let shown = network.output("alice", &["request", "5sat", "for stdin", "--qr"]);
    let text = shown.lines().find(|line| line.starts_with("lnr1")).unwrap();
    let code: Vec<Vec<char>> =
        shown.lines().filter(|line| line.contains('▀')).map(|line| line.chars().collect()).collect();
    assert!(code.iter().all(|line| line.len() == code[0].len() && line.len() <= 80), "{shown}");

    // A photo of it, of four points a module; one line shows two modules, and above the first is one more.
    let first = shown.lines().position(|line| line.contains('█')).unwrap();
    let lines: Vec<Vec<char>> = shown.lines().skip(first).map(|line| line.chars().collect()).collect();
    let side = u32::try_from(lines[0].len() * 4).unwrap();
    let picture = image::GrayImage::from_fn(side, side, |x, y| {
        let (x, y) = ((x / 4) as usize, (y / 4) as usize);
        let is_light = matches!((lines[y / 2][x], y % 2), ('█', _) | ('▀', 0) | ('▄', 1));
        image::Luma([if is_light { 255 } else { 0 }])
    });
    let path = network.folder("code.png");
    picture.save(&path).unwrap();
    let by_picture = network.output("bob", &["collect", path.to_str().unwrap(), "--json"]);

    let mut collect = network.lnr("bob", &["collect", "-", "--json"]);
    let mut collect = collect.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut collect.stdin.take().unwrap(), format!("lightning:{text}\n").as_bytes()).unwrap();
    let by_stdin = read(collect.wait_with_output().unwrap());
    assert_eq!(by_stdin, (Some(0), by_picture, String::new()), "it is the same receipt");
}

#[test]
fn a_payer_that_is_gone_cannot_be_reached() {
    let mut network = Network::start();
    let text = network.request(&["5sat", "gone soon"]);
    network.stop("alice");
    check("unreachable", network.lnr("bob", &["collect", &text]));
    check("a node that has stopped", network.lnr("alice", &["list"]));
}

#[test]
fn scripts_and_pages_are_made() {
    for shell in ["bash", "fish", "zsh"] {
        let (code, script, _) = output(&["completions", shell]);
        assert!(code == Some(0) && script.contains("collect"), "{shell}");
    }
    let folder = tempfile::tempdir().unwrap();
    let (code, page, _) = output(&["man"]);
    assert!(code == Some(0) && page.contains(".TH lnr 1"), "{page}");
    assert_eq!(output(&["man", "--out", folder.path().to_str().unwrap()]).0, Some(0));
    let collect = std::fs::read_to_string(folder.path().join("lnr-collect.1")).unwrap();
    assert!(collect.contains("show\\-preimage"), "{collect}");
}
