//! Objects compared: their shape, their choices, and what `new` takes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::types::{optional, renamed};
use super::{Found, Kind, Place, fields};
use crate::model::{Choice, Direction, Discriminator, Field, Object, Type, Variant};

/// Compares two objects of one place.
pub(super) fn compare(found: &mut Found<'_>, place: Place<'_>, before: &Object, after: &Object) {
    renamed(found, place, &before.name, &after.name);
    // The object of a field has the field's own text.
    let own_text = !place.wire.contains('.') || place.wire.ends_with("[]") || place.wire.ends_with(".*");
    found.texts += usize::from(own_text && before.about.text != after.about.text);
    let shape = |object: &Object| if object.is_choice() { "enum" } else { "struct" }.to_owned();
    if before.is_choice() != after.is_choice() {
        found.push(Kind::ShapeChanged, place, &after.name, Some(shape(before)), Some(shape(after)));
    }
    match (before.extra, after.extra) {
        (false, true) => found.push(Kind::ExtraAdded, place, &format!("{}.extra", after.name), None, None),
        (true, false) => found.push(Kind::ExtraRemoved, place, &format!("{}.extra", before.name), None, None),
        _ => {}
    }
    for choice in &after.choices {
        match find(before, choice) {
            Some(known) => compare_choices(found, place, (before, known), (after, choice)),
            None => only_in(found, place, (after, choice), before, true),
        }
    }
    for choice in before.choices.iter().filter(|choice| find(after, choice).is_none()) {
        only_in(found, place, (before, choice), after, false);
    }
    fields::compare(found, place, before, after);
    if place.direction == Direction::Sent {
        let (old, new) = ((before.fields.as_slice(), before.choices.as_slice()), (&*after.fields, &*after.choices));
        compare_arguments(found, place, &after.name, old, new);
    }
}

/// What a choice is known by in both releases.
pub(super) fn key(choice: &Choice) -> String {
    match &choice.discriminator {
        Discriminator::Values(tested) => tested.iter().map(|tested| tested.wire.as_str()).collect::<Vec<_>>().join("+"),
        Discriminator::Presence(key) => format!("?{key}"),
        Discriminator::Alternatives => String::new(),
    }
}

/// What an arm is known by: its values, its name where several have the same, else its place.
pub(super) fn arm_key(choice: &Choice, variant: &Variant) -> String {
    let twin = choice.variants.iter().filter(|other| other.values == variant.values).count() > 1;
    match &choice.discriminator {
        // The arm with the key stands first.
        Discriminator::Presence(_) => {
            let first = choice.variants.first().is_some_and(|first| first.name == variant.name);
            first.to_string()
        }
        Discriminator::Values(_) if !twin => shown(&variant.values),
        Discriminator::Values(_) | Discriminator::Alternatives => {
            format!("{} {}", shown(&variant.values), variant.name)
        }
    }
}

/// When an arm holds: the values of its discriminator, or whether its key is there.
fn shown_arm(choice: &Choice, variant: &Variant) -> String {
    match &choice.discriminator {
        Discriminator::Values(_) => shown(&variant.values),
        Discriminator::Presence(key) if variant.fields.iter().any(|field| field.wire == *key) => format!("with {key}"),
        Discriminator::Presence(key) => format!("without {key}"),
        Discriminator::Alternatives => {
            let keys = variant.fields.iter().filter(|field| field.required).map(|field| field.wire.as_str());
            keys.collect::<Vec<_>>().join(", ")
        }
    }
}

fn shown(values: &[Value]) -> String {
    let values = values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    values.collect::<Vec<_>>().join(", ")
}

/// The same choice of another release's object.
pub(super) fn find<'m>(object: &'m Object, choice: &Choice) -> Option<&'m Choice> {
    object.choices.iter().find(|other| key(other) == key(choice))
}

/// The wire name by which a choice is told: its first discriminator, or its key; alternatives have none.
fn tested(choice: &Choice) -> &str {
    match &choice.discriminator {
        Discriminator::Values(tested) => tested.first().map_or("", |tested| tested.wire.as_str()),
        Discriminator::Presence(key) => key,
        Discriminator::Alternatives => "",
    }
}

/// True when nothing of a choice is in the other release's object: it came or went as a whole.
pub(super) fn is_whole(choice: &Choice, other: &Object) -> bool {
    let tested = tested(choice);
    !tested.is_empty() && find(other, choice).is_none() && !fields::homes(other).contains_key(tested)
}

