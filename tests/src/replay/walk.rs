//! A walk through a message beside its schema: what it holds that nobody documents.

use std::collections::BTreeMap;

use cln_codegen::model::{Choice, Discriminator, Field, Object, Scalar, Tested, Type, Variant, WireEnum};
use cln_primitives::{Msat, MsatOrAll, MsatOrAny, OutputDesc, Sat, SatOrAll};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::documented::{Documented, all_fields, has_field};
use super::path::Path;

/// How far something is documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nowhere: the types drop such a field, and keep such a value as unknown.
    Undocumented,
    /// For another value of what tells the object's variants apart.
    OtherVariant,
    /// By the project's overlay alone, so that the types have it.
    OverlayOnly,
}

/// Something that Core Lightning's own schema does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where exactly, such as `invoices[2].status`.
    pub path: String,
    /// Where, for counting: `invoices[].status`.
    pub shape: String,
    /// The value, if it is a field's value and not the field itself that is not documented.
    pub value: Option<String>,
    /// How far it is documented.
    pub standing: Standing,
}

/// What a walk found.
#[derive(Debug, Default)]
pub struct Findings {
    /// What is not, or not by Core Lightning, documented.
    pub found: Vec<Finding>,
    /// The one form that amounts are written in, where the message had another, by path.
    pub amounts: BTreeMap<String, Value>,
}

impl Findings {
    /// The texts that the types must keep as unknown.
    pub fn unknown_values(&self) -> impl Iterator<Item = &str> {
        let unknown = self.found.iter().filter(|finding| finding.standing == Standing::Undocumented);
        unknown.filter_map(|finding| finding.value.as_deref())
    }

    /// How far the field at a path is documented; `None` if it is.
    pub fn standing(&self, path: &str) -> Option<Standing> {
        self.found.iter().find(|finding| finding.value.is_none() && finding.path == path).map(|it| it.standing)
    }
}

/// Walks through a message. `file` is the schema file that `object` is from.
pub fn walk(documented: &Documented, file: &str, object: &Object, message: &Value) -> Findings {
    let mut walk = Walk { documented, file, findings: Findings::default() };
    walk.object(object, message, &Path::default());
    walk.findings
}

struct Walk<'a> {
    documented: &'a Documented,
    file: &'a str,
    findings: Findings,
}

