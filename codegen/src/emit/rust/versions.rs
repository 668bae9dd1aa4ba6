//! `unsupported_fields()`: which of the parameters that are set came later than a node.

use proc_macro2::TokenStream;
use quote::quote;

use super::types::ident;
use super::version;
use crate::dialect::Version;
use crate::model::{Object, Request, Type};

/// A parameter that a release brought, and the expression that tells whether it is set.
struct Younger {
    path: String,
    added: Version,
    is_set: TokenStream,
}

/// The body of `Command::unsupported_fields`, or nothing where all parameters are as old as the command.
pub(super) fn method(request: &Request, command: Option<Version>) -> TokenStream {
    let mut found = Vec::new();
    find(&request.object, &quote!(self), "", &|is_set| is_set, &mut found);
    found.retain(|it| command.is_none_or(|command| it.added > command));
    if found.is_empty() {
        return TokenStream::new();
    }
    let rows = found.into_iter().map(|Younger { path, added, is_set }| {
        let added = version(Some(added));
        quote!((#path, #added, #is_set))
    });
    quote! {
        fn unsupported_fields(&self, node: cln_primitives::Version) -> Vec<&'static str> {
            cln_primitives::younger(node, &[#(#rows),*])
        }
    }
}

/// Walks an object that the expression `at` names; `within` wraps a test into what leads there.
fn find(
    object: &Object,
    at: &TokenStream,
    path: &str,
    within: &dyn Fn(TokenStream) -> TokenStream,
    found: &mut Vec<Younger>,
) {
    for field in &object.fields {
        let name = ident(&field.rust);
        let path = format!("{path}{}", field.wire);
        if let Some(added) = field.about.added {
            let is_set = if field.required { quote!(true) } else { quote!(#at.#name.is_some()) };
            found.push(Younger { path: path.clone(), added, is_set: within(is_set) });
        }
        let flat = if field.required { quote!() } else { quote!(.flatten()) };
        match &field.ty {
            Type::Object(inner) if field.required => {
                find(inner, &quote!(#at.#name), &format!("{path}."), within, found)
            }
            Type::Object(inner) => {
                let within = |is_set| within(quote!(#at.#name.as_ref().is_some_and(|it| #is_set)));
                find(inner, &quote!(it), &format!("{path}."), &within, found);
            }
            Type::Array(item) => {
                let Type::Object(inner) = &**item else { continue };
                let within = |is_set| within(quote!(#at.#name.iter()#flat.any(|it| #is_set)));
                find(inner, &quote!(it), &format!("{path}[]."), &within, found);
            }
            _ => {}
        }
    }
}
