//! What the API *is*: the schemas lowered to the shapes that Rust has. No emitter looks behind it.

use serde_json::Value;

use crate::dialect::{Deprecation, Limits, Version};
use crate::overlay::Refusal;

/// The whole API of one release.
#[derive(Clone, Debug, Default)]
pub struct Api {
    /// Commands by wire name.
    pub commands: Vec<Command>,
    /// Notifications by wire name.
    pub notifications: Vec<Notification>,
    /// Hooks by wire name.
    pub hooks: Vec<Hook>,
    /// Enums that several commands use.
    pub shared: Vec<WireEnum>,
    /// Every error code that has a name.
    pub error_codes: Vec<ErrorCode>,
    /// What error codes carry as `data`.
    pub error_data: Vec<Object>,
    /// All cargo features that commands are in.
    pub groups: Vec<String>,
}

impl Api {
    /// With the commands, notifications and hooks of another one, which has none of the same name. Of error codes that
    /// both have, this one's words stay.
    pub fn join(&mut self, other: Api) {
        self.commands.extend(other.commands);
        self.notifications.extend(other.notifications);
        self.hooks.extend(other.hooks);
        self.shared.extend(other.shared);
        let new = |code: &ErrorCode| !self.error_codes.iter().any(|known| known.code == code.code);
        let codes: Vec<ErrorCode> = other.error_codes.into_iter().filter(new).collect();
        self.error_codes.extend(codes);
        self.error_data.extend(other.error_data);
        self.groups.extend(other.groups);
        self.commands.sort_by(|a, b| a.method.cmp(&b.method));
        self.groups.sort();
    }

    /// Visits the wire name of every parameter and field, and every value of an enum.
    pub(crate) fn for_each_name(&self, visit: &mut dyn FnMut(&str)) {
        let commands = self.commands.iter().flat_map(|it| [&it.request.object, &it.response]);
        let notifications = self.notifications.iter().map(|it| &it.payload);
        let hooks = self.hooks.iter().flat_map(|it| [&it.payload, &it.action]);
        commands.chain(notifications).chain(hooks).for_each(|object| object.for_each_name(visit));
        self.shared.iter().flat_map(|it| &it.values).for_each(|value| visit(&value.wire));
    }
}

impl Object {
    fn for_each_name(&self, visit: &mut dyn FnMut(&str)) {
        for choice in &self.choices {
            if let Discriminator::Values(tested) = &choice.discriminator {
                tested.iter().for_each(|tested| visit(&tested.wire));
            }
            let values = choice.variants.iter().flat_map(|variant| &variant.values);
            values.filter_map(Value::as_str).for_each(&mut *visit);
        }
        let arms = self.choices.iter().flat_map(|choice| &choice.variants).flat_map(|variant| &variant.fields);
        for field in self.fields.iter().chain(arms) {
            visit(&field.wire);
            field.ty.for_each_name(visit);
        }
    }
}

impl Type {
    fn for_each_name(&self, visit: &mut dyn FnMut(&str)) {
        match self {
            Type::Array(inner) | Type::Map(inner) => inner.for_each_name(visit),
            Type::Object(object) => object.for_each_name(visit),
            Type::Enum(it) => it.values.iter().for_each(|value| visit(&value.wire)),
            Type::Union(it) => it.variants.iter().for_each(|(_, ty)| ty.for_each_name(visit)),
            Type::Scalar(_) | Type::Shared(_) => {}
        }
    }
}

/// Where an item came from and what is said of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    /// The schema's text, else the glossary's; `None` when there is none.
    pub text: Option<String>,
    /// Release that brought it.
    pub added: Option<Version>,
    /// Releases of its deprecation and removal.
    pub deprecated: Option<Deprecation>,
    /// The default that the daemon takes, as prose.
    pub default: Option<String>,
}

