//! The parameters of calls, by name or by position, as lightningd takes them.
//!
//! A command has a [table](Param) of its parameters, in the order of their positions. The same table tells `help` what to
//! say, and `check` runs the same reading.
//!
//! Three things are other than at lightningd: an amount with something behind its unit is [refused](Kind::Msat), strings
//! may have [any escape](Kind::Text) that JSON has, and an error quotes no more than the beginning of a value.

mod amount;
mod kind;

use std::fmt;

use cln_api::error_code::JSONRPC2_INVALID_PARAMS;
use cln_primitives::RpcError;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

pub(crate) use kind::Kind;

/// A parameter of a command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Param {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it may be.
    pub(crate) kind: Kind,
    /// Whether a call must have it.
    pub(crate) required: bool,
}

/// A parameter that must be there.
pub(crate) const fn required(name: &'static str, kind: Kind) -> Param {
    Param { name, kind, required: true }
}

/// A parameter that may be there.
pub(crate) const fn optional(name: &'static str, kind: Kind) -> Param {
    Param { name, kind, required: false }
}

/// What is wrong with a call's parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParamError {
    /// They are not what JSON-RPC allows.
    #[error("params must be an object or a list")]
    Shape,
    /// One that must be there is not.
    #[error("the parameter `{0}` is missing")]
    Missing(&'static str),
    /// There is no such parameter.
    #[error("there is no parameter `{name}`: {expected}")]
    Unknown {
        /// How the call names it.
        name: String,
        /// What there is.
        expected: Expected,
    },
    /// It is there twice.
    #[error("the parameter `{0}` is given twice")]
    Twice(&'static str),
    /// There are more values than parameters.
    #[error("{got} parameters are too many: {expected}")]
    TooMany {
        /// How many there are.
        got: usize,
        /// What there may be.
        expected: Expected,
    },
    /// Its value is none that it may have.
    #[error("{name}: must be {reason}, not {token}")]
    Value {
        /// Which parameter.
        name: &'static str,
        /// What the value must be.
        reason: String,
        /// What was given.
        token: Token,
    },
}

impl From<ParamError> for RpcError {
    fn from(error: ParamError) -> Self {
        RpcError { code: JSONRPC2_INVALID_PARAMS, message: error.to_string(), data: None }
    }
}

/// A command's parameters by name, for errors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected(&'static [Param]);

impl PartialEq for Expected {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for Expected {}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("the command takes none");
        }
        f.write_str("the command takes")?;
        for (index, param) in self.0.iter().enumerate() {
            write!(f, "{} `{}`", if index == 0 { "" } else { "," }, param.name)?;
        }
        Ok(())
    }
}

/// The most bytes of a value that an error quotes.
const QUOTED: usize = 100;

/// The beginning of a value, for errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token(String);

