//! From the model to text.

pub(crate) mod error_reference;
pub mod json_schema;
pub(crate) mod openrpc;
pub(crate) mod rust;
