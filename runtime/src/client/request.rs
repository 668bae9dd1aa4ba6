//! A request's bytes.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

use cln_api::Command;
use cln_api::primitives::{Patience, RpcError};
use serde::Serialize;

use super::error::CallError;

/// The request with an id of its own, as it goes over the wire.
pub(crate) struct Encoded {
    /// The id as it stands in the JSON.
    pub(crate) id: Box<str>,
    pub(crate) bytes: Vec<u8>,
}

/// A command as it goes out, whatever its type.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) method: Cow<'static, str>,
    pub(crate) params: Vec<u8>,
    pub(crate) patience: Patience,
    pub(crate) read_only: bool,
}

impl Outgoing {
    /// A command of `cln_api`.
    pub(crate) fn typed<R: Command, E>(request: &R) -> Result<Self, CallError<E>> {
        request.validate()?;
        let params = params(R::METHOD, request)?;
        Ok(Self { method: R::METHOD.into(), params, patience: request.patience(), read_only: R::READ_ONLY })
    }

    /// A command of which nothing is known.
    pub(crate) fn untyped(method: &str, params: &impl Serialize) -> Result<Self, CallError<RpcError>> {
        let params = self::params(method, params)?;
        Ok(Self { method: method.to_owned().into(), params, patience: Patience::Usual, read_only: false })
    }
}

/// Writes the parameters of a request.
pub(crate) fn params<E>(method: &str, params: &impl Serialize) -> Result<Vec<u8>, CallError<E>> {
    let json = serde_json::to_vec(params)
        .map_err(|source| CallError::Encode { method: method.to_owned(), source: Arc::new(source) })?;
    if has_unicode_escape(&json) || has_unicode_escape(serde_json::to_string(method).unwrap_or_default().as_bytes()) {
        return Err(CallError::ControlCharacter { method: method.to_owned() });
    }
    Ok(json)
}

/// Writes a request. Two line ends follow, which Core Lightning's plugins wait for and lightningd skips.
pub(crate) fn encode(name: &str, number: u64, method: &str, params: &[u8]) -> Encoded {
    let mut id = String::with_capacity(name.len() + method.len() + 24);
    // Writing to a text cannot fail.
    let _ = write!(id, "\"{name}:");
    id.extend(method.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')));
    let _ = write!(id, "#{number}\"");
    let mut bytes = Vec::with_capacity(id.len() + method.len() + params.len() + 64);
    bytes.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
    bytes.extend_from_slice(id.as_bytes());
    bytes.extend_from_slice(b",\"method\":");
    // A text always is JSON.
    let _ = serde_json::to_writer(&mut bytes, method);
    bytes.extend_from_slice(b",\"params\":");
    bytes.extend_from_slice(params);
    bytes.extend_from_slice(b"}\n\n");
    Encoded { id: id.into_boxed_str(), bytes }
}

/// lightningd does not read `\u` escapes. A control character has no other form in JSON.
fn has_unicode_escape(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(found) = memchr::memchr(b'\\', rest) {
        if rest.get(found + 1) == Some(&b'u') {
            return true;
        }
        rest = rest.get(found + 2..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, sendable: bool) {
        let params = params::<()>("invoice", &serde_json::json!({ "label": text }));
        assert_eq!(params.is_ok(), sendable, "{text:?}");
    }

    #[test]
    fn a_text_is_sent_as_it_is_or_not_at_all() {
        check("snow ☃ and 🦀", true);
        check("two\nlines\tand a \"quote\" \\u0041 \\", true);
        check("a bell \u{7}", false);
        check("\u{0}", false);
        check("\\\u{1f}", false);
    }

    #[test]
    fn so_is_a_method() {
        assert!(params::<()>("my\nmethod", &()).is_ok());
        assert!(params::<()>("my\u{1}method", &()).is_err());
    }

    #[test]
    fn an_id_tells_who_asks_what() {
        let Encoded { id, bytes } = encode("shop", 7, "list\"x", b"{}");
        assert_eq!(&*id, "\"shop:listx#7\"");
        let expected = "{\"jsonrpc\":\"2.0\",\"id\":\"shop:listx#7\",\"method\":\"list\\\"x\",\"params\":{}}\n\n";
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }
}
