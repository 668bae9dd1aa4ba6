//! Types, fields and their serde attributes as tokens.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};

use super::docs::docs;
use crate::lower::names::is_keyword;
use crate::model::{Field, Scalar, Type};

/// A snake_case name as an identifier, raw where it has to be.
pub(super) fn ident(name: &str) -> Ident {
    if is_keyword(name) { Ident::new_raw(name, Span::call_site()) } else { format_ident!("{name}") }
}

/// The path of a type.
pub(super) fn path(ty: &Type) -> TokenStream {
    match ty {
        Type::Scalar(scalar) => scalar_path(*scalar),
        Type::Array(inner) => {
            let inner = inner_path(inner);
            quote!(Vec<#inner>)
        }
        Type::Map(inner) => {
            let inner = inner_path(inner);
            quote!(std::collections::BTreeMap<String, #inner>)
        }
        Type::Object(it) => named(&it.name),
        Type::Enum(it) => named(&it.name),
        Type::Union(it) => named(&it.name),
        Type::Shared(name) => {
            let name = format_ident!("{name}");
            quote!(crate::shared::#name)
        }
    }
}

/// The path of a type inside of another, where no attribute can say how serde reads it. A number keeps its digits.
pub(super) fn inner_path(ty: &Type) -> TokenStream {
    match ty {
        Type::Scalar(Scalar::F64) => quote!(cln_primitives::serde_json::Number),
        Type::Scalar(Scalar::Sat) => quote!(cln_primitives::Sat),
        ty => path(ty),
    }
}

fn named(name: &str) -> TokenStream {
    let name = format_ident!("{name}");
    quote!(#name)
}

pub(super) fn scalar_path(scalar: Scalar) -> TokenStream {
    match scalar {
        Scalar::Bool => quote!(bool),
        Scalar::U8 => quote!(u8),
        Scalar::U16 => quote!(u16),
        Scalar::U32 => quote!(u32),
        Scalar::U64 => quote!(u64),
        Scalar::I64 => quote!(i64),
        Scalar::F64 => quote!(f64),
        Scalar::String => quote!(String),
        Scalar::Json => quote!(cln_primitives::serde_json::Value),
        Scalar::JsonObject => quote!(cln_primitives::serde_json::Map<String, cln_primitives::serde_json::Value>),
        Scalar::Null => quote!(()),
        Scalar::Sat => quote!(cln_primitives::bitcoin::Amount),
        Scalar::Txid => quote!(cln_primitives::bitcoin::Txid),
        Scalar::OutPoint => quote!(cln_primitives::bitcoin::OutPoint),
        Scalar::Signature => quote!(cln_primitives::bitcoin::secp256k1::ecdsa::Signature),
        Scalar::Bip340Signature => quote!(cln_primitives::bitcoin::secp256k1::schnorr::Signature),
        Scalar::SecretString => quote!(cln_primitives::SecretString),
        Scalar::Msat => quote!(cln_primitives::Msat),
        Scalar::MsatOrAll => quote!(cln_primitives::MsatOrAll),
        Scalar::MsatOrAny => quote!(cln_primitives::MsatOrAny),
        Scalar::SatOrAll => quote!(cln_primitives::SatOrAll),
        Scalar::CurrencyAmount => quote!(cln_primitives::CurrencyAmount),
        Scalar::Hash32 => quote!(cln_primitives::Hash32),
        Scalar::Secret => quote!(cln_primitives::Secret),
        Scalar::NodeId => quote!(cln_primitives::NodeId),
        Scalar::HexBytes => quote!(cln_primitives::HexBytes),
        Scalar::ShortChannelId => quote!(cln_primitives::ShortChannelId),
        Scalar::ShortChannelIdDir => quote!(cln_primitives::ShortChannelIdDir),
        Scalar::Feerate => quote!(cln_primitives::Feerate),
        Scalar::OutputDesc => quote!(cln_primitives::OutputDesc),
    }
}

/// The type of a field: an `Option` unless it must be there.
pub(super) fn field_type(field: &Field) -> TokenStream {
    optional(path(&field.ty), field.required)
}

pub(super) fn optional(path: TokenStream, required: bool) -> TokenStream {
    if required { path } else { quote!(Option<#path>) }
}

/// The serde attribute of a field whose type is known only when its arm is.
pub(super) fn untyped_attribute(field: &Field) -> TokenStream {
    let wire = &field.wire;
    let rename = (field.wire != field.rust).then(|| quote!(rename = #wire,));
    quote!(#[serde(#rename skip_serializing_if = "Option::is_none")])
}

/// The serde attribute of a field.
pub(super) fn serde_attribute(field: &Field) -> TokenStream {
    let wire = &field.wire;
    let mut parts = Vec::new();
    if field.wire != field.rust {
        parts.push(quote!(rename = #wire));
    }
    match (&field.ty, field.required) {
        (Type::Scalar(Scalar::Sat), true) => parts.push(quote!(with = "cln_primitives::sat")),
        (Type::Scalar(Scalar::Sat), false) => parts.push(quote!(default, with = "cln_primitives::sat::option")),
        (Type::Scalar(Scalar::F64), true) => {
            parts.push(quote!(serialize_with = "cln_primitives::number::serialize"));
        }
        (Type::Scalar(Scalar::F64), false) => {
            parts.push(quote!(serialize_with = "cln_primitives::number::option::serialize"));
        }
        _ => {}
    }
    if !field.required {
        parts.push(quote!(skip_serializing_if = "Option::is_none"));
    }
    if parts.is_empty() { TokenStream::new() } else { quote!(#[serde(#(#parts),*)]) }
}

/// The documentation of a field.
pub(super) fn field_docs(field: &Field) -> TokenStream {
    docs(&field.about, &format!("The field `{}`.", field.wire))
}

/// Public fields of a struct that serde does not see: the flat struct behind it has the attributes.
pub(super) fn bare_fields(fields: &[Field]) -> TokenStream {
    let fields = fields.iter().map(|field| {
        let (docs, name, ty) = (field_docs(field), ident(&field.rust), field_type(field));
        quote!(#docs pub #name: #ty,)
    });
    quote!(#(#fields)*)
}

/// Public fields of a struct that serde sees.
pub(super) fn public_fields(fields: &[Field]) -> TokenStream {
    let fields = fields.iter().map(|field| {
        let (docs, attribute, name, ty) =
            (field_docs(field), serde_attribute(field), ident(&field.rust), field_type(field));
        quote!(#docs #attribute pub #name: #ty,)
    });
    quote!(#(#fields)*)
}
