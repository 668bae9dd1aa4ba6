//! The fuzzer itself: each target runs, takes something and refuses something, and what it finds can be repeated.

use std::fs;
use std::process::{Command, Output};

fn fuzz(arguments: &[&str]) -> (bool, String) {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_fuzz")).args(arguments).output().unwrap();
    (status.success(), String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap())
}

#[test]
fn every_target_holds_for_some_cases() {
    let (holds, told) = fuzz(&["--seconds", "16", "--cases", "200"]);
    assert!(holds, "{told}");
    let lines: Vec<&str> = told.lines().filter(|line| line.ends_with("accepted")).collect();
    assert_eq!(lines.len(), cln_tests::fuzz::TARGETS.len(), "{told}");
}

#[test]
fn a_seed_makes_the_same_cases_again() {
    let arguments = ["--target", "bolt12-records", "--seed", "7", "--cases", "300", "--seconds", "60"];
    let accepted = || fuzz(&arguments).1.lines().next().map(str::to_owned);
    assert_eq!(accepted(), accepted());
}

#[test]
fn a_file_is_read_by_the_targets_that_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("input");
    fs::write(&file, "lno1zcss9mk8y3wkklfvevcrszlmu23kfrxh49px20665dqwmn4p72pksese").unwrap();
    let told = fuzz(&["--target", "bolt12", "--input", file.to_str().unwrap()]).1;
    assert!(told.contains("bolt12-texts accepts it") && told.contains("bolt12-records refuses it"), "{told}");
    let (known, told) = fuzz(&["--target", "nosuch"]);
    assert!(!known && told.contains("there are bolt12-records, "), "{told}");
}
