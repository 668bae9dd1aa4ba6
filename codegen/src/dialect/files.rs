//! From a folder's texts to schema files: layouts, names, and the three kinds.

use std::collections::HashMap;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::keywords::{DEPRECATED_MISSPELT, FILE_FACTS, FILE_PROSE};
use super::read::{Reader, child};
use super::{Kind, Schema, SchemaFile};
use crate::diagnostic::{Problem, Sink};

/// Reads parsed files into schema files, sorted by kind and wire name. Paths end in the layouts that releases have had:
/// `NAME.json`, `lightning-NAME.json`, `hook/NAME.json`, `notification/NAME.json`, and pairs of bare schemas
/// `NAME.request.json` and `NAME.schema.json`.
pub(crate) fn read_files(parsed: &[(String, Value)], sink: &mut Sink) -> Vec<SchemaFile> {
    let mut files = Vec::new();
    let mut pairs: IndexMap<(Kind, String), Pair<'_>> = IndexMap::new();
    for (path, value) in parsed {
        let stem = Stem::of(path);
        match (stem.half, value.as_object()) {
            (_, None) => sink.push(path, "", Problem::NoSchema),
            (Some(half), Some(_)) => {
                let pair = pairs.entry((stem.kind, stem.name)).or_default();
                *(if half == Half::Request { &mut pair.request } else { &mut pair.response }) = Some((path, value));
            }
            (None, Some(object)) => files.extend(whole_file(path, object, &stem, sink)),
        }
    }
    files.extend(pairs.into_iter().map(|((kind, name), pair)| pair.read(kind, name, sink)));
    resolve_names(&mut files, sink);
    files.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    files
}

#[derive(Clone, Copy, PartialEq)]
enum Half {
    Request,
    Response,
}

/// What a path alone tells.
struct Stem {
    kind: Kind,
    name: String,
    half: Option<Half>,
}

impl Stem {
    fn of(path: &str) -> Self {
        let mut parts = path.rsplit('/');
        let file = parts.next().unwrap_or_default();
        let kind = match parts.next() {
            Some("hook") => Kind::Hook,
            Some("notification") => Kind::Notification,
            _ => Kind::Command,
        };
        let name = file.strip_suffix(".json").unwrap_or(file);
        let name = name.strip_prefix("lightning-").unwrap_or(name);
        let (name, half) = if let Some(name) = name.strip_suffix(".request") {
            (name, Some(Half::Request))
        } else if let Some(name) = name.strip_suffix(".schema") {
            (name, Some(Half::Response))
        } else {
            (name, None)
        };
        // `sql` is described by a template that a build of the daemon fills in.
        let name = name.strip_suffix("-template").unwrap_or(name);
        Self { kind, name: name.to_owned(), half }
    }
}

fn whole_file(path: &str, object: &Map<String, Value>, stem: &Stem, sink: &mut Sink) -> Option<SchemaFile> {
    let mut reader = Reader { file: path, sink };
    if !object.contains_key("request") && !object.contains_key("response") {
        reader.problem("", Problem::NoSchema);
        return None;
    }
    let kind = [("rpc", Kind::Command), ("notification", Kind::Notification), ("hook", Kind::Hook)]
        .into_iter()
        .find(|(key, _)| object.contains_key(*key));
    let mut file = empty_file(path, kind.map_or(stem.kind, |(_, kind)| kind), stem.name.clone());
    for (key, value) in object {
        let at = child("", key);
        match key.as_str() {
            "rpc" | "notification" | "hook" => match value.as_str() {
                Some(name) if !name.is_empty() => file.name = name.to_owned(),
                _ => reader.problem(&at, Problem::Shape { expected: "a name", found: value.to_string() }),
            },
            "title" => file.title = reader.text(&at, value),
            "description" => file.description = reader.text(&at, value),
            "added" => file.added = reader.version(&at, value),
            "deprecated" | DEPRECATED_MISSPELT => file.deprecated = reader.deprecation(&at, value),
            "errors" => file.errors = reader.error_lines(&at, value),
            "see_also" => file.see_also = related(&reader.strings(&at, value)),
            "request" => file.request = reader.schema(&at, value),
            "response" => file.response = reader.schema(&at, value),
            key if FILE_FACTS.contains(&key) || FILE_PROSE.contains(&key) => {}
            _ => reader.problem(&at, Problem::UnknownKeyword(key.clone())),
        }
    }
    Some(file)
}

/// `lightning-listinvoices(7)` → `listinvoices`.
fn related(entries: &[String]) -> Vec<String> {
    let names = entries.iter().map(|entry| {
        let name = entry.split('(').next().unwrap_or(entry).trim();
        name.strip_prefix("lightning-").unwrap_or(name).to_owned()
    });
    names.collect()
}

fn empty_file(path: &str, kind: Kind, name: String) -> SchemaFile {
    SchemaFile {
        path: path.to_owned(),
        kind,
        name,
        title: None,
        description: None,
        added: None,
        deprecated: None,
        errors: Vec::new(),
        see_also: Vec::new(),
        request: Schema { properties: Some(IndexMap::new()), ..Schema::default() },
        response: Schema { properties: Some(IndexMap::new()), ..Schema::default() },
    }
}

/// Two bare schemas that older releases kept in files of their own.
#[derive(Default)]
struct Pair<'v> {
    request: Option<(&'v String, &'v Value)>,
    response: Option<(&'v String, &'v Value)>,
}

impl Pair<'_> {
    fn read(self, kind: Kind, name: String, sink: &mut Sink) -> SchemaFile {
        let path = self.response.or(self.request).map_or("", |(path, _)| path);
        let mut file = empty_file(path, kind, name);
        if let Some((path, value)) = self.request {
            file.request = Reader { file: path, sink }.schema("", value);
        }
        if let Some((path, value)) = self.response {
            file.response = Reader { file: path, sink }.schema("", value);
        }
        // A bare schema's own release and text are those of what it describes.
        file.added = file.request.added.or(file.response.added);
        file
    }
}

/// Releases have carried a neighbour's name in `rpc`; the file that is called so keeps it, the other goes by its path.
fn resolve_names(files: &mut [SchemaFile], sink: &mut Sink) {
    let mut counts: HashMap<(Kind, String), usize> = HashMap::new();
    for file in files.iter() {
        *counts.entry((file.kind, file.name.clone())).or_default() += 1;
    }
    for file in files.iter_mut() {
        if counts[&(file.kind, file.name.clone())] > 1 {
            file.name = Stem::of(&file.path).name;
        }
    }
    let mut seen: HashMap<(Kind, String), String> = HashMap::new();
    for file in files.iter() {
        if let Some(other) = seen.insert((file.kind, file.name.clone()), file.path.clone()) {
            sink.push(&file.path, "", Problem::DuplicateFile { name: file.name.clone(), other });
        }
    }
}
