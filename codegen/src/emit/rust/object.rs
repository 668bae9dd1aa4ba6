//! Objects without conditions, constructors, and every type below an object.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::choice;
use super::docs::{docs, lines};
use super::enums;
use super::types::{ident, path, public_fields};
use crate::model::{Choice, Direction, Field, Object, Scalar, Type};

/// The items of an object and of everything in it, each name once.
pub(super) fn items(object: &Object, emitted: &mut BTreeSet<String>) -> TokenStream {
    if !emitted.insert(object.name.clone()) {
        return TokenStream::new();
    }
    let own = if object.choices.is_empty() { plain(object) } else { choice::items(object, emitted) };
    let arms = object.choices.iter().flat_map(|choice| &choice.variants);
    let fields = object.fields.iter().chain(arms.flat_map(|variant| &variant.fields));
    let inner: Vec<TokenStream> = fields.map(|field| items_of_type(&field.ty, emitted)).collect();
    quote!(#own #(#inner)*)
}

/// The items that a type needs besides itself.
pub(super) fn items_of_type(ty: &Type, emitted: &mut BTreeSet<String>) -> TokenStream {
    match ty {
        Type::Scalar(_) | Type::Shared(_) => TokenStream::new(),
        Type::Array(inner) | Type::Map(inner) => items_of_type(inner, emitted),
        Type::Object(object) => items(object, emitted),
        Type::Enum(it) if emitted.insert(it.name.clone()) => enums::wire_enum(it),
        Type::Enum(_) => TokenStream::new(),
        Type::Union(it) => {
            let own = if emitted.insert(it.name.clone()) { enums::union(it) } else { TokenStream::new() };
            let inner: Vec<TokenStream> = it.variants.iter().map(|(_, ty)| items_of_type(ty, emitted)).collect();
            quote!(#own #(#inner)*)
        }
    }
}

fn plain(object: &Object) -> TokenStream {
    let name = format_ident!("{}", object.name);
    let docs = object_docs(object);
    let fields = public_fields(&object.fields);
    let extra = object.extra.then(|| {
        quote! {
            /// What the node sent beside: plugins add fields of their own here.
            #[serde(flatten)]
            pub extra: cln_primitives::Extra,
        }
    });
    let strict = (!object.extra).then(|| strictness(object.direction));
    let constructor = (object.direction == Direction::Sent).then(|| constructor(object));
    quote! {
        #docs
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #strict
        #[non_exhaustive]
        pub struct #name { #fields #extra }
        #constructor
    }
}

/// What is sent is closed; what is received is closed only for tests.
pub(super) fn strictness(direction: Direction) -> TokenStream {
    match direction {
        Direction::Sent => quote!(#[serde(deny_unknown_fields)]),
        Direction::Received => quote!(#[cfg_attr(feature = "strict", serde(deny_unknown_fields))]),
    }
}

pub(super) fn object_docs(object: &Object) -> TokenStream {
    let fallback = match (object.name.as_str(), object.direction) {
        ("Request", Direction::Sent) => "The parameters.".to_owned(),
        ("Response", _) => "What the node answers.".to_owned(),
        ("Payload", _) => "What the node sends.".to_owned(),
        ("Action", _) => "What the plugin answers.".to_owned(),
        (name, _) => format!("An object of the schema, `{name}`."),
    };
    docs(&object.about, &fallback)
}

/// `new` with all that the object must have, and a setter for each of the rest. A choice is one more parameter.
pub(super) fn constructor(object: &Object) -> TokenStream {
    let arguments = object.fields.iter().filter(|field| field.required && only_value(field).is_none());
    let fields = arguments.map(|field| {
        let (name, ty) = (ident(&field.rust), argument_type(field));
        quote!(#name: #ty)
    });
    let (must, may): (Vec<&Choice>, Vec<&Choice>) =
        object.choices.iter().partition(|choice| choice.required && !choice.is_group());
    let choices = must.iter().map(|choice| {
        let (name, ty) = (ident(&choice.field), format_ident!("{}", choice.name));
        quote!(#name: #ty)
    });
    let parameters: Vec<TokenStream> = fields.chain(choices).collect();
    let values = object.fields.iter().map(|field| {
        let name = ident(&field.rust);
        match (only_value(field), field.required) {
            (Some(only), _) => quote!(#name: #only),
            (None, true) if takes_into(field) => quote!(#name: #name.into()),
            (None, true) => quote!(#name),
            (None, false) => quote!(#name: None),
        }
    });
    let chosen = must.iter().map(|choice| ident(&choice.field));
    let unchosen = may.iter().map(|choice| ident(&choice.field));
    let extra = object.extra.then(|| quote!(extra: Default::default(),));
    let optional = object.fields.iter().filter(|field| !field.required);
    let setters = optional.map(|field| setter(&field.rust, argument_type(field), converted(field, quote!(value))));
    let choice_setters = may.iter().map(|choice| {
        let ty = format_ident!("{}", choice.name);
        setter(&choice.field, quote!(#ty), quote!(value))
    });
    let name = format_ident!("{}", object.name);
    let default = parameters.is_empty().then(|| default(&name));
    let new_docs = lines(&format!("`{}` with everything that it must have.", object.name));
    quote! {
        impl #name {
            #new_docs
            pub fn new(#(#parameters),*) -> Self {
                Self { #(#values,)* #(#chosen,)* #(#unchosen: None,)* #extra }
            }
            #(#setters)*
            #(#choice_setters)*
        }
        #default
    }
}

/// Where `new` takes nothing, there is a default.
fn default(name: &Ident) -> TokenStream {
    quote! {
        impl Default for #name {
            fn default() -> Self { Self::new() }
        }
    }
}

fn setter(rust: &str, ty: TokenStream, value: TokenStream) -> TokenStream {
    let name = ident(rust);
    // `new` is the constructor.
    let method = if rust == "new" { ident("with_new") } else { name.clone() };
    let docs = lines(&format!("Sets [`{rust}`](Self#structfield.{rust})."));
    quote! {
        #docs
        #[must_use]
        pub fn #method(mut self, value: #ty) -> Self { self.#name = Some(#value); self }
    }
}

/// A text of which the schema lists just one: nobody has to spell it.
fn only_value(field: &Field) -> Option<TokenStream> {
    match &field.ty {
        Type::Enum(it) if field.required && it.values.len() == 1 => {
            let (ty, value) = (format_ident!("{}", it.name), format_ident!("{}", it.values[0].rust));
            Some(quote!(#ty::#value))
        }
        _ => None,
    }
}

fn takes_into(field: &Field) -> bool {
    matches!(&field.ty, Type::Scalar(Scalar::String | Scalar::SecretString) | Type::Union(_))
}

fn argument_type(field: &Field) -> TokenStream {
    let path = path(&field.ty);
    if takes_into(field) { quote!(impl Into<#path>) } else { path }
}

fn converted(field: &Field, value: TokenStream) -> TokenStream {
    if takes_into(field) { quote!(#value.into()) } else { value }
}
