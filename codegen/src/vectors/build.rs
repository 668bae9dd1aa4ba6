//! Whole messages: with what must be there, or with all that may be.

use serde_json::{Map, Value, json};

use super::{UNHEARD_OF, samples};
use crate::model::{Choice, Discriminator, Field, Object, Type, Variant, WireEnum};

/// How much is in a message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// Only what must be.
    Least,
    /// All that may be.
    All,
}

/// What the outermost object's choices are; those inside are the first.
pub(super) enum Pick {
    /// The first arm of each.
    First,
    /// One arm of one choice.
    Arm { choice: usize, arm: usize },
    /// None of one choice's arms.
    None { choice: usize },
    /// A value of one choice that no schema has.
    Unknown { choice: usize },
}

impl Pick {
    /// The arm that is picked.
    pub(super) fn variant<'o>(&self, object: &'o Object) -> Option<&'o Variant> {
        match self {
            Pick::Arm { choice, arm } => object.choices.get(*choice)?.variants.get(*arm),
            Pick::First | Pick::None { .. } | Pick::Unknown { .. } => None,
        }
    }
}

pub(super) struct Builder<'a> {
    pub(super) shared: &'a [WireEnum],
}

impl Builder<'_> {
    pub(super) fn object(&self, object: &Object, extent: Extent, pick: &Pick) -> Value {
        let mut built = Map::new();
        self.add(&mut built, &object.fields, extent);
        for (index, choice) in object.choices.iter().enumerate() {
            let arm = match pick {
                Pick::Arm { choice, arm } if *choice == index => Some(*arm),
                Pick::None { choice } if *choice == index => None,
                Pick::Unknown { choice: unknown } if *unknown == index => {
                    add_unknown(&mut built, choice);
                    None
                }
                _ if extent == Extent::Least && !choice.required => None,
                _ if extent == Extent::Least => least_arm(choice),
                _ => Some(0),
            };
            if let Some(variant) = arm.and_then(|arm| choice.variants.get(arm)) {
                if let Discriminator::Values(tested) = &choice.discriminator {
                    let values = tested.iter().zip(&variant.values);
                    built.extend(values.map(|(tested, value)| (tested.wire.clone(), value.clone())));
                }
                self.add(&mut built, &variant.fields, extent);
            }
        }
        Value::Object(built)
    }

    fn add(&self, built: &mut Map<String, Value>, fields: &[Field], extent: Extent) {
        let fields = fields.iter().filter(|field| field.required || extent == Extent::All);
        built.extend(fields.map(|field| (field.wire.clone(), self.ty(&field.ty, extent))));
    }

    fn ty(&self, ty: &Type, extent: Extent) -> Value {
        match ty {
            Type::Scalar(scalar) => samples::good(*scalar),
            Type::Array(_) if extent == Extent::Least => json!([]),
            Type::Array(inner) => json!([self.ty(inner, extent)]),
            Type::Map(_) if extent == Extent::Least => json!({}),
            Type::Map(inner) => json!({ "key": self.ty(inner, extent) }),
            Type::Object(object) => self.object(object, extent, &Pick::First),
            Type::Enum(it) => first_value(it),
            Type::Shared(name) => self.shared(name).map(first_value).unwrap_or_default(),
            Type::Union(it) => it.variants.first().map(|(_, ty)| self.ty(ty, extent)).unwrap_or_default(),
        }
    }

    pub(super) fn shared(&self, name: &str) -> Option<&WireEnum> {
        self.shared.iter().find(|it| it.name == name)
    }
}

fn first_value(it: &WireEnum) -> Value {
    it.values.first().map(|value| value.wire.clone().into()).unwrap_or_default()
}

/// The arm without the key is the lesser one.
fn least_arm(choice: &Choice) -> Option<usize> {
    match choice.discriminator {
        Discriminator::Presence(_) if choice.is_group() => None,
        Discriminator::Presence(_) => Some(choice.variants.len() - 1),
        _ => Some(0),
    }
}

fn add_unknown(built: &mut Map<String, Value>, choice: &Choice) {
    let Discriminator::Values(tested) = &choice.discriminator else { return };
    let Some(first) = choice.variants.first() else { return };
    let mut unknown = false;
    for (tested, value) in tested.iter().zip(&first.values) {
        let value = if tested.boolean || unknown { value.clone() } else { UNHEARD_OF.into() };
        unknown |= !tested.boolean;
        built.insert(tested.wire.clone(), value);
    }
}
