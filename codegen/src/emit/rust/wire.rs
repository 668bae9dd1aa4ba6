//! The flat struct behind an object with conditions. Reading one flat struct and sorting its fields afterwards is the
//! fastest form that serde has for such objects.

use indexmap::IndexMap;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use serde_json::Value;

use super::choice::has_unknown;
use super::types::{ident, optional, path, serde_attribute};
use crate::lower::names::{shape_of, snake};
use crate::model::{Choice, Discriminator, Field, Object, Tested, Variant};

/// A field of the flat struct.
struct Slot<'m> {
    field: &'m Field,
    /// Its name here.
    name: Ident,
    /// The arms disagree on its type: it is kept as JSON until the arm is known.
    json: bool,
    common: bool,
}

pub(super) fn items(object: &Object) -> TokenStream {
    let wire = format_ident!("{}Wire", object.name);
    let slots = slots(object);
    let rest = object.extra || object.choices.iter().any(|choice| has_unknown(choice, object.direction));
    let structure = structure(object, &wire, &slots, rest);
    let reading = reading(object, &wire, &slots, rest);
    let writing = writing(object, &wire, &slots, rest);
    quote!(#structure #reading #writing)
}

fn slots(object: &Object) -> IndexMap<&str, Slot<'_>> {
    let mut slots: IndexMap<&str, Slot<'_>> = IndexMap::new();
    for field in &object.fields {
        slots.insert(&field.wire, Slot { field, name: ident(&field.rust), json: false, common: true });
    }
    let arms = object.choices.iter().flat_map(|choice| &choice.variants);
    for field in arms.flat_map(|variant| &variant.fields) {
        match slots.get_mut(field.wire.as_str()) {
            Some(slot) => slot.json |= shape_of(&slot.field.ty) != shape_of(&field.ty),
            None => {
                let slot = Slot { field, name: ident(&field.rust), json: false, common: false };
                slots.insert(&field.wire, slot);
            }
        }
    }
    slots
}

fn tested(choice: &Choice) -> &[Tested] {
    match &choice.discriminator {
        Discriminator::Values(tested) => tested,
        Discriminator::Presence(_) | Discriminator::Alternatives => &[],
    }
}

