//! What the macros for generated code expand to.

use cln_primitives::{CommonError, RpcError, RpcErrorData, UnknownValue, rpc_errors, wire_enum};
use serde_json::json;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Status {
    Unpaid,
    #[deprecated(note = "to show that the macro does not complain")]
    InProgress,
    Unknown(UnknownValue),
}
wire_enum!(Status { Unpaid = "unpaid", InProgress = "in/progress" });

/// An enum of which no value is known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Empty {
    Unknown(UnknownValue),
}
wire_enum!(Empty {});

#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Error {
    LabelTaken(RpcErrorData<Vec<u32>>),
    Timeout(RpcError),
    BadParameter(RpcError),
    Other(RpcError),
}
rpc_errors!("sendinvoice", Error { 900 => LabelTaken, 1005 => Timeout, -32602 => BadParameter });

mod no_codes {
    /// Of a command whose schema lists no code; in a module that imports nothing.
    #[derive(Debug)]
    pub enum Error {
        Other(cln_primitives::RpcError),
    }
    cln_primitives::rpc_errors!("getinfo", Error {});
}

fn rpc_error(code: i32) -> RpcError {
    RpcError { code, message: "no".into(), data: Some(json!([7])) }
}

fn check_wire(text: &str, expected: &Status) {
    assert_eq!(serde_json::from_value::<Status>(json!(text)).unwrap(), *expected);
    assert_eq!(text.parse::<Status>().as_ref(), Ok(expected));
    assert_eq!((expected.as_str(), expected.to_string().as_str()), (text, text));
    assert_eq!(serde_json::to_value(expected).unwrap(), json!(text));
}

#[test]
#[allow(deprecated)]
fn a_wire_enum_reads_and_writes_its_texts_and_keeps_others() {
    check_wire("unpaid", &Status::Unpaid);
    check_wire("in/progress", &Status::InProgress);
    check_wire("held", &Status::Unknown(UnknownValue::new("held")));
    check_wire("Unpaid", &Status::Unknown(UnknownValue::new("Unpaid")));
    assert_eq!(Status::VALUES, ["unpaid", "in/progress"]);
    assert_eq!(format!("[{:>8}]", Status::Unpaid), "[  unpaid]");
    assert_eq!(Empty::from_wire("any").as_str(), "any");
    assert!(serde_json::from_str::<Status>("1").unwrap_err().to_string().contains("expected a string"));
}

#[test]
fn an_error_is_selected_by_its_code() {
    assert!(matches!(Error::from(rpc_error(900)), Error::LabelTaken(taken) if taken.data == Some(vec![7])));
    assert!(matches!(Error::from(rpc_error(1005)), Error::Timeout(_)));
    assert!(matches!(Error::from(rpc_error(-32602)), Error::BadParameter(_)));
    assert!(matches!(Error::from(rpc_error(1)), Error::Other(_)));
    for code in [900, 1005, -32602, 1, i32::MIN] {
        assert_eq!(Error::from(rpc_error(code)).rpc_error(), &rpc_error(code));
    }
}

#[test]
fn an_error_tells_its_command_its_text_and_its_code() {
    let error = Error::from(rpc_error(900));
    assert_eq!((error.code(), error.message(), error.common()), (900, "no", None));
    assert_eq!(error.to_string(), "`sendinvoice` failed: no (code 900)");
    assert_eq!(Error::from(rpc_error(-32602)).common(), Some(CommonError::InvalidParams));
    let error: Box<dyn std::error::Error> = Box::new(no_codes::Error::from(rpc_error(-1)));
    assert_eq!(error.to_string(), "`getinfo` failed: no (code -1)");
}
