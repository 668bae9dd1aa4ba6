//! Types compared: what a field's own type is, and what is in it.

use super::fits::{fits, is_text};
use super::rules::Fit;
use super::{Found, Kind, Place, objects};
use crate::lower::names::pascal;
use crate::model::{Choice, Direction, Discriminator, EnumValue, Scalar, Type, Union, WireEnum};

/// A field whose type is compared: where it is in Rust, and how its whole type reads before and after.
pub(super) struct Whole<'a> {
    pub(super) path: &'a str,
    pub(super) before: String,
    pub(super) after: String,
}

/// Compares two types of one place.
pub(super) fn compare(found: &mut Found<'_>, place: Place<'_>, whole: &Whole<'_>, before: &Type, after: &Type) {
    match (before, after) {
        (Type::Array(before), Type::Array(after)) => {
            compare(found, place.at(&format!("{}[]", place.wire)), whole, before, after);
        }
        (Type::Map(before), Type::Map(after)) => {
            compare(found, place.at(&format!("{}.*", place.wire)), whole, before, after);
        }
        (Type::Object(before), Type::Object(after)) => objects::compare(found, place, before, after),
        (Type::Enum(before), Type::Enum(after)) => {
            renamed(found, place, &before.name, &after.name);
            values(found, place, before, after);
        }
        (Type::Union(before), Type::Union(after)) => union(found, place, before, after),
        (Type::Scalar(before), Type::Scalar(after)) if before == after => {}
        (Type::Shared(before), Type::Shared(after)) if before == after => {}
        // That a text is secret is said by the overlay, of a place that another release may have elsewhere.
        (Type::Scalar(Scalar::SecretString), Type::Scalar(text))
        | (Type::Scalar(text), Type::Scalar(Scalar::SecretString))
            if is_text(*text) => {}
        _ => {
            let fit = fit(found, place.direction, before, after);
            let (before, after) = (whole.before.clone(), whole.after.clone());
            found.push_fit(Kind::FieldType, fit, place, whole.path, Some(before), Some(after));
        }
    }
}

/// Whether the releases read each other's values.
pub(super) fn fit(found: &Found<'_>, direction: Direction, before: &Type, after: &Type) -> Fit {
    let open = direction == Direction::Received;
    let (before, after) = ((before, found.old), (after, found.new));
    Fit { old_to_new: fits(before, after, open), new_to_old: fits(after, before, open) }
}

/// One place, two names of its type.
pub(super) fn renamed(found: &mut Found<'_>, place: Place<'_>, before: &str, after: &str) {
    if before != after {
        found.push(Kind::TypeRenamed, place, after, Some(before.to_owned()), Some(after.to_owned()));
    }
}

/// Compares the values of two enums.
pub(super) fn values(found: &mut Found<'_>, place: Place<'_>, before: &WireEnum, after: &WireEnum) {
    let same = |value: &EnumValue, others: &WireEnum| others.values.iter().find(|o| o.wire == value.wire).cloned();
    let wire = |value: &EnumValue| Some(value.wire.clone());
    for value in &after.values {
        let path = format!("{}::{}", after.name, value.rust);
        match same(value, before) {
            None => found.push(Kind::ValueAdded, place, &path, None, wire(value)),
            Some(known) => {
                found.texts += usize::from(known.text != value.text);
                if known.rust != value.rust {
                    found.push(Kind::ValueRenamed, place, &path, Some(known.rust), Some(value.rust.clone()));
                }
            }
        }
    }
    for value in before.values.iter().filter(|value| same(value, after).is_none()) {
        found.push(Kind::ValueRemoved, place, &format!("{}::{}", before.name, value.rust), wire(value), None);
    }
}

