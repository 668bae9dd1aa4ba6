//! The generator on real schemas: ours, and those of Core Lightning's releases.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use cln_codegen::{coverage, emit_rust, import, lower};
use support::{beside, input, root};

const RELEASES: &[&str] = &["v24.05", "v24.08", "v25.02", "v25.09", "v25.12", "v26.04", "v26.06"];

#[test]
fn telling_commands_read_as_a_person_would_write_them() {
    let lowered = lower(&input(&root().join("schemas"))).unwrap();
    let emitted = emit_rust(&lowered.api).unwrap();
    for module in [
        "invoicerequest.rs",
        "sendinvoice.rs",
        "listinvoicerequests.rs",
        "disableinvoicerequest.rs",
        "decode.rs",
        "listinvoices.rs",
        "wait.rs",
        "listpeerchannels.rs",
        "createrune.rs",
        "setconfig.rs",
        "xpay.rs",
        "fundchannel.rs",
        "hook/htlc_accepted.rs",
        "notification/coin_movement.rs",
    ] {
        insta::assert_snapshot!(module.replace('/', "_"), emitted[module]);
    }
}

#[test]
fn the_model_of_three_commands() {
    let lowered = lower(&input(&root().join("schemas"))).unwrap();
    for method in ["sendinvoice", "listforwards", "wait"] {
        let command = lowered.api.commands.iter().find(|command| command.method == method).unwrap();
        insta::assert_debug_snapshot!(format!("model_of_{method}"), command);
    }
}

#[test]
fn our_schemas_have_no_stale_entry_and_what_they_hold_is_lowered() {
    let input = input(&root().join("schemas"));
    let lowered = lower(&input).unwrap();
    assert_eq!((lowered.notes, lowered.text_notes), (Vec::new(), Vec::new()));
    let coverage = coverage(&input).unwrap();
    assert_eq!((coverage.files, coverage.commands, coverage.notifications, coverage.hooks), (201, 162, 24, 15));
    assert_eq!((coverage.conditions, coverage.conditions_lowered), (97, 97));
    assert_eq!((coverage.one_of, coverage.error_codes), (28, 229));
    assert_eq!((coverage.undocumented, coverage.documented > 3_000), (0, true));
}

#[test]
fn every_release_lowers() {
    for release in RELEASES {
        let Some(dir) = beside(&format!("cln-schemas/{release}/schemas")) else { return };
        let lowered = lower(&input(&dir)).unwrap_or_else(|faults| panic!("{release}:\n{faults}"));
        emit_rust(&lowered.api).unwrap();
        let coverage = coverage(&input(&dir)).unwrap();
        assert_eq!(coverage.conditions, coverage.conditions_lowered, "{release}");
    }
}

/// The emitted code without its documentation.
fn code(dir: &Path) -> BTreeMap<String, String> {
    let lowered = lower(&input(dir)).unwrap();
    let uncommented = |text: String| {
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        lines.map(|line| format!("{line}\n")).collect()
    };
    let sources = emit_rust(&lowered.api).unwrap().into_iter();
    sources.filter(|(path, _)| path.ends_with(".rs")).map(|(path, text)| (path, uncommented(text))).collect()
}

#[test]
fn our_files_and_those_that_they_were_imported_from_give_the_same_types() {
    let Some(theirs) = beside("cln-schemas/v26.06/schemas") else { return };
    let (ours, theirs) = (code(&root().join("schemas")), code(&theirs));
    assert!(ours.keys().eq(theirs.keys()));
    for (module, ours) in &ours {
        assert_eq!(ours, &theirs[module], "{module}");
    }
}

#[test]
fn importing_again_changes_nothing_and_a_newer_release_keeps_our_sentences() {
    let (Some(newer), Some(older)) = (beside("cln-schemas/v26.06/schemas"), beside("cln-schemas/v25.02/schemas"))
    else {
        return;
    };
    let (newer, older) = (input(&newer).schemas, input(&older).schemas);
    let ours = input(&root().join("schemas")).schemas;
    let again = import(&newer, &ours).unwrap();
    let ours_by_name = ours.iter().map(|(path, text)| (path.trim_start_matches('/'), text.as_str()));
    assert!(again.iter().map(|(path, text)| (path.as_str(), text.as_str())).eq(sorted(ours_by_name)));

    // Back to an old release and forth again: the sentences of what both have are still there.
    let back: Vec<(String, String)> = import(&older, &ours).unwrap().into_iter().collect();
    let forth = import(&newer, &back).unwrap();
    let ours = &ours.iter().find(|(path, _)| path.ends_with("/sendinvoice.json")).unwrap().1;
    assert_eq!(&forth["sendinvoice.json"], ours);
}

fn sorted<'t>(files: impl Iterator<Item = (&'t str, &'t str)>) -> impl Iterator<Item = (&'t str, &'t str)> {
    let mut files: Vec<_> = files.collect();
    files.sort();
    files.into_iter()
}
