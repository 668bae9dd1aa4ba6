//! All types of the API by what they are read for.

use std::collections::BTreeMap;
use std::fmt::Debug;

use cln_api::primitives::Message;
use cln_api::{Command, Hook, Notification};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What is done with JSON as one of the types.
pub trait Read {
    /// What comes of it.
    type End;

    /// Reads JSON as this type of message, which belongs to the command, notification or hook of that name.
    fn read<T: DeserializeOwned + Serialize + Debug>(message: Message, name: &'static str, json: &[u8]) -> Self::End;
}

/// Reads JSON as one of the types.
pub type Reader<End> = fn(&[u8]) -> End;

/// A reader for each type, by names such as `getinfo response`, `notification connect`, `hook htlc_accepted action`.
pub fn readers<R: Read>() -> BTreeMap<String, Reader<R::End>> {
    let mut readers: BTreeMap<String, Reader<R::End>> = BTreeMap::new();
    macro_rules! command {
        ($request:ty) => {
            let method = <$request>::METHOD;
            readers.insert(format!("{method} request"), |json| {
                R::read::<$request>(Message::Request, <$request>::METHOD, json)
            });
            readers.insert(format!("{method} response"), |json| {
                R::read::<<$request as Command>::Response>(Message::Answer, <$request>::METHOD, json)
            });
        };
    }
    macro_rules! notification {
        ($payload:ty) => {
            readers.insert(format!("notification {}", <$payload>::NAME), |json| {
                R::read::<$payload>(Message::Notification, <$payload>::NAME, json)
            });
        };
    }
    macro_rules! hook {
        ($payload:ty) => {
            let name = <$payload as Hook>::NAME;
            readers.insert(format!("hook {name}"), |json| {
                R::read::<$payload>(Message::Hook, <$payload as Hook>::NAME, json)
            });
            readers.insert(format!("hook {name} action"), |json| {
                R::read::<<$payload as Hook>::Action>(Message::Action, <$payload as Hook>::NAME, json)
            });
        };
    }
    cln_api::for_each_command!(command);
    cln_api::for_each_notification!(notification);
    cln_api::for_each_hook!(hook);
    readers
}
