//! The generator on real schemas: ours, and those of Core Lightning's releases.

mod support;

use cln_codegen::model::{Command, Object};
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
        insta::assert_debug_snapshot!(format!("model_of_{method}"), without_texts(command.clone()));
    }
}

/// Texts have tests of their own.
fn without_texts(mut command: Command) -> Command {
    fn object(it: &mut Object) {
        it.about.text = None;
        let arms = it.choices.iter_mut().flat_map(|choice| {
            choice.about.text = None;
            &mut choice.variants
        });
        for field in it.fields.iter_mut().chain(arms.flat_map(|variant| &mut variant.fields)) {
            field.about.text = None;
            let mut ty = &mut field.ty;
            loop {
                match ty {
                    cln_codegen::model::Type::Array(inner) | cln_codegen::model::Type::Map(inner) => ty = &mut **inner,
                    cln_codegen::model::Type::Object(it) => break object(it),
                    cln_codegen::model::Type::Enum(it) => break it.about.text = None,
                    cln_codegen::model::Type::Union(it) => break it.about.text = None,
                    _ => break,
                }
            }
        }
    }
    command.title = None;
    command.about.text = None;
    object(&mut command.request.object);
    object(&mut command.response);
    command.errors.iter_mut().for_each(|code| code.text = None);
    command
}

#[test]
fn our_schemas_have_no_stale_entry_and_what_they_hold_is_lowered() {
    let input = input(&root().join("schemas"));
    assert_eq!(lower(&input).unwrap().notes, []);
    let coverage = coverage(&input).unwrap();
    assert_eq!((coverage.files, coverage.commands, coverage.notifications, coverage.hooks), (201, 162, 24, 15));
    assert_eq!((coverage.conditions, coverage.conditions_lowered), (97, 97));
    assert_eq!((coverage.one_of, coverage.error_codes), (28, 229));
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

/// An API without its texts.
fn facts(dir: &std::path::Path) -> String {
    let mut api = lower(&input(dir)).unwrap().api;
    api.commands = api.commands.into_iter().map(without_texts).collect();
    format!("{:#?}", (api.commands, api.notifications.len(), api.hooks.len(), api.error_data.len()))
}

#[test]
fn our_files_and_those_that_they_were_imported_from_give_the_same_types() {
    let Some(theirs) = beside("cln-schemas/v26.06/schemas") else { return };
    let (ours, theirs) = (facts(&root().join("schemas")), facts(&theirs));
    for (line, (ours, theirs)) in ours.lines().zip(theirs.lines()).enumerate() {
        assert_eq!(ours, theirs, "line {line}");
    }
    assert_eq!(ours.lines().count(), theirs.lines().count());
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
