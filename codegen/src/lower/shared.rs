//! Enums that several commands use, where the overlay says so: the union of the values of all its places.

use std::cell::RefCell;

use serde_json::Value;

use super::names::pascal;
use super::resolve;
use crate::diagnostic::{Problem, Sink};
use crate::model::{About, EnumValue, WireEnum};
use crate::overlay::{Overlay, Shared};

pub(super) fn lower(parsed: &[(String, Value)], overlay: &Overlay, stale: &RefCell<Sink>) -> Vec<WireEnum> {
    overlay.shared().iter().map(|shared| union_of(shared, parsed, overlay, stale)).collect()
}

fn union_of(shared: &Shared, parsed: &[(String, Value)], overlay: &Overlay, stale: &RefCell<Sink>) -> WireEnum {
    let about = About { text: Some(shared.doc.clone()), ..About::default() };
    let mut it = WireEnum { name: shared.name.clone(), about, values: Vec::new() };
    let mut places: Vec<(&String, Vec<&str>)> = Vec::new();
    for path in &shared.paths {
        let values = resolve(parsed, path).and_then(|(_, value)| value.get("enum")?.as_array());
        // Without an enum there, the entry is reported as stale.
        let Some(values) = values else { continue };
        places.push((path, values.iter().filter_map(Value::as_str).collect()));
    }
    for (index, (path, values)) in places.iter().enumerate() {
        let others = places.iter().enumerate().filter(|(other, _)| *other != index);
        let mut elsewhere = others.flat_map(|(_, (_, values))| values);
        if places.len() > 1 && !elsewhere.any(|value| values.contains(value)) {
            let hint = format!(": no value there is a `{}`", shared.name);
            let entry = format!("shared: {path}");
            stale.borrow_mut().push("overlay.toml", "", Problem::Stale { entry, hint });
        }
        overlay.mark("shared", path);
        for wire in values {
            if it.values.iter().all(|value| value.wire != *wire) {
                let given = overlay.variant(&format!("shared#{}", shared.name), wire).cloned();
                let rust = given.unwrap_or_else(|| match pascal(wire) {
                    unknown if unknown == "Unknown" => format!("Unknown{}", shared.name),
                    rust => rust,
                });
                it.values.push(EnumValue { wire: (*wire).to_owned(), rust, text: None });
            }
        }
    }
    it
}
