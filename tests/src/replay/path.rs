//! Places in a message: exactly, and as places of one shape are counted together.

use serde_json::Value;

/// Where a walk through a message stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Path {
    /// Such as `channels[3].updates.local`.
    pub(super) exact: String,
    /// Such as `channels[].updates.*`, where `*` is any name.
    pub(super) shape: String,
}

impl Path {
    /// A member of the object here.
    pub(super) fn field(&self, name: &str) -> Self {
        Self { exact: member(&self.exact, name), shape: member(&self.shape, name) }
    }

    /// A member of the map here: its names are no schema's.
    pub(super) fn entry(&self, name: &str) -> Self {
        Self { exact: member(&self.exact, name), shape: member(&self.shape, "*") }
    }

    /// An item of the list here.
    pub(super) fn item(&self, index: usize) -> Self {
        Self { exact: format!("{}[{index}]", self.exact), shape: format!("{}[]", self.shape) }
    }
}

/// The value at an exact path.
pub fn value_at<'v>(value: &'v mut Value, path: &str) -> Option<&'v mut Value> {
    let mut steps = path.split(['.', '[']).filter(|step| !step.is_empty());
    steps.try_fold(value, |value, step| match step.strip_suffix(']') {
        Some(index) => value.get_mut(index.parse::<usize>().ok()?),
        None => value.get_mut(step),
    })
}

/// The path of a member of the object at `parent`.
pub(super) fn member(parent: &str, name: &str) -> String {
    if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") }
}
