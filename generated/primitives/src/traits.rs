//! What every generated command, notification and hook has in common.

use crate::decode::{DecodeError, InvalidRequest, Message, decode};
use crate::rpc_error::RpcError;
use crate::version::Version;
use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;
use std::time::Duration;

/// A command's request. Serialised, it is the JSON-RPC `params`: an object of named parameters.
pub trait Command: Serialize {
    /// The command's name on the wire.
    const METHOD: &'static str;
    /// The release that brought the command, where that is known.
    const ADDED: Option<Version>;
    /// The release that declared the command deprecated.
    const DEPRECATED: Option<Version>;
    /// The release that removes the command.
    const REMOVED: Option<Version>;
    /// The command changes nothing, on the node or elsewhere: to ask once more does no harm.
    const READ_ONLY: bool;

    /// What the node answers.
    type Response: DeserializeOwned + Serialize;
    /// Why the node may refuse.
    type Error: std::error::Error + From<RpcError>;

    /// Checks what the types cannot: parameters that need or exclude each other, lengths, and values that harm a node.
    ///
    /// # Errors
    /// When the request must not be sent.
    fn validate(&self) -> Result<(), InvalidRequest> {
        Ok(())
    }

    /// The parameters that are set and that only releases after `node` know: that node refuses the request, or in rare
    /// cases ignores them. A parameter inside of others is told by its path, such as `route[].node_id_out`.
    ///
    /// Whether the node knows the command at all is another question: compare [`ADDED`](Self::ADDED).
    fn unsupported_fields(&self, _node: Version) -> Vec<&'static str> {
        Vec::new()
    }

    /// How long the node may take for the answer by the command's own parameters, such as `timeout` or `retry_for`.
    fn patience(&self) -> Patience {
        Patience::Usual
    }

    /// Reads the answer: the JSON-RPC `result`.
    ///
    /// # Errors
    /// When it is not what the command's schema says.
    fn decode_response(json: &[u8]) -> Result<Self::Response, DecodeError> {
        decode(Message::Answer, Self::METHOD, json)
    }
}

/// How long a node may take to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// It answers at once.
    Usual,
    /// It may take this long before it gives up by itself.
    AtLeast(Duration),
    /// It waits for something that may never happen.
    Endless,
}

impl Patience {
    /// So many seconds at least.
    pub const fn at_least_seconds(seconds: u64) -> Self {
        Patience::AtLeast(Duration::from_secs(seconds))
    }
}

/// A command that changes nothing and whose answer is one list, so that it can be read entry by entry.
pub trait ListCommand: Command {
    /// An entry of the list.
    type Item: DeserializeOwned + Serialize;
    /// The list's name in the answer.
    const FIELD: &'static str;

    /// The list of an answer; empty where a node sent none.
    fn items(response: Self::Response) -> Vec<Self::Item>;
}

/// By which of its counters a list is paged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PageIndex {
    /// Each record gets the next number when it is made, and keeps it.
    Created,
    /// Each record gets the next number at every change.
    Updated,
}

impl PageIndex {
    /// The index by its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            PageIndex::Created => "created",
            PageIndex::Updated => "updated",
        }
    }
}

/// A list that the node gives in pages, by `index`, `start` and `limit`.
pub trait PagedCommand: ListCommand + Clone {
    /// Records tell when they were changed; otherwise there is [`PageIndex::Created`] only.
    const HAS_UPDATED_INDEX: bool;

    /// The request for one page: entries from the number `start` on, `limit` of them at most.
    fn page(&self, index: PageIndex, start: u64, limit: u32) -> Self;

    /// An entry's number; `None` where a node did not send it.
    fn index_of(item: &Self::Item, index: PageIndex) -> Option<u64>;
}

/// A list whose new and changed records the command `wait` waits for.
pub trait FollowedCommand: PagedCommand {
    /// What `wait` calls these records.
    const SUBSYSTEM: &'static str;
}

/// What a notification tells.
pub trait Notification: DeserializeOwned {
    /// The notification's name on the wire.
    const NAME: &'static str;
    /// The release that brought it, where that is known.
    const ADDED: Option<Version>;

    /// Reads the JSON-RPC `params` of the notification.
    ///
    /// Lightningd wraps what it tells in an object named like the notification, beside which further keys may stand;
    /// one such level is taken off. Where there is none, the `params` are read as they are: a field of that name may
    /// hold a text (`log` has such a field).
    ///
    /// # Errors
    /// When it is not what the notification's schema says. The error's path starts inside the wrapper.
    fn decode(params: &[u8]) -> Result<Self, DecodeError> {
        decode(Message::Notification, Self::NAME, wrapped(params, Self::NAME).unwrap_or(params))
    }
}

/// A hook's call, which the node waits to be answered.
pub trait Hook: DeserializeOwned {
    /// The hook's name on the wire.
    const NAME: &'static str;
    /// The release that brought it, where that is known.
    const ADDED: Option<Version>;

    /// What the plugin answers.
    type Action: Serialize;

    /// Reads the JSON-RPC `params` of the hook's call.
    ///
    /// A hook's schema holds the wrapper where the node uses one, so that the `params` are read as they are. Only when
    /// that fails and they are an object named like the hook, what is in there is tried.
    ///
    /// # Errors
    /// When it is not what the hook's schema says.
    fn decode(params: &[u8]) -> Result<Self, DecodeError> {
        decode(Message::Hook, Self::NAME, params).or_else(|error| {
            let unwrapped = wrapped(params, Self::NAME).and_then(|inner| serde_json::from_slice(inner).ok());
            unwrapped.ok_or(error)
        })
    }
}

/// The JSON object in the member `name` of the JSON object `params`, if there is one.
fn wrapped<'a>(params: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut deserializer = serde_json::Deserializer::from_slice(params);
    let member = deserializer.deserialize_map(FindMember(name)).ok()??.get();
    member.starts_with('{').then_some(member.as_bytes())
}

/// Visits an object and keeps the raw text of one member.
struct FindMember<'n>(&'n str);

impl<'de> Visitor<'de> for FindMember<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(is_it) = map.next_key_seed(IsKey(self.0))? {
            if is_it {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Reads a key only to compare it.
struct IsKey<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for IsKey<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for IsKey<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(params: &str, expected: Option<&str>) {
        assert_eq!(wrapped(params.as_bytes(), "log"), expected.map(str::as_bytes), "{params}");
    }

    #[test]
    fn only_an_object_under_the_name_is_a_wrapper() {
        check(r#"{"log":{"a":1}}"#, Some(r#"{"a":1}"#));
        check(r#"{"origin":"x", "log" : {"log":"text"} , "payload":[]}"#, Some(r#"{"log":"text"}"#));
        check(r#"{"l\u006fg":{}}"#, Some("{}"));
        check(r#"{"level":"info","log":"text"}"#, None);
        check(r#"{"log":[{}]}"#, None);
        check(r#"{"log":null}"#, None);
        check(r#"{"other":{"log":{}}}"#, None);
        check("[]", None);
        check(r#"{"log":{}"#, None);
    }
}
