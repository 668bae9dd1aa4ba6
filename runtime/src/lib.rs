//! Talks to Core Lightning nodes by the types of `cln-api`.
#![warn(missing_docs)]
