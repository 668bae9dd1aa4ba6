//! From a folder's texts to schema files: layouts, names, and the three kinds.

use std::collections::HashMap;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::keywords::{DEPRECATED_MISSPELT, FILE_FACTS, FILE_PROSE};
use super::limits::identifier;
use super::read::{Reader, child, shown};
use super::{Kind, Schema, SchemaFile};
use crate::diagnostic::{Problem, Sink};

/// Reads parsed files into schema files, sorted by kind and wire name. Paths end in the layouts that releases have had:
/// `NAME.json`, `lightning-NAME.json`, `hook/NAME.json`, `notification/NAME.json`.
pub(crate) fn read_files(parsed: &[(String, Value)], sink: &mut Sink) -> Vec<SchemaFile> {
    let mut files = Vec::new();
    for (path, value) in parsed {
        match value.as_object() {
            None => sink.push(path, "", Problem::NoSchema),
            Some(object) => files.extend(whole_file(path, object, &Stem::of(path), sink)),
        }
    }
    resolve_names(&mut files, sink);
    for file in &files {
        if let Err(problem) = identifier(&file.name) {
            sink.push(&file.path, "", problem);
        }
    }
    files.sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    files
}

/// Older releases kept request and answer as bare schemas in `NAME.request.json` and `NAME.schema.json`. Makes one value
/// of such a pair, as if it had been one file, so that nothing after this knows the difference.
pub(crate) fn join_pairs(parsed: Vec<(String, Value)>) -> Vec<(String, Value)> {
    let mut joined = Vec::new();
    let mut pairs: IndexMap<String, Map<String, Value>> = IndexMap::new();
    for (path, value) in parsed {
        match half(&path) {
            Some((name, half)) if value.is_object() => {
                let pair = pairs.entry(format!("{name}{PAIR}")).or_default();
                if let Some(added) = value.get("added") {
                    pair.entry("added").or_insert_with(|| added.clone());
                }
                pair.insert(half.to_owned(), value);
            }
            _ => joined.push((path, value)),
        }
    }
    joined.extend(pairs.into_iter().map(|(path, mut pair)| {
        for half in ["request", "response"] {
            pair.entry(half).or_insert_with(|| Value::Object(Map::new()));
        }
        (path, Value::Object(pair))
    }));
    joined
}

/// How a joined pair is called until its halves are told apart again.
const PAIR: &str = ".{request,schema}.json";

fn half(path: &str) -> Option<(&str, &'static str)> {
    let request = path.strip_suffix(".request.json").map(|name| (name, "request"));
    request.or_else(|| path.strip_suffix(".schema.json").map(|name| (name, "response")))
}

/// Where a place of a joined pair stands in the files that there are.
pub(crate) fn place_in_pair(file: &str, pointer: &str) -> Option<(String, String)> {
    let name = file.strip_suffix(PAIR)?;
    let half = |half: &str| pointer.strip_prefix(half).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let (suffix, rest) = match (half("/request"), half("/response")) {
        (Some(rest), _) => ("request", rest),
        (_, Some(rest)) => ("schema", rest),
        _ => ("schema", pointer),
    };
    Some((format!("{name}.{suffix}.json"), rest.to_owned()))
}

/// What a path alone tells.
struct Stem {
    kind: Kind,
    name: String,
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
        let name = name.strip_suffix(".{request,schema}").unwrap_or(name);
        // `sql` is described by a template that a build of the daemon fills in.
        let name = name.strip_suffix("-template").unwrap_or(name);
        Self { kind, name: name.to_owned() }
    }
}

fn whole_file(path: &str, object: &Map<String, Value>, stem: &Stem, sink: &mut Sink) -> Option<SchemaFile> {
    let mut reader = Reader::new(path, sink);
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
                _ => reader.shape(&at, "a name", value),
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
            _ => reader.problem(&at, Problem::UnknownKeyword(shown(key))),
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
            sink.push(&file.path, "", Problem::DuplicateFile { name: shown(&file.name), other });
        }
    }
}
