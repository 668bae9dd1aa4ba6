//! One schema object with properties to one object of the model.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::conditions::{self, Arm, Questions, RawChoice, Slot};
use super::names::{pascal, shape_of, snake};
use super::{Context, types};
use crate::diagnostic::Problem;
use crate::dialect::{Additional, Schema, TypeName};
use crate::model::{About, Choice, Direction, Discriminator, Field, Object, Type, Variant};

/// Lowers an object. Faults are reported, and the rest of the object goes on.
pub(super) fn lower(cx: &Context<'_>, schema: &Schema, name: String, direction: Direction) -> Object {
    check_required(cx, schema);
    let is_object = matches!(schema.ty, None | Some(TypeName::Object)) && schema.values.is_none();
    if !is_object || (schema.properties.is_none() && !schema.one_of.is_empty()) {
        let found = "another type, or a `oneOf` without properties".to_owned();
        cx.problem(&schema.pointer, Problem::Shape { expected: "an object with properties", found });
    }
    let fingerprint = |schema: &Schema| {
        let quiet = cx.quiet();
        shape_of(&types::lower(&quiet, schema, "it", direction))
    };
    let mut object = Object {
        name,
        pointer: schema.pointer.clone(),
        direction,
        about: cx.about(schema),
        fields: Vec::new(),
        choices: Vec::new(),
        extra: cx.overlay.keeps_extra(&cx.at(&schema.pointer)) || matches!(schema.additional, Additional::Of(_)),
    };
    let only_in_branches = |field: &Schema| cx.overlay.only_in_branches(&cx.at(&field.pointer));
    let spend = |steps: usize| cx.spend(steps);
    let ask = Questions { fingerprint: &fingerprint, only_in_branches: &only_in_branches, spend: &spend };
    let analysis = match conditions::analyse(schema, direction, &ask) {
        Ok(analysis) => analysis,
        Err(faults) => {
            faults.into_iter().for_each(|(pointer, problem)| cx.problem(&pointer, problem));
            return object;
        }
    };
    cx.lowered(&analysis.keys, "key");
    for plain in &analysis.plain {
        cx.lowered(&plain.conditions, "plain");
    }
    object.fields = analysis.common.iter().map(|slot| field(cx, schema, slot, direction, &analysis.plain)).collect();
    object.choices = analysis.choices.iter().map(|raw| choice(cx, schema, raw, direction)).collect();
    let alternatives = |choice: &Choice| matches!(choice.discriminator, Discriminator::Alternatives);
    if object.choices.iter().any(alternatives) && !object.is_choice() {
        let why = "an object's alternatives can have nothing beside them".to_owned();
        cx.problem(&schema.pointer, Problem::UnsupportedUnion(why));
    }
    report_clashes(cx, &object);
    report_lost(cx, schema, &object);
    object
}

/// Everything that the schema names is in the object: whatever a rule overlooks is told, never dropped.
fn report_lost(cx: &Context<'_>, schema: &Schema, object: &Object) {
    if let Some(any_of) = schema.any_of.first() {
        let why = "`anyOf` is read in branches of conditions only".to_owned();
        cx.problem(&any_of.pointer, Problem::UnsupportedUnion(why));
    }
    let arms = object.choices.iter().flat_map(|choice| &choice.variants).flat_map(|variant| &variant.fields);
    let mut kept: BTreeSet<&str> = object.fields.iter().chain(arms).map(|field| field.wire.as_str()).collect();
    for choice in &object.choices {
        match &choice.discriminator {
            Discriminator::Values(tested) => kept.extend(tested.iter().map(|tested| tested.wire.as_str())),
            Discriminator::Presence(key) => kept.extend([key.as_str()]),
            Discriminator::Alternatives => {}
        }
    }
    let mut named = BTreeSet::new();
    collect_typed(schema, &mut named);
    for (name, pointer) in named.into_iter().filter(|(name, _)| !kept.contains(name)) {
        cx.problem(pointer, Problem::Lost(name.to_owned()));
    }
}

fn collect_typed<'s>(schema: &'s Schema, named: &mut BTreeSet<(&'s str, &'s str)>) {
    let typed = schema.properties.iter().flatten().filter(|(_, schema)| !schema.hidden && !schema.is_stub());
    named.extend(typed.map(|(name, schema)| (name.as_str(), schema.pointer.as_str())));
    for condition in &schema.conditions {
        collect_typed(&condition.then, named);
        condition.otherwise.iter().for_each(|schema| collect_typed(schema, named));
    }
}

