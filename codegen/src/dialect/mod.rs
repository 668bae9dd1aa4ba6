//! The rpc-schema dialect: what a schema file of Core Lightning says, before any of it means Rust.

mod files;
mod keywords;
mod limits;
mod read;

use std::fmt;
use std::str::FromStr;

use indexmap::IndexMap;
use serde_json::Value;

pub(crate) use files::{join_pairs, place_in_pair, read_files};
pub use limits::MAX_FILE_BYTES;
pub(crate) use limits::MAX_STEPS;
pub(crate) use read::schema_from_value;

/// What a schema file describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An RPC command: we send its `request`, the node answers its `response`.
    Command,
    /// A notification: the node sends its `response`.
    Notification,
    /// A hook: the node sends its `request`, a plugin answers its `response`.
    Hook,
}

/// One described command, notification or hook.
#[derive(Clone, Debug)]
pub struct SchemaFile {
    /// Path as the caller named it.
    pub path: String,
    /// What it describes.
    pub kind: Kind,
    /// Wire name: `rpc`, `notification` or `hook`, else the file's name.
    pub name: String,
    /// One line of what it is.
    pub title: Option<String>,
    /// Paragraphs of what it does.
    pub description: Option<String>,
    /// Release that brought it.
    pub added: Option<Version>,
    /// Releases of its deprecation and removal.
    pub deprecated: Option<Deprecation>,
    /// Codes that it can fail with.
    pub errors: Vec<ErrorLine>,
    /// Wire names of related commands.
    pub see_also: Vec<String>,
    /// What is sent to it; notifications have none.
    pub request: Schema,
    /// What it answers, or the notification's body.
    pub response: Schema,
}

/// A line of `errors` that starts `- N:` or `- N (NAME):`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorLine {
    /// The code as written.
    pub code: i32,
    /// The constant's name, where the line has it.
    pub name: Option<String>,
    /// What follows the colon.
    pub text: Option<String>,
    /// JSON pointer of the line.
    pub pointer: String,
}

/// A schema object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// JSON pointer of this object in its file.
    pub pointer: String,
    /// Its `type`.
    pub ty: Option<TypeName>,
    /// Its text.
    pub description: Option<String>,
    /// Its `enum`.
    pub values: Option<Vec<Value>>,
    /// Its `properties`; `None` is not the same as none.
    pub properties: Option<IndexMap<String, Schema>>,
    /// Names that must be present.
    pub required: Vec<String>,
    /// Its `additionalProperties`.
    pub additional: Additional,
    /// Its `items`.
    pub items: Option<Box<Schema>>,
    /// Its `oneOf`.
    pub one_of: Vec<Schema>,
    /// Its `anyOf`.
    pub any_of: Vec<Schema>,
    /// Its `if`s, alone or in `allOf`.
    pub conditions: Vec<Condition>,
    /// Release that brought it.
    pub added: Option<Version>,
    /// Releases of its deprecation and removal.
    pub deprecated: Option<Deprecation>,
    /// `null` is allowed beside the type.
    pub nullable: bool,
    /// A developer's parameter, no public API.
    pub hidden: bool,
    /// Any JSON value.
    pub untyped: bool,
    /// Its `default`, often prose.
    pub default: Option<Value>,
    /// `minLength`, `maxLength` of a text in characters.
    pub length: Limits,
    /// `minItems`, `maxItems` of an array.
    pub count: Limits,
    /// `dependentUpon`: each of the listed names needs the key.
    pub dependent_upon: IndexMap<String, Vec<String>>,
    /// `pairedWith`: sets of names that go together.
    pub paired_with: Vec<Vec<String>>,
    /// `oneOfMany`: sets of names of which at most one may be given.
    pub one_of_many: Vec<Vec<String>>,
}

impl Schema {
    /// True for `{}`, with a text or not: it names a field and says nothing about it.
    pub fn is_stub(&self) -> bool {
        self.ty.is_none()
            && self.values.is_none()
            && self.properties.is_none()
            && self.one_of.is_empty()
            && self.items.is_none()
            && self.any_of.is_empty()
            && !self.untyped
    }
}

/// Least and greatest number, each if given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// At least this many.
    pub min: Option<u64>,
    /// At most this many.
    pub max: Option<u64>,
}

