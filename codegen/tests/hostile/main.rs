//! Schema files that somebody else wrote, who may wish us ill: whatever they hold, the generator ends soon, with a fault
//! that names file and place or with code that has the schema's types and nothing else.

#[path = "../common/mod.rs"]
mod common;
mod mutation;
mod names;
mod rust;
mod sizes;
mod texts;
