//! What changed between neighbouring releases: the whole report, for a person to review.

mod support;

use cln_codegen::diff::{Diff, diff};
use cln_codegen::lower;
use cln_codegen::model::Api;
use support::{beside, root};

const RELEASES: &[&str] = &["v24.05", "v24.08", "v25.02", "v25.09", "v25.12", "v26.04", "v26.06"];

fn api(release: &str) -> Option<Api> {
    let dir = beside(&format!("cln-schemas/{release}/schemas"))?;
    Some(lower(&support::input(&dir)).unwrap_or_else(|faults| panic!("{release}:\n{faults}")).api)
}

fn between(old: &str, new: &str) -> Option<Diff> {
    Some(diff((old, &api(old)?), (new, &api(new)?)))
}

#[test]
fn what_changed_from_release_to_release() {
    for pair in RELEASES.windows(2) {
        let Some(diff) = between(pair[0], pair[1]) else { return };
        insta::assert_snapshot!(format!("{}_to_{}", pair[0], pair[1]), diff);
    }
}

#[test]
fn a_release_does_not_differ_from_itself() {
    for release in RELEASES {
        let Some(diff) = between(release, release) else { return };
        assert_eq!(diff.to_string(), format!("{release} → {release}: no change"));
    }
}

#[test]
fn a_report_is_the_same_every_time() {
    let (Some(once), Some(again)) = (between("v24.08", "v25.02"), between("v24.08", "v25.02")) else { return };
    assert_eq!(serde_json::to_string(&once).unwrap(), serde_json::to_string(&again).unwrap());
    assert_eq!(once.to_markdown(), again.to_markdown());
}

#[test]
fn what_comes_one_way_goes_the_other() {
    let (Some(forth), Some(back)) = (between("v26.04", "v26.06"), between("v26.06", "v26.04")) else { return };
    let kinds = |diff: &Diff, wanted: &str| {
        let changes = diff.items.iter().flat_map(|item| &item.changes);
        let mut paths: Vec<String> = changes
            .filter(|change| serde_json::json!(change.kind).as_str().unwrap().ends_with(wanted))
            .map(|change| format!("{} {:?}", change.path, change.wire))
            .collect();
        paths.sort();
        paths
    };
    for (one_way, other_way) in
        [("item_added", "item_removed"), ("field_added", "field_removed"), ("value_added", "value_removed")]
    {
        assert!(!kinds(&forth, one_way).is_empty());
        assert_eq!(kinds(&forth, one_way), kinds(&back, other_way));
        assert_eq!(kinds(&forth, other_way), kinds(&back, one_way));
    }
}

#[test]
fn the_book_shows_what_is_printed() {
    let page = std::fs::read_to_string(root().join("docs/src/releases.md")).unwrap();
    let printed = include_str!("snapshots/diff__v26.04_to_v26.06.snap");
    let shown = page.lines().skip_while(|line| !line.starts_with("$ cargo xtask diff ")).skip(1);
    let shown: Vec<&str> = shown.take_while(|line| !line.starts_with("```")).collect();
    assert!(shown.len() > 10);
    for line in shown.into_iter().filter(|line| line.trim() != "…") {
        assert!(printed.lines().any(|printed| printed == line), "the book shows, and `diff` does not print:\n{line}");
    }
}
