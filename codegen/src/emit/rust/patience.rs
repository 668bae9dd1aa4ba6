//! `patience()`: how long a command may take by its own parameters.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::types::ident;
use crate::model::{Command, Field, Scalar, Type};

/// The body of `Command::patience`, or nothing for a command that answers at once.
pub(super) fn method(command: &Command) -> TokenStream {
    let Some(patience) = &command.patience else { return TokenStream::new() };
    let otherwise = match patience.otherwise {
        Some(seconds) => {
            let seconds = Literal::u64_unsuffixed(seconds);
            quote!(cln_primitives::Patience::at_least_seconds(#seconds))
        }
        None => quote!(cln_primitives::Patience::Endless),
    };
    let named =
        patience.parameter.as_ref().and_then(|name| command.request.object.fields.iter().find(|f| f.wire == *name));
    let forever = patience.forever.map(|value| {
        let value = Literal::u64_unsuffixed(value);
        quote!(Some(#value) => cln_primitives::Patience::Endless,)
    });
    let body = match named.and_then(seconds) {
        Some(given) => quote! {
            match #given {
                #forever
                Some(seconds) => cln_primitives::Patience::at_least_seconds(seconds),
                None => #otherwise,
            }
        },
        None => otherwise,
    };
    quote!(fn patience(&self) -> cln_primitives::Patience { #body })
}

/// The parameter's value as `Option<u64>`; `None` for one that does not count.
fn seconds(field: &Field) -> Option<TokenStream> {
    let name = ident(&field.rust);
    match (&field.ty, field.required) {
        (Type::Scalar(Scalar::U64), false) => Some(quote!(self.#name)),
        (Type::Scalar(Scalar::U8 | Scalar::U16 | Scalar::U32), false) => Some(quote!(self.#name.map(u64::from))),
        (Type::Scalar(Scalar::I64), false) => Some(quote!(self.#name.and_then(|seconds| u64::try_from(seconds).ok()))),
        // A negative one is none, and what is too long for the type is as good as for ever.
        (Type::Scalar(Scalar::F64), false) => Some(quote!(self.#name.map(|seconds| seconds.ceil() as u64))),
        _ => None,
    }
}
