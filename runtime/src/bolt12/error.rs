//! What can be wrong with a BOLT 12 text or message: one variant a rule.

use std::fmt;

use super::chain::Chain;
use super::fields;

/// A TLV type number; shown with the name that BOLT 12 gives it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldType(pub u64);

impl FieldType {
    /// The field's name in BOLT 12; `None` for a type that no message of ours knows.
    pub fn name(self) -> Option<&'static str> {
        fields::name(self.0)
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "`{name}` (type {})", self.0),
            None => write!(f, "type {}", self.0),
        }
    }
}

impl fmt::Debug for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Where in a message something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The record that holds it.
    pub field: FieldType,
    /// The byte of the message, from 0.
    pub at: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.field, self.at)
    }
}

/// Why something is no valid BOLT 12 text or message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text ends behind a `+` and spaces, where more was to follow.
    #[error("the text ends after the `+` at byte {at}: a part is missing, paste all of it")]
    TextUnfinished {
        /// The byte of the text where the `+` stands, from 0.
        at: usize,
    },
    /// Nothing separates the prefix from the data.
    #[error("the text has no `1` behind its prefix: it is no BOLT 12 text")]
    TextNoSeparator,
    /// Another kind of text, or none that is known.
    #[error("the text starts with `{found}1`, expected `{expected}1`")]
    TextPrefix {
        /// The prefix in lower case, cut when long.
        found: String,
        /// The prefix of what was to be read.
        expected: &'static str,
    },
    /// Upper and lower case letters in one text.
    #[error("the text mixes upper and lower case, first at byte {at}: write all of it in one of them")]
    TextMixedCase {
        /// The byte of the text, from 0.
        at: usize,
    },
    /// A character that the alphabet lacks, or a space or `+` where none may stand.
    #[error("the text holds {character:?} at byte {at}, which no BOLT 12 text may hold there")]
    TextCharacter {
        /// The character.
        character: char,
        /// The byte of the text, from 0.
        at: usize,
    },
    /// The text ends with a character more than its bytes need.
    #[error("the text is a character too long or too short: {bits} bits are left over, at most 4 may be")]
    TextPaddingLength {
        /// How many bits follow the last whole byte.
        bits: u32,
    },
    /// The bits behind the last byte are not all zero.
    #[error("the text's last character has bits set that belong to no byte: it was mistyped or cut")]
    TextPaddingNotZero,

    /// More bytes than any message has.
    #[error("the message has {length} bytes, more than can be read")]
    MessageTooLong {
        /// How many bytes it has.
        length: usize,
    },
    /// The message ends inside a type or a length.
    #[error("the message ends at byte {at} inside the type or length of a record")]
    BigsizeShort {
        /// Where the type or length starts, from 0.
        at: usize,
    },
    /// A type or length in more bytes than it needs.
    #[error("the number at byte {at} is written in more bytes than it needs")]
    BigsizeNotMinimal {
        /// Where it starts, from 0.
        at: usize,
    },
    /// Types must ascend, each at most once.
    #[error("{place} stands behind {after}: types must ascend, each at most once")]
    RecordOrder {
        /// The record out of order.
        place: Place,
        /// The record before it.
        after: FieldType,
    },
    /// A record is longer than what is left of the message.
    #[error("{place} claims {length} bytes, but only {left} are left: the message is cut")]
    RecordLength {
        /// The record.
        place: Place,
        /// The length that it states, in bytes.
        length: u64,
        /// How many bytes are left for it.
        left: usize,
    },

    /// A value ends before its encoding does.
    #[error("{0}: the value is too short for its encoding")]
    ValueShort(Place),
    /// A value goes on behind the end of its encoding.
    #[error("{0}: the value is longer than its encoding")]
    ValueLong(Place),
    /// A truncated integer with a leading zero byte.
    #[error("{0}: the number starts with a zero byte, which must be left out")]
    ValueLeadingZero(Place),
    /// Bytes that are no UTF-8.
    #[error("{0}: the text is not UTF-8")]
    ValueNotUtf8(Place),
    /// A text with a zero byte in it.
    #[error("{0}: the text holds a zero byte")]
    ValueZeroByte(Place),
    /// A public key that is no point of the curve.
    #[error("{0}: not a valid public key")]
    ValueNotAPoint(Place),

    /// An even type that this message does not define, and that therefore may not be ignored.
    #[error("{0} must be understood and is not: it is no field of this kind of message")]
    UnknownEven(Place),
    /// A type outside the ranges that the message allows.
    #[error("{place} is outside the range of the types of an {message}")]
    OutOfRange {
        /// The record.
        place: Place,
        /// The kind of message.
        message: &'static str,
    },
    /// The message is for another chain.
    #[error("the message is not for the chain {expected}: ask for one made on this network")]
    WrongChain {
        /// The chain that was asked for.
        expected: Chain,
    },
    /// `offer_chains` without an entry.
    #[error("{0} has no entry: leave it out to mean bitcoin")]
    NoChains(Place),
    /// An even feature bit that is not known, and that therefore may not be ignored.
    #[error("{place} asks for feature {bit}, which is not known")]
    UnknownFeature {
        /// The field of features.
        place: Place,
        /// The bit, counted from the lowest.
        bit: usize,
    },
    /// A blinded path that leads nowhere.
    #[error("{0} has a blinded path without a hop")]
    EmptyPath(Place),

    /// An amount to be shown without saying what it is for.
    #[error("{0} needs an `offer_description` (type 10), which is missing")]
    AmountWithoutDescription(Place),
    /// An offer of nothing.
    #[error("{0} is zero: leave it out to let the payer choose")]
    ZeroAmount(Place),
    /// A currency of no amount.
    #[error("{0} needs an `offer_amount` (type 8), which is missing")]
    CurrencyWithoutAmount(Place),
    /// An offer that nobody can be asked about.
    #[error(
        "the offer has neither `offer_issuer_id` (type 22) nor `offer_paths` (type 16): nobody can be asked for an invoice"
    )]
    NoIssuer,
    /// A unit of time that does not exist.
    #[error("{place} has the time unit {unit}: only 0 (seconds), 1 (days) and 2 (months) exist")]
    RecurrenceUnit {
        /// The recurrence.
        place: Place,
        /// The unit.
        unit: u8,
    },
    /// A recurrence every zero units of time.
    #[error("{0} has a period of zero")]
    RecurrencePeriodZero(Place),
    /// A recurrence that never occurs.
    #[error("{0} is zero: it must allow at least one period")]
    RecurrenceLimitZero(Place),
    /// A detail of a recurrence that is not there.
    #[error("{0} needs a recurrence (type 1000000024 or 1000000025), which is missing")]
    RecurrenceMissing(Place),

    /// A field without which the message cannot be used so.
    #[error("{0} is missing")]
    Missing(FieldType),
    /// The signature is not that of this message by this key.
    #[error(
        "the signature does not fit the message and the key in {key}: the message was changed, or signed by another key"
    )]
    InvalidSignature {
        /// The field that holds the key.
        key: FieldType,
    },
    /// A value that its encoding has no room for.
    #[error(
        "{0} cannot be written: it holds more entries, a longer part or a larger number than its encoding has room for"
    )]
    Unwritable(FieldType),
    /// A field that this message does not add itself, but takes over from another, or may not have at all.
    #[error("{field} cannot be added to an {message}: it is outside the range of the types that are its own")]
    ForeignField {
        /// The field.
        field: FieldType,
        /// The kind of message.
        message: &'static str,
    },
    /// As many fees as paths there must be.
    #[error(
        "the invoice has {paths} `invoice_paths` (type 160) but {infos} `invoice_blindedpay` (type 162): they must be as many"
    )]
    BlindedPayCount {
        /// How many paths.
        paths: usize,
        /// How many sets of fees.
        infos: usize,
    },
    /// The request answers an offer, where one that stands alone is needed.
    #[error(
        "{0} says that the request is based on an offer: its issuer must be sent the request, no invoice can be made for it unasked"
    )]
    BasedOnOffer(Place),
    /// A field that only an offer gives a meaning.
    #[error("{0} has no meaning in a request that stands alone")]
    UnexpectedOfferField(Place),
}

