//! What each kind of change means: the one table of verdicts.
//!
//! Rust's side follows from what the emitter promises: every struct and enum is `#[non_exhaustive]`, what is sent is
//! built by `new` with all that is required and a setter for each of the rest, and what is received is only read.
//!
//! On the wire, a *client* is a program on the typed API: it fails on an answer without a field that its types require,
//! ignores fields that they do not name, and keeps texts and forms that they do not know. A *node* refuses parameters and
//! values that it does not know. A plugin is the client of its hooks and notifications.

use serde::Serialize;

use crate::model::Direction;

/// What a change means for code that uses the typed API, as Rust's rules of semantic versions have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Impact {
    /// Code that compiled may no longer do so, or a call that was valid may no longer be: a major change.
    Breaking,
    /// There is more than before, or a compiler's warning: a minor change.
    Additive,
    /// Nothing but what the documentation says.
    Documentation,
}

/// How clients and nodes of the two releases get on with what changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnWire {
    /// They can fail, where they use what changed.
    Breaks,
    /// They get on as long as the client does not use what is new.
    WithoutNewParts,
    /// They get on.
    Works,
}

/// The three verdicts on a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Verdict {
    /// For code that uses the typed API.
    pub api: Impact,
    /// For a client of the old release on a node of the new one: `breaks` or `works`.
    pub old_client: OnWire,
    /// For a client of the new release on a node of the old one.
    pub new_client: OnWire,
}

/// What kind of change it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A command, notification, hook or shared enum is new.
    ItemAdded,
    /// It is gone.
    ItemRemoved,
    /// A field that must be there is new.
    RequiredFieldAdded,
    /// The same, sent, with only one value: `new` sets it by itself.
    ConstantFieldAdded,
    /// A field that may be missing is new.
    OptionalFieldAdded,
    /// A field that had to be there is gone.
    RequiredFieldRemoved,
    /// A field that could be missing is gone.
    OptionalFieldRemoved,
    /// `Option<T>` became `T`.
    FieldBecameRequired,
    /// `T` became `Option<T>`.
    FieldBecameOptional,
    /// A field went to another struct: into the variants of a condition, out of them, or to those of another one.
    FieldMoved,
    /// A field of one wire name has another name in Rust.
    FieldRenamed,
    /// A field's type is another.
    FieldType,
    /// A plain field became an enum whose variants carry fields.
    ConditionAdded,
    /// An enum whose variants carry fields became a plain field.
    ConditionRemoved,
    /// A struct became an enum or the reverse.
    ShapeChanged,
    /// A type of one place has another name.
    TypeRenamed,
    /// `new` takes other arguments, or the same in another order, though none was added, removed, or became optional.
    ArgumentsChanged,
    /// An object keeps what its schema does not name.
    ExtraAdded,
    /// An object no longer keeps it.
    ExtraRemoved,
    /// An enum has one more value.
    ValueAdded,
    /// An enum has one value less.
    ValueRemoved,
    /// A value of one wire name has another name in Rust.
    ValueRenamed,
    /// A variant carries a struct that it did not carry, none any more, or one of another name.
    PayloadChanged,
    /// A value may have one more JSON form.
    FormAdded,
    /// A value may no longer have a JSON form.
    FormRemoved,
    /// A command's errors have one more code.
    ErrorAdded,
    /// They have one code less.
    ErrorRemoved,
    /// A code has another name in Rust.
    ErrorRenamed,
    /// A code's `data` has another type.
    ErrorData,
    /// `validate()` refuses what it accepted.
    RuleTightened,
    /// `validate()` accepts what it refused.
    RuleLoosened,
    /// `validate()` checks a parameter that is itself new.
    RuleOfNewParameter,
    /// Something became deprecated.
    Deprecated,
    /// Something is no longer deprecated, or since or until another release.
    DeprecationChanged,
    /// The daemon takes another default.
    DefaultChanged,
    /// Another release is said to have brought something.
    SinceChanged,
}

/// Whether each side reads what the other writes: what the verdict on a change of type or place depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fit {
    /// What the old release writes is what the new one reads.
    pub(super) old_to_new: bool,
    /// What the new release writes is what the old one reads.
    pub(super) new_to_old: bool,
}

impl Fit {
    /// The wire is as it was.
    pub(super) const SAME: Self = Self { old_to_new: true, new_to_old: true };
}

