//! Answers, events and requests made from the model: what must be read, and what must be refused with which words.
//!
//! They are the same in every run. An object's vectors stand in the smallest message that can hold them, so that an
//! error's path is tested as well.

mod build;
mod samples;

use serde_json::Value;

use crate::model::{Choice, Direction, Discriminator, Field, Object, Type, Union, Variant, WireEnum};
use build::{Builder, Extent, Pick};

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct Vector {
    /// What is special about it.
    pub what: String,
    /// The message.
    pub json: Value,
    /// What reading it gives.
    pub expected: Expected,
    /// Whether the schema, as a JSON Schema validator reads it, says the same: it knows no ranges inside of a text, and
    /// no value beyond an enum.
    pub schema_agrees: bool,
}

/// What reading a message gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Expected {
    /// It is read, and written again it is this.
    Read(Value),
    /// It is refused.
    Refused {
        /// JSON path of the error.
        path: String,
        /// A part of the reason: the field's name, or empty where only the place is known.
        reason: String,
    },
}

/// All messages for an object.
pub fn vectors(shared: &[WireEnum], root: &Object) -> Vec<Vector> {
    Maker { builder: Builder { shared } }.object(root)
}

/// A text that no schema has.
const UNHEARD_OF: &str = "unheard_of";

/// How serde tells a field that is not expected.
const UNKNOWN_FIELD: &str = "unknown field";

struct Maker<'a> {
    builder: Builder<'a>,
}

fn read(what: impl Into<String>, json: Value) -> Vector {
    Vector { what: what.into(), expected: Expected::Read(json.clone()), json, schema_agrees: true }
}

fn refused(what: impl Into<String>, json: Value, path: &str, reason: &str) -> Vector {
    let expected = Expected::Refused { path: path.to_owned(), reason: reason.to_owned() };
    Vector { what: what.into(), json, expected, schema_agrees: true }
}

impl Vector {
    fn beyond_the_schema(mut self) -> Self {
        self.schema_agrees = false;
        self
    }

    fn is_refused_for(&self, cause: &str) -> bool {
        matches!(&self.expected, Expected::Refused { reason, .. } if reason == cause)
    }

    fn forget_reason(&mut self) {
        if let Expected::Refused { reason, .. } = &mut self.expected {
            reason.clear();
        }
    }

    /// The same inside of something greater.
    fn inside(self, what: &str, path: &str, wrap: &dyn Fn(Value) -> Value) -> Self {
        let expected = match self.expected {
            Expected::Read(json) => Expected::Read(wrap(json)),
            Expected::Refused { path: inner, reason } => {
                let dot = if inner.is_empty() || inner.starts_with('[') { "" } else { "." };
                Expected::Refused { path: format!("{path}{dot}{inner}"), reason }
            }
        };
        Self { what: format!("{what}: {}", self.what), json: wrap(self.json), expected, ..self }
    }
}

