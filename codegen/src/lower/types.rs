//! One schema object to one type.

use indexmap::IndexMap;
use serde_json::Value;

use super::names::{pascal, singular};
use super::{Context, object};
use crate::diagnostic::Problem;
use crate::dialect::{Additional, Schema, TypeName};
use crate::model::{About, Direction, EnumValue, Scalar, Type, Union, WireEnum};

/// As much work as so many comparisons.
const STEPS_OF_A_TYPE: usize = 50;

/// Lowers the schema of a field called `wire`.
pub(super) fn lower(cx: &Context<'_>, schema: &Schema, wire: &str, direction: Direction) -> Type {
    if !cx.spend(STEPS_OF_A_TYPE) {
        return Type::Scalar(Scalar::Json);
    }
    let at = cx.at(&schema.pointer);
    if cx.overlay.is_secret(&at) {
        return Type::Scalar(Scalar::SecretString);
    }
    if let Some(shared) = cx.overlay.shared().iter().find(|shared| shared.paths.contains(&at)) {
        return Type::Shared(shared.name.clone());
    }
    let name = || cx.overlay.name(&at).cloned().unwrap_or_else(|| pascal(wire));
    if !schema.one_of.is_empty() && schema.properties.is_none() {
        return union(cx, schema, wire, name(), direction);
    }
    if schema.untyped || schema.is_stub() {
        return Type::Scalar(Scalar::Json);
    }
    if let Some(any_of) = schema.any_of.first() {
        let why = "`anyOf` is read in branches of conditions only".to_owned();
        cx.problem(&any_of.pointer, Problem::UnsupportedUnion(why));
    }
    let scalar = |scalar| Type::Scalar(scalar);
    match schema.ty {
        Some(TypeName::Array) => array(cx, schema, wire, direction),
        Some(TypeName::Object) | None if schema.values.is_none() => object(cx, schema, name(), direction),
        Some(TypeName::String) | None => match &schema.values {
            Some(values) => wire_enum(cx, schema, values, name()),
            None => scalar(Scalar::String),
        },
        Some(TypeName::Hex) if schema.length.exactly() == Some(64) => scalar(Scalar::Hash32),
        Some(ty) => scalar(scalar_of(ty)),
    }
}

fn array(cx: &Context<'_>, schema: &Schema, wire: &str, direction: Direction) -> Type {
    let item = match &schema.items {
        Some(items) => lower(cx, items, &singular(wire), direction),
        None => Type::Scalar(Scalar::Json),
    };
    Type::Array(Box::new(item))
}

fn object(cx: &Context<'_>, schema: &Schema, name: String, direction: Direction) -> Type {
    let no_properties = schema.properties.as_ref().is_none_or(IndexMap::is_empty) && schema.conditions.is_empty();
    match &schema.additional {
        Additional::Of(values) if no_properties => Type::Map(Box::new(lower(cx, values, &singular(&name), direction))),
        _ if no_properties => Type::Scalar(Scalar::JsonObject),
        _ => Type::Object(Box::new(object::lower(cx, schema, name, direction))),
    }
}

fn wire_enum(cx: &Context<'_>, schema: &Schema, values: &[Value], name: String) -> Type {
    for value in values.iter().filter(|value| !value.is_string()) {
        let problem = Problem::EnumValueType { value: value.to_string(), expected: "text" };
        cx.problem(&schema.pointer, problem);
    }
    let texts = values.iter().filter_map(Value::as_str);
    Type::Enum(Box::new(enum_of(cx, &schema.pointer, texts, name, cx.about(schema))))
}

/// An enum of texts. A text whose variant would be called `Unknown`, as the arm for all others is, gets the enum's
/// name behind.
pub(super) fn enum_of<'v>(
    cx: &Context<'_>,
    pointer: &str,
    texts: impl Iterator<Item = &'v str>,
    name: String,
    about: About,
) -> WireEnum {
    let mut values: IndexMap<String, EnumValue> = IndexMap::new();
    for wire in texts {
        let rust = variant_name(cx, pointer, wire, &name);
        match values.get(&rust) {
            Some(first) if first.wire != wire => {
                let problem =
                    Problem::NameClash { first: first.wire.clone(), second: wire.to_owned(), rust, table: "variants" };
                cx.problem(pointer, problem);
            }
            Some(_) => {}
            None => drop(values.insert(rust.clone(), EnumValue { wire: wire.to_owned(), rust, text: None })),
        }
    }
    WireEnum { name, about, values: values.into_values().collect() }
}

