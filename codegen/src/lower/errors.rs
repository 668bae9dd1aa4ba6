//! Error codes: named, with what they carry.

use serde_json::Value;

use super::names::{Names, pascal};
use super::{Context, object, piece, resolve};
use crate::dialect::{ErrorLine, SchemaFile};
use crate::model::{Api, Direction, ErrorCode, Object};
use crate::overlay::{DataEntry, Overlay};

/// The codes that every call can return; `cln_primitives::CommonError` has them typed.
pub(crate) const COMMON: [i32; 10] = [-32600, -32601, -32602, -1, -3, -4, -5, 1501, 1502, 1503];

/// The codes that a command's schema lists, then those that the overlay adds.
pub(super) fn lower(cx: &Context<'_>, file: &SchemaFile) -> Vec<ErrorCode> {
    let mut codes: Vec<ErrorCode> = Vec::new();
    for line in &file.errors {
        if codes.iter().all(|known| known.code != line.code) {
            codes.push(error_code(cx.overlay, line.code, Some(line)));
        }
    }
    for code in cx.overlay.added_errors(&file.name) {
        if codes.iter().all(|known| known.code != code) {
            cx.overlay.mark_added_error(&file.name, code);
            codes.push(ErrorCode { added: true, ..error_code(cx.overlay, code, None) });
        }
    }
    distinct_names(&mut codes);
    codes
}

/// Every code that has a name, whatever command answers it.
pub(super) fn named(overlay: &Overlay) -> Vec<ErrorCode> {
    overlay.codes().iter().map(|entry| error_code(overlay, entry.code, None)).collect()
}

fn error_code(overlay: &Overlay, code: i32, line: Option<&ErrorLine>) -> ErrorCode {
    let known = overlay.code(code);
    let name = match (known, line.and_then(|line| line.name.as_deref())) {
        (Some(known), _) => known.name.clone(),
        (None, Some(name)) if pascal(name) == "Self" => format!("Code{code}"),
        (None, Some(name)) => pascal(name),
        (None, None) => format!("Code{code}").replace('-', "Minus"),
    };
    let own = line.and_then(|line| line.text.clone());
    ErrorCode {
        code,
        name,
        constant: known.map(|known| known.constant.clone()),
        text: own.or_else(|| known.map(|known| known.text.clone())),
        data: overlay.data(code).map(|data| data.name.clone()),
        added: false,
    }
}

/// A name from a schema's own line may be one that a listed code has.
fn distinct_names(codes: &mut [ErrorCode]) {
    for index in 1..codes.len() {
        let (before, rest) = codes.split_at_mut(index);
        if rest[0].name == "Other" || before.iter().any(|known| known.name == rest[0].name) {
            rest[0].name = format!("{}{}", rest[0].name, rest[0].code).replace('-', "Minus");
        }
    }
}

/// The shapes of errors' `data`. An entry that points at nothing is reported as stale.
pub(super) fn lower_data<'a>(
    parsed: &[(String, Value)],
    overlay: &'a Overlay,
    context: &dyn Fn(&str) -> Context<'a>,
) -> Vec<Object> {
    let mut objects: Vec<Object> = Vec::new();
    for entry in overlay.data_entries() {
        let Some((path, pointer, value)) = source(entry, parsed) else { continue };
        overlay.mark("data", &entry.name);
        // The place is lowered once more with its command, which is where its faults are reported.
        let cx = context(path).quiet();
        let mut object = object::lower(&cx, &piece(path, pointer, value), entry.name.clone(), Direction::Received);
        object.about.text = Some(entry.doc.clone());
        objects.push(object);
    }
    Names::of_module(&mut objects.iter_mut().collect::<Vec<_>>());
    objects
}

/// A shape that points at a schema which is not there is none.
pub(super) fn forget_missing_data(api: &mut Api) {
    let known: Vec<&String> = api.error_data.iter().map(|object| &object.name).collect();
    for code in api.commands.iter_mut().flat_map(|command| &mut command.errors) {
        code.data.take_if(|data| known.iter().all(|name| *name != data));
    }
}

fn source<'p>(entry: &'p DataEntry, parsed: &'p [(String, Value)]) -> Option<(&'p str, &'p str, &'p Value)> {
    match (&entry.same_as, &entry.schema) {
        (Some(at), _) => {
            let (path, value) = resolve(parsed, at)?;
            Some((path, at.split_once('#')?.1, value))
        }
        (None, Some(schema)) => Some(("error-codes.toml", "", schema)),
        (None, None) => None,
    }
}
