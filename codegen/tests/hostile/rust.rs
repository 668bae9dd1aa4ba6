//! Emitted files, read back.

use std::collections::BTreeMap;

use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// What a file documents, in order, and all its code without the documentation.
#[derive(Debug, PartialEq)]
pub struct Parsed {
    pub docs: Vec<String>,
    pub code: String,
}

/// Reads a file as rustc would.
pub fn parse(path: &str, text: &str) -> Parsed {
    let file = syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}\n{text}"));
    let mut docs = Docs::default();
    docs.visit_file(&file);
    // A comment is an attribute to syn; what is no comment must not depend on any text.
    let code: Vec<&str> = text
        .lines()
        .filter(|line| !["//", "///", "//!"].iter().any(|start| line.trim_start().starts_with(start)))
        .collect();
    Parsed { docs: docs.found, code: code.join("\n") }
}

/// All emitted modules, read back.
pub fn parse_all(emitted: &BTreeMap<String, String>) -> BTreeMap<&str, Parsed> {
    let modules = emitted.iter().filter(|(path, _)| path.ends_with(".rs"));
    modules.map(|(path, text)| (path.as_str(), parse(path, text))).collect()
}

/// Documentation item by item: the lines that follow each other are one text.
#[derive(Default)]
struct Docs {
    found: Vec<String>,
}

impl Docs {
    fn take(&mut self, attributes: &[Attribute]) {
        let lines: Vec<String> = attributes.iter().filter_map(doc).collect();
        if !lines.is_empty() {
            self.found.push(lines.join("\n"));
        }
    }
}

fn doc(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(it) = &attribute.meta else { return None };
    match &it.value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if it.path.is_ident("doc") => {
            let text = text.value();
            Some(text.strip_prefix(' ').unwrap_or(&text).to_owned())
        }
        _ => None,
    }
}

impl<'ast> Visit<'ast> for Docs {
    fn visit_file(&mut self, it: &'ast syn::File) {
        self.take(&it.attrs);
        visit::visit_file(self, it);
    }

    fn visit_item_enum(&mut self, it: &'ast syn::ItemEnum) {
        self.take(&it.attrs);
        visit::visit_item_enum(self, it);
    }

    fn visit_item_struct(&mut self, it: &'ast syn::ItemStruct) {
        self.take(&it.attrs);
        visit::visit_item_struct(self, it);
    }

    fn visit_variant(&mut self, it: &'ast syn::Variant) {
        self.take(&it.attrs);
        visit::visit_variant(self, it);
    }

    fn visit_field(&mut self, it: &'ast syn::Field) {
        self.take(&it.attrs);
        visit::visit_field(self, it);
    }

    fn visit_impl_item_fn(&mut self, it: &'ast syn::ImplItemFn) {
        self.take(&it.attrs);
        visit::visit_impl_item_fn(self, it);
    }
}
