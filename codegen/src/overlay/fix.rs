//! Corrections of schema files, made before they are read.

use serde::Deserialize;
use serde_json::Value;

use crate::dialect::Version;

/// A place where the daemon contradicts its own schema.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fix {
    /// `file#pointer`.
    pub(super) at: String,
    /// What the schema has there; absent when the fix adds something.
    pub(super) was: Option<Value>,
    /// What it should have; absent when the fix removes it.
    pub(super) set: Option<Value>,
    /// The releases that have the fault, as `FIRST..LAST` with either end open; all, when missing.
    pub(super) releases: Option<String>,
    /// Why, for the reader.
    pub(super) reason: String,
}

impl Fix {
    /// Applies itself; false when the place is not as it expects.
    pub(super) fn apply(&self, root: &mut Value, pointer: &str) -> bool {
        replace(root, pointer, self.was.as_ref(), self.set.as_ref())
    }

    /// True for a release that has the fault, as far as one is known.
    pub(super) fn is_for(&self, release: Option<Version>) -> bool {
        let (Some(release), Ok((first, last))) = (release, self.range()) else { return true };
        first.is_none_or(|first| release >= first) && last.is_none_or(|last| release <= last)
    }

    /// The first and the last release, each if given; or the text that is no range.
    pub(super) fn range(&self) -> Result<(Option<Version>, Option<Version>), &str> {
        let Some(range) = self.releases.as_deref() else { return Ok((None, None)) };
        let (first, last) = range.split_once("..").ok_or(range)?;
        let bound = |text: &str| if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|()| range) };
        Ok((bound(first)?, bound(last)?))
    }
}

/// The newest `added` in a file.
pub(super) fn newest_added(value: &Value) -> Option<Version> {
    match value {
        Value::Object(object) => {
            let own = object.get("added").and_then(Value::as_str).and_then(|text| text.parse().ok());
            object.values().filter_map(newest_added).chain(own).max()
        }
        Value::Array(values) => values.iter().filter_map(newest_added).max(),
        _ => None,
    }
}

/// Replaces, removes or adds the value at a pointer; false when what stands there is not what the fix expects.
fn replace(root: &mut Value, pointer: &str, was: Option<&Value>, set: Option<&Value>) -> bool {
    if root.pointer(pointer) != was {
        return false;
    }
    let Some((parent, token)) = pointer.rsplit_once('/') else { return false };
    let token = token.replace("~1", "/").replace("~0", "~");
    match (root.pointer_mut(parent), set) {
        (Some(Value::Object(object)), Some(set)) => {
            object.insert(token, set.clone());
            true
        }
        (Some(Value::Object(object)), None) => object.shift_remove(&token).is_some(),
        (Some(Value::Array(array)), set) => match (token.parse::<usize>(), set) {
            (Ok(index), Some(set)) if index < array.len() => {
                array[index] = set.clone();
                true
            }
            (Ok(index), Some(set)) if index == array.len() => {
                array.push(set.clone());
                true
            }
            (Ok(index), None) if index < array.len() => {
                array.remove(index);
                true
            }
            _ => false,
        },
        _ => false,
    }
}
