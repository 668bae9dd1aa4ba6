//! From the model to text.

pub mod json_schema;
pub(crate) mod openrpc;
pub(crate) mod rust;