fn union(found: &mut Found<'_>, place: Place<'_>, before: &Union, after: &Union) {
    renamed(found, place, &before.name, &after.name);
    let form =
        |name: &String, it: &Union| it.variants.iter().find(|(known, _)| known == name).map(|(_, ty)| ty.clone());
    for (name, ty) in &after.variants {
        let path = format!("{}::{name}", after.name);
        match form(name, before) {
            None => found.push(Kind::FormAdded, place, &path, None, Some(shown(ty))),
            Some(known) => {
                let whole = Whole { path: &path, before: shown(&known), after: shown(ty) };
                compare(found, place, &whole, &known, ty);
            }
        }
    }
    for (name, ty) in before.variants.iter().filter(|(name, _)| form(name, after).is_none()) {
        found.push(Kind::FormRemoved, place, &format!("{}::{name}", before.name), Some(shown(ty)), None);
    }
}

/// What a discriminator at a path on the wire is there: a boolean or a text of a known set.
pub(super) fn discriminator(choice: &Choice, path: &str) -> Type {
    let Discriminator::Values(tested) = &choice.discriminator else { return Type::Scalar(Scalar::Json) };
    let is_it = |wire: &str| path.strip_suffix(wire).is_some_and(|parent| parent.ends_with('.'));
    let index = tested.iter().position(|tested| is_it(&tested.wire)).unwrap_or_default();
    let Some(it) = tested.get(index).filter(|tested| !tested.boolean) else { return Type::Scalar(Scalar::Bool) };
    let mut values: Vec<EnumValue> = Vec::new();
    for variant in &choice.variants {
        let Some(text) = variant.values.get(index).and_then(|value| value.as_str()) else { continue };
        if values.iter().all(|value| value.wire != text) {
            let rust = if tested.len() == 1 { variant.name.clone() } else { pascal(text) };
            values.push(EnumValue { wire: text.to_owned(), rust, text: variant.text.clone() });
        }
    }
    Type::Enum(Box::new(WireEnum { name: choice.name.clone(), about: it.about.clone(), values }))
}

/// A type as a reader of Rust knows it, without the paths of its modules.
pub(super) fn shown(ty: &Type) -> String {
    match ty {
        Type::Scalar(scalar) => scalar_name(*scalar).to_owned(),
        Type::Array(inner) => format!("Vec<{}>", shown(inner)),
        Type::Map(inner) => format!("BTreeMap<String, {}>", shown(inner)),
        Type::Object(it) => it.name.clone(),
        Type::Enum(it) => it.name.clone(),
        Type::Union(it) => it.name.clone(),
        Type::Shared(name) => format!("shared::{name}"),
    }
}

/// The same for a field that may be missing.
pub(super) fn optional(ty: String, required: bool) -> String {
    if required { ty } else { format!("Option<{ty}>") }
}

fn scalar_name(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Bool => "bool",
        Scalar::U8 => "u8",
        Scalar::U16 => "u16",
        Scalar::U32 => "u32",
        Scalar::U64 => "u64",
        Scalar::I64 => "i64",
        Scalar::F64 => "f64",
        Scalar::String => "String",
        Scalar::SecretString => "SecretString",
        Scalar::Json => "Value",
        Scalar::JsonObject => "Map<String, Value>",
        Scalar::Null => "()",
        Scalar::Msat => "Msat",
        Scalar::MsatOrAll => "MsatOrAll",
        Scalar::MsatOrAny => "MsatOrAny",
        Scalar::Sat => "Amount",
        Scalar::SatOrAll => "SatOrAll",
        Scalar::CurrencyAmount => "CurrencyAmount",
        Scalar::Hash32 => "Hash32",
        Scalar::Secret => "Secret",
        Scalar::NodeId => "NodeId",
        Scalar::HexBytes => "HexBytes",
        Scalar::Txid => "Txid",
        Scalar::OutPoint => "OutPoint",
        Scalar::ShortChannelId => "ShortChannelId",
        Scalar::ShortChannelIdDir => "ShortChannelIdDir",
        Scalar::Signature => "ecdsa::Signature",
        Scalar::Bip340Signature => "schnorr::Signature",
        Scalar::Feerate => "Feerate",
        Scalar::OutputDesc => "OutputDesc",
    }
}