fn structure(object: &Object, wire: &Ident, slots: &IndexMap<&str, Slot<'_>>, rest: bool) -> TokenStream {
    let fields = slots.values().map(|slot| {
        let (name, path) = (&slot.name, path(&slot.field.ty));
        if slot.common {
            let (attribute, ty) = (serde_attribute(slot.field), optional(path, slot.field.required));
            return quote!(#attribute #name: #ty,);
        }
        let attribute = serde_attribute(&Field { required: false, ..slot.field.clone() });
        match slot.json {
            true => quote!(#attribute #name: Option<cln_primitives::serde_json::Value>,),
            false => quote!(#attribute #name: Option<#path>,),
        }
    });
    let discriminators = object.choices.iter().flat_map(tested).map(|tested| {
        let wire = &tested.wire;
        let name = ident(&snake(wire));
        let rename = (snake(wire) != *wire).then(|| quote!(rename = #wire,));
        let ty = if tested.boolean { quote!(bool) } else { quote!(String) };
        quote!(#[serde(#rename skip_serializing_if = "Option::is_none")] #name: Option<#ty>,)
    });
    let (rest, strict) = if rest {
        (Some(quote!(#[serde(flatten)] rest: cln_primitives::serde_json::Map<String, cln_primitives::serde_json::Value>,)), None)
    } else {
        (None, Some(super::object::strictness(object.direction)))
    };
    quote! {
        #[derive(serde::Serialize, serde::Deserialize)]
        #strict
        struct #wire { #(#discriminators)* #(#fields)* #rest }
    }
}

fn reading(object: &Object, wire: &Ident, slots: &IndexMap<&str, Slot<'_>>, rest: bool) -> TokenStream {
    let name = format_ident!("{}", object.name);
    let leftovers = object.choices.iter().filter(|choice| has_unknown(choice, object.direction)).map(|choice| {
        let (unknown, known) = (unknown_rest(choice), known_patterns(choice));
        let named_elsewhere = named_elsewhere(object, choice);
        let discriminators = tested(choice).iter().map(|tested| {
            let name = ident(&snake(&tested.wire));
            if tested.boolean { quote!(wire.#name) } else { quote!(wire.#name.as_deref()) }
        });
        let scrutinee = tuple(discriminators.collect());
        quote! {
            let #unknown = match #scrutinee {
                #(#known)|* => Default::default(),
                _ => cln_primitives::leftover(&wire, &[#(#named_elsewhere),*]),
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
            if let (true, Some(name)) = (#(#known)&&*, wire.rest.keys().next()) {
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
            quote!(#name: wire.#name)
        });
        let choices = object.choices.iter().map(|choice| ident(&choice.field));
        let extra = object.extra.then(|| quote!(extra: wire.rest,));
        quote!(Ok(Self { #(#fields,)* #(#choices,)* #extra }))
    };
    quote! {
        impl TryFrom<#wire> for #name {
            type Error = String;

            fn try_from(wire: #wire) -> Result<Self, String> {
                #(#leftovers)*
                #strict
                #(#choices)*
                #result
            }
        }
    }
}

fn unknown_rest(choice: &Choice) -> Ident {
    format_ident!("{}_rest", choice.field)
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
    let mut patterns: Vec<TokenStream> = Vec::new();
    let mut seen: Vec<&[Value]> = Vec::new();
    for variant in &choice.variants {
        if !seen.contains(&variant.values.as_slice()) {
            seen.push(&variant.values);
            patterns.push(values_pattern(&variant.values));
        }
    }
    // A missing discriminator is an error of its own, or allowed.
    for index in 0..tested(choice).len() {
        let missing = (0..tested(choice).len()).map(|at| if at == index { quote!(None) } else { quote!(_) });
        patterns.push(tuple(missing.collect()));
    }
    patterns
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

fn read_choice(choice: &Choice, object: &Object, slots: &IndexMap<&str, Slot<'_>>) -> TokenStream {
    let ty = type_name(choice, object);
    if let Discriminator::Presence(key) = &choice.discriminator {
        return read_presence(choice, key, &ty, slots);
    }
    let discriminators = tested(choice).iter().map(|tested| {
        let name = ident(&snake(&tested.wire));
        if tested.boolean { quote!(wire.#name) } else { quote!(wire.#name.as_deref()) }
    });
    let scrutinee = tuple(discriminators.collect());
    let wrap = |value: TokenStream| if choice.required { value } else { quote!(Some(#value)) };
    let arms = choice.variants.iter().enumerate().map(|(index, variant)| {
        let pattern = values_pattern(&variant.values);
        let later = choice.variants[index + 1..].iter().any(|other| other.values == variant.values);
        let guard = later.then(|| {
            let required = variant.fields.iter().filter(|field| field.required).map(|field| ident(&field.rust));
            quote!(if #(wire.#required.is_some())&&*)
        });
        let value = wrap(read_variant(choice, variant, &ty, slots));
        quote!(#pattern #guard => #value,)
    });
    let missing = tested(choice).iter().enumerate().map(|(index, tested_field)| {
        let parts = (0..tested(choice).len()).map(|at| if at == index { quote!(None) } else { quote!(_) });
        let pattern = tuple(parts.collect());
        if choice.required {
            let text = format!("missing field `{}`", tested_field.wire);
            quote!(#pattern => return Err(#text.to_owned()),)
        } else {
            quote!(#pattern => None,)
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
    let text = format!("`{field}` cannot be `{{other}}`");
    Some(quote!(#pattern => return Err(format!(#text)),))
}

fn read_presence(
    choice: &Choice,
    key: &str,
    ty: &TokenStream,
    slots: &IndexMap<&str, Slot<'_>>,
) -> TokenStream {
    let Some(slot) = slots.get(key) else { return quote!(None) };
    let key_name = &slot.name;
    let with = &choice.variants[0];
    if choice.is_group() {
        let fields = read_fields(choice, with, slots, Some(key));
        return quote!(match wire.#key_name { Some(#key_name) => Some(#ty { #fields }), None => None });
    }
    let present = arm_value(with, ty, read_fields(choice, with, slots, Some(key)));
    let absent = choice.variants.get(1).map(|without| read_variant(choice, without, ty, slots));
    quote!(match wire.#key_name { Some(#key_name) => #present, None => #absent })
}

fn read_variant(
    choice: &Choice,
    variant: &Variant,
    ty: &TokenStream,
    slots: &IndexMap<&str, Slot<'_>>,
) -> TokenStream {
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
fn read_fields(
    choice: &Choice,
    variant: &Variant,
    slots: &IndexMap<&str, Slot<'_>>,
    bound: Option<&str>,
) -> TokenStream {
    let shown = arm_text(choice, variant);
    let fields = variant.fields.iter().map(|field| {
        let (name, wire_name) = (ident(&field.rust), &field.wire);
        if bound == Some(field.wire.as_str()) {
            return quote!(#name,);
        }
        let slot = slots.get(field.wire.as_str());
        let from = slot.map_or_else(|| quote!(wire.#name), |slot| {
            let name = &slot.name;
            quote!(wire.#name)
        });
        let from = match slot.is_some_and(|slot| slot.json) {
            true => quote!(cln_primitives::from_json(#from, #wire_name)?),
            false => from,
        };
        match field.required {
            true => quote!(#name: #from.ok_or_else(|| cln_primitives::missing_in_variant(#wire_name, #shown))?,),
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

fn writing(object: &Object, wire: &Ident, slots: &IndexMap<&str, Slot<'_>>, rest: bool) -> TokenStream {
    let name = format_ident!("{}", object.name);
    let discriminators = object.choices.iter().flat_map(tested).map(|tested| ident(&snake(&tested.wire)));
    let fields = slots.values().map(|slot| {
        let name = &slot.name;
        if slot.common { quote!(#name: value.#name) } else { quote!(#name: None) }
    });
    let rest_field = rest.then(|| match object.extra {
        true => quote!(rest: value.extra,),
        false => quote!(rest: Default::default(),),
    });
    let choices = object.choices.iter().map(|choice| write_choice(choice, object, slots));
    let mutable = (!object.choices.is_empty()).then(|| quote!(mut));
    quote! {
        impl From<#name> for #wire {
            fn from(value: #name) -> Self {
                let #mutable wire = Self { #(#discriminators: None,)* #(#fields,)* #rest_field };
                #(#choices)*
                wire
            }
        }
    }
}

fn write_choice(choice: &Choice, object: &Object, slots: &IndexMap<&str, Slot<'_>>) -> TokenStream {
    let value = if object.is_choice() {
        quote!(value)
    } else {
        let field = ident(&choice.field);
        quote!(value.#field)
    };
    if choice.is_group() {
        let fields = write_fields(&choice.variants[0], slots);
        return quote!(if let Some(it) = #value { #fields });
    }
    let ty = if object.is_choice() { format_ident!("{}", object.name) } else { format_ident!("{}", choice.name) };
    let wrap = |pattern: TokenStream| if choice.required { pattern } else { quote!(Some(#pattern)) };
    let arms = choice.variants.iter().map(|variant| {
        let name = format_ident!("{}", variant.name);
        let payload = variant.payload.as_ref().map(|_| quote!((it)));
        let pattern = wrap(quote!(#ty::#name #payload));
        let discriminators = tested(choice).iter().zip(&variant.values).map(|(tested, value)| {
            let name = ident(&snake(&tested.wire));
            match value {
                Value::Bool(value) => quote!(wire.#name = Some(#value);),
                value => {
                    let text = value.as_str().unwrap_or_default();
                    quote!(wire.#name = Some(#text.to_owned());)
                }
            }
        });
        let fields = write_fields(variant, slots);
        quote!(#pattern => { #(#discriminators)* #fields })
    });
    let unknown = has_unknown(choice, object.direction).then(|| {
        let name = ident(&snake(&tested(choice)[0].wire));
        let pattern = wrap(quote!(#ty::Unknown(it)));
        quote! {
            #pattern => {
                let (text, fields) = it.into_parts();
                wire.#name = Some(text.into());
                wire.rest.extend(fields);
            }
        }
    });
    let none = (!choice.required).then(|| quote!(None => {}));
    quote!(match #value { #(#arms)* #unknown #none })
}

fn write_fields(variant: &Variant, slots: &IndexMap<&str, Slot<'_>>) -> TokenStream {
    let fields = variant.fields.iter().map(|field| {
        let name = ident(&field.rust);
        let Some(slot) = slots.get(field.wire.as_str()) else { return TokenStream::new() };
        let target = &slot.name;
        match (slot.json, field.required) {
            (true, true) => quote!(wire.#target = cln_primitives::to_json(Some(it.#name));),
            (true, false) => quote!(wire.#target = cln_primitives::to_json(it.#name);),
            (false, true) => quote!(wire.#target = Some(it.#name);),
            (false, false) => quote!(wire.#target = it.#name;),
        }
    });
    quote!(#(#fields)*)
}
