//! One item's changes in words: what is alike is told on one line.

use super::render::{Format, code};
use super::{Change, Kind, OnWire};

/// From this many on, changes of one kind in one type share a line.
const MANY: usize = 4;

/// A change, with every type that has it.
struct Told<'d> {
    /// What it is in: `listinvoices`, `listinvoices::Paid`.
    owners: Vec<&'d str>,
    /// What follows the owner, with what joins them: `.paid_at`, `::Paid`.
    member: &'d str,
    change: &'d Change,
}

/// The lines that tell some changes of an item.
pub(super) fn lines<'d>(changes: impl Iterator<Item = &'d Change>, format: Format) -> Vec<String> {
    let mut all: Vec<Told<'d>> = Vec::new();
    for change in changes {
        let (owner, member) = split(&change.path);
        match all.iter_mut().find(|told| told.member == member && alike(told.change, change)) {
            // Variants often share a field.
            Some(told) => told.owners.push(owner),
            None => all.push(Told { owners: vec![owner], member, change }),
        }
    }
    let mut lines = Vec::new();
    let mut told_with_another = vec![false; all.len()];
    for index in 0..all.len() {
        if told_with_another[index] {
            continue;
        }
        let first = &all[index];
        let same = |other: &Told<'_>| {
            other.owners == first.owners
                && other.change.kind == first.change.kind
                && other.change.verdict == first.change.verdict
        };
        let group: Vec<usize> = (index..all.len()).filter(|other| same(&all[*other])).collect();
        match together(first.change.kind) {
            Some(what) if group.len() >= MANY => {
                let names = group.iter().map(|at| code(all[*at].member.trim_start_matches(['.', ':']), format));
                let names = names.collect::<Vec<_>>().join(", ");
                let path = code(&path(first, ""), format);
                lines.push(format!("{path}: {} {what}: {names}{}", group.len(), wire(first.change)));
                group.into_iter().for_each(|at| told_with_another[at] = true);
            }
            _ => lines.push(line(first, format)),
        }
    }
    lines
}

fn alike(a: &Change, b: &Change) -> bool {
    (a.kind, &a.wire, &a.before, &a.after, a.verdict) == (b.kind, &b.wire, &b.before, &b.after, b.verdict)
}

/// `listinvoices::Paid.paid_at` → `listinvoices::Paid` and `.paid_at`.
fn split(path: &str) -> (&str, &str) {
    path.split_at(path.rfind('.').or_else(|| path.rfind("::")).unwrap_or(path.len()))
}

/// `decode::{Bolt12Offer, Bolt12Invoice}.offer_issuer_id` for what several types of a module have.
fn path(told: &Told<'_>, member: &str) -> String {
    match (told.owners.as_slice(), told.owners[0].rsplit_once("::")) {
        ([_, _, ..], Some((module, _))) => {
            let types = told.owners.iter().filter_map(|owner| owner.rsplit("::").next());
            format!("{module}::{{{}}}{member}", types.collect::<Vec<_>>().join(", "))
        }
        (owners, _) => format!("{}{member}", owners[0]),
    }
}

fn line(told: &Told<'_>, format: Format) -> String {
    let change = told.change;
    let path = code(&path(told, told.member), format);
    let place = place(told).map(|(wire, more)| format!(" ({}{more})", code(wire, format))).unwrap_or_default();
    format!("{path}{place}: {}{}", phrase(change, format), wire(change))
}

/// The place on the wire, where the path in Rust does not say it, and how many more there are.
fn place<'d>(told: &Told<'d>) -> Option<(&'d str, String)> {
    let wire = &told.change.wire;
    let (root, field) = wire.first()?.split_once('.')?;
    let whole = told.owners[0].rsplit("::").next() == Some(sentence(root).as_str());
    if whole && told.member.strip_prefix('.') == Some(field) {
        return None;
    }
    let more = if wire.len() > 1 { format!(" and {} more", wire.len() - 1) } else { String::new() };
    Some((&wire[0], more))
}

