//! Recorded traffic sent through the generated types.
//!
//! Every line of a recording ([`recording`] tells the forms) is decoded by the types of its command, hook or
//! notification, written again and compared with what it was.
//!
//! A *failure* is
//! * a line of no known form, or a file that cannot be read;
//! * an answer, a successful request, an error, a hook's call or a notification that its type does not read;
//! * a successful request that `validate()` refuses, unless [`undescribed`] has the reason;
//! * a documented field that is lost, changed or invented on the way;
//! * a documented value that is kept as an unknown one;
//! * an error whose `data` should have a type and does not fit it.
//!
//! *Reported only* is what nodes do beyond Core Lightning's own schemas: undocumented fields and values, codes that are
//! not listed, commands without a schema. Values of fields are never told, because they may be secret; of enum fields
//! they are.

mod checker;
pub mod compare;
pub mod documented;
pub mod fault;
mod lines;
pub mod path;
mod protocol;
pub mod recording;
pub mod report;
mod run;
mod text;
pub mod types;
pub mod undescribed;
mod unknown;
pub mod walk;

pub use checker::{Checked, Checker};
pub use report::Report;
