//! The hand-written ground under the generated Core Lightning bindings: the types that stand for one JSON value on the
//! wire (money, ids, hashes, secrets), the errors, and the traits that a generated command, notification or hook
//! implements.
//!
//! Every type here refuses what it cannot represent exactly. Reading money never rounds, a hex text has the right
//! length or is an error, and a [`Secret`] never shows itself in a log.
//!
//! ```
//! use cln_primitives::{Msat, ShortChannelId};
//!
//! let fee: Msat = "1sat".parse()?;
//! assert_eq!(fee.as_msat(), 1000);
//! let channel: ShortChannelId = "103x1x0".parse()?;
//! assert_eq!(channel.block(), 103);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![warn(missing_docs)]

mod amount;
mod any_or_all;
mod currency;
mod decode;
mod extra;
mod feerate;
mod hash;
mod hex;
mod hex_bytes;
mod macros;
mod msat;
mod node_id;
pub mod number;
mod output_desc;
mod path;
mod rpc_error;
pub mod sat;
mod secret;
mod short_channel_id;
mod text;
mod traits;
mod unknown;
mod version;
mod wire;

pub use amount::ParseAmountError;
pub use any_or_all::{MsatOrAll, MsatOrAny, SatOrAll};
pub use currency::{CurrencyAmount, ParseCurrencyError};
pub use decode::{DecodeError, InvalidRequest, Message, decode, decode_part};
pub use extra::Extra;
pub use feerate::{Feerate, FeerateName, ParseFeerateError};
pub use hash::Hash32;
pub use hex::ParseHexError;
pub use hex_bytes::HexBytes;
pub use msat::Msat;
pub use node_id::{NodeId, NodeIdError};
pub use output_desc::OutputDesc;
pub use rpc_error::{CommonError, RpcError, RpcErrorData};
pub use sat::Sat;
pub use secret::{Secret, SecretString};
pub use short_channel_id::{ParseShortChannelIdError, ShortChannelId, ShortChannelIdDir};
pub use traits::{Command, FollowedCommand, Hook, ListCommand, Notification, PageIndex, PagedCommand, Patience};
pub use unknown::{UnknownValue, UnknownVariant};
pub use version::{ParseVersionError, Version};

pub use bitcoin;
pub use serde_json;

#[doc(hidden)]
pub use macros::deserialize_wire_enum;
#[doc(hidden)]
pub use serde;
#[doc(hidden)]
pub use version::younger;
#[doc(hidden)]
pub use wire::{Form, LateError, from_json, leftover, one_of, read_late, required, those_of, to_json};
