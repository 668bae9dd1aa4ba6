//! Writing: the object and its arm become one flat struct again.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use serde_json::Value;

use super::{Slots, tested};
use crate::emit::rust::choice::has_unknown;
use crate::emit::rust::types::ident;
use crate::lower::names::snake;
use crate::model::{Choice, Object, Scalar, Type, Variant};

pub(super) fn writing(object: &Object, wire: &Ident, slots: &Slots<'_>, rest: bool) -> TokenStream {
    let name = format_ident!("{}", object.name);
    let discriminators = object.choices.iter().flat_map(tested).map(|tested| ident(&snake(&tested.wire)));
    let fields = slots.values().map(|slot| {
        let name = &slot.name;
        if slot.common { quote!(#name: value.#name) } else { quote!(#name: None) }
    });
    let rest_field = rest.then(|| match object.extra {
        true => quote!(__rest: value.extra.0,),
        false => quote!(__rest: Default::default(),),
    });
    let choices = object.choices.iter().map(|choice| write_choice(choice, object, slots));
    let mutable = (!object.choices.is_empty()).then(|| quote!(mut));
    quote! {
        impl From<#name> for #wire {
            fn from(value: #name) -> Self {
                let #mutable __wire = Self { #(#discriminators: None,)* #(#fields,)* #rest_field };
                #(#choices)*
                __wire
            }
        }
    }
}

fn write_choice(choice: &Choice, object: &Object, slots: &Slots<'_>) -> TokenStream {
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
                Value::Bool(value) => quote!(__wire.#name = Some(#value);),
                value => {
                    let text = value.as_str().unwrap_or_default();
                    quote!(__wire.#name = Some(#text.to_owned());)
                }
            }
        });
        let fields = write_fields(variant, slots);
        quote!(#pattern => { #(#discriminators)* #fields })
    });
    let unknown = has_unknown(choice, object.direction).then(|| {
        let name = ident(&snake(&tested(choice)[0].wire));
        let pattern = wrap(quote!(#ty::Unknown(it)));
        // Without a value it came without its field.
        let text = if choice.required { quote!(Some(text)) } else { quote!((!text.is_empty()).then_some(text)) };
        quote! {
            #pattern => {
                let (text, fields) = it.into_parts();
                __wire.#name = #text;
                __wire.__rest.extend(fields);
            }
        }
    });
    let none = (!choice.required).then(|| quote!(None => {}));
    quote!(match #value { #(#arms)* #unknown #none })
}

fn write_fields(variant: &Variant, slots: &Slots<'_>) -> TokenStream {
    let fields = variant.fields.iter().map(|field| {
        let name = ident(&field.rust);
        let Some(slot) = slots.get(field.wire.as_str()) else { return TokenStream::new() };
        let target = &slot.name;
        let is_sat = matches!(field.ty, Type::Scalar(Scalar::Sat));
        match (slot.json, field.required) {
            (true, true) if is_sat => {
                quote!(__wire.#target = cln_primitives::to_json(Some(cln_primitives::Sat(it.#name)));)
            }
            (true, false) if is_sat => {
                quote!(__wire.#target = cln_primitives::to_json(it.#name.map(cln_primitives::Sat));)
            }
            (true, true) => quote!(__wire.#target = cln_primitives::to_json(Some(it.#name));),
            (true, false) => quote!(__wire.#target = cln_primitives::to_json(it.#name);),
            (false, true) => quote!(__wire.#target = Some(it.#name);),
            (false, false) => quote!(__wire.#target = it.#name;),
        }
    });
    quote!(#(#fields)*)
}
