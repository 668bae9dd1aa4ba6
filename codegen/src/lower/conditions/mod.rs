//! Conditions: from `if`/`then`/`else` to what each value of a discriminator allows and requires.
//!
//! A discriminator is a field whose value is tested, several fields that are tested together, or a key whose presence
//! is tested. For each of its values the branches that hold are put together. A field that every value treats alike
//! is common; the others belong to the arms.

mod alternatives;
mod component;
mod rules;

use std::borrow::Cow;
use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::Value;

use crate::diagnostic::Problem;
use crate::dialect::{Condition, Schema};
use crate::model::{Direction, Discriminator};
use component::Component;

/// An object's fields, sorted into common ones and arms.
pub(super) struct Analysis<'s> {
    pub(super) common: Vec<Slot<'s>>,
    pub(super) choices: Vec<RawChoice<'s>>,
    /// Discriminators on whose value no field depends: they stay plain fields.
    pub(super) plain: Vec<RawChoice<'s>>,
    /// JSON pointers of the `if`s that say of a key only what it is: it stays a plain field.
    pub(super) keys: Vec<String>,
}

/// A field at its place in one arm, or among the common ones.
#[derive(Clone)]
pub(super) struct Slot<'s> {
    pub(super) wire: &'s str,
    pub(super) schema: Cow<'s, Schema>,
    pub(super) required: bool,
}

pub(super) struct RawChoice<'s> {
    pub(super) discriminator: Discriminator,
    pub(super) required: bool,
    pub(super) arms: Vec<Arm<'s>>,
    /// JSON pointers of the `if`s.
    pub(super) conditions: Vec<String>,
}

pub(super) struct Arm<'s> {
    pub(super) values: Vec<Value>,
    /// What tells arms of the same values apart: the fields that only this one requires.
    pub(super) label: Option<String>,
    pub(super) slots: Vec<Slot<'s>>,
}

/// A problem with the JSON pointer of its place.
pub(super) type Fault = (String, Problem);

fn unsupported(pointer: &str, why: impl Into<String>) -> Fault {
    (pointer.to_owned(), Problem::UnsupportedCondition(why.into()))
}

/// What an analysis asks about the schemas it meets.
pub(super) struct Questions<'q> {
    /// The same text for two schemas that lower to one type.
    pub(super) fingerprint: &'q dyn Fn(&Schema) -> String,
    /// True for a field that the object declares, yet that is only sent where a branch names it.
    pub(super) only_in_branches: &'q dyn Fn(&Schema) -> bool,
    /// False when no more steps are allowed.
    pub(super) spend: &'q dyn Fn(usize) -> bool,
}

