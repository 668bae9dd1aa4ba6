//! A diff as text for a terminal and as Markdown for a changelog.

use std::fmt;

use super::phrases::{self, sentence};
use super::{Change, Counts, Diff, Impact, Item, ItemKind, Kind};

/// Where a report goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Markdown,
}

impl fmt::Display for Diff {
    /// The report for a terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&report(self, Format::Text))
    }
}

impl Diff {
    /// The report for a changelog.
    pub fn to_markdown(&self) -> String {
        report(self, Format::Markdown)
    }
}

fn report(diff: &Diff, format: Format) -> String {
    let title = format!("{} → {}", diff.old, diff.new);
    let mut head = vec![counted(diff)];
    head.extend((!diff.is_empty()).then(|| on_wire(&diff.counts)));
    let mut lines = match format {
        Format::Text => vec![format!("{title}: {}", head.join("\n"))],
        Format::Markdown => {
            let head: Vec<String> = head.iter().map(|line| format!("{}.", sentence(line))).collect();
            vec![format!("## {title}"), String::new(), head.join("\n")]
        }
    };
    for (impact, heading) in
        [(Impact::Breaking, "Breaking"), (Impact::Additive, "Additive"), (Impact::Documentation, "Documentation")]
    {
        let section = section(diff, impact, format);
        if !section.is_empty() {
            lines.push(String::new());
            lines.push(match format {
                Format::Text => heading.to_owned(),
                Format::Markdown => format!("### {heading}\n"),
            });
            lines.extend(section);
        }
    }
    lines.join("\n")
}

fn counted(diff: &Diff) -> String {
    let Counts { breaking, additive, documentation, texts, .. } = diff.counts;
    if diff.is_empty() {
        return "no change".to_owned();
    }
    format!("{breaking} breaking, {additive} additive, {documentation} documentation, {texts} texts")
}

fn on_wire(counts: &Counts) -> String {
    let Counts { old_client_breaks, new_client_breaks, new_client_without_new_parts, .. } = counts;
    format!(
        "on the wire: {old_client_breaks} can break old clients on new nodes, {new_client_breaks} new clients on old \
         nodes; {new_client_without_new_parts} work on new nodes only"
    )
}

/// The lines of one verdict: items that came or went, then each other item with its changes.
fn section(diff: &Diff, impact: Impact, format: Format) -> Vec<String> {
    let mut lines = Vec::new();
    let has = |item: &Item, kind: Kind| item.changes.iter().any(|c| c.kind == kind && c.verdict.api == impact);
    for kind in [ItemKind::Command, ItemKind::Notification, ItemKind::Hook, ItemKind::SharedEnum, ItemKind::ErrorData] {
        for (change, verb) in [(Kind::ItemRemoved, "removed"), (Kind::ItemAdded, "new")] {
            let items = diff.items.iter().filter(|item| item.kind == kind && has(item, change));
            let names: Vec<String> = items.map(|item| code(&item.path, format)).collect();
            if !names.is_empty() {
                lines.push(bullet(&format!("{verb} {}: {}", plural(kind), names.join(", ")), format));
            }
        }
    }
    for item in &diff.items {
        let changes = item.changes.iter().filter(|change| change.verdict.api == impact && !told_above(change));
        lines.extend(phrases::lines(changes, format).iter().map(|line| bullet(line, format)));
    }
    if impact == Impact::Documentation {
        let since = |item: &Item| item.changes.iter().filter(|change| change.kind == Kind::SinceChanged).count();
        lines.extend(tally(diff, "releases that brought something", since, format));
        lines.extend(tally(diff, "texts", |item| item.texts, format));
    }
    lines
}

/// What is told by item or by number, not one by one.
fn told_above(change: &Change) -> bool {
    matches!(change.kind, Kind::ItemAdded | Kind::ItemRemoved | Kind::SinceChanged)
}

/// How many of something there are in each item.
fn tally(diff: &Diff, what: &str, count: impl Fn(&Item) -> usize, format: Format) -> Option<String> {
    let counts = diff.items.iter().map(|item| (item, count(item))).filter(|(_, count)| *count > 0);
    let counts: Vec<String> = counts.map(|(item, count)| format!("{} {count}", code(&item.path, format))).collect();
    (!counts.is_empty()).then(|| bullet(&format!("{what}: {}", counts.join(", ")), format))
}

fn plural(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Command => "commands",
        ItemKind::Notification => "notifications",
        ItemKind::Hook => "hooks",
        ItemKind::SharedEnum => "shared enums",
        ItemKind::ErrorData => "data of errors",
    }
}

fn bullet(text: &str, format: Format) -> String {
    match format {
        Format::Text => format!("  {text}"),
        Format::Markdown => format!("- {text}"),
    }
}

/// Names stand out in Markdown; a terminal shows them as they are.
pub(super) fn code(text: &str, format: Format) -> String {
    match format {
        Format::Text => text.to_owned(),
        Format::Markdown => format!("`{text}`"),
    }
}