/// An RPC command.
#[derive(Clone, Debug)]
pub struct Command {
    /// Path of its schema file as the caller named it.
    pub file: String,
    /// Name on the wire.
    pub method: String,
    /// Module name.
    pub module: String,
    /// Cargo feature.
    pub group: String,
    /// Its one line.
    pub title: Option<String>,
    /// The rest.
    pub about: About,
    /// What is sent.
    pub request: Request,
    /// What is answered.
    pub response: Object,
    /// Codes it fails with.
    pub errors: Vec<ErrorCode>,
    /// It changes nothing, on the node or elsewhere: asked again, it does no harm.
    pub read_only: bool,
    /// How long it may take by its own parameters; `None` for one that answers at once.
    pub patience: Option<Patience>,
    /// Modules of related commands, those of this API.
    pub related: Vec<(String, String)>,
}

/// How long a command may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Wire name of the parameter that says how many seconds.
    pub parameter: Option<String>,
    /// The parameter's value that means for ever.
    pub forever: Option<u64>,
    /// Seconds without it; `None` for ever.
    pub otherwise: Option<u64>,
}

/// A notification.
#[derive(Clone, Debug)]
pub struct Notification {
    /// Path of its schema file as the caller named it.
    pub file: String,
    /// Name on the wire.
    pub name: String,
    /// Module name.
    pub module: String,
    /// Its one line.
    pub title: Option<String>,
    /// The rest.
    pub about: About,
    /// What the node sends.
    pub payload: Object,
}

/// A hook.
#[derive(Clone, Debug)]
pub struct Hook {
    /// Path of its schema file as the caller named it.
    pub file: String,
    /// Name on the wire.
    pub name: String,
    /// Module name.
    pub module: String,
    /// Its one line.
    pub title: Option<String>,
    /// The rest.
    pub about: About,
    /// What the node sends.
    pub payload: Object,
    /// What the plugin answers.
    pub action: Object,
}

/// Which way an object travels: what is sent is strict and can be built, what is received is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the node.
    Sent,
    /// From the node.
    Received,
}

/// A JSON object with known fields.
#[derive(Clone, Debug)]
pub struct Object {
    /// Type name.
    pub name: String,
    /// JSON pointer in the schema file.
    pub pointer: String,
    /// Which way it travels.
    pub direction: Direction,
    /// What is said of it.
    pub about: About,
    /// What every such object has, or may have.
    pub fields: Vec<Field>,
    /// What depends on a field's value or presence.
    pub choices: Vec<Choice>,
    /// Keeps what the schema does not name.
    pub extra: bool,
}

impl Object {
    /// True when nothing but one choice is in it: then the object itself is the enum.
    pub fn is_choice(&self) -> bool {
        match self.choices.as_slice() {
            [only] => self.fields.is_empty() && !self.extra && only.required && !only.is_group(),
            _ => false,
        }
    }
}

/// A field of an object.
#[derive(Clone, Debug)]
pub struct Field {
    /// Name on the wire.
    pub wire: String,
    /// Name in Rust, without `r#`.
    pub rust: String,
    /// JSON pointer in the schema file.
    pub pointer: String,
    /// What is said of it.
    pub about: About,
    /// Its type.
    pub ty: Type,
    /// False for `Option`.
    pub required: bool,
    /// Nodes may send `null` instead of leaving it out.
    pub nullable: bool,
}

/// A field's type.
#[derive(Clone, Debug)]
pub enum Type {
    /// A type by its Rust path, or a primitive.
    Scalar(Scalar),
    /// A list.
    Array(Box<Type>),
    /// A map from any name to one type.
    Map(Box<Type>),
    /// An object with known fields.
    Object(Box<Object>),
    /// A text of a known set.
    Enum(Box<WireEnum>),
    /// An enum of [`Api::shared`], by name.
    Shared(String),
    /// One of several types.
    Union(Box<Union>),
}

/// The types without structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Scalar {
    Bool,
    U8,
    U16,
    U32,
    U64,
    I64,
    F64,
    String,
    SecretString,
    Json,
    JsonObject,
    Null,
    Msat,
    MsatOrAll,
    MsatOrAny,
    Sat,
    SatOrAll,
    CurrencyAmount,
    Hash32,
    Secret,
    NodeId,
    HexBytes,
    Txid,
    OutPoint,
    ShortChannelId,
    ShortChannelIdDir,
    Signature,
    Bip340Signature,
    Feerate,
    OutputDesc,
}