impl Maker<'_> {
    fn object(&self, object: &Object) -> Vec<Vector> {
        let whole = |extent| self.builder.object(object, extent, &Pick::First);
        let mut vectors = vec![read("least", whole(Extent::Least)), read("all", whole(Extent::All))];
        vectors.push(self.unknown_field(object, whole(Extent::All)));
        self.fields(object, &object.fields, &Pick::First, "", &mut vectors);
        for (index, choice) in object.choices.iter().enumerate() {
            self.choice(object, index, choice, &mut vectors);
        }
        vectors
    }

    /// What is received may hold more than the schema says; what is sent may not.
    fn unknown_field(&self, object: &Object, whole: Value) -> Vector {
        let mut with = whole.clone();
        with[UNHEARD_OF] = Value::from(1);
        match object.direction {
            Direction::Sent => refused("an unknown field", with, UNHEARD_OF, UNKNOWN_FIELD),
            Direction::Received => {
                let kept = if object.extra { with.clone() } else { whole };
                Vector { expected: Expected::Read(kept), ..read("an unknown field", with) }
            }
        }
    }

    fn choice(&self, object: &Object, index: usize, choice: &Choice, vectors: &mut Vec<Vector>) {
        for (arm, variant) in choice.variants.iter().enumerate() {
            let pick = Pick::Arm { choice: index, arm };
            let what = format!("as {}", variant.name);
            for (extent, name) in [(Extent::Least, "least"), (Extent::All, "all")] {
                vectors.push(read(format!("{what}, {name}"), self.builder.object(object, extent, &pick)));
            }
            let mut of_arm = Vec::new();
            self.fields(object, &variant.fields, &pick, &what, &mut of_arm);
            if let Discriminator::Alternatives = choice.discriminator {
                // What is missing or too much depends on the form that was meant.
                of_arm.retain(|vector| !vector.is_refused_for(UNKNOWN_FIELD));
                of_arm.iter_mut().for_each(Vector::forget_reason);
            }
            vectors.append(&mut of_arm);
        }
        if let Discriminator::Values(tested) = &choice.discriminator {
            for tested in tested {
                let whole = self.builder.object(object, Extent::All, &Pick::First);
                let label = format!("`{}`", tested.wire);
                let mut mistyped = whole.clone();
                mistyped[&tested.wire] = if tested.boolean { "true".into() } else { 5.into() };
                vectors.push(refused(format!("{label} of another type"), mistyped, &tested.wire, ""));
                if choice.required {
                    let mut without = whole;
                    without.as_object_mut().map(|fields| fields.shift_remove(&tested.wire));
                    vectors.push(refused(format!("{label} missing"), without, "", &label));
                }
            }
        }
        if let Discriminator::Presence(_) = choice.discriminator {
            let neither = self.builder.object(object, Extent::All, &Pick::None { choice: index });
            if choice.is_group() {
                vectors.push(read("without the group", neither));
            }
        }
        if object.direction == Direction::Received && choice.has_unknown() {
            let json = self.builder.object(object, Extent::All, &Pick::Unknown { choice: index });
            vectors.push(read("an unknown value", json).beyond_the_schema());
        }
    }

    /// Everything about some fields of an object, in the message that `pick` gives.
    fn fields(&self, object: &Object, fields: &[Field], pick: &Pick, what: &str, vectors: &mut Vec<Vector>) {
        let comma = if what.is_empty() { "" } else { ", " };
        for field in fields {
            let label = format!("{what}{comma}`{}`", field.wire);
            if field.required && !self.is_told_otherwise(object, pick, field) {
                let mut without = self.builder.object(object, Extent::All, pick);
                if let Some(fields) = without.as_object_mut() {
                    fields.shift_remove(&field.wire);
                }
                vectors.push(refused(format!("{label} missing"), without, "", &format!("`{}`", field.wire)));
            }
            let least = self.builder.object(object, Extent::Least, pick);
            let set = |value: Value| {
                let mut with = least.clone();
                with[&field.wire] = value;
                with
            };
            let inner = self.ty(&field.ty, object.direction);
            vectors.extend(inner.into_iter().map(|vector| vector.inside(&label, &field.wire, &set)));
        }
    }

    /// A key whose presence tells the arms apart is not missed but makes another arm.
    fn is_told_otherwise(&self, object: &Object, pick: &Pick, field: &Field) -> bool {
        let Pick::Arm { choice, .. } = pick else { return false };
        match &object.choices[*choice].discriminator {
            Discriminator::Presence(key) => *key == field.wire,
            // Without it, the message may be one of the other arms.
            Discriminator::Alternatives => true,
            Discriminator::Values(_) => {
                let arms = &object.choices[*choice].variants;
                let own = |arm: &Variant| arm.fields.iter().any(|other| other.wire == field.wire && other.required);
                let values = pick.variant(object).map(|variant| &variant.values);
                arms.iter().any(|arm| Some(&arm.values) == values && !own(arm))
            }
        }
    }

    fn ty(&self, ty: &Type, direction: Direction) -> Vec<Vector> {
        match ty {
            Type::Scalar(scalar) => samples::vectors(*scalar),
            Type::Array(inner) => {
                let mut vectors = vec![read("no entries", Value::Array(Vec::new()))];
                vectors.push(refused("an object for a list", serde_json::json!({ "a": 1 }), "", ""));
                let items = self.ty(inner, direction).into_iter();
                vectors.extend(items.map(|item| item.inside("an entry", "[0]", &|item| Value::Array(vec![item]))));
                vectors
            }
            Type::Map(inner) => {
                let mut vectors = vec![read("no entries", serde_json::json!({}))];
                let items = self.ty(inner, direction).into_iter();
                vectors.extend(
                    items.map(|item| item.inside("an entry", "key", &|item| serde_json::json!({ "key": item }))),
                );
                vectors
            }
            Type::Object(object) => {
                let mut vectors = self.object(object);
                vectors.push(refused("a number for an object", 5.into(), "", ""));
                vectors.push(refused("a list for an object", serde_json::json!([]), "", ""));
                vectors
            }
            Type::Enum(it) => enum_vectors(it),
            Type::Shared(name) => self.builder.shared(name).map(enum_vectors).unwrap_or_default(),
            Type::Union(it) => self.union(it, direction),
        }
    }

    /// Which of the forms a refused one was meant to be, nobody knows: of these only what is read is tested.
    fn union(&self, it: &Union, direction: Direction) -> Vec<Vector> {
        let forms = it.variants.iter().flat_map(|(name, ty)| {
            let vectors = self.ty(ty, direction).into_iter();
            let good = vectors.filter(|vector| vector.schema_agrees && matches!(vector.expected, Expected::Read(_)));
            good.map(move |vector| Vector { what: format!("as {name}: {}", vector.what), ..vector })
        });
        forms.collect()
    }
}

fn enum_vectors(it: &WireEnum) -> Vec<Vector> {
    let mut vectors: Vec<Vector> =
        it.values.iter().map(|value| read(format!("`{}`", value.wire), value.wire.clone().into())).collect();
    vectors.push(read("an unknown value", UNHEARD_OF.into()).beyond_the_schema());
    vectors.push(refused("a number for a text", 5.into(), "", ""));
    vectors
}
