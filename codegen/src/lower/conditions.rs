//! Conditions: from `if`/`then`/`else` to what each value of a discriminator allows and requires.
//!
//! A discriminator is a field whose value is tested, several fields that are tested together, or a key whose presence
//! is tested. For each of its values the branches that hold are put together. A field that every value treats alike
//! is common; the others belong to the arms.

use std::borrow::Cow;
use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::Value;

use crate::diagnostic::Problem;
use crate::dialect::{Additional, Condition, Schema, TypeName};
use crate::model::{Direction, Discriminator, Tested};

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
}

/// Analyses an object.
pub(super) fn analyse<'s>(
    object: &'s Schema,
    direction: Direction,
    ask: &Questions<'_>,
) -> Result<Analysis<'s>, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut rules = Vec::new();
    for condition in &object.conditions {
        flatten(condition, &[], &mut rules, &mut faults);
    }
    let mut base = Base::new(object, ask);
    let mut components = Vec::new();
    let mut keys = Vec::new();
    for nodes in components_of(&rules) {
        match Component::new(nodes, &rules, object, direction, &mut faults) {
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
    for component in &components {
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
    if let Some(choice) = alternatives(object, &mut faults) {
        owned.extend(choice.arms.iter().flat_map(|arm| &arm.slots).map(|slot| slot.wire));
        analysis.choices.push(choice);
    }
    for component in &components {
        base.adopt(component);
    }
    let common = base.fields.iter().filter(|(wire, _)| !owned.contains(*wire));
    analysis.common = common
        .map(|(&wire, &(schema, required))| Slot { wire, schema: Cow::Borrowed(schema), required })
        .collect();
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
            .filter(|(name, schema)| !schema.hidden && !(schema.is_stub() && typed_in_branch.contains(name.as_str())))
            .map(|(name, schema)| (name.as_str(), (schema, object.required.contains(name))))
            .collect();
        let declared = object.properties.iter().flatten();
        let only_in_branches = declared.filter(|(_, schema)| (ask.only_in_branches)(schema));
        let only_in_branches = only_in_branches.map(|(name, _)| name.as_str()).collect();
        Self { object, fields, only_in_branches }
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

/// A branch with the tests on the way to it and how each must end.
#[derive(Clone)]
struct Rule<'s> {
    guards: Vec<(Test<'s>, bool)>,
    clause: &'s Schema,
    condition: &'s str,
}

#[derive(Clone, PartialEq)]
enum Test<'s> {
    Values(Vec<(&'s str, &'s [Value])>),
    Presence(&'s str),
}

impl<'s> Test<'s> {
    fn nodes(&self) -> Vec<Node<'s>> {
        match self {
            Test::Values(fields) => fields.iter().map(|(name, _)| Node::Value(name)).collect(),
            Test::Presence(key) => vec![Node::Key(key)],
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Node<'s> {
    Value(&'s str),
    Key(&'s str),
}

fn flatten<'s>(
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
        let required = Schema {
            pointer: schema.pointer.clone(),
            required: schema.required.clone(),
            ..Schema::default()
        };
        *schema == required && !schema.required.is_empty()
    };
    if !clause.any_of.iter().all(only_required) {
        return Err("an `anyOf` in a branch may only hold sets of `required`".to_owned());
    }
    Ok(())
}

/// Nodes that are tested together, in the order of their first test.
fn components_of<'s>(rules: &[Rule<'s>]) -> Vec<Vec<Node<'s>>> {
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

/// Tests that depend on each other, with every branch behind them.
struct Component<'s> {
    discriminator: Discriminator,
    names: Vec<&'s str>,
    /// Every combination of values; `None` is a value outside the known set.
    assignments: Vec<Option<Vec<Value>>>,
    rules: Vec<Rule<'s>>,
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
    fn new(
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
            tested.push(Tested { wire: name.to_owned(), boolean });
            domains.push(domain);
            names.push(name);
        }
        let mut assignments: Vec<Option<Vec<Value>>> = product(&domains).into_iter().map(Some).collect();
        if tested.iter().any(|tested| !tested.boolean) {
            assignments.push(None);
        }
        let required = names.iter().all(|name| object.required.iter().any(|required| required == name));
        Some(Self { discriminator: Discriminator::Values(tested), names, assignments, rules, required, direction })
    }

    fn discriminators(&self) -> impl Iterator<Item = &'s str> {
        self.names.iter().copied()
    }

    /// True when presence is all that is tested and the key itself is all that depends on it.
    fn only_key(&self, base: &Base<'s>) -> bool {
        let Discriminator::Presence(key) = &self.discriminator else { return false };
        self.rules.iter().all(|rule| {
            let others = rule.clause.properties.iter().flatten().filter(|(name, _)| *name != key);
            !denies(rule.clause)
                && rule.clause.required.iter().all(|name| name == key || base.requires(name))
                && others.into_iter().all(|(_, schema)| schema.is_stub())
        })
    }

    fn holding(&self, assignment: Option<&[Value]>) -> impl Iterator<Item = &Rule<'s>> {
        self.rules.iter().filter(move |rule| rule.guards.iter().all(|(test, outcome)| self.holds(test, assignment) == *outcome))
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
        let named = |rule: &Rule<'s>| self.typed(rule, name).is_some() || required_names(rule.clause).any(|n| n == name);
        match self.direction {
            Direction::Sent => self.rules.iter().any(named),
            Direction::Received => base.only_in_branches.contains(name) && self.rules.iter().any(|rule| mentions(rule.clause, name)),
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
                        *outcome && fields.iter().any(|(n, wanted)| *n == self.names[0] && first.is_some_and(|v| wanted.contains(v)))
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
        let mut denied = false;
        for rule in self.holding(assignment) {
            let required = rule.clause.required.iter().any(|required| required == name);
            let listed = rule.clause.properties.iter().flatten().find(|(listed, _)| *listed == name);
            match listed {
                Some((_, listed)) if !listed.is_stub() => {
                    schema = Some(listed);
                    presence = presence.max(Presence::Optional);
                }
                Some(_) => {
                    schema = schema.or_else(|| self.typed_elsewhere(name, assignment));
                    if schema.is_some() {
                        presence = presence.max(Presence::Optional);
                    }
                }
                None => denied |= denies(rule.clause) && !required,
            }
            if required {
                presence = Presence::Required;
            }
        }
        if denied && !must { (Presence::Absent, schema) } else { (presence, schema) }
    }

    /// The fields that not every value treats alike. A key's own presence is no news.
    fn varied(
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
                let types: BTreeSet<String> = states
                    .iter()
                    .filter(|(presence, _)| *presence != Presence::Absent)
                    .filter_map(|(_, schema)| schema.map(fingerprint))
                    .collect();
                split.contains(name) || types.len() > 1 || states.iter().any(|(presence, _)| *presence != states[0].0)
            })
            .collect()
    }

    fn choice(&self, base: &Base<'s>, varied: &[&'s str]) -> RawChoice<'s> {
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
            let sets: Vec<&Schema> = self.holding(Some(values)).flat_map(|rule| &rule.clause.any_of).collect();
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

    fn conditions(&self) -> Vec<String> {
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
    fn max(self, other: Presence) -> Presence {
        if self == Presence::Absent { other } else { self }
    }
}

