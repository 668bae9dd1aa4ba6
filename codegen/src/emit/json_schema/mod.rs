//! Standard JSON Schema, draft 2020-12, of what the model has: for tools that know nothing of rpc-schema.
//!
//! What is sent is closed, what is received is open. A field that depends on another's value stands in a `then`.

mod choices;
mod definitions;
mod rules;

use serde_json::{Map, Value, json};

use crate::model::{About, Api, Command, Direction, Field, Object, Request, Scalar, Type, Union, WireEnum};

/// The meta-schema that the documents name.
pub const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// What an object is, as a JSON Schema document of its own.
pub fn document(api: &Api, object: &Object) -> Value {
    let schemas = Schemas { api, definitions_at: "#/$defs/" };
    standalone(&schemas, schemas.object(object))
}

/// What a command's request is, with the rules between its parameters, as a JSON Schema document of its own. It tells
/// what the command does as well.
pub fn request_document(api: &Api, command: &Command) -> Value {
    let schemas = Schemas { api, definitions_at: "#/$defs/" };
    let mut schema = Map::new();
    schema.insert("title".to_owned(), command.method.clone().into());
    describe(&mut schema, &command.about);
    if let Value::Object(request) = schemas.request(&command.request) {
        schema.extend(request);
    }
    standalone(&schemas, Value::Object(schema))
}

fn standalone(schemas: &Schemas<'_>, schema: Value) -> Value {
    let mut document = Map::new();
    document.insert("$schema".to_owned(), DRAFT.into());
    if let Value::Object(schema) = schema {
        document.extend(schema);
    }
    let definitions = schemas.definitions_used(&Value::Object(document.clone()));
    if !definitions.is_empty() {
        document.insert("$defs".to_owned(), Value::Object(definitions));
    }
    Value::Object(document)
}

/// Renders schemas that refer to definitions in one place.
pub(crate) struct Schemas<'a> {
    pub(crate) api: &'a Api,
    /// Where the definitions are: a JSON pointer in a URI, with `/` at its end.
    pub(crate) definitions_at: &'static str,
}

