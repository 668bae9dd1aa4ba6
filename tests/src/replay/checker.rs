//! Single messages through their types.

use cln_codegen::model::Object;
use serde_json::Value;

use super::compare::{Change, differences};
use super::documented::{Documented, has_field};
use super::fault::Fault;
use super::types::{Read, Types, error_data};
use super::walk::{Finding, Standing, walk};
use crate::schemas::SchemaError;

/// The types and what is documented of them.
pub struct Checker {
    /// The types.
    pub types: Types,
    /// What is documented of them.
    pub documented: Documented,
}

/// What a type made of a message.
#[derive(Debug, Default)]
pub struct Checked {
    /// The type reads it.
    pub decoded: bool,
    /// What is wrong.
    pub faults: Vec<Fault>,
    /// What it holds beyond Core Lightning's own schema.
    pub found: Vec<Finding>,
}

impl Checker {
    /// The types of this checkout.
    ///
    /// # Errors
    ///
    /// When its schemas cannot be read.
    pub fn new() -> Result<Self, SchemaError> {
        Ok(Self { types: Types::new(), documented: Documented::read()? })
    }

    /// A command's answer; `None` for one without a schema.
    pub fn answer(&self, method: &str, json: &str) -> Option<Checked> {
        let (types, schema) = (self.types.commands.get(method)?, self.documented.command(method)?);
        Some(self.check(types.answer, &schema.file, &schema.response, json, None))
    }

    /// A command's request; `None` for one without a schema.
    pub fn request(&self, method: &str, json: &str) -> Option<Checked> {
        let (types, schema) = (self.types.commands.get(method)?, self.documented.command(method)?);
        Some(self.check(types.request, &schema.file, &schema.request.object, json, None))
    }

    /// The `data` of a command's error; `None` where it has no type.
    pub fn error_data(&self, method: &str, code: i32, json: &str) -> Option<Checked> {
        let code = self.documented.command(method)?.errors.iter().find(|known| known.code == code)?;
        let name = code.data.as_deref()?;
        // Core Lightning's schemas do not say what `data` is: there is no file to compare with.
        Some(self.check(error_data(name)?, "", self.documented.error_data(name)?, json, None))
    }

    /// A hook's call; `None` for one without a schema.
    pub fn hook(&self, name: &str, json: &str) -> Option<Checked> {
        let (read, schema) = (self.types.hooks.get(name)?, self.documented.hook(name)?);
        // Where the schema holds the wrapper, it is a field like any other.
        let wrapper = (!has_field(&schema.payload, name)).then_some(name);
        Some(self.check(*read, &schema.file, &schema.payload, json, wrapper))
    }

    /// A notification; `None` for one without a schema.
    pub fn notification(&self, name: &str, json: &str) -> Option<Checked> {
        let (read, schema) = (self.types.notifications.get(name)?, self.documented.notification(name)?);
        Some(self.check(*read, &schema.file, &schema.payload, json, Some(name)))
    }

    fn check(&self, read: Read, file: &str, object: &Object, json: &str, wrapper: Option<&str>) -> Checked {
        through_types(&self.documented, &Message { read, file, object, json, wrapper })
    }
}

/// A message and what should understand it.
struct Message<'a> {
    read: Read,
    /// Its schema file.
    file: &'a str,
    object: &'a Object,
    json: &'a str,
    /// The name of the object around it that the type takes off, if it may have one.
    wrapper: Option<&'a str>,
}

/// Reads a message, writes it again and looks at what became of it.
fn through_types(documented: &Documented, message: &Message<'_>) -> Checked {
    let before: Value = match serde_json::from_str(message.json) {
        Ok(before) => before,
        Err(error) => {
            let fault = Fault::new("", format!("cannot be looked into: {error}"));
            return Checked { faults: vec![fault], ..Checked::default() };
        }
    };
    let understood = match (message.read)(message.json.as_bytes()) {
        Ok(understood) => understood,
        Err(fault) => {
            let fault = fault.without_values(&before, &documented.names);
            return Checked { faults: vec![fault], ..Checked::default() };
        }
    };
    let inner = message.wrapper.and_then(|name| before.get(name)).filter(|inner| inner.is_object());
    let before = inner.unwrap_or(&before);
    let findings = walk(documented, message.file, message.object, before);
    let mut faults = Vec::new();
    for difference in differences(before, &understood.again, &findings.amounts) {
        let reason = match difference.change {
            Change::Lost => match findings.standing(&difference.path) {
                Some(Standing::Undocumented) => continue,
                Some(Standing::OtherVariant) => "a field is lost that the schema documents for other variants only",
                Some(Standing::OverlayOnly) | None => "a documented field is lost",
            },
            Change::Changed => "written again, the value is another one",
            Change::Added => "written again, there is a field that was not there",
        };
        faults.push(Fault::new(difference.path, reason));
    }
    let mut expected: Vec<&str> = findings.unknown_values().collect();
    for unknown in &understood.unknown {
        match expected.iter().position(|value| value == unknown) {
            Some(index) => drop(expected.swap_remove(index)),
            None => faults.push(Fault::new("", "a value that the schema documents is kept as an unknown one")),
        }
    }
    Checked { decoded: true, faults, found: findings.found }
}
