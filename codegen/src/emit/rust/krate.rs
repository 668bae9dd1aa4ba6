//! What holds the modules together: the crate's root, its manifest, and the macros over all commands.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::types::ident;
use super::{enums, inner_lines, object};
use crate::model::{About, Api, Command};

const ABOUT: &str = "The typed API of Core Lightning: a module for each command, and for each notification and hook.

A command's module has its `Request`, its `Response` and its `Error`:

```
# #[cfg(feature = \"offers\")] {
use cln_api::{Command, sendinvoice};

let request = sendinvoice::Request::new(\"lnr1…\", \"order-17\").timeout(60);
assert_eq!(serde_json::to_value(&request)?[\"label\"], \"order-17\");

let answer = br#\"{\"label\":\"order-17\",\"description\":\"\",\"status\":\"expired\",\"expires_at\":1700000000,
    \"payment_hash\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"created_index\":1}\"#;
let response = sendinvoice::Request::decode_response(answer)?;
assert_eq!(response.status, sendinvoice::Status::Expired);
# }
# Ok::<(), Box<dyn std::error::Error>>(())
```

This crate has the types and no connection: serialised, a request is the JSON-RPC `params`, and [`Command`] says the
method's name and reads the `result`.

# What the types say

* **What depends on a field's value is an enum.** A paid invoice has a preimage, an unpaid one cannot have one. What
  comes only together with another field is one `Option` of a struct.
* **A newer node breaks nothing.** Values that these types do not name are kept as `Unknown`, unknown fields are ignored,
  and structs and enums are `#[non_exhaustive]`.
* **An older node neither.** A field that came after the oldest supported release is optional in answers.
  [`Command::unsupported_fields`] tells which parameters of a request a node does not know yet, and [`Command::ADDED`]
  whether it knows the command.
* **Requests are strict.** `Request::new` takes what must be given, setters the rest; nothing else is sent.
  [`Command::validate`] finds what types cannot: parameters that need or exclude each other, lengths, and inputs that take
  a node down.
* **Errors are enums** too, a variant for each code that the command can fail with, some with typed `data`. Codes that
  every call can meet are told by `Error::common()`; [`error_code`] has them all by name.
* **Amounts are typed** and never rounded, [`primitives::Secret`]s are redacted in `Debug`, ids and hashes are checked
  when they are read.

An answer that is not what its schema says is a [`primitives::DecodeError`] that names command, JSON path and reason.

# Features

Each group of commands is a feature, and all are on by default; `hooks` and `notifications` are two more. `cln-rpc` makes
every request one of the crate of that name, `json-schema` adds a function that gives a request's JSON Schema, and
`strict`, for tests, refuses unknown fields. [`for_each_command`], [`for_each_notification`] and [`for_each_hook`] call a
macro of yours with every type.";

