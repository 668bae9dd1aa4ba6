//! `ListCommand` and `PagedCommand`: read-only commands whose answer is one list.

use proc_macro2::TokenStream;
use quote::quote;

use super::types::{ident, inner_path, path};
use crate::model::{Api, Command, Field, Object, Scalar, Type};

/// The impls of a command, or nothing.
pub(super) fn impls(api: &Api, command: &Command) -> TokenStream {
    let Some((list, item)) = list_of(command) else { return TokenStream::new() };
    let (field, item_path) = (&list.wire, inner_path(item));
    let (name, or_empty) = (ident(&list.rust), (!list.required).then(|| quote!(.unwrap_or_default())));
    let paged = paged(api, command, item);
    quote! {
        impl cln_primitives::ListCommand for Request {
            type Item = #item_path;
            const FIELD: &'static str = #field;

            fn items(response: Self::Response) -> Vec<Self::Item> {
                response.#name #or_empty
            }
        }
        #paged
    }
}

/// The list that an answer is; warnings may stand beside it.
fn list_of(command: &Command) -> Option<(&Field, &Type)> {
    let is_warning = |field: &&Field| field.wire.starts_with("warning_") && !field.required;
    let mut others = command.response.fields.iter().filter(|field| !is_warning(field));
    let (only, None, true, true) =
        (others.next()?, others.next(), command.response.choices.is_empty(), command.read_only)
    else {
        return None;
    };
    match &only.ty {
        Type::Array(item) => Some((only, item)),
        _ => None,
    }
}

fn paged(api: &Api, command: &Command, item: &Type) -> TokenStream {
    let request = &command.request.object;
    let is = |name: &str, scalar: Scalar| {
        field(request, name)
            .is_some_and(|field| !field.required && matches!(field.ty, Type::Scalar(it) if it == scalar))
    };
    let Type::Object(item) = item else { return TokenStream::new() };
    let Some(index) = field(request, "index").filter(|_| is("start", Scalar::U64) && is("limit", Scalar::U32)) else {
        return TokenStream::new();
    };
    let Some(created) = counter(item, "created_index") else { return TokenStream::new() };
    let updated = counter(item, "updated_index");
    let (has_updated, updated) = (updated.is_some(), updated.unwrap_or_else(|| quote!(None)));
    let (index, index_path) = (ident(&index.rust), path(&index.ty));
    let followed = subsystem(api, command).map(|subsystem| {
        quote! {
            impl cln_primitives::FollowedCommand for Request {
                const SUBSYSTEM: &'static str = #subsystem;
            }
        }
    });
    quote! {
        impl cln_primitives::PagedCommand for Request {
            const HAS_UPDATED_INDEX: bool = #has_updated;

            fn page(&self, index: cln_primitives::PageIndex, start: u64, limit: u32) -> Self {
                let mut page = self.clone();
                page.#index = Some(#index_path::from_wire(index.as_str()));
                page.start = Some(start);
                page.limit = Some(limit);
                page
            }

            fn index_of(item: &Self::Item, index: cln_primitives::PageIndex) -> Option<u64> {
                match index {
                    cln_primitives::PageIndex::Created => #created,
                    cln_primitives::PageIndex::Updated => #updated,
                }
            }
        }
        #followed
    }
}

/// What `wait` calls the records that a command lists: the list's own name, where `wait` has it.
fn subsystem<'c>(api: &Api, command: &'c Command) -> Option<&'c str> {
    let name = command.method.strip_prefix("list")?;
    let wait = api.commands.iter().find(|it| it.method == "wait")?;
    match &field(&wait.request.object, "subsystem")?.ty {
        Type::Enum(it) => it.values.iter().any(|value| value.wire == name).then_some(name),
        _ => None,
    }
}

fn field<'o>(object: &'o Object, wire: &str) -> Option<&'o Field> {
    object.fields.iter().find(|field| field.wire == wire)
}

fn counter(item: &Object, wire: &str) -> Option<TokenStream> {
    let field = field(item, wire).filter(|field| matches!(field.ty, Type::Scalar(Scalar::U64)))?;
    let name = ident(&field.rust);
    Some(if field.required { quote!(Some(item.#name)) } else { quote!(item.#name) })
}
