//! Requests. `typify` lowers the parameters to Rust types; its definitions are kept, with our documentation and
//! attributes, and everything else that it can generate is dropped, as no caller uses it.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::quote;
use schemars::schema::{
    ArrayValidation, InstanceType, Metadata, ObjectValidation, RootSchema, Schema, SchemaObject, SubschemaValidation,
};
use syn::visit_mut::{VisitMut, visit_path_mut};
use syn::{Fields, Item, Type as RustType};
use typify::{TypeSpace, TypeSpaceImpl, TypeSpaceSettings};

use super::docs::{docs, lines};
use super::enums;
use super::object::{constructor, object_docs, strictness};
use super::types::{field_docs, ident, path, serde_attribute};
use crate::model::{Direction, Field, Object, Request, Scalar, Type, Union};

/// The items of a request and of everything in it.
///
/// # Errors
///
/// What `typify` says of a request that it cannot lower.
pub(super) fn items(request: &Request, emitted: &mut BTreeSet<String>) -> Result<TokenStream, String> {
    let mut known = Known::default();
    known.object(&request.object);
    let mut parts = definitions(&request.object, &known)?;
    for it in known.enums.values() {
        if emitted.insert(it.name.clone()) {
            parts.push(enums::wire_enum(it));
        }
    }
    Ok(quote!(#(#parts)*))
}

/// Every type of a request by its name.
#[derive(Default)]
struct Known<'m> {
    objects: BTreeMap<&'m str, &'m Object>,
    unions: BTreeMap<&'m str, &'m Union>,
    enums: BTreeMap<&'m str, &'m crate::model::WireEnum>,
    /// Paths that stand for a type whose definition is elsewhere.
    leaves: BTreeSet<String>,
}

impl<'m> Known<'m> {
    fn object(&mut self, object: &'m Object) {
        self.objects.insert(&object.name, object);
        object.fields.iter().for_each(|field| self.ty(&field.ty));
    }

    fn ty(&mut self, ty: &'m Type) {
        match ty {
            Type::Array(inner) | Type::Map(inner) => self.ty(inner),
            Type::Object(object) => self.object(object),
            Type::Union(it) => {
                self.unions.insert(&it.name, it);
                it.variants.iter().for_each(|(_, ty)| self.ty(ty));
            }
            Type::Enum(it) => {
                self.enums.insert(&it.name, it);
                self.leaves.insert(leaf(ty));
            }
            Type::Scalar(_) | Type::Shared(_) => {
                self.leaves.insert(leaf(ty));
            }
        }
    }
}

/// The path of a type as one word, which serves as its `format` in JSON Schema.
fn leaf(ty: &Type) -> String {
    let path = match ty {
        // In a union, a number keeps its digits.
        Type::Scalar(Scalar::Null) => quote!(()),
        ty => path(ty),
    };
    path.to_string().replace(' ', "")
}

fn definitions(object: &Object, known: &Known<'_>) -> Result<Vec<TokenStream>, String> {
    let mut settings = TypeSpaceSettings::default();
    for path in &known.leaves {
        settings.with_conversion(leaf_schema(path), path, std::iter::empty::<TypeSpaceImpl>());
    }
    let mut space = TypeSpace::new(&settings);
    let Schema::Object(schema) = object_schema(object) else { return Ok(Vec::new()) };
    let root = RootSchema { schema, ..RootSchema::default() };
    space.add_root_schema(root).map_err(|error| error.to_string())?;
    let file: syn::File = syn::parse2(space.to_stream()).map_err(|error| error.to_string())?;
    let items = file.items.into_iter().filter_map(|item| match item {
        Item::Struct(item) => {
            let object = known.objects.get(item.ident.to_string().as_str())?;
            Some(structure(item, object))
        }
        Item::Enum(item) => {
            let it = known.unions.get(item.ident.to_string().as_str())?;
            Some(union(item, it))
        }
        _ => None,
    });
    Ok(items.collect())
}

fn structure(mut item: syn::ItemStruct, object: &Object) -> TokenStream {
    ShortPaths.visit_item_struct_mut(&mut item);
    let types: BTreeMap<String, RustType> = match item.fields {
        Fields::Named(fields) => {
            fields.named.into_iter().filter_map(|f| Some((f.ident?.to_string().replace("r#", ""), f.ty))).collect()
        }
        _ => BTreeMap::new(),
    };
    let fields = object.fields.iter().map(|field| {
        let (docs, attribute, name) = (field_docs(field), serde_attribute(field), ident(&field.rust));
        let ty = match types.get(&field.rust) {
            // An empty list is not the same as none, so that a list is an `Option` as well.
            Some(ty) if field.required || is_option(ty) => quote!(#ty),
            Some(ty) => quote!(Option<#ty>),
            None => super::types::field_type(field),
        };
        quote!(#docs #attribute pub #name: #ty,)
    });
    let name = item.ident;
    let docs = if name == "Request" { lines("The parameters.") } else { object_docs(object) };
    let strict = strictness(Direction::Sent);
    let constructor = constructor(object);
    quote! {
        #docs
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #strict
        #[non_exhaustive]
        pub struct #name { #(#fields)* }
        #constructor
    }
}

fn union(mut item: syn::ItemEnum, it: &Union) -> TokenStream {
    ShortPaths.visit_item_enum_mut(&mut item);
    let name = item.ident;
    let docs = docs(&it.about, &format!("One of the forms that `{}` has.", it.name));
    let variants = item.variants.into_iter().map(|variant| {
        let (name, fields) = (variant.ident, variant.fields);
        let docs = lines(&format!("As `{name}`."));
        quote!(#docs #name #fields,)
    });
    let conversions = enums::conversions(it);
    quote! {
        #docs
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(untagged)]
        #[non_exhaustive]
        pub enum #name { #(#variants)* }
        #conversions
    }
}

fn is_option(ty: &RustType) -> bool {
    matches!(ty, RustType::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Option"))
}

/// `::std::option::Option` → `Option`: the module's own types are never called like those of std's prelude.
struct ShortPaths;

impl VisitMut for ShortPaths {
    fn visit_path_mut(&mut self, path: &mut syn::Path) {
        let first = path.segments.first().map(|segment| segment.ident.to_string());
        if path.leading_colon.is_some() && first.as_deref() == Some("std") {
            path.leading_colon = None;
            let last = path.segments.pop().map(syn::punctuated::Pair::into_value);
            path.segments = last.into_iter().collect();
        }
        visit_path_mut(self, path);
    }
}

fn leaf_schema(path: &str) -> SchemaObject {
    SchemaObject {
        instance_type: Some(InstanceType::String.into()),
        format: Some(path.to_owned()),
        ..SchemaObject::default()
    }
}

/// A type as standard JSON Schema, as far as `typify` needs it.
fn type_schema(ty: &Type) -> Schema {
    match ty {
        Type::Scalar(_) | Type::Enum(_) | Type::Shared(_) => leaf_schema(&leaf(ty)).into(),
        Type::Array(inner) => SchemaObject {
            instance_type: Some(InstanceType::Array.into()),
            array: Some(Box::new(ArrayValidation {
                items: Some(type_schema(inner).into()),
                ..ArrayValidation::default()
            })),
            ..SchemaObject::default()
        }
        .into(),
        Type::Map(inner) => SchemaObject {
            instance_type: Some(InstanceType::Object.into()),
            object: Some(Box::new(ObjectValidation {
                additional_properties: Some(Box::new(type_schema(inner))),
                ..ObjectValidation::default()
            })),
            ..SchemaObject::default()
        }
        .into(),
        Type::Object(object) => object_schema(object),
        Type::Union(it) => union_schema(it),
    }
}

fn object_schema(object: &Object) -> Schema {
    let properties = object.fields.iter().map(|field: &Field| (field.wire.clone(), type_schema(&field.ty))).collect();
    let required = object.fields.iter().filter(|field| field.required).map(|field| field.wire.clone()).collect();
    SchemaObject {
        metadata: Some(Box::new(Metadata { title: Some(object.name.clone()), ..Metadata::default() })),
        instance_type: Some(InstanceType::Object.into()),
        object: Some(Box::new(ObjectValidation {
            properties,
            required,
            additional_properties: Some(Box::new(Schema::Bool(false))),
            ..ObjectValidation::default()
        })),
        ..SchemaObject::default()
    }
    .into()
}

fn union_schema(it: &Union) -> Schema {
    let alternatives = it.variants.iter().map(|(name, ty)| {
        let mut schema = type_schema(ty).into_object();
        schema.metadata().title = Some(name.clone());
        schema.into()
    });
    SchemaObject {
        metadata: Some(Box::new(Metadata { title: Some(it.name.clone()), ..Metadata::default() })),
        subschemas: Some(Box::new(SubschemaValidation {
            one_of: Some(alternatives.collect()),
            ..SubschemaValidation::default()
        })),
        ..SchemaObject::default()
    }
    .into()
}