pub(super) fn variant_name(cx: &Context<'_>, pointer: &str, wire: &str, enum_name: &str) -> String {
    if let Some(name) = cx.overlay.variant(&cx.at(pointer), wire) {
        return name.to_owned();
    }
    match pascal(wire) {
        unknown if unknown == "Unknown" => format!("Unknown{enum_name}"),
        reserved if reserved == "Self" => "Self_".to_owned(),
        name => name,
    }
}

fn union(cx: &Context<'_>, schema: &Schema, wire: &str, name: String, direction: Direction) -> Type {
    let mut variants: Vec<(String, Type)> = Vec::new();
    for alternative in &schema.one_of {
        let Some(ty) = alternative.ty else {
            cx.problem(&alternative.pointer, Problem::UnsupportedUnion("an alternative has no type".to_owned()));
            continue;
        };
        let variant = match (ty, &alternative.values) {
            (TypeName::String, Some(_)) => "Keyword".to_owned(),
            (TypeName::Pubkey, _) => "NodeId".to_owned(),
            (ty, _) => pascal(ty.as_str()),
        };
        let lowered = match ty {
            TypeName::Null => Type::Scalar(Scalar::Null),
            TypeName::Array => lower(cx, alternative, wire, direction),
            _ => lower(cx, alternative, &format!("{wire} {variant}"), direction),
        };
        if let Some((other, _)) = variants.iter().find(|(known, _)| *known == variant) {
            let why = format!("two alternatives would both be called `{other}`");
            cx.problem(&alternative.pointer, Problem::UnsupportedUnion(why));
        }
        variants.push((variant, lowered));
    }
    // Forms are tried in order: what may be secret must not be read as what is shown.
    variants.sort_by_key(|(_, ty)| !matches!(ty, Type::Scalar(Scalar::Secret | Scalar::SecretString)));
    Type::Union(Box::new(Union { name, direction, about: cx.about(schema), variants }))
}

fn scalar_of(ty: TypeName) -> Scalar {
    match ty {
        TypeName::Boolean => Scalar::Bool,
        TypeName::Integer => Scalar::I64,
        TypeName::Number => Scalar::F64,
        TypeName::String => Scalar::String,
        TypeName::Hex => Scalar::HexBytes,
        TypeName::Hash => Scalar::Hash32,
        TypeName::Secret => Scalar::Secret,
        TypeName::U64 => Scalar::U64,
        TypeName::U32 => Scalar::U32,
        TypeName::U16 => Scalar::U16,
        TypeName::U8 => Scalar::U8,
        TypeName::Pubkey => Scalar::NodeId,
        TypeName::Sat => Scalar::Sat,
        TypeName::SatOrAll => Scalar::SatOrAll,
        TypeName::Msat => Scalar::Msat,
        TypeName::MsatOrAll => Scalar::MsatOrAll,
        TypeName::MsatOrAny => Scalar::MsatOrAny,
        TypeName::Currency => Scalar::CurrencyAmount,
        TypeName::Txid => Scalar::Txid,
        TypeName::Signature => Scalar::Signature,
        TypeName::Bip340Sig => Scalar::Bip340Signature,
        TypeName::ShortChannelId => Scalar::ShortChannelId,
        TypeName::ShortChannelIdDir => Scalar::ShortChannelIdDir,
        TypeName::Outpoint => Scalar::OutPoint,
        TypeName::Feerate => Scalar::Feerate,
        TypeName::Outputdesc => Scalar::OutputDesc,
        TypeName::Null | TypeName::Array | TypeName::Object => Scalar::Json,
    }
}
