//! Requests: the parameters, and what `validate()` checks before they are sent.

use super::{Context, object};
use crate::diagnostic::Problem;
use crate::dialect::{Limits, Schema, SchemaFile, TypeName};
use crate::model::{Direction, Object, Request, Rule, Type};

pub(super) fn lower(cx: &Context<'_>, file: &SchemaFile) -> Request {
    let schema = &file.request;
    let object = object::lower(cx, schema, "Request".to_owned(), Direction::Sent);
    let mut conditional = Vec::new();
    find_choices(&object, &mut conditional);
    for pointer in conditional {
        let why = "conditions are read in what a node sends and in hooks' answers, not in requests";
        cx.problem(&pointer, Problem::UnsupportedCondition(why.to_owned()));
    }
    let mut rules = lengths(schema);
    for (key, dependents) in &schema.dependent_upon {
        let needs = dependents.iter().map(|parameter| Rule::Needs { parameter: parameter.clone(), needs: key.clone() });
        rules.extend(needs);
    }
    rules.extend(schema.one_of_many.iter().cloned().map(Rule::AtMostOne));
    // Nodes accept partial sets of most `pairedWith` lists: only what the overlay confirms is checked.
    let paired = schema.paired_with.iter().enumerate();
    rules.extend(
        paired
            .filter(|(index, _)| cx.overlay.confirms(&cx.at(&format!("{}/pairedWith/{index}", schema.pointer))))
            .map(|(_, set)| Rule::Together(set.clone())),
    );
    // An older release may lack the parameter: then there is nothing to refuse.
    let has = |name: &str| object.fields.iter().any(|field| field.wire == name);
    rules.extend(cx.overlay.refusals(&file.name, &has).into_iter().map(Rule::Refuse));
    // A rule about a developer's parameter is none for callers.
    let hidden = |name: &str| schema.properties.iter().flatten().any(|(known, field)| known == name && field.hidden);
    rules.retain(|rule| !rule.parameters().into_iter().any(hidden));
    for name in rules.iter().flat_map(Rule::parameters).filter(|name| !has(name)) {
        cx.problem(&schema.pointer, Problem::RequiredUndefined(name.to_owned()));
    }
    Request { object, rules }
}

impl Rule {
    fn parameters(&self) -> Vec<&str> {
        match self {
            Rule::Needs { parameter, needs } => vec![parameter, needs],
            Rule::AtMostOne(set) | Rule::Together(set) => set.iter().map(String::as_str).collect(),
            Rule::Length { parameter, .. } => vec![parameter],
            Rule::Refuse(refusal) => vec![&refusal.parameter],
        }
    }
}

/// The places of objects whose fields depend on each other.
fn find_choices(object: &Object, found: &mut Vec<String>) {
    if !object.choices.is_empty() {
        found.push(object.pointer.clone());
    }
    for field in &object.fields {
        find_choices_in(&field.ty, found);
    }
}

fn find_choices_in(ty: &Type, found: &mut Vec<String>) {
    match ty {
        Type::Array(inner) | Type::Map(inner) => find_choices_in(inner, found),
        Type::Object(object) => find_choices(object, found),
        Type::Union(it) => it.variants.iter().for_each(|(_, ty)| find_choices_in(ty, found)),
        Type::Scalar(_) | Type::Enum(_) | Type::Shared(_) => {}
    }
}

fn lengths(schema: &Schema) -> Vec<Rule> {
    let parameters = schema.properties.iter().flatten().filter(|(_, schema)| !schema.hidden);
    let rules = parameters.filter_map(|(name, schema)| {
        let (limits, hex) = match schema.ty? {
            TypeName::Array => (schema.count, false),
            // Exactly 64 digits are a hash, whose type has that length.
            TypeName::Hex if schema.length.exactly() != Some(64) => (schema.length, true),
            TypeName::String if schema.values.is_none() => (schema.length, false),
            _ => (Limits::default(), false),
        };
        let limited = limits.min.is_some() || limits.max.is_some();
        limited.then(|| Rule::Length { parameter: name.clone(), limits, hex })
    });
    rules.collect()
}
