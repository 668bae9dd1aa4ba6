//! The generated types, reached by name.

use std::collections::HashMap;
use std::fmt::{Debug, Display};

use cln_api::{Command, Hook, Notification, error_data};
use cln_primitives::{DecodeError, RpcError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::fault::Fault;
use super::unknown::unknown_values;

/// A message as a type has understood it.
pub struct Understood {
    /// Written anew.
    pub again: Value,
    /// The texts that it keeps as unknown.
    pub unknown: Vec<String>,
}

/// Reads JSON through a type.
pub type Read = fn(&[u8]) -> Result<Understood, Fault>;

/// A command's types.
pub struct CommandTypes {
    /// The answer.
    pub answer: Read,
    /// The request, which must also be one that may be sent.
    pub request: Read,
    /// The error; true when its code is none of the command's own.
    pub error: fn(RpcError) -> (RpcError, bool),
}

/// Every generated type that a message can have, by the message's name on the wire.
pub struct Types {
    /// Commands.
    pub commands: HashMap<&'static str, CommandTypes>,
    /// Hooks' calls.
    pub hooks: HashMap<&'static str, Read>,
    /// Notifications.
    pub notifications: HashMap<&'static str, Read>,
}

impl Types {
    /// All of them.
    pub fn new() -> Self {
        Self { commands: commands(), hooks: hooks(), notifications: notifications() }
    }
}

impl Default for Types {
    fn default() -> Self {
        Self::new()
    }
}

fn commands() -> HashMap<&'static str, CommandTypes> {
    let mut commands = HashMap::new();
    macro_rules! add {
        ($request:ty) => {
            let types = CommandTypes {
                answer: |json| understood(<$request>::decode_response(json).map_err(of_decoding)?),
                request: |json| {
                    let request: $request = read(json)?;
                    request.validate().map_err(|error| Fault::new(error.parameter, error.reason))?;
                    understood(request)
                },
                error: |error| {
                    type Error = <$request as Command>::Error;
                    let error = Error::from(error);
                    (error.rpc_error().clone(), matches!(error, Error::Other(_)))
                },
            };
            commands.insert(<$request>::METHOD, types);
        };
    }
    cln_api::for_each_command!(add);
    commands
}

fn hooks() -> HashMap<&'static str, Read> {
    let mut hooks: HashMap<&'static str, Read> = HashMap::new();
    macro_rules! add {
        ($call:ty) => {
            hooks.insert(<$call as Hook>::NAME, |json| understood(<$call as Hook>::decode(json).map_err(of_decoding)?));
        };
    }
    cln_api::for_each_hook!(add);
    hooks
}

fn notifications() -> HashMap<&'static str, Read> {
    let mut notifications: HashMap<&'static str, Read> = HashMap::new();
    macro_rules! add {
        ($payload:ty) => {
            notifications.insert(<$payload as Notification>::NAME, |json| {
                understood(<$payload as Notification>::decode(json).map_err(of_decoding)?)
            });
        };
    }
    cln_api::for_each_notification!(add);
    notifications
}

/// What reads an error's `data`, by the name of its type.
pub fn error_data(name: &str) -> Option<Read> {
    match name {
        "Invoice" => Some(|json| understood(read::<error_data::Invoice>(json)?)),
        "Refusal" => Some(|json| understood(read::<error_data::Refusal>(json)?)),
        "UnansweredInvoice" => Some(|json| understood(read::<error_data::UnansweredInvoice>(json)?)),
        "UnexpectedStatus" => Some(|json| understood(read::<error_data::UnexpectedStatus>(json)?)),
        _ => None,
    }
}

fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T, Fault> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = if error.path().iter().len() == 0 { String::new() } else { error.path().to_string() };
        Fault::new(path, without_position(error.inner()))
    })
}

/// A position helps nobody in a message that was cut out of its line.
fn without_position(error: &impl Display) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map(|(text, _)| text.to_owned()).unwrap_or(text)
}

fn of_decoding(error: DecodeError) -> Fault {
    Fault::new(error.path, error.reason)
}

fn understood<T: Debug + Serialize>(value: T) -> Result<Understood, Fault> {
    let unknown = unknown_values(&format!("{value:?}"));
    let again =
        serde_json::to_value(value).map_err(|error| Fault::new("", format!("cannot be written again: {error}")))?;
    Ok(Understood { again, unknown })
}
