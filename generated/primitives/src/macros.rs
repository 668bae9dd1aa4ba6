//! Macros for the generated code. They need no other crate in scope than this one.
//!
//! They expand some hundred times, which is why they hold as little as possible: what can be a function is one.

use serde::de::{Deserializer, Visitor};
use std::fmt;

/// Gives an open enum of wire texts its names.
///
/// The enum has a unit variant for each text and `Unknown(UnknownValue)`:
///
/// ```
/// # #![allow(missing_docs)]
/// #[derive(Debug, Clone, PartialEq, Eq)]
/// #[non_exhaustive]
/// pub enum Status {
///     Unpaid,
///     Paid,
///     Unknown(cln_primitives::UnknownValue),
/// }
/// cln_primitives::wire_enum!(Status { Unpaid = "unpaid", Paid = "paid" });
///
/// assert_eq!(Status::from_wire("paid"), Status::Paid);
/// assert_eq!(Status::from_wire("held").as_str(), "held");
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! wire_enum {
    ($name:ident { $($variant:ident = $wire:literal),* $(,)? }) => {
        // A deprecated variant is still a variant.
        #[allow(deprecated)]
        impl $name {
            /// The texts that have a name here.
            pub const VALUES: &'static [&'static str] = &[$($wire),*];

            /// The text on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $wire,)*
                    Self::Unknown(value) => value.as_str(),
                }
            }

            /// The value that this text stands for; a text without a name here is kept as `Unknown`.
            pub fn from_wire(text: &str) -> Self {
                match text {
                    $($wire => Self::$variant,)*
                    other => Self::Unknown($crate::UnknownValue::new(other)),
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = ::std::convert::Infallible;

            fn from_str(text: &str) -> ::std::result::Result<Self, ::std::convert::Infallible> {
                ::std::result::Result::Ok(Self::from_wire(text))
            }
        }

        impl $crate::serde::Serialize for $name {
            fn serialize<S: $crate::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> $crate::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                $crate::deserialize_wire_enum(deserializer, Self::from_wire)
            }
        }
    };
}

/// Reads a `wire_enum!` by its `from_wire`; allocates nothing for a value that has a name.
#[doc(hidden)]
pub fn deserialize_wire_enum<'de, D, T>(deserializer: D, from_wire: fn(&str) -> T) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    deserializer.deserialize_str(WireEnumVisitor(from_wire))
}

struct WireEnumVisitor<T>(fn(&str) -> T);

impl<T> Visitor<'_> for WireEnumVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok((self.0)(text))
    }
}

/// Makes an enum of a command's failures out of the codes that select its variants.
///
/// Each variant holds an `RpcError` or an `RpcErrorData<…>`; `Other(RpcError)` takes every code that is not listed.
///
/// ```
/// # #![allow(missing_docs)]
/// #[derive(Debug)]
/// #[non_exhaustive]
/// pub enum Error {
///     Timeout(cln_primitives::RpcError),
///     Other(cln_primitives::RpcError),
/// }
/// cln_primitives::rpc_errors!("sendinvoice", Error { 1005 => Timeout });
///
/// let error = Error::from(cln_primitives::RpcError { code: 1005, message: "no answer".into(), data: None });
/// assert!(matches!(error, Error::Timeout(_)));
/// assert_eq!(error.to_string(), "`sendinvoice` failed: no answer (code 1005)");
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! rpc_errors {
    ($command:literal, $name:ident { $($code:literal => $variant:ident),* $(,)? }) => {
        impl ::std::convert::From<$crate::RpcError> for $name {
            fn from(error: $crate::RpcError) -> Self {
                match error.code {
                    $($code => Self::$variant(::std::convert::From::from(error)),)*
                    _ => Self::Other(error),
                }
            }
        }

        impl $name {
            /// The error as the node sent it.
            pub fn rpc_error(&self) -> &$crate::RpcError {
                match self {
                    $(Self::$variant(error) => ::std::convert::AsRef::as_ref(error),)*
                    Self::Other(error) => error,
                }
            }

            /// The error's code.
            pub fn code(&self) -> i32 {
                self.rpc_error().code
            }

            /// The failure in the node's words.
            pub fn message(&self) -> &str {
                &self.rpc_error().message
            }

            /// The failure, when it is one that any call can meet.
            pub fn common(&self) -> ::std::option::Option<$crate::CommonError> {
                $crate::CommonError::from_code(self.code())
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::write!(f, "`{}` failed: {}", $command, self.rpc_error())
            }
        }

        impl ::std::error::Error for $name {}
    };
}