impl Error {
    /// The field that is wrong, or missing; `None` when that is the text or the message as a whole.
    pub fn field(&self) -> Option<FieldType> {
        match *self {
            Error::RecordOrder { place, .. }
            | Error::RecordLength { place, .. }
            | Error::ValueShort(place)
            | Error::ValueLong(place)
            | Error::ValueLeadingZero(place)
            | Error::ValueNotUtf8(place)
            | Error::ValueZeroByte(place)
            | Error::ValueNotAPoint(place)
            | Error::UnknownEven(place)
            | Error::OutOfRange { place, .. }
            | Error::NoChains(place)
            | Error::UnknownFeature { place, .. }
            | Error::EmptyPath(place)
            | Error::AmountWithoutDescription(place)
            | Error::ZeroAmount(place)
            | Error::CurrencyWithoutAmount(place)
            | Error::RecurrenceUnit { place, .. }
            | Error::RecurrencePeriodZero(place)
            | Error::RecurrenceLimitZero(place)
            | Error::RecurrenceMissing(place)
            | Error::BasedOnOffer(place)
            | Error::UnexpectedOfferField(place) => Some(place.field),
            Error::Missing(field) | Error::Unwritable(field) => Some(field),
            Error::InvalidSignature { .. } => Some(FieldType(240)),
            Error::WrongChain { .. } => Some(FieldType(80)),
            Error::BlindedPayCount { .. } => Some(FieldType(162)),
            Error::TextUnfinished { .. }
            | Error::TextNoSeparator
            | Error::TextPrefix { .. }
            | Error::TextMixedCase { .. }
            | Error::TextCharacter { .. }
            | Error::TextPaddingLength { .. }
            | Error::TextPaddingNotZero
            | Error::MessageTooLong { .. }
            | Error::BigsizeShort { .. }
            | Error::BigsizeNotMinimal { .. }
            | Error::NoIssuer => None,
        }
    }
}
