//! An object that is one of several sets of keys.

use std::borrow::Cow;

use super::{Arm, Fault, RawChoice, Slot};
use crate::diagnostic::Problem;
use crate::dialect::Schema;
use crate::model::Discriminator;

/// An object's own `oneOf` of `required` sets: one arm each.
pub(super) fn alternatives<'s>(object: &'s Schema, faults: &mut Vec<Fault>) -> Option<RawChoice<'s>> {
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
            faults.push((
                set.pointer.clone(),
                Problem::UnsupportedUnion("an object's alternatives are told apart by `required`".to_owned()),
            ));
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