impl From<&RawValue> for Token {
    fn from(json: &RawValue) -> Self {
        let json = json.get();
        if json.len() <= QUOTED {
            return Token(json.to_owned());
        }
        let end = (0..=QUOTED).rev().find(|&end| json.is_char_boundary(end)).unwrap_or(0);
        Token(format!("{}…", &json[..end]))
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads a call's parameters: each by its kind, the first that is wrong in the order of the call. Those that are not given
/// are left out.
///
/// # Errors
/// When they are not those of the table.
pub(crate) fn read(table: &'static [Param], params: &RawValue) -> Result<Map<String, Value>, ParamError> {
    let given = match params.get().as_bytes().first() {
        Some(b'[') => by_position(table, params)?,
        Some(b'{') => by_name(table, params)?,
        _ => return Err(ParamError::Shape),
    };
    match table.iter().find(|param| param.required && !given.contains_key(param.name)) {
        Some(missing) => Err(ParamError::Missing(missing.name)),
        None => Ok(given),
    }
}

fn by_position(table: &'static [Param], params: &RawValue) -> Result<Map<String, Value>, ParamError> {
    let values: Vec<&RawValue> = serde_json::from_str(params.get()).map_err(|_| ParamError::Shape)?;
    if values.len() > table.len() {
        return Err(ParamError::TooMany { got: values.len(), expected: Expected(table) });
    }
    let mut given = Map::new();
    for (param, value) in table.iter().zip(values) {
        // There is no other way to leave out one that stands before another.
        if value.get() != "null" {
            given.insert(param.name.to_owned(), read_one(param, value)?);
        }
    }
    Ok(given)
}

/// The members of an object as they come, those of one name too.
///
/// # Errors
/// When it is none.
pub(crate) fn members(params: &RawValue) -> Result<Vec<(String, &RawValue)>, ParamError> {
    let mut json = serde_json::Deserializer::from_str(params.get());
    json.deserialize_map(Members).map_err(|_| ParamError::Shape)
}

fn by_name(table: &'static [Param], params: &RawValue) -> Result<Map<String, Value>, ParamError> {
    let mut given = Map::new();
    for (name, value) in members(params)? {
        let Some(param) = table.iter().find(|param| param.name == name) else {
            let name = if name.len() <= QUOTED { name } else { "…".to_owned() };
            return Err(ParamError::Unknown { name, expected: Expected(table) });
        };
        if given.insert(name, read_one(param, value)?).is_some() {
            return Err(ParamError::Twice(param.name));
        }
    }
    Ok(given)
}

fn read_one(param: &Param, value: &RawValue) -> Result<Value, ParamError> {
    let token = || match param.kind {
        Kind::Secret => Token("what was given, which is not shown".to_owned()),
        _ => value.into(),
    };
    param.kind.read(value).map_err(|reason| ParamError::Value { name: param.name, reason, token: token() })
}

/// Reads what [`members`] gives.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TABLE: &[Param] =
        &[required("label", Kind::Label), optional("amount", Kind::Msat), optional("wait", Kind::Bool)];

    fn reading(table: &'static [Param], params: &str) -> Result<String, String> {
        let params = RawValue::from_string(params.to_owned()).unwrap();
        read(table, &params).map(|given| Value::from(given).to_string()).map_err(|error| error.to_string())
    }

    fn check(params: &str, expected: &str) {
        assert_eq!(reading(TABLE, params), Ok(expected.to_owned()), "{params}");
    }

    fn check_error(params: &str, expected: &str) {
        assert_eq!(reading(TABLE, params), Err(expected.to_owned()), "{params}");
    }

    #[test]
    fn by_name_in_any_order() {
        check(r#"{"label":"a"}"#, r#"{"label":"a"}"#);
        check(r#"{ "wait" : true , "label" : 7 }"#, r#"{"wait":true,"label":"7"}"#);
    }

    #[test]
    fn by_position_where_null_leaves_one_out() {
        check(r#"["a"]"#, r#"{"label":"a"}"#);
        check(r#"[ "a", null, true ]"#, r#"{"label":"a","wait":true}"#);
        check(r#"["a","1sat",null]"#, r#"{"label":"a","amount":1000}"#);
    }

    #[test]
    fn what_is_wrong_is_told_with_the_name() {
        check_error("{}", "the parameter `label` is missing");
        check_error("[]", "the parameter `label` is missing");
        check_error("[null]", "the parameter `label` is missing");
        check_error(r#"{"label":1,"b":2}"#, "there is no parameter `b`: the command takes `label`, `amount`, `wait`");
        check_error(r#"{"label":1,"label":1}"#, "the parameter `label` is given twice");
        check_error("[1,2,true,4]", "4 parameters are too many: the command takes `label`, `amount`, `wait`");
        check_error(r#"{"label":1,"wait":null}"#, "wait: must be true or false, not null");
        check_error(r#""label""#, "params must be an object or a list");
        check_error("null", "params must be an object or a list");
        assert_eq!(reading(&[], "[1]"), Err("1 parameters are too many: the command takes none".to_owned()));
    }

    #[test]
    fn the_first_that_is_wrong_is_told() {
        check_error(r#"{"wait":0,"amount":"x"}"#, "wait: must be true or false, not 0");
        check_error(
            r#"{"amount":"x","wait":0}"#,
            "amount: must be an amount in millisatoshi, or with the unit sat or btc, not \"x\"",
        );
    }

    #[test]
    fn a_secret_is_not_repeated() {
        const SECRET: &[Param] = &[required("preimage", Kind::Secret)];
        let expected = "preimage: must be 64 hex digits, not what was given, which is not shown";
        for wrong in [r#"["5a5b"]"#, r#"{"preimage":["5a5b"]}"#, r#"{"preimage":5}"#] {
            assert_eq!(reading(SECRET, wrong), Err(expected.to_owned()));
        }
    }

    #[test]
    fn an_error_quotes_the_beginning_of_a_long_value() {
        let long = format!(r#"{{"wait":"{}"}}"#, "é".repeat(1000));
        check_error(&long, &format!("wait: must be true or false, not \"{}…", "é".repeat(49)));
    }

    proptest! {
        #[test]
        fn a_value_means_the_same_by_name_and_by_position(label: String, amount: u64, wait: bool) {
            let label = Value::from(label);
            let by_name = reading(TABLE, &format!(r#"{{"label":{label},"amount":"{amount}msat","wait":{wait}}}"#));
            let by_position = reading(TABLE, &format!(r#"[{label},{amount},{wait}]"#));
            prop_assert_eq!(&by_name, &by_position);
            prop_assert_eq!(by_name.unwrap(), format!(r#"{{"label":{label},"amount":{amount},"wait":{wait}}}"#));
        }
    }
}
