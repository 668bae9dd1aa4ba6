//! Objects with conditions: the public types, and the flat private struct that JSON is read into and written from.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;

use super::docs::{clean, clean_phrase, docs, lines, value};
use super::object::{constructor, object_docs, strictness};
use super::types::{bare_fields, ident, optional, public_fields};
use super::wire;
use crate::model::{Choice, Direction, Discriminator, Field, Object, Variant};

/// The items of one object with choices.
pub(super) fn items(object: &Object, emitted: &mut BTreeSet<String>) -> TokenStream {
    if matches!(object.choices.as_slice(), [only] if matches!(only.discriminator, Discriminator::Alternatives)) {
        return alternatives(object, emitted);
    }
    let docs = object_docs(object);
    let name = format_ident!("{}", object.name);
    let wire_name = format!("{}Wire", object.name);
    let head = quote! {
        #docs
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = #wire_name, into = #wire_name)]
        #[non_exhaustive]
    };
    let own = if object.is_choice() {
        let body = variants(&object.choices[0], object.direction);
        let names = wire_names(&object.choices[0], object.direction);
        quote!(#head pub enum #name { #body } #names)
    } else {
        let fields = bare_fields(&object.fields);
        let choices = object.choices.iter().map(choice_field);
        let extra = object.extra.then(|| {
            quote! {
                /// What the node sent beside: plugins add fields of their own here.
                pub extra: cln_primitives::Extra,
            }
        });
        let constructor = (object.direction == Direction::Sent).then(|| constructor(object));
        quote!(#head pub struct #name { #fields #(#choices)* #extra } #constructor)
    };
    let mut parts = vec![own];
    for choice in &object.choices {
        parts.push(choice_items(choice, object, emitted));
    }
    parts.push(wire::items(object));
    quote!(#(#parts)*)
}

fn choice_field(choice: &Choice) -> TokenStream {
    let name = ident(&choice.field);
    let path = format_ident!("{}", choice.name);
    let docs = match &choice.discriminator {
        Discriminator::Presence(key) if choice.is_group() => lines(&format!("What comes together with `{key}`.")),
        Discriminator::Presence(key) => lines(&format!("What depends on whether `{key}` is there.")),
        Discriminator::Values(tested) if tested.len() == 1 => {
            docs(&tested[0].about, &format!("The field `{}`, with what depends on it.", choice.field))
        }
        _ => lines(&choice_text(choice)),
    };
    let ty = optional(quote!(#path), choice.required && !choice.is_group());
    quote!(#docs pub #name: #ty,)
}

/// The enum of a choice, or the struct of a group, and the structs of its variants.
fn choice_items(choice: &Choice, object: &Object, emitted: &mut BTreeSet<String>) -> TokenStream {
    let name = format_ident!("{}", choice.name);
    if choice.is_group() {
        if !emitted.insert(choice.name.clone()) {
            return TokenStream::new();
        }
        return payload(&choice.name, &group_text(choice), &choice.variants[0].fields, object.direction);
    }
    let mut parts = Vec::new();
    if !object.is_choice() && emitted.insert(choice.name.clone()) {
        let docs = lines(&choice_text(choice));
        let body = variants(choice, object.direction);
        let names = wire_names(choice, object.direction);
        parts.push(quote! {
            #docs
            #[derive(Clone, Debug, PartialEq)]
            #[non_exhaustive]
            pub enum #name { #body }
            #names
        });
    }
    for variant in &choice.variants {
        let Some(name) = &variant.payload else { continue };
        if emitted.insert(name.clone()) {
            parts.push(payload(name, &payload_text(choice, variant), &variant.fields, object.direction));
        }
    }
    quote!(#(#parts)*)
}

fn payload(name: &str, text: &str, fields: &[Field], direction: Direction) -> TokenStream {
    let docs = lines(text);
    let name_ident = format_ident!("{name}");
    let public = bare_fields(fields);
    let as_object = Object {
        name: name.to_owned(),
        pointer: String::new(),
        direction,
        about: Default::default(),
        fields: fields.to_vec(),
        choices: Vec::new(),
        extra: false,
    };
    let constructor = (direction == Direction::Sent).then(|| constructor(&as_object));
    quote! {
        #docs
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub struct #name_ident { #public }
        #constructor
    }
}

fn group_text(choice: &Choice) -> String {
    match &choice.discriminator {
        Discriminator::Presence(key) => format!("What comes together with `{key}`."),
        _ => String::new(),
    }
}

fn choice_text(choice: &Choice) -> String {
    match &choice.discriminator {
        Discriminator::Values(tested) => {
            let fields: Vec<String> = tested.iter().map(|tested| format!("`{}`", tested.wire)).collect();
            let mut text = format!("What {} can be, and the fields that come with it.", fields.join(" and "));
            for tested in tested {
                if let Some(about) = &tested.about.text {
                    text.push_str(&format!("\n\n{}", clean(&format!("`{}`: {about}", tested.wire))));
                }
            }
            text
        }
        Discriminator::Presence(key) => format!("What depends on whether `{key}` is there."),
        Discriminator::Alternatives => "One of several forms.".to_owned(),
    }
}

fn payload_text(choice: &Choice, variant: &Variant) -> String {
    let same = choice.variants.iter().filter(|other| other.payload == variant.payload);
    let when: Vec<String> = same.map(|variant| variant_condition(choice, variant)).collect();
    format!("The fields that come with {}.", when.join(", or with "))
}

fn variant_condition(choice: &Choice, variant: &Variant) -> String {
    match &choice.discriminator {
        Discriminator::Values(tested) => {
            let tests =
                tested.iter().zip(&variant.values).map(|(tested, value)| format!("`{}` {}", tested.wire, shown(value)));
            let twin = has_twin(choice, variant);
            let required = variant.fields.iter().filter(|field| twin && field.required);
            tests.chain(required.map(|field| format!("`{}`", field.wire))).collect::<Vec<_>>().join(" and ")
        }
        Discriminator::Presence(key) => {
            let there = variant.fields.iter().any(|field| field.wire == *key);
            if there { format!("`{key}`") } else { format!("no `{key}`") }
        }
        Discriminator::Alternatives => {
            let keys = variant.fields.iter().filter(|field| field.required);
            keys.map(|field| format!("`{}`", field.wire)).collect::<Vec<_>>().join(" and ")
        }
    }
}

/// True when the values alone do not tell the variant.
fn has_twin(choice: &Choice, variant: &Variant) -> bool {
    choice.variants.iter().filter(|other| other.values == variant.values).count() > 1
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| format!("`{value}`"), |text| format!("`{text}`"))
}

fn variants(choice: &Choice, direction: Direction) -> TokenStream {
    let variants = choice.variants.iter().map(|variant| {
        let docs = match &choice.discriminator {
            Discriminator::Values(tested) if tested.len() == 1 && !tested[0].boolean && !has_twin(choice, variant) => {
                value(variant.values[0].as_str().unwrap_or_default(), variant.text.as_deref())
            }
            _ => {
                let text = variant.text.as_deref().map(|text| format!(" {}", clean_phrase(text))).unwrap_or_default();
                lines(&format!("With {}.{text}", variant_condition(choice, variant)))
            }
        };
        let name = format_ident!("{}", variant.name);
        let payload = variant.payload.as_ref().map(|payload| {
            let payload = format_ident!("{payload}");
            quote!((#payload))
        });
        quote!(#docs #name #payload,)
    });
    let unknown = has_unknown(choice, direction).then(|| {
        quote! {
            /// A value that this version of the types does not name, with the fields that came with it.
            Unknown(cln_primitives::UnknownVariant),
        }
    });
    quote!(#(#variants)* #unknown)
}

/// What is received may hold a value that is not known yet; what is sent may not.
pub(super) fn has_unknown(choice: &Choice, direction: Direction) -> bool {
    direction == Direction::Received && choice.has_unknown()
}

/// The wire names of a choice by one field of text.
fn wire_names(choice: &Choice, direction: Direction) -> TokenStream {
    let Discriminator::Values(tested) = &choice.discriminator else { return TokenStream::new() };
    if tested.len() != 1 || tested[0].boolean {
        return TokenStream::new();
    }
    let name = format_ident!("{}", choice.name);
    let arms = choice.variants.iter().map(|variant| {
        let pattern = pattern(variant);
        let wire = variant.values[0].as_str().unwrap_or_default();
        quote!(Self::#pattern => #wire,)
    });
    let unknown = has_unknown(choice, direction).then(|| quote!(Self::Unknown(unknown) => unknown.as_str(),));
    let docs = lines(&format!("The text of `{}` on the wire.", tested[0].wire));
    quote! {
        impl #name {
            #docs
            pub fn as_str(&self) -> &str { match self { #(#arms)* #unknown } }
        }
        impl std::fmt::Display for #name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.pad(self.as_str()) }
        }
    }
}

fn pattern(variant: &Variant) -> TokenStream {
    let name = format_ident!("{}", variant.name);
    let payload = variant.payload.as_ref().map(|_| quote!((_)));
    quote!(#name #payload)
}

/// An object that is one of several sets of keys: serde tries them in order.
fn alternatives(object: &Object, emitted: &mut BTreeSet<String>) -> TokenStream {
    let docs = object_docs(object);
    let name = format_ident!("{}", object.name);
    let choice = &object.choices[0];
    let body = variants(choice, object.direction);
    let unknown = (object.direction == Direction::Received).then(|| {
        quote! {
            /// A set of keys that this version of the types does not know.
            Unknown(cln_primitives::serde_json::Value),
        }
    });
    let strict = strictness(object.direction);
    let forms = choice.variants.iter().map(|variant| {
        let keys = variant.fields.iter().filter(|field| field.required).map(|field| &field.wire);
        let name = format_ident!("{}", variant.name);
        quote!((&[#(#keys),*], |json| cln_primitives::read_late(json).map(Self::#name)))
    });
    let known = quote!(cln_primitives::one_of(&json, &[#(#forms),*]));
    let read = match object.direction {
        Direction::Sent => quote!(#known.map_err(serde::de::Error::custom)),
        Direction::Received => quote!(Ok(#known.unwrap_or_else(|_| Self::Unknown(json)))),
    };
    let mut parts = vec![quote! {
        #docs
        #[derive(Clone, Debug, PartialEq, serde::Serialize)]
        #[serde(untagged)]
        #[non_exhaustive]
        pub enum #name { #body #unknown }

        impl<'de> serde::Deserialize<'de> for #name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let json = cln_primitives::serde_json::Value::deserialize(deserializer)?;
                #read
            }
        }
    }];
    for variant in &choice.variants {
        let Some(payload_name) = variant.payload.as_ref().filter(|name| emitted.insert((*name).clone())) else {
            continue;
        };
        let docs = lines(&payload_text(choice, variant));
        let payload_ident = format_ident!("{payload_name}");
        let fields = public_fields(&variant.fields);
        let as_object = Object {
            name: payload_name.clone(),
            fields: variant.fields.clone(),
            choices: Vec::new(),
            ..object.clone()
        };
        let constructor = (object.direction == Direction::Sent).then(|| constructor(&as_object));
        parts.push(quote! {
            #docs
            #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
            #strict
            #[non_exhaustive]
            pub struct #payload_ident { #fields }
            #constructor
        });
    }
    quote!(#(#parts)*)
}