/// A choice of keys that only one side has. One of values is told with its discriminator, a field like others; of one
/// whose key both sides have, it is told where its fields went.
fn only_in(found: &mut Found<'_>, place: Place<'_>, side: (&Object, &Choice), other: &Object, added: bool) {
    let (object, choice) = side;
    let Discriminator::Presence(key) = &choice.discriminator else { return };
    if !is_whole(choice, other) {
        return;
    }
    let demanded = choice.variants.iter().flat_map(|variant| &variant.fields).any(|f| f.required && f.wire != *key);
    let required = demanded && !choice.is_group();
    let shown = Some(optional(choice.name.clone(), !choice.is_group()));
    let wire = format!("{}.{key}", place.wire);
    let path = format!("{}.{}", object.name, choice.field);
    let (kind, before, after) = match (added, required) {
        (true, true) => (Kind::RequiredFieldAdded, None, shown),
        (true, false) => (Kind::OptionalFieldAdded, None, shown),
        (false, true) => (Kind::RequiredFieldRemoved, shown, None),
        (false, false) => (Kind::OptionalFieldRemoved, shown, None),
    };
    found.push(kind, place.at(&wire), &path, before, after);
}

fn compare_choices(
    found: &mut Found<'_>,
    place: Place<'_>,
    (old, before): (&Object, &Choice),
    (new, after): (&Object, &Choice),
) {
    let wire = match tested(after) {
        "" => place.wire.to_owned(),
        tested => format!("{}.{tested}", place.wire),
    };
    let place = place.at(&wire);
    // An object that is the enum was compared as that.
    if !old.is_choice() && !new.is_choice() {
        renamed(found, place, &before.name, &after.name);
    }
    let by_key = matches!(after.discriminator, Discriminator::Presence(_));
    if by_key && before.field != after.field {
        let path = format!("{}.{}", new.name, after.field);
        found.push(Kind::FieldRenamed, place, &path, Some(before.field.clone()), Some(after.field.clone()));
    }
    if before.is_group() && after.is_group() {
        arguments_of_payload(found, place, &after.name, &before.variants[0], &after.variants[0]);
        return;
    }
    let reshaped = before.is_group() != after.is_group();
    if reshaped {
        let shape = |choice: &Choice| if choice.is_group() { "struct" } else { "enum" }.to_owned();
        found.push(Kind::ShapeChanged, place, &after.name, Some(shape(before)), Some(shape(after)));
    }
    for variant in &after.variants {
        let path = format!("{}::{}", after.name, variant.name);
        let Some(known) = before.variants.iter().find(|known| arm_key(before, known) == arm_key(after, variant)) else {
            found.push(Kind::ValueAdded, place, &path, None, Some(shown_arm(after, variant)));
            continue;
        };
        found.texts += usize::from(known.text != variant.text);
        if reshaped {
            continue;
        }
        if known.name != variant.name {
            found.push(Kind::ValueRenamed, place, &path, Some(known.name.clone()), Some(variant.name.clone()));
        }
        if known.payload != variant.payload {
            found.push(Kind::PayloadChanged, place, &path, known.payload.clone(), variant.payload.clone());
        } else if let Some(payload) = &variant.payload {
            arguments_of_payload(found, place, payload, known, variant);
        }
    }
    let kept = |variant: &&Variant| after.variants.iter().any(|v| arm_key(after, v) == arm_key(before, variant));
    for variant in before.variants.iter().filter(|variant| !kept(variant)) {
        let path = format!("{}::{}", before.name, variant.name);
        found.push(Kind::ValueRemoved, place, &path, Some(shown_arm(before, variant)), None);
    }
}

fn arguments_of_payload(found: &mut Found<'_>, place: Place<'_>, name: &str, before: &Variant, after: &Variant) {
    if place.direction == Direction::Sent {
        compare_arguments(found, place, name, (&before.fields, &[]), (&after.fields, &[]));
    }
}

type Parts<'m> = (&'m [Field], &'m [Choice]);

/// Of what both sides must have: whether `new` takes the same of it, in the same order.
fn compare_arguments(found: &mut Found<'_>, place: Place<'_>, name: &str, before: Parts<'_>, after: Parts<'_>) {
    let must = |parts: Parts<'_>| -> BTreeSet<String> {
        let fields = parts.0.iter().filter(|field| field.required).map(|field| field.wire.clone());
        fields.chain(must_choices(parts.1).map(|choice| choice.field.clone())).collect()
    };
    let both: BTreeSet<String> = must(before).intersection(&must(after)).cloned().collect();
    let arguments = |parts: Parts<'_>| -> Vec<String> {
        let fields = parts.0.iter().filter(|field| field.required && !is_constant(field));
        let fields = fields.map(|field| field.wire.clone());
        let all = fields.chain(must_choices(parts.1).map(|choice| choice.field.clone()));
        all.filter(|name| both.contains(name)).collect()
    };
    let (before, after) = (arguments(before), arguments(after));
    if before != after {
        let shown = |names: &[String]| Some(format!("new({})", names.join(", ")));
        found.push(Kind::ArgumentsChanged, place, &format!("{name}::new"), shown(&before), shown(&after));
    }
}

fn must_choices(choices: &[Choice]) -> impl Iterator<Item = &Choice> {
    choices.iter().filter(|choice| choice.required && !choice.is_group())
}

/// True for a text of which there is just one, which `new` sets by itself.
pub(super) fn is_constant(field: &Field) -> bool {
    field.required && matches!(&field.ty, Type::Enum(it) if it.values.len() == 1)
}