/// The field that `slot` is of `object`.
fn field(cx: &Context<'_>, object: &Schema, slot: &Slot<'_>, direction: Direction, plain: &[RawChoice<'_>]) -> Field {
    let schema = &*slot.schema;
    let at = cx.at(&schema.pointer);
    // What came with its parent is there whenever the parent is.
    let mut ty = types::lower(&cx.since(schema.added), schema, slot.wire, direction);
    if let Some(tested) = plain.iter().find(|raw| tests(raw, slot.wire)) {
        ty = widened(cx, schema, tested, slot.wire, ty);
    }
    Field {
        wire: slot.wire.to_owned(),
        rust: cx.overlay.field(&at).cloned().unwrap_or_else(|| snake(slot.wire)),
        pointer: schema.pointer.clone(),
        about: with_text_of(cx.about(schema), object, slot.wire),
        ty,
        nullable: schema.nullable,
        required: slot.required && !schema.nullable && !(direction == Direction::Received && cx.is_newer(schema.added)),
    }
}

/// A field that is named in several branches needs its text in one of them only.
fn with_text_of(mut about: About, object: &Schema, name: &str) -> About {
    about.text = about.text.or_else(|| text_of(object, name));
    about
}

fn text_of(schema: &Schema, name: &str) -> Option<String> {
    let own = schema.properties.as_ref().and_then(|properties| properties.get(name)?.description.clone());
    let branches = schema.conditions.iter().flat_map(|it| [Some(&it.then), it.otherwise.as_ref()]).flatten();
    own.or_else(|| branches.into_iter().find_map(|branch| text_of(branch, name)))
}

fn tests(raw: &RawChoice<'_>, wire: &str) -> bool {
    matches!(&raw.discriminator, Discriminator::Values(tested) if tested.iter().any(|tested| tested.wire == wire))
}

/// A discriminator on which no field depends is an enum of all values that are declared or tested.
fn widened(cx: &Context<'_>, schema: &Schema, raw: &RawChoice<'_>, wire: &str, ty: Type) -> Type {
    match (&raw.discriminator, ty) {
        (Discriminator::Values(tested), Type::Enum(it)) if tested.len() == 1 => {
            let texts = raw.arms.iter().filter_map(|arm| arm.values.first()?.as_str());
            Type::Enum(Box::new(types::enum_of(cx, &schema.pointer, texts, it.name, it.about)))
        }
        (Discriminator::Values(tested), Type::Scalar(_)) if tested.len() == 1 && !tested[0].boolean => {
            let texts = raw.arms.iter().filter_map(|arm| arm.values.first()?.as_str());
            Type::Enum(Box::new(types::enum_of(cx, &schema.pointer, texts, pascal(wire), cx.about(schema))))
        }
        (_, ty) => ty,
    }
}

fn choice(cx: &Context<'_>, schema: &Schema, raw: &RawChoice<'_>, direction: Direction) -> Choice {
    let key = match &raw.discriminator {
        Discriminator::Values(tested) => tested.iter().map(|tested| tested.wire.as_str()).collect::<Vec<_>>().join("+"),
        Discriminator::Presence(key) => key.clone(),
        Discriminator::Alternatives => "oneOf".to_owned(),
    };
    // `file#pointer?key` is how the overlay calls what depends on a key.
    let place = format!("{}?{key}", schema.pointer);
    let given = cx.overlay.name(&cx.at(&place));
    let first = key.split('+').next().unwrap_or(&key);
    let name = given.cloned().unwrap_or_else(|| pascal(first));
    let field_name = match (&raw.discriminator, given) {
        (Discriminator::Values(_), _) | (_, None) => snake(first),
        (_, Some(given)) => snake(given),
    };
    let declared = |name: &str| schema.properties.as_ref().and_then(|properties| properties.get(name));
    let mut discriminator = raw.discriminator.clone();
    if let Discriminator::Values(tested) = &mut discriminator {
        for tested in tested {
            let about = declared(&tested.wire).map(|schema| cx.about(schema)).unwrap_or_default();
            tested.about = with_text_of(about, schema, &tested.wire);
        }
    }
    let mut choice = Choice {
        field: field_name,
        name,
        discriminator,
        required: raw.required && !key.split('+').filter_map(declared).any(|schema| cx.is_newer(schema.added)),
        variants: Vec::new(),
        conditions: raw.conditions.clone(),
    };
    for (index, arm) in raw.arms.iter().enumerate() {
        let name = arm_name(cx, &place, &choice, arm, index);
        let fields: Vec<Field> = arm.slots.iter().map(|slot| field(cx, schema, slot, direction, &[])).collect();
        let payload = cx.overlay.payload(&cx.at(&place), &name).unwrap_or(&name).to_owned();
        let payload = (!fields.is_empty()).then_some(payload);
        choice.variants.push(Variant { name, payload, text: None, values: arm.values.clone(), fields });
    }
    if matches!(choice.discriminator, Discriminator::Presence(_)) {
        choice.variants.iter_mut().for_each(|variant| variant.values.clear());
    }
    let kind = match &choice.discriminator {
        _ if choice.is_group() => "group",
        Discriminator::Presence(_) => "presence",
        Discriminator::Values(tested) if tested.len() > 1 => "choice of two",
        _ => "choice",
    };
    cx.lowered(&choice.conditions, kind);
    report_variant_clashes(cx, &place, &choice);
    choice
}

fn arm_name(cx: &Context<'_>, place: &str, choice: &Choice, arm: &Arm<'_>, index: usize) -> String {
    let at = cx.at(place);
    let given = |wire: &str| cx.overlay.variant(&at, wire).cloned();
    let joined = match &choice.discriminator {
        Discriminator::Values(tested) => {
            let names = tested.iter().zip(&arm.values).map(|(tested, value)| match value {
                Value::Bool(value) => given(&format!("{}={value}", tested.wire)).unwrap_or_else(|| {
                    let prefix = if *value { "" } else { "Not" };
                    format!("{prefix}{}", pascal(&tested.wire))
                }),
                value => types::variant_name(cx, place, value.as_str().unwrap_or_default(), &choice.name),
            });
            // `Invalid` of `valid` reads better in front of what is invalid.
            names.collect::<Vec<_>>().into_iter().rev().collect::<String>()
        }
        Discriminator::Presence(key) => {
            let (wire, prefix) = if index == 0 { ("present", "With") } else { ("absent", "Without") };
            given(wire).unwrap_or_else(|| format!("{prefix}{}", pascal(key)))
        }
        Discriminator::Alternatives => String::new(),
    };
    match &arm.label {
        Some(label) => given(label).unwrap_or_else(|| format!("{joined}{}", pascal(label))),
        None => joined,
    }
}

/// Every name that `required` lists is a property, here or in a branch.
fn check_required(cx: &Context<'_>, schema: &Schema) {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    collect_properties(schema, &mut known);
    let mut lists = vec![schema];
    while let Some(schema) = lists.pop() {
        for name in schema.required.iter().filter(|name| !known.contains(name.as_str())) {
            let at = format!("{}/required", schema.pointer);
            cx.problem(&at, Problem::RequiredUndefined(name.clone()));
        }
        lists.extend(&schema.any_of);
        for condition in &schema.conditions {
            lists.extend([&condition.test, &condition.then]);
            lists.extend(&condition.otherwise);
        }
    }
}

fn collect_properties<'s>(schema: &'s Schema, known: &mut BTreeSet<&'s str>) {
    known.extend(schema.properties.iter().flatten().map(|(name, _)| name.as_str()));
    for condition in &schema.conditions {
        collect_properties(&condition.then, known);
        condition.otherwise.iter().for_each(|schema| collect_properties(schema, known));
    }
}

