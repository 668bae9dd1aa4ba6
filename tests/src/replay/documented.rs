//! What is documented: the project's schemas with their overlay, and Core Lightning's facts without it.

use std::collections::{BTreeMap, BTreeSet};

use cln_codegen::model::{Api, Command, Discriminator, Field, Hook, Notification, Object, Type};
use serde_json::Value;

use crate::schemas::{SchemaError, input, root};

/// The schemas of this checkout.
pub struct Documented {
    /// What the types were generated from.
    pub api: Api,
    /// The names of all fields and the values of all enums.
    pub(super) names: BTreeSet<String>,
    /// Schema files without the overlay's fixes, by path.
    files: BTreeMap<String, Value>,
}

impl Documented {
    /// Reads the schemas.
    ///
    /// # Errors
    ///
    /// When they cannot be read or lowered.
    pub fn read() -> Result<Self, SchemaError> {
        let input = input(&root().join("schemas"))?;
        let api = cln_codegen::lower(&input)?.api;
        // What is no JSON has failed to lower.
        let files =
            input.schemas.iter().filter_map(|(path, text)| Some((path.clone(), serde_json::from_str(text).ok()?)));
        let files = files.collect();
        let mut names = BTreeSet::new();
        api.commands.iter().for_each(|it| {
            add_names(&it.request.object, &mut names);
            add_names(&it.response, &mut names);
        });
        api.notifications.iter().for_each(|it| add_names(&it.payload, &mut names));
        api.hooks.iter().for_each(|it| add_names(&it.payload, &mut names));
        api.error_data.iter().for_each(|it| add_names(it, &mut names));
        names.extend(api.shared.iter().flat_map(|it| &it.values).map(|value| value.wire.clone()));
        Ok(Self { api, names, files })
    }

    /// A command by its name on the wire.
    pub fn command(&self, method: &str) -> Option<&Command> {
        self.api.commands.iter().find(|it| it.method == method)
    }

    /// A hook by its name on the wire.
    pub fn hook(&self, name: &str) -> Option<&Hook> {
        self.api.hooks.iter().find(|it| it.name == name)
    }

    /// A notification by its name on the wire.
    pub fn notification(&self, name: &str) -> Option<&Notification> {
        self.api.notifications.iter().find(|it| it.name == name)
    }

    /// The object that an error code of a command carries as `data`.
    pub fn error_data(&self, name: &str) -> Option<&Object> {
        self.api.error_data.iter().find(|it| it.name == name)
    }

    /// Core Lightning's own words at a place of a schema file; `None` as well when there is no such file.
    pub(super) fn original(&self, file: &str, pointer: &str) -> Option<&Value> {
        self.files.get(file)?.pointer(pointer)
    }

    /// True for a place that only the overlay has.
    pub(super) fn is_of_overlay(&self, file: &str, pointer: &str) -> bool {
        self.files.get(file).is_some_and(|schema| schema.pointer(pointer).is_none())
    }
}

/// All fields of an object, those of every variant included.
pub(super) fn all_fields(object: &Object) -> impl Iterator<Item = &Field> {
    let of_variants = object.choices.iter().flat_map(|choice| &choice.variants).flat_map(|variant| &variant.fields);
    object.fields.iter().chain(of_variants)
}

/// True for a name that an object has in any of its variants, be it only to tell them apart.
pub(super) fn has_field(object: &Object, name: &str) -> bool {
    let tests = |discriminator: &Discriminator| match discriminator {
        Discriminator::Values(tested) => tested.iter().any(|tested| tested.wire == name),
        Discriminator::Presence(_) | Discriminator::Alternatives => false,
    };
    all_fields(object).any(|field| field.wire == name) || object.choices.iter().any(|it| tests(&it.discriminator))
}

fn add_names(object: &Object, names: &mut BTreeSet<String>) {
    for choice in &object.choices {
        if let Discriminator::Values(tested) = &choice.discriminator {
            names.extend(tested.iter().map(|tested| tested.wire.clone()));
        }
        let values = choice.variants.iter().flat_map(|variant| &variant.values);
        names.extend(values.filter_map(Value::as_str).map(str::to_owned));
    }
    for field in all_fields(object) {
        names.insert(field.wire.clone());
        add_type_names(&field.ty, names);
    }
}

fn add_type_names(ty: &Type, names: &mut BTreeSet<String>) {
    match ty {
        Type::Array(inner) | Type::Map(inner) => add_type_names(inner, names),
        Type::Object(object) => add_names(object, names),
        Type::Enum(it) => names.extend(it.values.iter().map(|value| value.wire.clone())),
        Type::Union(it) => it.variants.iter().for_each(|(_, ty)| add_type_names(ty, names)),
        Type::Scalar(_) | Type::Shared(_) => {}
    }
}