/// The table. `fit` is asked for changes of type and place only.
pub(super) fn verdict(kind: Kind, direction: Direction, fit: Fit) -> Verdict {
    use Direction::{Received, Sent};
    use Impact::{Additive, Breaking, Documentation};
    use OnWire::{Breaks, WithoutNewParts, Works};
    let (api, old_client, new_client) = match (kind, direction) {
        (Kind::ItemAdded, _) => (Additive, Works, WithoutNewParts),
        (Kind::ItemRemoved, _) => (Breaking, Breaks, Works),

        // Who only reads a struct does not mind a field more; `new` minds.
        (Kind::RequiredFieldAdded, Received) => (Additive, Works, Breaks),
        (Kind::RequiredFieldAdded, Sent) => (Breaking, Breaks, Breaks),
        (Kind::ConstantFieldAdded, _) => (Additive, Breaks, Breaks),
        (Kind::OptionalFieldAdded, Received) => (Additive, Works, Works),
        (Kind::OptionalFieldAdded, Sent) => (Additive, Works, WithoutNewParts),
        (Kind::RequiredFieldRemoved, Received) => (Breaking, Breaks, Works),
        (Kind::RequiredFieldRemoved, Sent) => (Breaking, Breaks, Breaks),
        (Kind::OptionalFieldRemoved, Received) => (Breaking, Works, Works),
        (Kind::OptionalFieldRemoved, Sent) => (Breaking, Breaks, Works),

        // The type changes either way; on the wire, who reads must not ask for more than the other writes.
        (Kind::FieldBecameRequired, Received) => (Breaking, Works, Breaks),
        (Kind::FieldBecameRequired, Sent) => (Breaking, Breaks, Works),
        (Kind::FieldBecameOptional, Received) => (Breaking, Breaks, Works),
        (Kind::FieldBecameOptional, Sent) => (Breaking, Works, WithoutNewParts),

        (Kind::FieldType | Kind::FieldMoved | Kind::ConditionAdded | Kind::ConditionRemoved, Received) => {
            (Breaking, works(fit.new_to_old), works(fit.old_to_new))
        }
        (Kind::FieldType | Kind::FieldMoved | Kind::ConditionAdded | Kind::ConditionRemoved, Sent) => {
            let new_client = match fit {
                Fit { new_to_old: true, .. } => Works,
                Fit { old_to_new: true, .. } => WithoutNewParts,
                _ => Breaks,
            };
            (Breaking, works(fit.old_to_new), new_client)
        }

        // Names and arguments are Rust's alone.
        (
            Kind::FieldRenamed
            | Kind::TypeRenamed
            | Kind::ValueRenamed
            | Kind::ErrorRenamed
            | Kind::ErrorData
            | Kind::ShapeChanged
            | Kind::PayloadChanged
            | Kind::ArgumentsChanged
            | Kind::ExtraRemoved,
            _,
        ) => (Breaking, Works, Works),
        (Kind::ExtraAdded, _) => (Additive, Works, Works),

        // What is received keeps values and forms that it does not know.
        (Kind::ValueAdded | Kind::FormAdded, Received) => (Additive, Works, Works),
        (Kind::ValueAdded | Kind::FormAdded, Sent) => (Additive, Works, WithoutNewParts),
        (Kind::ValueRemoved | Kind::FormRemoved, Received) => (Breaking, Works, Works),
        (Kind::ValueRemoved | Kind::FormRemoved, Sent) => (Breaking, Breaks, Works),

        // A code without a variant is `Other`.
        (Kind::ErrorAdded, _) => (Additive, Works, Works),
        (Kind::ErrorRemoved, _) => (Breaking, Works, Works),

        // A rule is the node's, whether the client checks it or not.
        (Kind::RuleTightened, _) => (Breaking, Breaks, Works),
        (Kind::RuleLoosened, _) => (Additive, Works, WithoutNewParts),
        (Kind::RuleOfNewParameter, _) => (Additive, Works, Works),

        // A warning is a minor change.
        (Kind::Deprecated, _) => (Additive, Works, Works),
        (Kind::DeprecationChanged | Kind::DefaultChanged | Kind::SinceChanged, _) => (Documentation, Works, Works),
    };
    Verdict { api, old_client, new_client }
}

fn works(fits: bool) -> OnWire {
    if fits { OnWire::Works } else { OnWire::Breaks }
}