/// The names that a branch requires, by each of its sets if it has several.
fn required_names(clause: &Schema) -> impl Iterator<Item = &str> {
    clause.required.iter().chain(clause.any_of.iter().flat_map(|set| &set.required)).map(String::as_str)
}

fn mentions(clause: &Schema, name: &str) -> bool {
    clause.properties.as_ref().is_some_and(|properties| properties.contains_key(name))
        || required_names(clause).any(|required| required == name)
}

fn denies(clause: &Schema) -> bool {
    clause.additional == Additional::Denied
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
        let extended = rows.iter().flat_map(|row| {
            domain.iter().map(|value| row.iter().cloned().chain([value.clone()]).collect::<Vec<_>>())
        });
        extended.collect()
    })
}

/// An object's own `oneOf` of `required` sets: one arm each.
fn alternatives<'s>(object: &'s Schema, faults: &mut Vec<Fault>) -> Option<RawChoice<'s>> {
    if object.one_of.is_empty() || object.properties.is_none() {
        return None;
    }
    let property = |name: &str| object.properties.iter().flatten().find(|(known, _)| *known == name);
    let mut arms = Vec::new();
    for set in &object.one_of {
        let mut slots = Vec::new();
        let mut label = Vec::new();
        for name in &set.required {
            let Some((wire, schema)) = property(name) else {
                faults.push((set.pointer.clone(), Problem::RequiredUndefined(name.clone())));
                continue;
            };
            let inner = set.properties.iter().flatten().find(|(known, _)| *known == name).map(|(_, inner)| inner);
            label.push(wire.clone());
            label.extend(inner.iter().flat_map(|inner| inner.required.clone()));
            let schema = match inner {
                Some(inner) => Cow::Owned(narrowed(schema, inner, object, name)),
                None => Cow::Borrowed(schema),
            };
            slots.push(Slot { wire, schema, required: true });
        }
        if set.required.is_empty() {
            faults.push((set.pointer.clone(), Problem::UnsupportedUnion("an object's alternatives are told apart by `required`".to_owned())));
        }
        arms.push(Arm { values: Vec::new(), label: Some(label.join("_")), slots });
    }
    Some(RawChoice { discriminator: Discriminator::Alternatives, required: true, arms, conditions: Vec::new() })
}

/// The property as one alternative has it: what this one requires is required, what only others require is gone.
fn narrowed(schema: &Schema, inner: &Schema, object: &Schema, name: &str) -> Schema {
    let mut narrowed = schema.clone();
    let siblings = object.one_of.iter().filter_map(|set| set.properties.as_ref()?.get(name));
    let others: Vec<&String> =
        siblings.flat_map(|sibling| &sibling.required).filter(|name| !inner.required.contains(name)).collect();
    if let Some(properties) = &mut narrowed.properties {
        properties.retain(|name, _| !others.contains(&name));
    }
    narrowed.required.extend(inner.required.iter().cloned());
    narrowed
}