impl Walk<'_> {
    fn object(&mut self, object: &Object, value: &Value, path: &Path) {
        let Some(members) = value.as_object() else { return };
        let mut allowed: Vec<&Field> = object.fields.iter().collect();
        for choice in &object.choices {
            allowed.extend(self.chosen(object, choice, members, path));
        }
        // `null` says the same as nothing.
        for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
            let path = path.field(name);
            match allowed.iter().find(|field| field.wire == *name) {
                Some(field) => self.field(field, value, &path),
                None if object.extra || tests(object, name) => {}
                None if has_field(object, name) => self.report(&path, None, Standing::OtherVariant),
                None => self.report(&path, None, Standing::Undocumented),
            }
        }
    }

    fn field(&mut self, field: &Field, value: &Value, path: &Path) {
        if self.documented.is_of_overlay(self.file, &field.pointer) {
            self.report(path, None, Standing::OverlayOnly);
        }
        self.value(&field.ty, Some(&field.pointer), value, path);
    }

    /// The fields that a message's variant of a choice has.
    fn chosen<'m>(
        &mut self,
        object: &Object,
        choice: &'m Choice,
        members: &Map<String, Value>,
        path: &Path,
    ) -> Vec<&'m Field> {
        let present = |name: &str| members.get(name).is_some_and(|value| !value.is_null());
        let fields = |variant: &'m Variant| variant.fields.iter().collect();
        match &choice.discriminator {
            Discriminator::Values(tested) => {
                for (index, tested) in tested.iter().enumerate() {
                    self.discriminator(object, choice, index, tested, members, path);
                }
                let same = |variant: &&Variant| {
                    variant.values.iter().zip(tested).all(|(value, tested)| members.get(&tested.wire) == Some(value))
                };
                match choice.variants.iter().find(same) {
                    Some(variant) => fields(variant),
                    // An unknown variant keeps all that came with it.
                    None if self.is_unknown(choice, tested, members) => {
                        choice.variants.iter().flat_map(|variant| &variant.fields).collect()
                    }
                    None => Vec::new(),
                }
            }
            Discriminator::Presence(key) => {
                let names_key = |variant: &&Variant| variant.fields.iter().any(|field| field.wire == *key);
                let variant = choice.variants.iter().find(|variant| names_key(variant) == present(key));
                variant.map(fields).unwrap_or_default()
            }
            Discriminator::Alternatives => {
                let complete = |variant: &&Variant| {
                    variant.fields.iter().filter(|field| field.required).all(|field| present(&field.wire))
                };
                choice.variants.iter().filter(complete).flat_map(|variant| &variant.fields).collect()
            }
        }
    }

    fn is_unknown(&self, choice: &Choice, tested: &[Tested], members: &Map<String, Value>) -> bool {
        tested.iter().enumerate().any(|(index, tested)| {
            let value = members.get(&tested.wire);
            value.is_some_and(|value| value.is_string() && !known_at(choice, index).any(|known| known == value))
        })
    }

    fn discriminator(
        &mut self,
        object: &Object,
        choice: &Choice,
        index: usize,
        tested: &Tested,
        members: &Map<String, Value>,
        path: &Path,
    ) {
        let Some(value) = members.get(&tested.wire).filter(|value| !value.is_null()) else { return };
        let path = path.field(&tested.wire);
        if value.is_string() && !known_at(choice, index).any(|known| known == value) {
            return self.report(&path, Some(value), Standing::Undocumented);
        }
        let name = tested.wire.replace('~', "~0").replace('/', "~1");
        self.original_enum(&format!("{}/properties/{name}", object.pointer), value, &path);
    }

    fn value(&mut self, ty: &Type, pointer: Option<&str>, value: &Value, path: &Path) {
        match ty {
            Type::Scalar(scalar) => {
                if let Some(written) = amount(*scalar, value).filter(|written| written != value) {
                    self.findings.amounts.insert(path.exact.clone(), written);
                }
                pointer.into_iter().for_each(|pointer| self.original_enum(pointer, value, path));
            }
            Type::Array(inner) => {
                let pointer = pointer.map(|pointer| format!("{pointer}/items"));
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    self.value(inner, pointer.as_deref(), item, &path.item(index));
                }
            }
            Type::Map(inner) => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    self.value(inner, None, value, &path.entry(name));
                }
            }
            Type::Object(object) => self.object(object, value, path),
            Type::Enum(it) => self.listed(it, pointer, value, path),
            Type::Shared(name) => {
                if let Some(it) = self.documented.api.shared.iter().find(|it| it.name == *name) {
                    self.listed(it, pointer, value, path);
                }
            }
            Type::Union(union) => {
                // Which variant it is, the schema does not tell: the one that says most of it.
                let walks = union.variants.iter().filter(|(_, ty)| fits(ty, value)).map(|(_, ty)| {
                    let mut walk = Walk { findings: Findings::default(), ..*self };
                    walk.value(ty, None, value, path);
                    walk.findings
                });
                if let Some(best) = walks.min_by_key(|findings| findings.found.len()) {
                    self.findings.found.extend(best.found);
                    self.findings.amounts.extend(best.amounts);
                }
            }
        }
    }

    fn listed(&mut self, it: &WireEnum, pointer: Option<&str>, value: &Value, path: &Path) {
        let Some(text) = value.as_str() else { return };
        if it.values.iter().all(|known| known.wire != text) {
            return self.report(path, Some(value), Standing::Undocumented);
        }
        pointer.into_iter().for_each(|pointer| self.original_enum(pointer, value, path));
    }

    /// The types know the value; does Core Lightning's own schema?
    fn original_enum(&mut self, pointer: &str, value: &Value, path: &Path) {
        if value.is_object() || value.is_array() {
            return;
        }
        let listed = self.documented.original(self.file, &format!("{pointer}/enum")).and_then(Value::as_array);
        if listed.is_some_and(|listed| !listed.contains(value)) {
            self.report(path, Some(value), Standing::OverlayOnly);
        }
    }

    fn report(&mut self, path: &Path, value: Option<&Value>, standing: Standing) {
        let value = value.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        let (path, shape) = (path.exact.clone(), path.shape.clone());
        self.findings.found.push(Finding { path, shape, value, standing });
    }
}

fn tests(object: &Object, name: &str) -> bool {
    has_field(object, name) && all_fields(object).all(|field| field.wire != name)
}

/// The values that a choice knows of its discriminator at `index`.
fn known_at(choice: &Choice, index: usize) -> impl Iterator<Item = &Value> {
    choice.variants.iter().filter_map(move |variant| variant.values.get(index))
}

/// Whether a value has the JSON form of a type.
fn fits(ty: &Type, value: &Value) -> bool {
    match ty {
        Type::Array(_) => value.is_array(),
        Type::Map(_) | Type::Object(_) | Type::Scalar(Scalar::JsonObject | Scalar::OutputDesc) => value.is_object(),
        Type::Enum(_) | Type::Shared(_) => value.is_string(),
        Type::Scalar(Scalar::Bool) => value.is_boolean(),
        Type::Scalar(Scalar::Null) => value.is_null(),
        Type::Scalar(Scalar::U8 | Scalar::U16 | Scalar::U32 | Scalar::U64 | Scalar::I64 | Scalar::F64) => {
            value.is_number()
        }
        Type::Scalar(_) | Type::Union(_) => true,
    }
}

/// An amount in the form in which the types write it.
fn amount(scalar: Scalar, value: &Value) -> Option<Value> {
    match scalar {
        Scalar::Msat => again::<Msat>(value),
        Scalar::MsatOrAll => again::<MsatOrAll>(value),
        Scalar::MsatOrAny => again::<MsatOrAny>(value),
        Scalar::Sat => again::<Sat>(value),
        Scalar::SatOrAll => again::<SatOrAll>(value),
        Scalar::OutputDesc => again::<OutputDesc>(value),
        _ => None,
    }
}

fn again<T: DeserializeOwned + Serialize>(value: &Value) -> Option<Value> {
    serde_json::to_value(T::deserialize(value).ok()?).ok()
}