/// A text with a capital.
pub(super) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// The verdict on the wire, where there is something to say.
fn wire(change: &Change) -> &'static str {
    match (change.verdict.old_client, change.verdict.new_client) {
        (OnWire::Breaks, OnWire::Breaks) => "; breaks old clients, and new ones on old nodes",
        (OnWire::Breaks, _) => "; breaks old clients",
        (_, OnWire::Breaks) => "; breaks new clients on old nodes",
        (_, OnWire::WithoutNewParts) => "; new nodes only",
        (_, OnWire::Works) => "",
    }
}

/// What many changes of a kind are called together, where their names say enough.
fn together(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::RequiredFieldAdded => Some("new required fields"),
        Kind::OptionalFieldAdded => Some("new fields"),
        Kind::RequiredFieldRemoved => Some("required fields removed"),
        Kind::OptionalFieldRemoved => Some("fields removed"),
        Kind::FieldBecameRequired => Some("fields became required"),
        Kind::FieldBecameOptional => Some("fields became optional"),
        Kind::ValueAdded => Some("new values"),
        Kind::ValueRemoved => Some("values removed"),
        Kind::ErrorAdded => Some("new codes"),
        Kind::ErrorRemoved => Some("codes removed"),
        Kind::Deprecated => Some("fields deprecated"),
        _ => None,
    }
}

fn phrase(change: &Change, format: Format) -> String {
    let shown = |side: &Option<String>| side.as_deref().map_or_else(|| "nothing".to_owned(), |text| code(text, format));
    let (before, after) = (shown(&change.before), shown(&change.after));
    match change.kind {
        Kind::ItemAdded => "new".to_owned(),
        Kind::ItemRemoved => "removed".to_owned(),
        Kind::RequiredFieldAdded => format!("new required field, {after}"),
        Kind::ConstantFieldAdded => format!("new constant field, {after}"),
        Kind::OptionalFieldAdded => format!("new field, {after}"),
        Kind::RequiredFieldRemoved | Kind::OptionalFieldRemoved => format!("field removed, was {before}"),
        Kind::FieldMoved => format!("moved from {before} to {after}"),
        Kind::FieldRenamed | Kind::TypeRenamed | Kind::ValueRenamed | Kind::ErrorRenamed => {
            format!("renamed from {before}")
        }
        Kind::FieldBecameRequired
        | Kind::FieldBecameOptional
        | Kind::FieldType
        | Kind::ShapeChanged
        | Kind::ArgumentsChanged => format!("{before} became {after}"),
        Kind::ConditionAdded => format!("{before} became {after}, whose variants carry fields"),
        Kind::ConditionRemoved => format!("{before}, whose variants carried fields, became {after}"),
        Kind::ExtraAdded => "keeps what the schema does not name".to_owned(),
        Kind::ExtraRemoved => "no longer keeps what the schema does not name".to_owned(),
        Kind::ValueAdded => format!("new value {after}"),
        Kind::ValueRemoved => format!("value {before} removed"),
        Kind::PayloadChanged => format!("carried {before}, carries {after}"),
        Kind::FormAdded => format!("new form {after}"),
        Kind::FormRemoved => format!("form {before} removed"),
        Kind::ErrorAdded => format!("new code {after}"),
        Kind::ErrorRemoved => format!("code {before} removed"),
        Kind::ErrorData => format!("its data was {before}, is {after}"),
        Kind::RuleTightened | Kind::RuleOfNewParameter => format!("new rule: {after}"),
        Kind::RuleLoosened => format!("rule removed: {before}"),
        Kind::Deprecated => format!("deprecated {after}"),
        Kind::DeprecationChanged => format!("deprecation was {before}, is {after}"),
        Kind::DefaultChanged => format!("default was {before}, is {after}"),
        Kind::SinceChanged => format!("added in {after}, was {before}"),
    }
}
