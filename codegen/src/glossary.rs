//! Sentences for names and values that many places share: `glossary.toml`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::diagnostic::{Problem, Sink};

const GLOSSARY: &str = "glossary.toml";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct GlossaryFile {
    /// A field's name to its sentence.
    #[serde(default)]
    fields: BTreeMap<String, String>,
    /// A field's name, `file.field`, or the name of a shared enum; then a value to its sentence.
    #[serde(default)]
    values: BTreeMap<String, BTreeMap<String, String>>,
}

/// The sentences, and which of them were of use.
#[derive(Debug, Default)]
pub(crate) struct Glossary {
    file: GlossaryFile,
    used: BTreeSet<String>,
}

impl Glossary {
    /// Reads the file. A fault in it is reported, and the rest goes on without.
    pub(crate) fn read(text: &str, sink: &mut Sink) -> Self {
        let file: GlossaryFile = toml::from_str(text).unwrap_or_else(|error| {
            sink.push(GLOSSARY, "", Problem::NotToml(error.to_string().trim().to_owned()));
            GlossaryFile::default()
        });
        let glossary = Self { file, used: BTreeSet::new() };
        for (entry, _) in glossary.entries().filter(|(_, text)| text.trim().is_empty()) {
            sink.push(GLOSSARY, "", Problem::EmptyText(entry));
        }
        glossary
    }

    /// Every entry by its key, with its sentence.
    fn entries(&self) -> impl Iterator<Item = (String, &String)> {
        let fields = self.file.fields.iter().map(|(name, text)| (format!("fields.{name}"), text));
        let values = self.file.values.iter().flat_map(|(table, values)| {
            values.iter().map(move |(value, text)| (format!("values.{table}.{value}"), text))
        });
        fields.chain(values)
    }

    /// The sentence for a field that has none of its own.
    pub(crate) fn field(&mut self, name: &str) -> Option<String> {
        let sentence = self.file.fields.get(name)?;
        self.used.insert(format!("fields.{name}"));
        Some(sentence.clone())
    }

    /// The sentence for a value: the file's own, else the one that all files share.
    pub(crate) fn value(&mut self, file: &str, field: &str, value: &str) -> Option<String> {
        [format!("{file}.{field}"), field.to_owned()].into_iter().find_map(|table| {
            let sentence = self.file.values.get(&table)?.get(value)?;
            self.used.insert(format!("values.{table}.{value}"));
            Some(sentence.clone())
        })
    }

    /// Every entry that gave no item its text.
    pub(crate) fn report_stale(&self, sink: &mut Sink) {
        for (entry, _) in self.entries().filter(|(entry, _)| !self.used.contains(entry)) {
            sink.push(
                GLOSSARY,
                "",
                Problem::Stale {
                    entry,
                    hint: ", as every such field or value has a text of its own, or there is none".to_owned(),
                },
            );
        }
    }
}