/// A text of a known set; a text outside the set is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct WireEnum {
    /// Type name.
    pub name: String,
    /// What is said of it.
    pub about: About,
    /// Its values.
    pub values: Vec<EnumValue>,
}

/// A value of an enum.
#[derive(Clone, Debug, PartialEq)]
pub struct EnumValue {
    /// On the wire.
    pub wire: String,
    /// Variant name.
    pub rust: String,
    /// What it means.
    pub text: Option<String>,
}

/// One of several types, told apart by their JSON form.
#[derive(Clone, Debug)]
pub struct Union {
    /// Type name.
    pub name: String,
    /// Which way it travels.
    pub direction: Direction,
    /// What is said of it.
    pub about: About,
    /// Variant names with their types; `Null` is a variant without a value.
    pub variants: Vec<(String, Type)>,
}

/// What an object has besides its common fields, told apart by its discriminator.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Field name in the object, without `r#`.
    pub field: String,
    /// Type name: of the enum, or of the struct if it is a group.
    pub name: String,
    /// What tells the variants apart.
    pub discriminator: Discriminator,
    /// False when the discriminator itself may be missing.
    pub required: bool,
    /// The variants; a group has one.
    pub variants: Vec<Variant>,
    /// JSON pointers of the `if`s that it came from.
    pub conditions: Vec<String>,
}

impl Choice {
    /// True for fields that come only together with one: an `Option` of a struct, no enum.
    pub fn is_group(&self) -> bool {
        matches!(self.discriminator, Discriminator::Presence(_)) && self.variants.len() == 1
    }

    /// True when a value outside the known set is kept in an arm of its own.
    pub fn has_unknown(&self) -> bool {
        match &self.discriminator {
            Discriminator::Values(tested) => tested.iter().any(|tested| !tested.boolean),
            Discriminator::Presence(_) | Discriminator::Alternatives => false,
        }
    }
}

/// What tells variants apart.
#[derive(Clone, Debug)]
pub enum Discriminator {
    /// The values of one or more fields.
    Values(Vec<Tested>),
    /// Whether a field is present.
    Presence(String),
    /// Which fields are present.
    Alternatives,
}

/// A field whose value is tested.
#[derive(Clone, Debug)]
pub struct Tested {
    /// Name on the wire.
    pub wire: String,
    /// A boolean; else a text.
    pub boolean: bool,
    /// What is said of it.
    pub about: About,
}

/// One arm of a choice.
#[derive(Clone, Debug)]
pub struct Variant {
    /// Variant name.
    pub name: String,
    /// Name of the struct that it carries; `None` when it has no fields.
    pub payload: Option<String>,
    /// What the values mean.
    pub text: Option<String>,
    /// The discriminators' values, in their order; empty for presence and alternatives.
    pub values: Vec<Value>,
    /// Its fields.
    pub fields: Vec<Field>,
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// The parameters and the types they use.
    pub object: Object,
    /// What `validate()` checks.
    pub rules: Vec<Rule>,
}

/// One check of `validate()`.
#[derive(Clone, Debug)]
pub enum Rule {
    /// This parameter needs that one.
    Needs {
        /// Wire name of the one that is set.
        parameter: String,
        /// Wire name of the one that must then be set.
        needs: String,
    },
    /// At most one of these.
    AtMostOne(Vec<String>),
    /// All of these or none.
    Together(Vec<String>),
    /// A text's length in characters, or an array's in items.
    Length {
        /// Wire name.
        parameter: String,
        /// Least and greatest.
        limits: Limits,
        /// Bytes in hex have two digits each.
        hex: bool,
    },
    /// An input that is known to take the daemon down.
    Refuse(Refusal),
}

/// An error code of a command.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorCode {
    /// The number.
    pub code: i32,
    /// Variant name.
    pub name: String,
    /// Its name in Core Lightning's sources.
    pub constant: Option<String>,
    /// What it means here, else in general.
    pub text: Option<String>,
    /// Type of the data, of [`Api::error_data`].
    pub data: Option<String>,
    /// The schema forgot it.
    pub added: bool,
}