fn report_clashes(cx: &Context<'_>, object: &Object) {
    let arms = object.choices.iter().flat_map(|choice| &choice.variants).flat_map(|variant| &variant.fields);
    let fields = object.fields.iter().chain(arms).map(|field| (field.rust.clone(), field.wire.clone()));
    let mut names: BTreeSet<(String, String)> = fields.collect();
    if object.extra {
        names.insert(("extra".to_owned(), "what the schema does not name".to_owned()));
    }
    for choice in &object.choices {
        match &choice.discriminator {
            Discriminator::Values(tested) => {
                names.extend(tested.iter().map(|tested| (snake(&tested.wire), tested.wire.clone())));
            }
            // A key is a field of its arm; beside the common fields stands the choice.
            Discriminator::Presence(key) => {
                let common = object.fields.iter().find(|field| field.rust == choice.field);
                names.extend(common.map(|_| (choice.field.clone(), format!("{key} and what depends on it"))));
            }
            Discriminator::Alternatives => {}
        }
    }
    report_twice(cx, &object.pointer, "fields", names.iter().map(|(rust, wire)| (rust.as_str(), wire.as_str())));
}

fn report_variant_clashes(cx: &Context<'_>, place: &str, choice: &Choice) {
    let shown = |variant: &Variant| variant.values.iter().map(Value::to_string).collect::<Vec<_>>().join(", ");
    let names: Vec<(&str, String)> = choice.variants.iter().map(|v| (v.name.as_str(), shown(v))).collect();
    report_twice(cx, place, "variants", names.iter().map(|(rust, wire)| (*rust, wire.as_str())));
}

fn report_twice<'n>(
    cx: &Context<'_>,
    pointer: &str,
    table: &'static str,
    names: impl Iterator<Item = (&'n str, &'n str)>,
) {
    let mut seen: HashMap<&str, &str> = HashMap::new();
    for (rust, wire) in names {
        match seen.get(rust) {
            Some(first) => {
                let problem = Problem::NameClash {
                    first: (*first).to_owned(),
                    second: wire.to_owned(),
                    rust: rust.to_owned(),
                    table,
                };
                cx.problem(pointer, problem);
            }
            None => drop(seen.insert(rust, wire)),
        }
    }
}
