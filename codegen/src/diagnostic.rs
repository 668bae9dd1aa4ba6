//! What can be wrong with the input, and where.

use std::fmt;

use crate::dialect::place_in_pair;

/// One thing that is wrong with one place of the input.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// Path of the file as the caller named it, for example `schemas/listfunds.json`.
    pub file: String,
    /// RFC 6901 JSON pointer into the file; empty for the file as a whole.
    pub pointer: String,
    /// What is wrong and what to do about it.
    pub problem: Problem,
}

impl Diagnostic {
    /// A problem at a JSON pointer of a file.
    pub fn new(file: impl Into<String>, pointer: impl Into<String>, problem: Problem) -> Self {
        Self { file: file.into(), pointer: pointer.into(), problem }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.file))?;
        if !self.pointer.is_empty() {
            write!(f, "#{}", self.pointer)?;
        }
        f.write_str(": ")?;
        // A table's fault is shown with its line.
        let problem = self.problem.to_string();
        problem.split_inclusive('\n').try_for_each(|line| match line.strip_suffix('\n') {
            Some(line) => writeln!(f, "{}", printable(line)),
            None => f.write_str(&printable(line)),
        })
    }
}

/// A text of somebody else's, with nothing in it that a terminal obeys.
pub(crate) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\'' | '\\' => printable.push(c),
            c => printable.extend(c.escape_debug()),
        }
    }
    printable
}

/// Every fault of a run, in the order of files: a run never stops at the first.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", listed(.0))]
pub struct Diagnostics(pub Vec<Diagnostic>);

fn listed(diagnostics: &[Diagnostic]) -> String {
    let lines: Vec<String> = diagnostics.iter().map(Diagnostic::to_string).collect();
    lines.join("\n")
}

/// The kinds of faults.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Problem {
    /// The text is not JSON at all.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// The text nests deeper than any real schema does.
    #[error(
        "nested too deeply: schemas have some ten others around them, and more than 24 are not read; it is damaged"
    )]
    TooDeep,
    /// The file is larger than any real schema file.
    #[error("{0} bytes: a schema file has 100 thousand at most, and more than a million are not read; it is damaged")]
    TooLarge(usize),
    /// A list or an object has more entries than any real one.
    #[error("{0} entries: a list or an object of a schema has some eighty, more than a thousand are not read")]
    TooMany(usize),
    /// Conditions inside of conditions, or many of them over many fields.
    #[error("its conditions depend on each other in more ways than can be compared; no real schema comes near")]
    TooEntangled,
    /// A name that no Rust name or text can be made of.
    #[error(
        "`{0}` is not a name: names are printable ASCII without quotes, backticks and backslashes, commands and error \
         codes letters, digits, `-` and `_`, and none is longer than 128 characters; mend it"
    )]
    BadName(String),
    /// The text is not TOML, or not of the form that the file has.
    #[error("not a valid table: {0}")]
    NotToml(String),
    /// JSON, but not what stands at this place in a schema file.
    #[error("expected {expected}, found {found}")]
    Shape {
        /// What the dialect has here.
        expected: &'static str,
        /// What the file has.
        found: String,
    },
    /// The file describes nothing.
    #[error("no schema: expected an object with `request` and `response`, or with `properties`")]
    NoSchema,
    /// Two files describe the same method.
    #[error("`{name}` is described by {other} as well; remove one of the two files")]
    DuplicateFile {
        /// Wire name of the method.
        name: String,
        /// The other file.
        other: String,
    },
    /// A keyword that the dialect does not have.
    #[error("unknown keyword `{0}`; teach it to codegen/src/dialect/keywords.rs, or mend the file")]
    UnknownKeyword(String),
    /// A type that the dialect does not have.
    #[error("unknown type `{0}`; teach it to `TypeName` in codegen/src/dialect/mod.rs, or mend the file")]
    UnknownType(String),
    /// A version string that is not `v26.06`, `v0.10.2` or `pre-v0.10.1`.
    #[error("`{0}` is not a version; expected a form such as v26.06 or pre-v0.10.1")]
    BadVersion(String),
    /// `required` lists a name that neither the object nor a branch of its conditions has.
    #[error("`required` names `{0}`, which is not among the properties; mend the list or add the property")]
    RequiredUndefined(String),
    /// An enum without values.
    #[error("the enum has no values")]
    EmptyEnum,
    /// An enum that lists a value twice.
    #[error("the enum lists {0} twice")]
    DuplicateEnumValue(String),
    /// An enum value that is an empty text.
    #[error("the enum lists an empty text; a variant cannot be named after it")]
    EmptyEnumValue,
    /// An enum value of another JSON type than the field's.
    #[error("the value {value} is not a {expected}; mend it by a `[[fix]]` in overlay.toml that tells the reason")]
    EnumValueType {
        /// The value as JSON.
        value: String,
        /// The field's type.
        expected: &'static str,
    },
    /// A condition that no rule understands.
    #[error("no rule understands this condition: {0}")]
    UnsupportedCondition(String),
    /// What the schema names and the model does not have.
    #[error("`{0}` would be lost: no rule for this form of schema keeps it; teach it to codegen/src/lower")]
    Lost(String),
    /// A `oneOf` that no rule understands.
    #[error("no rule understands this `oneOf`: {0}")]
    UnsupportedUnion(String),
    /// Two wire names that would be one Rust name.
    #[error(
        "`{first}` and `{second}` would both be `{rust}` in Rust; name one of them in overlay.toml, under `{table}`"
    )]
    NameClash {
        /// The wire name that was first.
        first: String,
        /// The one that clashes.
        second: String,
        /// Their Rust name.
        rust: String,
        /// The overlay's table that names such things.
        table: &'static str,
    },
    /// An overlay or error-codes entry that applies to nothing.
    #[error("`{entry}` applies to nothing{hint}; remove the entry or mend its path")]
    Stale {
        /// The entry as written.
        entry: String,
        /// What was found instead, if that tells something.
        hint: String,
    },
    /// An item without a text.
    #[error("{0} has no text; write one here, or for all places of that name in glossary.toml")]
    Undocumented(String),
    /// A file without a text that only it can have.
    #[error("there is no {0}; write one")]
    NoText(&'static str),
    /// A text without words.
    #[error("`{0}` is empty; write a sentence, or remove the entry")]
    EmptyText(String),
    /// A command without a feature.
    #[error("command `{0}` has no group; add it to one in `[groups]` of overlay.toml")]
    NoGroup(String),
    /// The emitted text is not Rust: a defect of the generator.
    #[error("the generated code does not parse, which is a defect of this generator: {0}")]
    Emit(String),
}

/// Collects diagnostics while a step goes on.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    found: Vec<Diagnostic>,
}

impl Sink {
    pub(crate) fn push(&mut self, file: &str, pointer: &str, problem: Problem) {
        if let Some((file, pointer)) = place_in_pair(file, pointer) {
            return self.found.push(Diagnostic::new(file, pointer, problem));
        }
        self.found.push(Diagnostic::new(file, pointer, problem));
    }

    /// What was found so far, each once, in the order of files and pointers.
    pub(crate) fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.found.sort();
        self.found.dedup();
        self.found
    }
}
