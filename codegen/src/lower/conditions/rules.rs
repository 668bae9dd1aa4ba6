//! Branches with the tests on the way to them.

use serde_json::Value;

use super::{Fault, unsupported};
use crate::dialect::{Additional, Condition, Schema, TypeName};

/// A branch with the tests on the way to it and how each must end.
#[derive(Clone)]
pub(super) struct Rule<'s> {
    pub(super) guards: Vec<(Test<'s>, bool)>,
    pub(super) clause: &'s Schema,
    pub(super) condition: &'s str,
}

#[derive(Clone, PartialEq)]
pub(super) enum Test<'s> {
    Values(Vec<(&'s str, &'s [Value])>),
    Presence(&'s str),
}

impl<'s> Test<'s> {
    pub(super) fn nodes(&self) -> Vec<Node<'s>> {
        match self {
            Test::Values(fields) => fields.iter().map(|(name, _)| Node::Value(name)).collect(),
            Test::Presence(key) => vec![Node::Key(key)],
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Node<'s> {
    Value(&'s str),
    Key(&'s str),
}

pub(super) fn flatten<'s>(
    condition: &'s Condition,
    guards: &[(Test<'s>, bool)],
    rules: &mut Vec<Rule<'s>>,
    faults: &mut Vec<Fault>,
) {
    let test = match test(&condition.test) {
        Ok(test) => test,
        Err(why) => return faults.push(unsupported(&condition.pointer, why)),
    };
    let branches = [(Some(&condition.then), true), (condition.otherwise.as_ref(), false)];
    for (clause, outcome) in branches {
        let Some(clause) = clause else { continue };
        if let Err(why) = understood(clause) {
            faults.push(unsupported(&clause.pointer, why));
            continue;
        }
        let mut guards = guards.to_vec();
        guards.push((test.clone(), outcome));
        rules.push(Rule { guards: guards.clone(), clause, condition: &condition.pointer });
        for nested in &clause.conditions {
            flatten(nested, &guards, rules, faults);
        }
    }
}

/// How many fields and keys all rules test.
pub(super) fn tests(rules: &[Rule<'_>]) -> usize {
    let guards = rules.iter().flat_map(|rule| &rule.guards);
    guards.map(|(test, _)| if let Test::Values(fields) = test { fields.len() } else { 1 }).sum()
}

fn test(schema: &Schema) -> Result<Test<'_>, String> {
    let plain = Schema {
        pointer: schema.pointer.clone(),
        ty: schema.ty.filter(|ty| *ty == TypeName::Object),
        properties: schema.properties.clone(),
        required: schema.required.clone(),
        additional: schema.additional.clone(),
        ..Schema::default()
    };
    if *schema != plain || matches!(schema.additional, Additional::Of(_) | Additional::Denied) {
        return Err("an `if` tests either enum values of properties or the presence of one key".to_owned());
    }
    let tested: Vec<(&str, &Schema)> =
        schema.properties.iter().flatten().filter(|(_, s)| !s.is_stub()).map(|(n, s)| (n.as_str(), s)).collect();
    if tested.is_empty() {
        return match schema.required.as_slice() {
            [key] => Ok(Test::Presence(key)),
            _ => Err("an `if` without tested values must require exactly one key".to_owned()),
        };
    }
    if let Some(key) = schema.required.iter().find(|key| tested.iter().all(|(name, _)| name != key)) {
        return Err(format!("it tests values and the presence of another key, `{key}`"));
    }
    let fields = tested.into_iter().map(|(name, schema)| match &schema.values {
        Some(values) => Ok((name, values.as_slice())),
        None => Err(format!("the test of `{name}` has no enum")),
    });
    fields.collect::<Result<_, _>>().map(Test::Values)
}

/// A branch may have properties, `required`, `anyOf` of `required` sets, and further conditions.
fn understood(clause: &Schema) -> Result<(), String> {
    if !clause.one_of.is_empty() || clause.items.is_some() || clause.values.is_some() {
        return Err("a branch may not hold `oneOf`, `items` or `enum`".to_owned());
    }
    let only_required = |schema: &Schema| {
        let required =
            Schema { pointer: schema.pointer.clone(), required: schema.required.clone(), ..Schema::default() };
        *schema == required && !schema.required.is_empty()
    };
    if !clause.any_of.iter().all(only_required) {
        return Err("an `anyOf` in a branch may only hold sets of `required`".to_owned());
    }
    Ok(())
}

/// Nodes that are tested together, in the order of their first test.
pub(super) fn components_of<'s>(rules: &[Rule<'s>]) -> Vec<Vec<Node<'s>>> {
    let mut components: Vec<Vec<Node<'s>>> = Vec::new();
    for rule in rules {
        let mut joined: Vec<Node<'s>> = Vec::new();
        for node in rule.guards.iter().flat_map(|(test, _)| test.nodes()) {
            if !joined.contains(&node) {
                joined.push(node);
            }
        }
        let (touched, rest): (Vec<_>, Vec<_>) =
            components.into_iter().partition(|component| component.iter().any(|node| joined.contains(node)));
        let mut merged: Vec<Node<'s>> = touched.into_iter().flatten().collect();
        merged.extend(joined.into_iter().filter(|node| !merged.contains(node)).collect::<Vec<_>>());
        components = rest;
        components.push(merged);
    }
    components
}

/// The names that a branch requires, by each of its sets if it has several.
pub(super) fn required_names(clause: &Schema) -> impl Iterator<Item = &str> {
    clause.required.iter().chain(clause.any_of.iter().flat_map(|set| &set.required)).map(String::as_str)
}

pub(super) fn mentions(clause: &Schema, name: &str) -> bool {
    clause.properties.as_ref().is_some_and(|properties| properties.contains_key(name))
        || required_names(clause).any(|required| required == name)
}

pub(super) fn denies(clause: &Schema) -> bool {
    clause.additional == Additional::Denied
}