/// `additionalProperties`.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Additional {
    /// Not given.
    #[default]
    Unspecified,
    /// `true`.
    Allowed,
    /// `false`.
    Denied,
    /// A schema: the object is a map.
    Of(Box<Schema>),
}

/// An `if` with its branches.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// JSON pointer of the `if`.
    pub pointer: String,
    /// The test.
    pub test: Schema,
    /// What holds when the test does.
    pub then: Schema,
    /// What holds when it does not.
    pub otherwise: Option<Schema>,
}

/// Releases of a deprecation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deprecation {
    /// First release that warns; older schemas say only that it is so.
    pub since: Option<Version>,
    /// Release that may remove it.
    pub removed: Option<Version>,
}

/// A release of Core Lightning. Ordered by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Year, or 0 before 2022.
    pub major: u16,
    /// Month, or the minor number before 2022.
    pub minor: u16,
    /// Point release.
    pub patch: u16,
}

impl Version {
    /// A version by its numbers.
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { major, minor, patch } = self;
        match (major, patch) {
            (0, _) => write!(f, "v0.{minor}.{patch}"),
            (_, 0) => write!(f, "v{major}.{minor:02}"),
            _ => write!(f, "v{major}.{minor:02}.{patch}"),
        }
    }
}

impl FromStr for Version {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        // The schemas know one moment before their time: `pre-v0.10.1`.
        if text == "pre-v0.10.1" {
            return Ok(Self::new(0, 10, 0));
        }
        // What follows the numbers, as in `v25.02rc1` or `v23.02-modded`, does not change the order here.
        let numbers = text.strip_prefix("pre-").unwrap_or(text);
        let numbers = numbers.strip_prefix('v').unwrap_or(numbers);
        let end = numbers.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(numbers.len());
        let mut parts = numbers[..end].split('.').map(|part| part.parse().map_err(|_| ()));
        let major = parts.next().ok_or(())??;
        let minor = parts.next().ok_or(())??;
        let patch = parts.next().unwrap_or(Ok(0))?;
        if parts.next().is_some() { Err(()) } else { Ok(Self { major, minor, patch }) }
    }
}

macro_rules! type_names {
    ($($(#[$doc:meta])* $variant:ident = $wire:literal,)*) => {
        /// A `type` of the dialect.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum TypeName { $($(#[$doc])* $variant,)* }

        impl TypeName {
            /// The type that a wire name stands for.
            pub fn from_wire(name: &str) -> Option<Self> {
                match name { $($wire => Some(Self::$variant),)* _ => None }
            }

            /// The name in schema files.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $wire,)* }
            }
        }
    };
}

type_names! {
    /// A JSON array.
    Array = "array",
    /// `true` or `false`.
    Boolean = "boolean",
    /// A whole number of either sign.
    Integer = "integer",
    /// JSON `null`.
    Null = "null",
    /// A number.
    Number = "number",
    /// A JSON object.
    Object = "object",
    /// A text.
    String = "string",
    /// Bytes in hex.
    Hex = "hex",
    /// 32 bytes in hex.
    Hash = "hash",
    /// 32 secret bytes in hex.
    Secret = "secret",
    /// Up to 2^64 - 1.
    U64 = "u64",
    /// Up to 2^32 - 1.
    U32 = "u32",
    /// Up to 65535.
    U16 = "u16",
    /// Up to 255.
    U8 = "u8",
    /// A compressed public key.
    Pubkey = "pubkey",
    /// Satoshi.
    Sat = "sat",
    /// Satoshi, or `all`.
    SatOrAll = "sat_or_all",
    /// Millisatoshi.
    Msat = "msat",
    /// Millisatoshi, or `all`.
    MsatOrAll = "msat_or_all",
    /// Millisatoshi, or `any`.
    MsatOrAny = "msat_or_any",
    /// An amount with an ISO 4217 code.
    Currency = "currency",
    /// A transaction id.
    Txid = "txid",
    /// An ECDSA signature, DER in hex.
    Signature = "signature",
    /// A BIP 340 signature.
    Bip340Sig = "bip340sig",
    /// `block x transaction x output`.
    ShortChannelId = "short_channel_id",
    /// The same with a direction.
    ShortChannelIdDir = "short_channel_id_dir",
    /// `txid:output`.
    Outpoint = "outpoint",
    /// A feerate by name, target or number.
    Feerate = "feerate",
    /// Addresses with amounts.
    Outputdesc = "outputdesc",
}
