//! The rules of `validate()` compared: what a request may not be any more, and what it may be again.

use std::collections::BTreeSet;

use super::{Found, Kind, Place};
use crate::model::{Request, Rule};
use crate::overlay::RefuseWhen;

/// One thing that a rule refuses, with the parameters that have to be there for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Refused<'m> {
    /// The first without the second.
    Without(&'m str, &'m str),
    /// Both.
    Both(&'m str, &'m str),
    /// A value for a reason that stays the same in all its texts.
    Value(&'m str, String),
    /// A length below.
    Below(&'m str, u64),
    /// A length above.
    Above(&'m str, u64),
}

/// Compares what two requests' rules refuse.
pub(super) fn compare(found: &mut Found<'_>, place: Place<'_>, before: &Request, after: &Request) {
    let (old, new) = (all(before), all(after));
    for rule in &after.rules {
        let fresh = || refused(rule, after).into_iter().filter(|it| !covered(it, &old));
        if fresh().next().is_none() {
            continue;
        }
        let tightened = fresh().any(|it| parameters(&it).all(|name| has(before, name)));
        let kind = if tightened { Kind::RuleTightened } else { Kind::RuleOfNewParameter };
        found.push(kind, place, "Request::validate", None, Some(shown(rule)));
    }
    for rule in &before.rules {
        let mut gone = refused(rule, before).into_iter().filter(|it| !covered(it, &new));
        if gone.any(|it| parameters(&it).all(|name| has(after, name))) {
            found.push(Kind::RuleLoosened, place, "Request::validate", Some(shown(rule)), None);
        }
    }
}

fn all(request: &Request) -> BTreeSet<Refused<'_>> {
    request.rules.iter().flat_map(|rule| refused(rule, request)).collect()
}

fn refused<'m>(rule: &'m Rule, request: &'m Request) -> Vec<Refused<'m>> {
    let pairs = |set: &'m [String]| {
        set.iter().flat_map(move |a| set.iter().filter(move |b| *b != a).map(move |b| (a.as_str(), b.as_str())))
    };
    match rule {
        // What is required is always there.
        Rule::Needs { needs, .. } if requires(request, needs) => Vec::new(),
        Rule::Needs { parameter, needs } => vec![Refused::Without(parameter, needs)],
        Rule::AtMostOne(set) => pairs(set).map(|(a, b)| Refused::Both(a, b)).collect(),
        Rule::Together(set) => pairs(set).map(|(a, b)| Refused::Without(a, b)).collect(),
        Rule::Length { parameter, limits, .. } => {
            let below = limits.min.map(|min| Refused::Below(parameter, min));
            below.into_iter().chain(limits.max.map(|max| Refused::Above(parameter, max))).collect()
        }
        Rule::Refuse(refusal) => vec![Refused::Value(&refusal.parameter, shown(rule))],
    }
}

/// True when the rules of one side refuse that already.
fn covered(it: &Refused<'_>, by: &BTreeSet<Refused<'_>>) -> bool {
    by.iter().any(|known| match (it, known) {
        (Refused::Below(name, min), Refused::Below(other, known)) => name == other && min <= known,
        (Refused::Above(name, max), Refused::Above(other, known)) => name == other && max >= known,
        (it, known) => it == known,
    })
}

fn parameters<'m>(it: &Refused<'m>) -> impl Iterator<Item = &'m str> + use<'m> {
    let (first, second) = match it {
        Refused::Without(first, second) | Refused::Both(first, second) => (*first, Some(*second)),
        Refused::Value(only, _) | Refused::Below(only, _) | Refused::Above(only, _) => (*only, None),
    };
    std::iter::once(first).chain(second)
}

fn has(request: &Request, wire: &str) -> bool {
    request.object.fields.iter().any(|field| field.wire == wire)
}

fn requires(request: &Request, wire: &str) -> bool {
    request.object.fields.iter().any(|field| field.wire == wire && field.required)
}

fn shown(rule: &Rule) -> String {
    match rule {
        Rule::Needs { parameter, needs } => format!("{parameter} needs {needs}"),
        Rule::AtMostOne(set) => format!("at most one of {}", set.join(", ")),
        Rule::Together(set) => format!("all or none of {}", set.join(", ")),
        Rule::Length { parameter, limits, hex } => {
            let unit = if *hex { " hex digits" } else { "" };
            let least = limits.min.map(|min| format!("at least {min}"));
            let most = limits.max.map(|max| format!("at most {max}"));
            let limits: Vec<String> = least.into_iter().chain(most).collect();
            format!("length of {parameter}: {}{unit}", limits.join(", "))
        }
        Rule::Refuse(refusal) => match &refusal.when {
            RefuseWhen::LessThan(other) => format!("no {} below {other}", refusal.parameter),
            RefuseWhen::Unlisted => format!("no unlisted {}", refusal.parameter),
            RefuseWhen::Empty => format!("no empty {}", refusal.parameter),
        },
    }
}
