//! Tests that depend on each other: what each of their outcomes says of each field.

use std::borrow::Cow;
use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::Value;

use super::rules::{Node, Rule, Test, denies, mentions, required_names};
use super::{Arm, Base, Fault, RawChoice, Slot, unsupported};
use crate::diagnostic::Problem;
use crate::dialect::{Schema, TypeName};
use crate::model::{About, Direction, Discriminator, Tested};

/// No person reads an enum of more.
const MOST_ARMS: usize = 400;

/// Tests that depend on each other, with every branch behind them.
pub(super) struct Component<'s> {
    discriminator: Discriminator,
    names: Vec<&'s str>,
    /// Every combination of values; `None` is a value outside the known set.
    assignments: Vec<Option<Vec<Value>>>,
    pub(super) rules: Vec<Rule<'s>>,
    required: bool,
    direction: Direction,
}

/// What an arm says of a field.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Presence {
    Absent,
    Optional,
    Required,
}

impl<'s> Component<'s> {
    pub(super) fn new(
        nodes: Vec<Node<'s>>,
        rules: &[Rule<'s>],
        object: &'s Schema,
        direction: Direction,
        faults: &mut Vec<Fault>,
    ) -> Option<Self> {
        let rules: Vec<Rule<'s>> = rules
            .iter()
            .filter(|rule| rule.guards.iter().any(|(test, _)| test.nodes().iter().any(|node| nodes.contains(node))))
            .cloned()
            .collect();
        let at = rules.first().map_or("", |rule| rule.condition);
        if let [Node::Key(key)] = nodes.as_slice() {
            if object.required.iter().any(|required| required == key) {
                faults.push(unsupported(at, format!("it asks whether `{key}` is there, which is required")));
                return None;
            }
            return Some(Self {
                discriminator: Discriminator::Presence((*key).to_owned()),
                names: vec![key],
                assignments: vec![Some(vec![Value::Bool(true)]), Some(vec![Value::Bool(false)])],
                rules,
                required: true,
                direction,
            });
        }
        let mut tested = Vec::new();
        let mut domains = Vec::new();
        let mut names = Vec::new();
        for node in nodes {
            let Node::Value(name) = node else {
                faults.push(unsupported(at, "it tests a value and the presence of a key together"));
                return None;
            };
            let (boolean, domain) = domain(name, object, &rules, faults)?;
            // A text stands first: a value of it that is not known is what `Unknown` keeps.
            let place = if boolean { tested.len() } else { tested.iter().filter(|t: &&Tested| !t.boolean).count() };
            tested.insert(place, Tested { wire: name.to_owned(), boolean, about: About::default() });
            domains.insert(place, domain);
            names.insert(place, name);
        }
        if domains.iter().map(Vec::len).product::<usize>() > MOST_ARMS {
            faults.push(unsupported(at, format!("{} would make more than {MOST_ARMS} variants", names.join(", "))));
            return None;
        }
        let mut assignments: Vec<Option<Vec<Value>>> = product(&domains).into_iter().map(Some).collect();
        if tested.iter().any(|tested| !tested.boolean) {
            assignments.push(None);
        }
        let required = names.iter().all(|name| object.required.iter().any(|required| required == name));
        if names.len() > 1 && !required {
            faults.push(unsupported(at, format!("{} are tested together, so all must be required", names.join(", "))));
            return None;
        }
        Some(Self { discriminator: Discriminator::Values(tested), names, assignments, rules, required, direction })
    }

    /// True when a branch gives the field a type, or requires it: not when it only lists or leaves it out.
    pub(super) fn has_say_in(&self, name: &str) -> bool {
        self.rules.iter().any(|rule| self.typed(rule, name).is_some() || required_names(rule.clause).any(|n| n == name))
    }

    /// The fields that no branch gives a type although it requires them, and the object does not declare.
    pub(super) fn untyped<'c>(&'c self, base: &'c Base<'s>) -> impl Iterator<Item = (&'s str, &'s str)> + 'c {
        let required = self.rules.iter().flat_map(|rule| required_names(rule.clause).map(move |name| (rule, name)));
        let typed = |name: &str| self.rules.iter().any(|rule| self.typed(rule, name).is_some());
        required
            .filter(move |(_, name)| !base.declares(name) && !typed(name))
            .map(|(rule, name)| (rule.clause.pointer.as_str(), name))
    }

    pub(super) fn discriminators(&self) -> impl Iterator<Item = &'s str> {
        self.names.iter().copied()
    }

    /// True when presence is all that is tested and the key itself is all that depends on it.
    pub(super) fn only_key(&self, base: &Base<'s>) -> bool {
        let Discriminator::Presence(key) = &self.discriminator else { return false };
        self.rules.iter().all(|rule| {
            let others = rule.clause.properties.iter().flatten().filter(|(name, _)| *name != key);
            !denies(rule.clause)
                && rule.clause.required.iter().all(|name| name == key || base.requires(name))
                && others.into_iter().all(|(_, schema)| schema.is_stub())
        })
    }

    /// How often a field and a branch are held against each other, for every value.
    pub(super) fn comparisons(&self, base: &Base<'s>) -> usize {
        let clause = |rule: &Rule<'s>| 1 + rule.guards.len() + rule.clause.required.len();
        let fields = |rule: &Rule<'s>| {
            rule.clause.properties.as_ref().map_or(0, IndexMap::len) + required_names(rule.clause).count()
        };
        let fields = base.fields.len() + self.rules.iter().map(fields).sum::<usize>();
        let clauses = self.rules.iter().map(clause).sum::<usize>() + base.object.required.len();
        fields.saturating_mul(self.assignments.len()).saturating_mul(clauses).saturating_add(fields.saturating_pow(2))
    }

    fn holding(&self, assignment: Option<&[Value]>) -> impl Iterator<Item = &Rule<'s>> {
        self.rules
            .iter()
            .filter(move |rule| rule.guards.iter().all(|(test, outcome)| self.holds(test, assignment) == *outcome))
    }

    fn holds(&self, test: &Test<'s>, assignment: Option<&[Value]>) -> bool {
        let Some(values) = assignment else { return false };
        match test {
            Test::Presence(_) => values == [Value::Bool(true)],
            Test::Values(fields) => fields.iter().all(|(name, wanted)| {
                let index = self.names.iter().position(|known| known == name);
                index.and_then(|index| values.get(index)).is_some_and(|value| wanted.contains(value))
            }),
        }
    }

    /// Every field that a branch names, then the others of the base.
    fn mentioned(&self, base: &Base<'s>) -> Vec<&'s str> {
        let mut names: Vec<&'s str> = base.fields.keys().copied().collect();
        for rule in &self.rules {
            let listed = rule.clause.properties.iter().flatten().map(|(name, _)| name.as_str());
            for name in listed.chain(required_names(rule.clause)) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }

    /// In what is sent, a branch that types a field again, or requires it, claims it: elsewhere it has no meaning.
    /// What is received is not narrowed by guess, but where the overlay says so.
    fn claims(&self, name: &str, base: &Base<'s>) -> bool {
        match self.direction {
            Direction::Sent => self.has_say_in(name),
            Direction::Received => {
                base.only_in_branches.contains(name) && self.rules.iter().any(|rule| mentions(rule.clause, name))
            }
        }
    }

    fn typed(&self, rule: &Rule<'s>, name: &str) -> Option<&'s Schema> {
        rule.clause.properties.as_ref()?.get(name).filter(|schema| !schema.is_stub())
    }

    /// The type of a field that a branch only allows: another branch has it, one for the same first value if the
    /// discriminator has several fields, as what is said of an invalid offer tells nothing of an invoice.
    fn typed_elsewhere(&self, name: &str, assignment: Option<&[Value]>) -> Option<&'s Schema> {
        let first = assignment.and_then(|values| values.first());
        let same_first = |rule: &&Rule<'s>| {
            self.names.len() == 1
                || rule.guards.iter().any(|(test, outcome)| match test {
                    Test::Values(fields) => {
                        *outcome
                            && fields
                                .iter()
                                .any(|(n, wanted)| *n == self.names[0] && first.is_some_and(|v| wanted.contains(v)))
                    }
                    Test::Presence(_) => false,
                })
        };
        self.rules.iter().filter(same_first).find_map(|rule| self.typed(rule, name))
    }

    fn state(&self, name: &'s str, assignment: Option<&[Value]>, base: &Base<'s>) -> (Presence, Option<&'s Schema>) {
        let known = base.fields.get(name);
        let must = base.requires(name);
        let mut schema = known.map(|(schema, _)| *schema);
        let mut presence = match (must, known) {
            (true, _) => Presence::Required,
            (false, Some(_)) if !self.claims(name, base) => Presence::Optional,
            (false, _) => Presence::Absent,
        };
        let (mut named, mut denied) = (false, false);
        for rule in self.holding(assignment) {
            let required = rule.clause.required.iter().any(|required| required == name);
            let listed = rule.clause.properties.as_ref().and_then(|properties| properties.get(name));
            match listed {
                Some(listed) if !listed.is_stub() => {
                    schema = Some(listed);
                    presence = presence.at_least_optional();
                    named = true;
                }
                Some(_) => {
                    schema = schema.or_else(|| self.typed_elsewhere(name, assignment));
                    if schema.is_some() {
                        presence = presence.at_least_optional();
                    }
                }
                None => denied |= denies(rule.clause) && !required,
            }
            if required {
                presence = Presence::Required;
                named = true;
            }
        }
        // A branch that leaves a field out says less than one that types or requires it.
        if denied && !must && !named { (Presence::Absent, schema) } else { (presence, schema) }
    }

    /// The fields that a branch names and every value treats alike, and whether they must be there.
    pub(super) fn common(&self, base: &Base<'s>, owned: &BTreeSet<&str>) -> Vec<(&'s str, &'s Schema, bool)> {
        let names = self.mentioned(base).into_iter().filter(|name| !owned.contains(name) && !base.declares(name));
        let states = names.map(|name| (name, self.state(name, self.assignments[0].as_deref(), base)));
        let present = states.filter(|(_, (presence, _))| *presence != Presence::Absent);
        present.filter_map(|(name, (presence, schema))| Some((name, schema?, presence == Presence::Required))).collect()
    }

    /// The fields that not every value treats alike. A key's own presence is no news.
    pub(super) fn varied(
        &self,
        base: &Base<'s>,
        owned: &BTreeSet<&str>,
        fingerprint: &dyn Fn(&Schema) -> String,
    ) -> Vec<&'s str> {
        let names = self.mentioned(base).into_iter().filter(|name| !owned.contains(name));
        let split: BTreeSet<&str> =
            self.rules.iter().flat_map(|rule| &rule.clause.any_of).flat_map(required_names).collect();
        names
            .filter(|name| {
                let states = self.assignments.iter().map(|values| self.state(name, values.as_deref(), base));
                let states: Vec<_> = states.collect();
                let present = states.iter().filter(|(presence, _)| *presence != Presence::Absent);
                let mut schemas: Vec<&Schema> = present.filter_map(|(_, schema)| *schema).collect();
                schemas.dedup_by_key(|schema| &schema.pointer);
                let mut types = schemas.iter().map(|schema| fingerprint(schema));
                let first = if schemas.len() > 1 { types.next() } else { None };
                let many = first.is_some_and(|first| types.any(|other| other != first));
                split.contains(name) || many || states.iter().any(|(presence, _)| *presence != states[0].0)
            })
            .collect()
    }

    pub(super) fn choice(&self, base: &Base<'s>, varied: &[&'s str]) -> RawChoice<'s> {
        let mut arms = Vec::new();
        for values in self.assignments.iter().flatten() {
            let slots = |skip: &[&str], require: &[&str]| {
                let slots = varied.iter().filter(|name| !skip.contains(name)).filter_map(|name| {
                    let (presence, schema) = self.state(name, Some(values), base);
                    let required = presence == Presence::Required || require.contains(name);
                    let schema = schema.or_else(|| base.fields.get(name).map(|(schema, _)| *schema));
                    let kept = required || presence != Presence::Absent;
                    kept.then_some(()).and(schema).map(|schema| Slot {
                        wire: name,
                        schema: Cow::Borrowed(schema),
                        required,
                    })
                });
                slots.collect::<Vec<_>>()
            };
            let mut sets: Vec<&Schema> = self.holding(Some(values)).flat_map(|rule| &rule.clause.any_of).collect();
            // The arm that asks for more is tried first.
            sets.sort_by_key(|set| std::cmp::Reverse(set.required.len()));
            if sets.is_empty() {
                arms.push(Arm { values: values.clone(), label: None, slots: slots(&[], &[]) });
            }
            for set in &sets {
                let mine: Vec<&str> = set.required.iter().map(String::as_str).collect();
                let others: Vec<&str> = sets.iter().flat_map(|s| &s.required).map(String::as_str).collect();
                let skip: Vec<&str> = others.into_iter().filter(|name| !mine.contains(name)).collect();
                arms.push(Arm { values: values.clone(), label: Some(mine.join("_")), slots: slots(&skip, &mine) });
            }
        }
        if let Discriminator::Presence(key) = &self.discriminator {
            self.place_key(key, base, &mut arms);
        }
        let (discriminator, conditions) = (self.discriminator.clone(), self.conditions());
        RawChoice { discriminator, required: self.required, arms, conditions }
    }

    pub(super) fn conditions(&self) -> Vec<String> {
        let mut conditions: Vec<String> = self.rules.iter().map(|rule| rule.condition.to_owned()).collect();
        conditions.dedup();
        conditions
    }

    /// The key stands first in the arm that has it; an arm without it that has nothing else is no arm.
    fn place_key(&self, key: &str, base: &Base<'s>, arms: &mut Vec<Arm<'s>>) {
        let name = self.names[0];
        let typed = self.rules.iter().flat_map(|rule| rule.clause.properties.iter().flatten());
        let typed = typed.filter(|(listed, schema)| *listed == key && !schema.is_stub()).map(|(_, schema)| schema);
        let schema = base.fields.get(name).map(|(schema, _)| *schema).or_else(|| typed.into_iter().next());
        if let Some(schema) = schema {
            arms[0].slots.insert(0, Slot { wire: name, schema: Cow::Borrowed(schema), required: true });
        }
        if arms.len() == 2 && arms[1].slots.is_empty() {
            arms.pop();
        }
    }
}

