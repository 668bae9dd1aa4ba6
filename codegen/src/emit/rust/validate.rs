//! `validate()`: what a request's types cannot rule out.

use proc_macro2::TokenStream;
use quote::quote;

use super::types::ident;
use crate::model::{Field, Object, Request, Rule, Type};
use crate::overlay::{Refusal, RefuseWhen};

/// The body of `Command::validate`, or nothing where there is nothing to check.
pub(super) fn method(request: &Request, method: &str) -> TokenStream {
    if request.rules.is_empty() {
        return TokenStream::new();
    }
    let checks = request.rules.iter().map(|rule| check(rule, &request.object, method));
    quote! {
        fn validate(&self) -> Result<(), cln_primitives::InvalidRequest> {
            #(#checks)*
            Ok(())
        }
    }
}

fn check(rule: &Rule, object: &Object, method: &str) -> TokenStream {
    let invalid = |parameter: &str, reason: &str| quote!(return Err(cln_primitives::InvalidRequest::new(#method, #parameter, #reason)););
    match rule {
        Rule::Needs { parameter, needs } => {
            let Some(needed) = field(object, needs).filter(|field| !field.required) else { return TokenStream::new() };
            let (given, needed) = (is_set(object, parameter), ident(&needed.rust));
            let invalid = invalid(parameter, &format!("has a meaning only together with `{needs}`"));
            quote!(if #given && self.#needed.is_none() { #invalid })
        }
        Rule::AtMostOne(set) => {
            let given = set.iter().map(|parameter| is_set(object, parameter));
            let last = set.last().map_or("", String::as_str);
            let invalid = invalid(last, &format!("only one of {} may be given", listed(set)));
            quote!(if [#(#given),*].into_iter().filter(|given| *given).count() > 1 { #invalid })
        }
        Rule::Together(set) => {
            let given = set.iter().map(|parameter| is_set(object, parameter));
            let first = set.first().map_or("", String::as_str);
            let invalid = invalid(first, &format!("{} go together: all of them, or none", listed(set)));
            let all = set.len();
            quote! {
                if ![0, #all].contains(&[#(#given),*].into_iter().filter(|given| *given).count()) { #invalid }
            }
        }
        Rule::Length { parameter, limits, hex } => length(object, parameter, *limits, *hex, &invalid),
        Rule::Refuse(refusal) => refuse(object, refusal, &invalid),
    }
}

fn listed(set: &[String]) -> String {
    let names: Vec<String> = set.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

fn field<'o>(object: &'o Object, wire: &str) -> Option<&'o Field> {
    object.fields.iter().find(|field| field.wire == wire)
}

fn is_set(object: &Object, wire: &str) -> TokenStream {
    match field(object, wire) {
        Some(field) if !field.required => {
            let name = ident(&field.rust);
            quote!(self.#name.is_some())
        }
        _ => quote!(true),
    }
}

/// Refuses when the parameter is given and its `value` meets the condition.
fn refuse_value(object: &Object, wire: &str, condition: TokenStream, refusal: TokenStream) -> TokenStream {
    let Some(field) = field(object, wire) else { return TokenStream::new() };
    let name = ident(&field.rust);
    match field.required {
        true => quote!({ let value = &self.#name; if #condition { #refusal } }),
        false => quote!(if let Some(value) = &self.#name && #condition { #refusal }),
    }
}

fn length(
    object: &Object,
    parameter: &str,
    limits: crate::dialect::Limits,
    hex: bool,
    invalid: &dyn Fn(&str, &str) -> TokenStream,
) -> TokenStream {
    let is_list = field(object, parameter).is_some_and(|field| matches!(field.ty, Type::Array(_)));
    let measured = match (is_list, hex) {
        (true, _) => quote!(value.len()),
        (false, true) => quote!(value.len() * 2),
        (false, false) => quote!(value.chars().count()),
    };
    let unit = if is_list {
        "items"
    } else if hex {
        "hex digits"
    } else {
        "characters"
    };
    let (range, text) = match (limits.min.map(to_usize), limits.max.map(to_usize)) {
        (Some(min), Some(max)) if min == max => (quote!(#min..=#max), format!("must have {min} {unit}")),
        (Some(min), Some(max)) => (quote!(#min..=#max), format!("must have {min} to {max} {unit}")),
        (Some(min), None) => (quote!(#min..), format!("must have at least {min} {unit}")),
        (None, Some(max)) => (quote!(..=#max), format!("must have at most {max} {unit}")),
        (None, None) => return TokenStream::new(),
    };
    let invalid = invalid(parameter, &text);
    refuse_value(object, parameter, quote!(!(#range).contains(&(#measured))), invalid)
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn refuse(object: &Object, refusal: &Refusal, invalid: &dyn Fn(&str, &str) -> TokenStream) -> TokenStream {
    let invalid = invalid(&refusal.parameter, &refusal.reason);
    match &refusal.when {
        RefuseWhen::LessThan(other) => {
            let Some(other) = field(object, other) else { return TokenStream::new() };
            let name = ident(&other.rust);
            let bound = if other.required { quote!(Some(&self.#name)) } else { quote!(self.#name.as_ref()) };
            refuse_value(object, &refusal.parameter, quote!(#bound.is_some_and(|bound| value < bound)), invalid)
        }
        RefuseWhen::Unlisted => match field(object, &refusal.parameter).map(|field| &field.ty) {
            Some(Type::Enum(it)) => {
                let ty = quote::format_ident!("{}", it.name);
                refuse_value(object, &refusal.parameter, quote!(matches!(value, #ty::Unknown(_))), invalid)
            }
            _ => TokenStream::new(),
        },
        RefuseWhen::Empty => refuse_value(object, &refusal.parameter, quote!(value.is_empty()), invalid),
    }
}