/// `lib.rs`.
pub(super) fn root(api: &Api) -> TokenStream {
    let docs = inner_lines(&format!("{ABOUT}\n\n{}", table(api)));
    let groups = groups_in_use(api);
    let modules = api.commands.iter().map(|command| {
        let (module, group) = (ident(&command.module), &command.group);
        quote!(#[cfg(feature = #group)] pub mod #module;)
    });
    let macros = command_macros(api);
    let list_macros = list_macro("notification", "notifications", api.notifications.iter().map(|n| &n.module));
    let hook_macros = list_macro("hook", "hooks", api.hooks.iter().map(|h| &h.module));
    quote! {
        #docs
        #![warn(missing_docs)]
        // Texts name commands whatever their feature.
        #![cfg_attr(not(all(#(feature = #groups),*)), allow(rustdoc::broken_intra_doc_links))]
        // The crate itself reads and writes what it calls deprecated; names and sizes are the schemas'.
        #![allow(deprecated, clippy::deprecated_semver, clippy::large_enum_variant)]
        #![allow(clippy::should_implement_trait, clippy::too_many_arguments, clippy::wrong_self_convention)]

        pub use cln_primitives as primitives;
        pub use cln_primitives::{Command, FollowedCommand, Hook, ListCommand, Notification, PagedCommand};

        #(#modules)*
        pub mod error_code;
        pub mod error_data;
        #[cfg(feature = "hooks")]
        pub mod hook;
        #[cfg(feature = "notifications")]
        pub mod notification;
        pub mod shared;
        #[cfg(feature = "cln-rpc")]
        mod cln_rpc;
        #[cfg(feature = "json-schema")]
        mod schema;
        #[cfg(feature = "json-schema")]
        pub use schema::schema;

        #macros
        #list_macros
        #hook_macros
    }
}

/// All commands, by their groups.
fn table(api: &Api) -> String {
    let mut table = "# Commands\n\n| command | | since | feature |\n|---|---|---|---|\n".to_owned();
    for group in groups_in_use(api) {
        for command in api.commands.iter().filter(|command| command.group == group) {
            let Command { method, module, title, about, .. } = command;
            table.push_str(&row(method, module, title, about, Some(group)));
        }
    }
    table
}

/// A line of a table: the module's link, its title, the release that brought it, and its feature.
fn row(name: &str, module: &str, title: &Option<String>, about: &About, feature: Option<&str>) -> String {
    // In a table a bar ends the cell, in code as well.
    let title = title.as_deref().map(super::docs::clean_phrase).unwrap_or_default();
    let title = title.replace("\\|", "|").replace('|', "\\|");
    let since = about.added.map(|added| added.to_string()).unwrap_or_default();
    let feature = feature.map(|feature| format!(" `{feature}` |")).unwrap_or_default();
    format!("| [`{name}`](mod@{module}) | {title} | {since} |{feature}\n")
}

/// One macro a group, defined or empty by this crate's own features: `#[cfg]` in the text that a macro expands to would
/// ask for the features of the crate that calls it.
fn command_macros(api: &Api) -> TokenStream {
    let mut macros = TokenStream::new();
    let mut calls = TokenStream::new();
    for group in groups_in_use(api) {
        let name = format_ident!("__for_each_{}_command", group);
        let commands: Vec<&Command> = api.commands.iter().filter(|command| command.group == group).collect();
        let modules = commands.iter().map(|command| ident(&command.module));
        macros.extend(quote! {
            #[cfg(feature = #group)]
            #[doc(hidden)]
            #[macro_export]
            macro_rules! #name { ($callback:ident) => { #($callback! { $crate::#modules::Request })* }; }
            #[cfg(not(feature = #group))]
            #[doc(hidden)]
            #[macro_export]
            macro_rules! #name { ($callback:ident) => {}; }
        });
        calls.extend(quote!($crate::#name! { $callback }));
    }
    quote! {
        /// Calls a macro with the path of each command's `Request`, for those commands whose features are on.
        ///
        /// The rest follows from the path by [`Command`]: the method's name, the answer, the error.
        ///
        /// ```
        /// let mut methods = Vec::new();
        /// macro_rules! push { ($request:ty) => { methods.push(<$request as cln_api::Command>::METHOD); }; }
        /// cln_api::for_each_command!(push);
        /// # #[cfg(feature = "offers")]
        /// assert!(methods.contains(&"sendinvoice"));
        /// ```
        #[macro_export]
        macro_rules! for_each_command { ($callback:ident) => { #calls }; }
        #macros
    }
}

fn list_macro<'m>(what: &str, feature: &str, modules: impl Iterator<Item = &'m String>) -> TokenStream {
    let name = format_ident!("for_each_{what}");
    let folder = format_ident!("{what}");
    let modules = modules.map(|module| ident(module));
    let text = format!(
        " Calls a macro with the path of each {what}'s `Payload`; with none unless the feature `{feature}` is on."
    );
    quote! {
        #[doc = #text]
        #[cfg(feature = #feature)]
        #[macro_export]
        macro_rules! #name { ($callback:ident) => { #($callback! { $crate::#folder::#modules::Payload })* }; }
        #[doc = #text]
        #[cfg(not(feature = #feature))]
        #[macro_export]
        macro_rules! #name { ($callback:ident) => {}; }
    }
}

fn groups_in_use(api: &Api) -> Vec<&str> {
    let groups: BTreeSet<&str> = api.commands.iter().map(|command| command.group.as_str()).collect();
    groups.into_iter().collect()
}

/// `notification.rs`.
pub(super) fn notifications(api: &Api) -> TokenStream {
    let rows = api.notifications.iter().map(|it| row(&it.name, &it.module, &it.title, &it.about, None));
    let docs = inner_lines(&format!(
        "What a node tells its plugins: a module for each notification, with its `Payload`.\n\n\
         | notification | | since |\n|---|---|---|\n{}",
        rows.collect::<String>()
    ));
    let modules = api.notifications.iter().map(|it| ident(&it.module));
    quote!(#docs #(pub mod #modules;)*)
}

/// `hook.rs`.
pub(super) fn hooks(api: &Api) -> TokenStream {
    let rows = api.hooks.iter().map(|it| row(&it.name, &it.module, &it.title, &it.about, None));
    let docs = inner_lines(&format!(
        "What a node asks its plugins: a module for each hook, with the `Payload` that it sends and the `Action` that \
         the plugin answers. To an answer of another form many hooks react by ending the node.\n\n\
         | hook | | since |\n|---|---|---|\n{}",
        rows.collect::<String>()
    ));
    let modules = api.hooks.iter().map(|it| ident(&it.module));
    quote!(#docs #(pub mod #modules;)*)
}

/// `cln_rpc.rs`.
pub(super) fn cln_rpc() -> TokenStream {
    let docs = inner_lines("Every request for the client of the crate `cln-rpc`: `ClnRpc::call_typed` takes it.");
    quote! {
        #docs

        macro_rules! typed_request {
            ($request:ty) => {
                impl cln_rpc::model::TypedRequest for $request {
                    type Response = <$request as crate::Command>::Response;

                    fn method(&self) -> &str {
                        <$request as crate::Command>::METHOD
                    }
                }
            };
        }

        crate::for_each_command!(typed_request);
    }
}

/// `schema.rs`.
pub(super) fn schemas(api: &Api) -> TokenStream {
    let docs = inner_lines("The JSON Schema of each request, for those who learn only at run time what they call.");
    let arms = api.commands.iter().map(|command| {
        let Command { method, module, group, .. } = command;
        let file = format!("schema/{module}.json");
        quote!(#[cfg(feature = #group)] #method => Some(include_str!(#file)),)
    });
    quote! {
        #docs

        /// The JSON Schema, draft 2020-12, of the request of the command `method`, as JSON text; `None` for a command
        /// that is not known or whose feature is off.
        ///
        /// It has the rules of [`Command::validate`](crate::Command::validate) but those that compare two parameters.
        ///
        /// ```
        /// # #[cfg(feature = "offers")] {
        /// let schema: serde_json::Value = serde_json::from_str(cln_api::schema("sendinvoice").unwrap())?;
        /// assert_eq!(schema["required"], serde_json::json!(["invreq", "label"]));
        /// # }
        /// assert_eq!(cln_api::schema("no-such-command"), None);
        /// # Ok::<(), serde_json::Error>(())
        /// ```
        pub fn schema(method: &str) -> Option<&'static str> {
            match method {
                #(#arms)*
                _ => None,
            }
        }
    }
}

/// `shared.rs`.
pub(super) fn shared(api: &Api) -> TokenStream {
    let docs = inner_lines("Enums that several commands, notifications and hooks use.");
    let enums = api.shared.iter().map(enums::wire_enum);
    quote!(#docs #(#enums)*)
}

/// `error_code.rs`.
pub(super) fn error_codes(api: &Api) -> TokenStream {
    let docs = inner_lines("The error codes of Core Lightning by the names that its sources give them.");
    let constants = api.error_codes.iter().filter_map(|code| {
        let name = format_ident!("{}", code.constant.as_ref()?);
        let number = proc_macro2::Literal::i32_unsuffixed(code.code);
        let docs = super::docs::lines(&super::docs::clean(code.text.as_deref().unwrap_or_default()));
        Some(quote!(#docs pub const #name: i32 = #number;))
    });
    quote!(#docs #(#constants)*)
}

/// `error_data.rs`.
pub(super) fn error_data(api: &Api) -> TokenStream {
    let docs = inner_lines("What some error codes carry as `data`.");
    let mut emitted = BTreeSet::new();
    let objects: Vec<TokenStream> = api.error_data.iter().map(|it| object::items(it, &mut emitted)).collect();
    quote!(#docs #(#objects)*)
}

/// `Cargo.toml` of a crate of its own; `primitives` is the path of `cln-primitives` from there.
pub(crate) fn manifest(api: &Api, primitives: &str) -> String {
    let mut features: BTreeSet<&str> = groups_in_use(api).into_iter().collect();
    features.extend(["hooks", "notifications"]);
    let names: Vec<String> = features.iter().map(|feature| format!("\"{feature}\"")).collect();
    let lines: Vec<String> = features.iter().map(|feature| format!("{feature} = []\n")).collect();
    let primitives = toml::Value::from(primitives.replace('\\', "/"));
    format!(
        "# Generated by `cargo xtask codegen`.\n\
         [package]\n\
         name = \"cln-api\"\n\
         version = \"0.1.0\"\n\
         edition = \"2024\"\n\
         publish = false\n\n\
         [features]\n\
         default = [{}]\n\
         {}\
         cln-rpc = [\"dep:cln-rpc\"]\n\
         json-schema = []\n\
         strict = []\n\n\
         [dependencies]\n\
         cln-primitives = {{ path = {primitives} }}\n\
         cln-rpc = {{ version = \"0.7.0\", optional = true }}\n\
         serde = {{ version = \"1\", features = [\"derive\"] }}\n\n\
         [dev-dependencies]\n\
         serde_json = \"1\"\n\n\
         [workspace]\n",
        names.join(", "),
        lines.concat(),
    )
}
