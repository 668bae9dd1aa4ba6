//! The error enum of a command.

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::docs::{clean, lines};
use crate::model::ErrorCode;

/// `Error` of the command `method`.
pub(super) fn items(method: &str, codes: &[ErrorCode]) -> TokenStream {
    let variants = codes.iter().map(|code| {
        let name = format_ident!("{}", code.name);
        let text = code.text.as_deref().map_or_else(|| format!("Code {}.", code.code), clean);
        let constant = code.constant.as_ref().map(|constant| format!(", `{constant}`")).unwrap_or_default();
        let docs = lines(&format!("{text}\n\nCode {}{constant}.", code.code));
        match &code.data {
            Some(data) => {
                let data = format_ident!("{data}");
                quote!(#docs #name(cln_primitives::RpcErrorData<crate::error_data::#data>),)
            }
            None => quote!(#docs #name(cln_primitives::RpcError),),
        }
    });
    let names = codes.iter().map(|code| {
        let (number, name) = (Literal::i32_unsuffixed(code.code), format_ident!("{}", code.name));
        quote!(#number => #name)
    });
    let docs = lines(&format!("Why `{method}` can fail."));
    quote! {
        #docs
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Error {
            #(#variants)*
            /// A code that the command's schema does not list; [`Error::common`] tells those that every call can meet.
            Other(cln_primitives::RpcError),
        }
        cln_primitives::rpc_errors!(#method, Error { #(#names),* });
    }
}
