//! An OpenRPC document: what API explorers, generators for other languages and callers of tools read.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::json_schema::Schemas;
use crate::dialect::Version;
use crate::model::{About, Api, Command, ErrorCode, Request};

/// One recorded call of a command.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// The command, by its name on the wire.
    pub method: String,
    /// The parameters by name.
    pub request: Map<String, Value>,
    /// The answer.
    pub response: Value,
}

const DEFINITIONS: &str = "#/components/schemas/";

/// The document, by version 1.3 of the specification.
///
/// `version` is the release that the schemas are of; without it, the newest that they mention is told.
///
/// Schemas are JSON Schema, draft 2020-12. What OpenRPC has no word for stands in `x-` members: `x-added` and
/// `x-removed` are releases, `x-rules` are the rules between a method's parameters, `x-error-names` the names of its error
/// codes in Core Lightning's sources, and `x-notifications` and `x-hooks` are what the node sends to plugins.
pub fn openrpc(api: &Api, version: Option<&str>, examples: &[Example]) -> Value {
    let schemas = Schemas { api, definitions_at: DEFINITIONS };
    let mut by_method: BTreeMap<&str, Vec<&Example>> = BTreeMap::new();
    for example in examples {
        by_method.entry(&example.method).or_default().push(example);
    }
    let methods = api.commands.iter().map(|it| method(&schemas, it, by_method.get(it.method.as_str())));
    let methods: Vec<Value> = methods.collect();
    let notifications = api.notifications.iter().map(|it| {
        let mut event = named(&it.name, it.title.as_deref(), &it.about);
        event.insert("schema".to_owned(), schemas.object(&it.payload));
        Value::Object(event)
    });
    let hooks = api.hooks.iter().map(|it| {
        let mut hook = named(&it.name, it.title.as_deref(), &it.about);
        hook.insert("schema".to_owned(), schemas.object(&it.payload));
        hook.insert("answer".to_owned(), schemas.object(&it.action));
        Value::Object(hook)
    });
    let mut document = json!({
        "openrpc": "1.3.2",
        "info": {
            "title": "Core Lightning",
            "description": "The JSON-RPC of lightningd, as its unix socket `lightning-rpc` speaks it. \
                Schemas are JSON Schema, draft 2020-12.",
            "version": version.map(str::to_owned).or_else(|| Some(newest(api)?.to_string())).unwrap_or_default(),
        },
        "x-json-schema-dialect": super::json_schema::DRAFT,
        "methods": methods,
        "x-notifications": notifications.collect::<Vec<_>>(),
        "x-hooks": hooks.collect::<Vec<_>>(),
    });
    let data: Map<String, Value> =
        api.error_data.iter().map(|data| (data.name.clone(), schemas.object(data))).collect();
    document["components"] = json!({ "schemas": data });
    let definitions = schemas.definitions_used(&document);
    if let Some(all) = document["components"]["schemas"].as_object_mut() {
        all.extend(definitions);
    }
    document
}

/// The newest release that the schemas mention. A release that brought nothing is not among them.
fn newest(api: &Api) -> Option<Version> {
    let fields = api.commands.iter().flat_map(|it| &it.request.object.fields).map(|field| &field.about);
    api.commands.iter().map(|it| &it.about).chain(fields).filter_map(|about| about.added).max()
}

fn method(schemas: &Schemas<'_>, command: &Command, examples: Option<&Vec<&Example>>) -> Value {
    let mut method = named(&command.method, command.title.as_deref(), &command.about);
    method.insert("tags".to_owned(), json!([{ "name": command.group }]));
    method.insert("paramStructure".to_owned(), "by-name".into());
    method.insert("params".to_owned(), params(schemas, &command.request));
    method.extend(rules(schemas, &command.request));
    let result = json!({ "name": "result", "schema": schemas.object(&command.response) });
    method.insert("result".to_owned(), result);
    let errors: Vec<Value> = command.errors.iter().map(error).collect();
    method.insert("errors".to_owned(), Value::Array(errors));
    let names: Map<String, Value> = command
        .errors
        .iter()
        .map(|error| (error.code.to_string(), error.constant.as_ref().unwrap_or(&error.name).clone().into()))
        .collect();
    if !names.is_empty() {
        method.insert("x-error-names".to_owned(), Value::Object(names));
    }
    if let Some(examples) = examples {
        let examples = examples.iter().enumerate().map(|(index, example)| self::example(index, example));
        method.insert("examples".to_owned(), Value::Array(examples.collect()));
    }
    Value::Object(method)
}

fn named(name: &str, title: Option<&str>, about: &About) -> Map<String, Value> {
    let mut item = Map::new();
    item.insert("name".to_owned(), name.into());
    item.extend(title.map(|title| ("summary".to_owned(), title.into())));
    item.extend(about.text.as_ref().map(|text| ("description".to_owned(), text.clone().into())));
    if let Some(deprecation) = about.deprecated {
        item.insert("deprecated".to_owned(), true.into());
        item.extend(deprecation.removed.map(|removed| ("x-removed".to_owned(), removed.to_string().into())));
    }
    item.extend(about.added.map(|added| ("x-added".to_owned(), added.to_string().into())));
    item
}

/// The parameters, those that must be given first: OpenRPC asks for that order.
fn params(schemas: &Schemas<'_>, request: &Request) -> Value {
    let (required, optional): (Vec<_>, Vec<_>) = request.object.fields.iter().partition(|field| field.required);
    let whole = schemas.request(request);
    let params = required.into_iter().chain(optional).map(|field| {
        // The rules put lengths into the parameters' own schemas.
        let schema = whole["properties"][&field.wire].clone();
        let mut param = json!({ "name": field.wire, "required": field.required, "schema": schema });
        if let Some(text) = &field.about.text {
            param["description"] = text.clone().into();
        }
        if field.about.deprecated.is_some() {
            param["deprecated"] = true.into();
        }
        param
    });
    Value::Array(params.collect())
}

/// What JSON Schema says of several parameters at once.
fn rules(schemas: &Schemas<'_>, request: &Request) -> Option<(String, Value)> {
    let whole = schemas.request(request);
    let mut rules = Map::new();
    for keyword in ["dependentRequired", "allOf"] {
        rules.extend(whole.get(keyword).map(|rule| (keyword.to_owned(), rule.clone())));
    }
    (!rules.is_empty()).then(|| ("x-rules".to_owned(), Value::Object(rules)))
}

fn error(code: &ErrorCode) -> Value {
    let mut error = json!({ "code": code.code, "message": code.text.as_deref().unwrap_or(&code.name) });
    if let Some(data) = &code.data {
        error["data"] = json!({ "$ref": format!("{DEFINITIONS}{data}") });
    }
    error
}

fn example(index: usize, example: &Example) -> Value {
    let params: Vec<Value> =
        example.request.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    let name = format!("{} {}", example.method, index + 1);
    json!({ "name": name, "params": params, "result": { "name": "result", "value": example.response } })
}