/// Analyses an object. Without faults in the error, the file has no steps left.
pub(super) fn analyse<'s>(
    object: &'s Schema,
    direction: Direction,
    ask: &Questions<'_>,
) -> Result<Analysis<'s>, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut rules = Vec::new();
    for condition in &object.conditions {
        rules::flatten(condition, &[], &mut rules, &mut faults);
    }
    // Tests are compared with each other.
    if !(ask.spend)(rules::tests(&rules).saturating_pow(2)) {
        return Err(faults);
    }
    let mut base = Base::new(object, ask);
    let mut components = Vec::new();
    let mut keys = Vec::new();
    for nodes in rules::components_of(&rules) {
        let component = Component::new(nodes, &rules, object, direction, &mut faults);
        if !(ask.spend)(component.as_ref().map_or(0, |component| component.comparisons(&base))) {
            return Err(faults);
        }
        match component {
            Some(component) if component.only_key(&base) => {
                base.adopt(&component);
                keys.extend(component.conditions());
            }
            Some(component) => components.push(component),
            None => {}
        }
    }
    let mut analysis = Analysis { common: Vec::new(), choices: Vec::new(), plain: Vec::new(), keys };
    let mut owned: BTreeSet<&str> = components.iter().flat_map(|component| component.discriminators()).collect();
    let mut spoken_for: Vec<(&str, &str)> = Vec::new();
    for component in &components {
        faults.extend(component.untyped(&base).map(|(at, name)| {
            (at.to_owned(), Problem::UnsupportedCondition(format!("`{name}` is required, and no branch says its type")))
        }));
        let all = component.varied(&base, &BTreeSet::new(), ask.fingerprint);
        for name in all.into_iter().filter(|name| component.has_say_in(name)) {
            let at = component.rules.first().map_or("", |rule| rule.condition);
            match spoken_for.iter().find(|(known, _)| *known == name) {
                Some((_, other)) => {
                    faults.push(unsupported(at, format!("`{name}` depends on this and on {other}")));
                }
                None => spoken_for.push((name, at)),
            }
        }
        let varied = component.varied(&base, &owned, ask.fingerprint);
        let choice = component.choice(&base, &varied);
        if varied.is_empty() && !matches!(choice.discriminator, Discriminator::Presence(_)) {
            component.discriminators().for_each(|name| {
                owned.remove(name);
            });
            analysis.plain.push(choice);
            continue;
        }
        owned.extend(varied);
        analysis.choices.push(choice);
    }
    if let Some(choice) = alternatives::alternatives(object, &mut faults) {
        owned.extend(choice.arms.iter().flat_map(|arm| &arm.slots).map(|slot| slot.wire));
        analysis.choices.push(choice);
    }
    for component in &components {
        for (name, schema, required) in component.common(&base, &owned) {
            base.fields.insert(name, (schema, required));
        }
    }
    let common = base.fields.iter().filter(|(wire, _)| !owned.contains(*wire));
    analysis.common =
        common.map(|(&wire, &(schema, required))| Slot { wire, schema: Cow::Borrowed(schema), required }).collect();
    if faults.is_empty() { Ok(analysis) } else { Err(faults) }
}

/// What the object says of its fields outside every condition.
struct Base<'s> {
    object: &'s Schema,
    fields: IndexMap<&'s str, (&'s Schema, bool)>,
    only_in_branches: BTreeSet<&'s str>,
}

impl<'s> Base<'s> {
    fn new(object: &'s Schema, ask: &Questions<'_>) -> Self {
        let properties = object.properties.iter().flatten();
        let typed_in_branch: BTreeSet<&str> = object.conditions.iter().flat_map(typed_names).collect();
        let fields = properties
            .filter(|(name, schema)| !(schema.hidden || schema.is_stub() && typed_in_branch.contains(name.as_str())))
            .map(|(name, schema)| (name.as_str(), (schema, object.required.contains(name))))
            .collect();
        let declared = object.properties.iter().flatten();
        let only_in_branches = declared.filter(|(_, schema)| (ask.only_in_branches)(schema));
        let only_in_branches = only_in_branches.map(|(name, _)| name.as_str()).collect();
        Self { object, fields, only_in_branches }
    }

    /// True for a field that the object names outside its conditions, or that only its key's own condition names.
    fn declares(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    fn requires(&self, name: &str) -> bool {
        self.object.required.iter().any(|required| required == name)
    }

    /// Takes in the fields that a component gives a type and treats alike everywhere.
    fn adopt(&mut self, component: &Component<'s>) {
        for rule in &component.rules {
            for (name, schema) in rule.clause.properties.iter().flatten() {
                if !schema.is_stub() && !self.fields.contains_key(name.as_str()) {
                    self.fields.insert(name, (schema, self.requires(name)));
                }
            }
        }
    }
}

fn typed_names(condition: &Condition) -> Vec<&str> {
    let branches = [Some(&condition.then), condition.otherwise.as_ref()];
    let mut names = Vec::new();
    for branch in branches.into_iter().flatten() {
        let properties = branch.properties.iter().flatten();
        names.extend(properties.filter(|(_, schema)| !schema.is_stub()).map(|(name, _)| name.as_str()));
        names.extend(branch.conditions.iter().flat_map(typed_names));
    }
    names
}
