//! Reading: the flat struct's fields are sorted into the object and its arms.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use serde_json::Value;

use super::{Slots, tested};
use crate::emit::rust::choice::has_unknown;
use crate::emit::rust::types::ident;
use crate::lower::names::snake;
use crate::model::{Choice, Discriminator, Object, Scalar, Type, Variant};

pub(super) fn reading(object: &Object, wire: &Ident, slots: &Slots<'_>, rest: bool) -> TokenStream {
    let name = format_ident!("{}", object.name);
    let leftovers = object.choices.iter().filter(|choice| has_unknown(choice, object.direction)).map(|choice| {
        let (unknown, known) = (unknown_rest(choice), known_patterns(choice));
        let named_elsewhere = named_elsewhere(object, choice);
        let discriminators = tested(choice).iter().map(|tested| {
            let name = ident(&snake(&tested.wire));
            if tested.boolean { quote!(__wire.#name) } else { quote!(__wire.#name.as_deref()) }
        });
        let scrutinee = tuple(discriminators.collect());
        let missing = missing_patterns(choice);
        let without = match choice.required {
            true => quote!(Default::default()),
            // What belongs to it must not be lost with it.
            false => {
                let others = tested(choice).iter().skip(1).map(|tested| &tested.wire);
                let fields = choice.variants.iter().flat_map(|variant| &variant.fields).map(|field| &field.wire);
                let names: BTreeSet<&String> = others.chain(fields).collect();
                let names = names.into_iter();
                quote!(cln_primitives::those_of(&__wire, &[#(#names),*]))
            }
        };
        quote! {
            let #unknown = match #scrutinee {
                #(#known)|* => Default::default(),
                #(#missing)|* => #without,
                _ => cln_primitives::leftover(&__wire, &[#(#named_elsewhere),*]),
            };
        }
    });
    let choices = object.choices.iter().map(|choice| {
        let (variable, value) = (ident(&choice.field), read_choice(choice, object, slots));
        quote!(let #variable = #value;)
    });
    let strict = (rest && !object.extra).then(|| {
        let known = object.choices.iter().filter(|choice| has_unknown(choice, object.direction)).map(|choice| {
            let known = unknown_rest(choice);
            quote!(#known.is_empty())
        });
        quote! {
            #[cfg(feature = "strict")]
            if let (true, Some(name)) = (#(#known)&&*, __wire.__rest.keys().next()) {
                return Err(format!("unknown field `{name}`"));
            }
        }
    });
    let result = if object.is_choice() {
        let variable = ident(&object.choices[0].field);
        quote!(Ok(#variable))
    } else {
        let fields = object.fields.iter().map(|field| {
            let name = ident(&field.rust);
            quote!(#name: __wire.#name)
        });
        let choices = object.choices.iter().map(|choice| ident(&choice.field));
        let extra = object.extra.then(|| quote!(extra: __wire.__rest.into(),));
        quote!(Ok(Self { #(#fields,)* #(#choices,)* #extra }))
    };
    quote! {
        impl TryFrom<#wire> for #name {
            type Error = String;

            fn try_from(__wire: #wire) -> Result<Self, String> {
                #(#leftovers)*
                #strict
                #(#choices)*
                #result
            }
        }
    }
}

fn unknown_rest(choice: &Choice) -> Ident {
    format_ident!("__{}_rest", choice.field)
}

/// What an unknown value's own fields are not: the common ones, its discriminator, and what other choices name.
fn named_elsewhere<'m>(object: &'m Object, choice: &'m Choice) -> Vec<&'m str> {
    let others = object.choices.iter().filter(|other| !std::ptr::eq(*other, choice));
    let mut names: Vec<&str> = object.fields.iter().map(|field| field.wire.as_str()).collect();
    for other in others {
        names.extend(tested(other).iter().map(|tested| tested.wire.as_str()));
        names.extend(other.variants.iter().flat_map(|variant| &variant.fields).map(|field| field.wire.as_str()));
    }
    names.extend(tested(choice).iter().take(1).map(|tested| tested.wire.as_str()));
    names
}

fn known_patterns(choice: &Choice) -> Vec<TokenStream> {
    if tested(choice).len() == 1 {
        let mut texts: Vec<&str> = choice.variants.iter().filter_map(|variant| variant.values[0].as_str()).collect();
        texts.dedup();
        return vec![quote!(Some(#(#texts)|*))];
    }
    let mut patterns: Vec<TokenStream> = Vec::new();
    let mut seen: Vec<&[Value]> = Vec::new();
    for variant in &choice.variants {
        if !seen.contains(&variant.values.as_slice()) {
            seen.push(&variant.values);
            patterns.push(values_pattern(&variant.values));
        }
    }
    patterns
}

/// A pattern for each discriminator that may be missing.
fn missing_patterns(choice: &Choice) -> Vec<TokenStream> {
    let count = tested(choice).len();
    let missing = (0..count).map(|index| {
        let parts = (0..count).map(|at| if at == index { quote!(None) } else { quote!(_) });
        tuple(parts.collect())
    });
    missing.collect()
}

fn tuple(parts: Vec<TokenStream>) -> TokenStream {
    match parts.as_slice() {
        [one] => one.clone(),
        parts => quote!((#(#parts),*)),
    }
}

fn values_pattern(values: &[Value]) -> TokenStream {
    let parts = values.iter().map(|value| match value {
        Value::Bool(value) => quote!(Some(#value)),
        value => {
            let text = value.as_str().unwrap_or_default();
            quote!(Some(#text))
        }
    });
    tuple(parts.collect())
}

fn type_name(choice: &Choice, object: &Object) -> TokenStream {
    if object.is_choice() {
        return quote!(Self);
    }
    let name = format_ident!("{}", choice.name);
    quote!(#name)
}

fn read_choice(choice: &Choice, object: &Object, slots: &Slots<'_>) -> TokenStream {
    let ty = type_name(choice, object);
    if let Discriminator::Presence(key) = &choice.discriminator {
        return read_presence(choice, key, &ty, slots);
    }
    let discriminators = tested(choice).iter().map(|tested| {
        let name = ident(&snake(&tested.wire));
        if tested.boolean { quote!(__wire.#name) } else { quote!(__wire.#name.as_deref()) }
    });
    let scrutinee = tuple(discriminators.collect());
    let wrap = |value: TokenStream| if choice.required { value } else { quote!(Some(#value)) };
    let arms = choice.variants.iter().enumerate().map(|(index, variant)| {
        let pattern = values_pattern(&variant.values);
        let later = choice.variants[index + 1..].iter().any(|other| other.values == variant.values);
        let guard = later.then(|| {
            let required = variant.fields.iter().filter(|field| field.required).map(|field| ident(&field.rust));
            quote!(if #(__wire.#required.is_some())&&*)
        });
        let value = wrap(read_variant(choice, variant, &ty, slots));
        quote!(#pattern #guard => #value,)
    });
    let missing = tested(choice).iter().zip(missing_patterns(choice)).map(|(tested_field, pattern)| {
        if choice.required {
            let text = format!("missing field `{}`", tested_field.wire);
            return quote!(#pattern => return Err(#text.to_owned()),);
        }
        if !has_unknown(choice, object.direction) {
            return quote!(#pattern => None,);
        }
        let rest = unknown_rest(choice);
        let first = ident(&snake(&tested(choice)[0].wire));
        let alone = (tested(choice).len() > 1).then(|| quote!(&& __wire.#first.is_none()));
        quote! {
            #pattern if #rest.is_empty() #alone => None,
            #pattern => {
                let text = __wire.#first.as_deref().unwrap_or_default();
                Some(#ty::Unknown(cln_primitives::UnknownVariant::new(text, #rest)))
            }
        }
    });
    let unknown = unknown_arm(choice, object, &ty, &wrap);
    quote!(match #scrutinee { #(#arms)* #(#missing)* #unknown })
}

fn unknown_arm(
    choice: &Choice,
    object: &Object,
    ty: &TokenStream,
    wrap: &dyn Fn(TokenStream) -> TokenStream,
) -> Option<TokenStream> {
    if tested(choice).iter().all(|tested| tested.boolean) {
        return None;
    }
    let others = (1..tested(choice).len()).map(|_| quote!(_));
    let pattern = tuple(std::iter::once(quote!(Some(other))).chain(others).collect());
    if has_unknown(choice, object.direction) {
        let rest = unknown_rest(choice);
        let value = wrap(quote!(#ty::Unknown(cln_primitives::UnknownVariant::new(other, #rest))));
        return Some(quote!(#pattern => #value,));
    }
    let field = &tested(choice)[0].wire;
    Some(quote!(#pattern => return Err(format!("`{}` cannot be `{other}`", #field)),))
}

fn read_presence(choice: &Choice, key: &str, ty: &TokenStream, slots: &Slots<'_>) -> TokenStream {
    let Some(slot) = slots.get(key) else { return quote!(None) };
    let key_name = &slot.name;
    let with = &choice.variants[0];
    if choice.is_group() {
        let fields = read_fields(choice, with, slots, Some(key));
        return quote!(match __wire.#key_name { Some(#key_name) => Some(#ty { #fields }), None => None });
    }
    let present = arm_value(with, ty, read_fields(choice, with, slots, Some(key)));
    let absent = choice.variants.get(1).map(|without| read_variant(choice, without, ty, slots));
    quote!(match __wire.#key_name { Some(#key_name) => #present, None => #absent })
}

fn read_variant(choice: &Choice, variant: &Variant, ty: &TokenStream, slots: &Slots<'_>) -> TokenStream {
    arm_value(variant, ty, read_fields(choice, variant, slots, None))
}

fn arm_value(variant: &Variant, ty: &TokenStream, fields: TokenStream) -> TokenStream {
    let name = format_ident!("{}", variant.name);
    match &variant.payload {
        Some(payload) => {
            let payload = format_ident!("{payload}");
            quote!(#ty::#name(#payload { #fields }))
        }
        None => quote!(#ty::#name),
    }
}

/// The fields of an arm out of the flat struct; `bound` is one that the pattern has bound already.
fn read_fields(choice: &Choice, variant: &Variant, slots: &Slots<'_>, bound: Option<&str>) -> TokenStream {
    let shown = arm_text(choice, variant);
    let fields = variant.fields.iter().map(|field| {
        let (name, wire_name) = (ident(&field.rust), &field.wire);
        if bound == Some(field.wire.as_str()) {
            return quote!(#name,);
        }
        let slot = slots.get(field.wire.as_str());
        let from = slot.map_or_else(
            || quote!(__wire.#name),
            |slot| {
                let name = &slot.name;
                quote!(__wire.#name)
            },
        );
        let from = match slot.is_some_and(|slot| slot.json) {
            true if matches!(field.ty, Type::Scalar(Scalar::Sat)) => {
                quote!(cln_primitives::from_json::<cln_primitives::Sat>(#from, #wire_name)?.map(|it| it.0))
            }
            true => quote!(cln_primitives::from_json(#from, #wire_name)?),
            false => from,
        };
        match field.required {
            true => quote!(#name: cln_primitives::required(#from, #wire_name, #shown)?,),
            false => quote!(#name: #from,),
        }
    });
    quote!(#(#fields)*)
}

fn arm_text(choice: &Choice, variant: &Variant) -> String {
    match &choice.discriminator {
        Discriminator::Values(tested) => {
            let parts = tested.iter().zip(&variant.values).map(|(tested, value)| match value {
                Value::Bool(value) => format!("{}: {value}", tested.wire),
                value => value.as_str().unwrap_or_default().to_owned(),
            });
            parts.collect::<Vec<_>>().join(", ")
        }
        Discriminator::Presence(key) => key.clone(),
        Discriminator::Alternatives => variant.name.clone(),
    }
}