impl Presence {
    fn at_least_optional(self) -> Self {
        if self == Presence::Absent { Presence::Optional } else { self }
    }
}

/// The values that a discriminator can have: those it declares, and those that are tested.
fn domain<'s>(
    name: &str,
    object: &'s Schema,
    rules: &[Rule<'s>],
    faults: &mut Vec<Fault>,
) -> Option<(bool, Vec<Value>)> {
    let declared = object.properties.iter().flatten().find(|(known, _)| *known == name).map(|(_, schema)| schema);
    let tests = rules.iter().flat_map(|rule| &rule.guards).filter_map(|(test, _)| match test {
        Test::Values(fields) => fields.iter().find(|(known, _)| *known == name).map(|(_, values)| *values),
        Test::Presence(_) => None,
    });
    let tested: Vec<&Value> = tests.flatten().collect();
    let boolean = match declared.and_then(|schema| schema.ty) {
        Some(ty) => ty == TypeName::Boolean,
        None => tested.iter().all(|value| value.is_boolean()),
    };
    let expected = if boolean { "boolean" } else { "text" };
    let fits = |value: &Value| if boolean { value.is_boolean() } else { value.is_string() };
    if let Some(wrong) = tested.iter().find(|value| !fits(value)) {
        let at = rules.first().map_or("", |rule| rule.condition);
        faults.push((at.to_owned(), Problem::EnumValueType { value: wrong.to_string(), expected }));
        return None;
    }
    if boolean {
        return Some((true, vec![Value::Bool(true), Value::Bool(false)]));
    }
    let mut values: Vec<Value> = declared.and_then(|schema| schema.values.clone()).unwrap_or_default();
    for value in tested {
        if !values.contains(value) {
            values.push(value.clone());
        }
    }
    Some((false, values))
}

fn product(domains: &[Vec<Value>]) -> Vec<Vec<Value>> {
    domains.iter().fold(vec![Vec::new()], |rows, domain| {
        let extended = rows
            .iter()
            .flat_map(|row| domain.iter().map(|value| row.iter().cloned().chain([value.clone()]).collect::<Vec<_>>()));
        extended.collect()
    })
}
