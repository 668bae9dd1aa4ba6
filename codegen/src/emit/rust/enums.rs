//! Open enums and unions.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::docs::{self, docs, lines};
use super::types::{inner_path, path};
use crate::model::{Direction, Scalar, Type, Union, WireEnum};

/// An enum of texts, open to those that it does not know.
pub(super) fn wire_enum(it: &WireEnum) -> TokenStream {
    let name = format_ident!("{}", it.name);
    let docs = docs(&it.about, &format!("The texts of `{}`.", it.name));
    let variants = it.values.iter().map(|value| {
        let (docs, rust) = (docs::value(&value.wire, value.text.as_deref()), format_ident!("{}", value.rust));
        quote!(#docs #rust,)
    });
    let names = it.values.iter().map(|value| {
        let (rust, wire) = (format_ident!("{}", value.rust), &value.wire);
        quote!(#rust = #wire)
    });
    quote! {
        #docs
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum #name {
            #(#variants)*
            /// A text that this version of the types does not name.
            Unknown(cln_primitives::UnknownValue),
        }
        cln_primitives::wire_enum!(#name { #(#names),* });
    }
}

/// One of several types, told apart by their JSON form.
pub(super) fn union(it: &Union) -> TokenStream {
    let name = format_ident!("{}", it.name);
    let docs = docs(&it.about, &format!("One of the forms that `{}` has.", it.name));
    let variants = it.variants.iter().map(|(variant, ty)| {
        let (docs, rust) = (lines(&variant_text(ty)), format_ident!("{variant}"));
        match ty {
            Type::Scalar(Scalar::Null) => quote!(#docs #rust,),
            ty => {
                let ty = inner_path(ty);
                quote!(#docs #rust(#ty),)
            }
        }
    });
    let unknown = (it.direction == Direction::Received).then(|| {
        quote! {
            /// A form that this version of the types does not know.
            Unknown(cln_primitives::serde_json::Value),
        }
    });
    let conversions = conversions(it);
    quote! {
        #docs
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(untagged)]
        #[non_exhaustive]
        pub enum #name { #(#variants)* #unknown }
        #conversions
    }
}

fn variant_text(ty: &Type) -> String {
    match ty {
        Type::Array(_) => "A list.".to_owned(),
        Type::Scalar(Scalar::Null) => "JSON `null`.".to_owned(),
        Type::Scalar(Scalar::String) => "A text.".to_owned(),
        Type::Scalar(Scalar::Bool) => "`true` or `false`.".to_owned(),
        Type::Scalar(Scalar::I64 | Scalar::U64 | Scalar::U32 | Scalar::F64) => "A number.".to_owned(),
        Type::Scalar(Scalar::JsonObject) => "An object.".to_owned(),
        ty => format!("A `{}`.", path(ty).to_string().replace(' ', "")),
    }
}

/// `From` for the types that only one variant has, so that a setter takes them as they are.
pub(super) fn conversions(it: &Union) -> TokenStream {
    let name = format_ident!("{}", it.name);
    let mut conversions = TokenStream::new();
    let mut taken = Vec::new();
    for (variant, ty) in it.variants.iter().filter(|(_, ty)| !matches!(ty, Type::Scalar(Scalar::Null | Scalar::Json))) {
        let (rust, ty_path) = (format_ident!("{variant}"), inner_path(ty));
        if taken.contains(&ty_path.to_string()) {
            continue;
        }
        taken.push(ty_path.to_string());
        conversions.extend(quote! {
            impl From<#ty_path> for #name {
                fn from(value: #ty_path) -> Self { Self::#rust(value) }
            }
        });
        if matches!(ty, Type::Scalar(Scalar::String)) {
            conversions.extend(quote! {
                impl From<&str> for #name {
                    fn from(value: &str) -> Self { Self::#rust(value.to_owned()) }
                }
            });
        }
    }
    conversions
}
