//! What a node answers when a call fails.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// The `error` object of a JSON-RPC answer.
///
/// Its `Debug` tells only whether there is `data`: for some commands that holds preimages.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message} (code {code})")]
pub struct RpcError {
    /// Which failure this is. A command's schema lists its own codes; [`CommonError`] has those that any call can get.
    pub code: i32,
    /// The failure in the node's words; empty when the node gave none.
    #[serde(default)]
    pub message: String,
    /// Details, in a shape that depends on command and code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

impl fmt::Debug for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = if self.data.is_some() { "present" } else { "absent" };
        f.debug_struct("RpcError")
            .field("code", &self.code)
            .field("message", &self.message)
            .field("data", &format_args!("{data}"))
            .finish()
    }
}

impl AsRef<RpcError> for RpcError {
    fn as_ref(&self) -> &RpcError {
        self
    }
}

/// An [`RpcError`] whose `data` has a known shape.
#[derive(Debug, Clone, PartialEq)]
pub struct RpcErrorData<D> {
    /// The error as it arrived, its `data` included.
    pub error: RpcError,
    /// The `data`, read; `None` when there is none or it has another shape than the one known here.
    pub data: Option<D>,
}

impl<D: DeserializeOwned> From<RpcError> for RpcErrorData<D> {
    fn from(error: RpcError) -> Self {
        // Details of another shape must not hide the failure itself: they stay in `error`.
        let data = error.data.as_ref().and_then(|data| D::deserialize(data).ok());
        RpcErrorData { error, data }
    }
}

impl<D> AsRef<RpcError> for RpcErrorData<D> {
    fn as_ref(&self) -> &RpcError {
        &self.error
    }
}

/// The failures that any call can meet, whatever the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum CommonError {
    /// -32600: what was sent is no JSON-RPC request.
    #[error("the request is not valid JSON-RPC")]
    InvalidRequest = -32600,
    /// -32601: the node has no such command, or the plugin that offers it does not run.
    #[error("the node does not know this command")]
    MethodNotFound = -32601,
    /// -32602: a parameter is missing, unknown or has a bad value.
    #[error("a parameter is missing, unknown or has a bad value")]
    InvalidParams = -32602,
    /// -1: lightningd gave no more specific code; the message tells what happened.
    #[error("the command failed")]
    Lightningd = -1,
    /// -3: the plugin behind the command failed.
    #[error("the plugin behind the command failed")]
    PluginError = -3,
    /// -4: the plugin behind the command ended before it answered.
    #[error("the plugin behind the command ended before it answered")]
    PluginTerminated = -4,
    /// -5: the node is shutting down.
    #[error("the node is shutting down")]
    ShuttingDown = -5,
    /// 1501: the rune was not made by this node, or is damaged.
    #[error("the node does not accept this rune")]
    RuneNotAuthorized = 1501,
    /// 1502: the rune is valid, but its restrictions forbid this call.
    #[error("the rune does not permit this call")]
    RuneNotPermitted = 1502,
    /// 1503: the rune was revoked.
    #[error("the rune was revoked")]
    RuneBlacklisted = 1503,
}

impl CommonError {
    const ALL: [CommonError; 10] = [
        Self::InvalidRequest,
        Self::MethodNotFound,
        Self::InvalidParams,
        Self::Lightningd,
        Self::PluginError,
        Self::PluginTerminated,
        Self::ShuttingDown,
        Self::RuneNotAuthorized,
        Self::RuneNotPermitted,
        Self::RuneBlacklisted,
    ];

    /// The failure with this code; `None` for a code that belongs to particular commands.
    pub fn from_code(code: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|error| error.code() == code)
    }

    /// Its code on the wire.
    pub const fn code(self) -> i32 {
        self as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_read_as_nodes_write_it() {
        let error: RpcError = serde_json::from_str(r#"{"code":-1,"message":"no","data":{"id":1},"new":0}"#).unwrap();
        assert_eq!(error.to_string(), "no (code -1)");
        assert_eq!(serde_json::to_string(&error).unwrap(), r#"{"code":-1,"message":"no","data":{"id":1}}"#);
        let bare: RpcError = serde_json::from_str(r#"{"code":5,"data":null}"#).unwrap();
        assert_eq!(bare, RpcError { code: 5, message: String::new(), data: None });
        for bad in [r#"{"message":"no"}"#, r#"{"code":"1"}"#, r#"{"code":4294967296}"#] {
            assert!(serde_json::from_str::<RpcError>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn debug_never_shows_the_data() {
        let error = RpcError { code: 1, message: "no".into(), data: Some("5a5a".into()) };
        assert_eq!(format!("{error:?}"), r#"RpcError { code: 1, message: "no", data: present }"#);
        let absent = RpcError { data: None, ..error };
        assert_eq!(format!("{absent:?}"), r#"RpcError { code: 1, message: "no", data: absent }"#);
    }

    #[test]
    fn data_of_another_shape_stays_raw() {
        let error = |data: Value| RpcError { code: 1, message: String::new(), data: Some(data) };
        let known = RpcErrorData::<Vec<u8>>::from(error(vec![1, 2].into()));
        assert_eq!(known.data, Some(vec![1, 2]));
        let unknown = RpcErrorData::<Vec<u8>>::from(error("text".into()));
        assert_eq!((unknown.data.is_none(), unknown.as_ref().data.as_ref()), (true, Some(&"text".into())));
    }

    #[test]
    fn common_errors_and_their_codes_are_one_to_one() {
        for error in CommonError::ALL {
            assert_eq!(CommonError::from_code(error.code()), Some(error));
        }
        assert_eq!(CommonError::from_code(-32602), Some(CommonError::InvalidParams));
        assert_eq!(CommonError::from_code(900), None);
    }
}
