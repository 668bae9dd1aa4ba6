//! JSON read as every generated type: answers, requests, errors, notifications, hooks' calls and actions.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::LazyLock;

use cln_api::Command;
use cln_api::primitives::{Message, RpcError, decode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fuzz::json::any_json_behind;
use crate::fuzz::{Memory, Target, seeds};
use crate::typed::{self, Read, readers};

/// The bytes before the JSON, which choose the type.
const HEAD: usize = 2;

/// Reads a message, and writes it again.
type Reader = typed::Reader<Option<Vec<u8>>>;

struct Again;

impl Read for Again {
    type End = Option<Vec<u8>>;

    fn read<T: DeserializeOwned + Serialize + Debug>(message: Message, name: &'static str, json: &[u8]) -> Self::End {
        match decode::<T>(message, name, json) {
            Ok(read) => serde_json::to_vec(&read).ok(),
            Err(error) => {
                assert!(error.to_string().contains(name), "{error}");
                None
            }
        }
    }
}

/// The types in the order of what they are read for, and the errors of the commands.
static READERS: LazyLock<BTreeMap<String, Reader>> = LazyLock::new(|| {
    let mut readers = readers::<Again>();
    macro_rules! command {
        ($request:ty) => {
            readers.insert(format!("{} error", <$request>::METHOD), |json| {
                let error: RpcError = serde_json::from_slice(json).ok()?;
                let error = <$request as Command>::Error::from(error);
                assert!(!error.to_string().is_empty());
                serde_json::to_vec(error.rpc_error()).ok()
            });
        };
    }
    cln_api::for_each_command!(command);
    readers
});

static LIST: LazyLock<Vec<Reader>> = LazyLock::new(|| READERS.values().copied().collect());

fn split(bytes: &[u8]) -> Option<(Reader, &[u8])> {
    let (head, json) = bytes.split_first_chunk::<HEAD>()?;
    let list = &*LIST;
    Some((list[usize::from(u16::from_be_bytes(*head)) % list.len()], json))
}

pub(super) const TYPES: Target = Target {
    name: "types",
    reads: "JSON as every type of the API; the first two bytes choose the type",
    seeds: || {
        let error = serde_json::json!({"code": -1, "message": "no", "data": {"attempts": []}});
        let errors = READERS.keys().filter(|name| name.ends_with(" error")).map(|name| (name.clone(), error.clone()));
        let number = |name: &String| READERS.keys().position(|it| it == name).and_then(|at| u16::try_from(at).ok());
        let seed = |(name, json): (String, serde_json::Value)| {
            Some([&number(&name)?.to_be_bytes()[..], json.to_string().as_bytes()].concat())
        };
        seeds::messages().into_iter().chain(errors).filter_map(seed).collect()
    },
    mutate: any_json_behind::<HEAD>,
    read: |bytes| drop(split(bytes).and_then(|(reader, json)| reader(json))),
    memory: Memory::PerByte(512),
    check: |bytes| {
        let Some((reader, json)) = split(bytes) else { return false };
        let Some(written) = reader(json) else { return false };
        let again = reader(&written).expect("what was read is written so that it can be read");
        assert!(again == written, "{} became {}", String::from_utf8_lossy(&written), String::from_utf8_lossy(&again));
        true
    },
};
