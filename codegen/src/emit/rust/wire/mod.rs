//! The flat struct behind an object with conditions. Reading one flat struct and sorting its fields afterwards is the
//! fastest form that serde has for such objects.

mod read;
mod write;

use indexmap::IndexMap;
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::choice::has_unknown;
use super::types::{ident, optional, path, serde_attribute, untyped_attribute};
use crate::lower::names::{shape_of, snake};
use crate::model::{Choice, Discriminator, Field, Object, Tested};

/// The fields of the flat struct by their wire names.
type Slots<'m> = IndexMap<&'m str, Slot<'m>>;

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
    let reading = read::reading(object, &wire, &slots, rest);
    let writing = write::writing(object, &wire, &slots, rest);
    quote!(#structure #reading #writing)
}

fn slots(object: &Object) -> Slots<'_> {
    let mut slots = Slots::new();
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

fn structure(object: &Object, wire: &Ident, slots: &Slots<'_>, rest: bool) -> TokenStream {
    let fields = slots.values().map(|slot| {
        let (name, path) = (&slot.name, path(&slot.field.ty));
        if slot.common {
            let (attribute, ty) = (serde_attribute(slot.field), optional(path, slot.field.required));
            return quote!(#attribute #name: #ty,);
        }
        let attribute = serde_attribute(&Field { required: false, ..slot.field.clone() });
        let untyped = untyped_attribute(slot.field);
        match slot.json {
            true => quote!(#untyped #name: Option<cln_primitives::serde_json::Value>,),
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
        (
            Some(
                quote!(#[serde(flatten)] __rest: cln_primitives::serde_json::Map<String, cln_primitives::serde_json::Value>,),
            ),
            None,
        )
    } else {
        (None, Some(super::object::strictness(object.direction)))
    };
    quote! {
        #[derive(serde::Serialize, serde::Deserialize)]
        #strict
        struct #wire { #(#discriminators)* #(#fields)* #rest }
    }
}
