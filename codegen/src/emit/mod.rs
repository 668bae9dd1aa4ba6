//! From the model to text.

pub(crate) mod rust;