impl Schemas<'_> {
    /// Every definition that a schema refers to, and those that these refer to, by name.
    pub(crate) fn definitions_used(&self, schema: &Value) -> Map<String, Value> {
        let mut used = Map::new();
        let mut todo = vec![schema.clone()];
        while let Some(schema) = todo.pop() {
            let mut names = Vec::new();
            collect_references(&schema, self.definitions_at, &mut names);
            for name in names {
                if let (false, Some(definition)) = (used.contains_key(&name), self.definition(&name)) {
                    used.insert(name, definition.clone());
                    todo.push(definition);
                }
            }
        }
        used.sort_keys();
        used
    }

    fn definition(&self, name: &str) -> Option<Value> {
        let shared = self.api.shared.iter().find(|it| it.name == name);
        shared.map(|it| self.wire_enum(it)).or_else(|| definitions::definition(name, self.definitions_at))
    }

    fn reference(&self, name: &str) -> Value {
        json!({ "$ref": format!("{}{name}", self.definitions_at) })
    }

    /// A request: an object, and the rules between its parameters.
    pub(crate) fn request(&self, request: &Request) -> Value {
        let mut schema = self.object(&request.object);
        if let Some(schema) = schema.as_object_mut() {
            rules::add(schema, &request.rules);
        }
        schema
    }

    /// An object, with everything that depends on its values.
    pub(crate) fn object(&self, object: &Object) -> Value {
        let mut schema = Map::new();
        schema.insert("type".to_owned(), "object".into());
        describe(&mut schema, &object.about);
        self.add_fields(&mut schema, &object.fields);
        self.add_choices(&mut schema, object);
        if object.direction == Direction::Sent && !object.extra {
            // `additionalProperties` does not see what stands in branches.
            let closed = if object.choices.is_empty() { "additionalProperties" } else { "unevaluatedProperties" };
            schema.insert(closed.to_owned(), false.into());
        }
        Value::Object(schema)
    }

    fn add_fields(&self, schema: &mut Map<String, Value>, fields: &[Field]) {
        if fields.is_empty() {
            return;
        }
        let properties: Map<String, Value> =
            fields.iter().map(|field| (field.wire.clone(), self.field(field))).collect();
        schema.insert("properties".to_owned(), Value::Object(properties));
        let required: Vec<&str> =
            fields.iter().filter(|field| field.required).map(|field| field.wire.as_str()).collect();
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
    }

    /// A field: its type, and what is said of it here.
    pub(crate) fn field(&self, field: &Field) -> Value {
        let mut schema = match self.ty(&field.ty) {
            schema if field.nullable => Map::from_iter([("anyOf".to_owned(), json!([schema, { "type": "null" }]))]),
            Value::Object(schema) => schema,
            _ => Map::new(),
        };
        describe(&mut schema, &field.about);
        Value::Object(schema)
    }

    fn ty(&self, ty: &Type) -> Value {
        match ty {
            Type::Scalar(scalar) => self.scalar(*scalar),
            Type::Array(inner) => json!({ "type": "array", "items": self.ty(inner) }),
            Type::Map(inner) => json!({ "type": "object", "additionalProperties": self.ty(inner) }),
            Type::Object(object) => self.object(object),
            Type::Enum(it) => self.wire_enum(it),
            Type::Shared(name) => self.reference(name),
            Type::Union(it) => self.union(it),
        }
    }

    fn scalar(&self, scalar: Scalar) -> Value {
        match definitions::of_scalar(scalar) {
            definitions::ScalarSchema::Plain(schema) => schema,
            definitions::ScalarSchema::Named(name) => self.reference(name),
        }
    }

    fn wire_enum(&self, it: &WireEnum) -> Value {
        let mut schema = Map::new();
        schema.insert("type".to_owned(), "string".into());
        describe(&mut schema, &it.about);
        let values: Vec<&str> = it.values.iter().map(|value| value.wire.as_str()).collect();
        schema.insert("enum".to_owned(), json!(values));
        explain(&mut schema, it.values.iter().map(|value| (value.wire.as_str(), value.text.as_ref())));
        Value::Object(schema)
    }

    fn union(&self, it: &Union) -> Value {
        let mut schema = Map::new();
        describe(&mut schema, &it.about);
        let variants: Vec<Value> = it.variants.iter().map(|(_, ty)| self.ty(ty)).collect();
        schema.insert("anyOf".to_owned(), Value::Array(variants));
        Value::Object(schema)
    }
}

/// Text, version and deprecation as annotations. The daemon's defaults are prose, so they are told in the text.
fn describe(schema: &mut Map<String, Value>, about: &About) {
    let mut text = about.text.clone().unwrap_or_default();
    if let Some(default) = &about.default {
        let space = if text.is_empty() { "" } else { " " };
        text.push_str(&format!("{space}Default: {}.", default.trim_end_matches('.')));
    }
    if !text.is_empty() {
        schema.insert("description".to_owned(), text.into());
    }
    if about.deprecated.is_some() {
        schema.insert("deprecated".to_owned(), true.into());
    }
    if let Some(added) = about.added {
        schema.insert("x-added".to_owned(), added.to_string().into());
    }
}

/// What the values of an enum mean.
fn explain<'v>(schema: &mut Map<String, Value>, values: impl Iterator<Item = (&'v str, Option<&'v String>)>) {
    let texts: Map<String, Value> =
        values.filter_map(|(value, text)| Some((value.to_owned(), text?.clone().into()))).collect();
    if !texts.is_empty() {
        schema.insert("x-enum-descriptions".to_owned(), Value::Object(texts));
    }
}

fn collect_references(schema: &Value, definitions_at: &str, names: &mut Vec<String>) {
    match schema {
        Value::Object(object) => {
            let name = object.get("$ref").and_then(Value::as_str).and_then(|at| at.strip_prefix(definitions_at));
            names.extend(name.map(str::to_owned));
            object.values().for_each(|value| collect_references(value, definitions_at, names));
        }
        Value::Array(values) => values.iter().for_each(|value| collect_references(value, definitions_at, names)),
        _ => {}
    }
}
