//! Parameters from the command line, read as what the command's type says that they are.

use std::str::FromStr;
use std::vec;

use serde::de::value::{Error, StringDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, Expected, IntoDeserializer as _, MapAccess,
    Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Value;

/// A request of the parameters `name=value`.
pub fn request<R: DeserializeOwned>(parameters: Vec<(String, String)>) -> Result<R, String> {
    R::deserialize(Parameters(parameters)).map_err(|error| error.to_string())
}

struct Parameters(Vec<(String, String)>);

impl<'de> Deserializer<'de> for Parameters {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Pairs { pairs: self.0.into_iter(), value: None })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct Pairs {
    pairs: vec::IntoIter<(String, String)>,
    value: Option<(String, String)>,
}

impl<'de> MapAccess<'de> for Pairs {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        self.value = self.pairs.next();
        let name = self.value.as_ref().map(|(name, _)| name.clone());
        name.map(|name| seed.deserialize(name.into_deserializer())).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let Some((name, value)) = self.value.take() else { return Err(Error::custom("a value without a name")) };
        seed.deserialize(Written(value)).map_err(|error| Error::custom(format_args!("`{name}`: {error}")))
    }
}

/// A value as it was written, whose type is what is asked for: `5` is a text for a label, and a number for a count.
struct Written(String);

impl Written {
    fn number<T: FromStr>(&self, expected: &dyn Expected) -> Result<T, Error> {
        self.0.parse().map_err(|_| Error::invalid_value(Unexpected::Str(&self.0), expected))
    }

    /// JSON, if it is any; otherwise a text.
    fn guessed(self) -> Value {
        serde_json::from_str(&self.0).unwrap_or(Value::String(self.0))
    }
}

/// Numbers and `true` or `false`, each by its own parser.
macro_rules! parsed {
    ($($method:ident $visit:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let value = self.number(&visitor)?;
            visitor.$visit(value)
        }
    )*};
}

/// Lists, objects and what may be several things, by JSON.
macro_rules! guessed {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.guessed().$method(visitor).map_err(Error::custom)
        }
    )*};
}

impl<'de> Deserializer<'de> for Written {
    type Error = Error;

    parsed! {
        deserialize_bool visit_bool
        deserialize_i8 visit_i8 deserialize_i16 visit_i16 deserialize_i32 visit_i32 deserialize_i64 visit_i64
        deserialize_u8 visit_u8 deserialize_u16 visit_u16 deserialize_u32 visit_u32 deserialize_u64 visit_u64
        deserialize_f32 visit_f32 deserialize_f64 visit_f64
    }

    guessed! {
        deserialize_any deserialize_seq deserialize_map deserialize_unit deserialize_bytes deserialize_byte_buf
        deserialize_ignored_any
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.0)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.0)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.0)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let text: StringDeserializer<Error> = self.0.into_deserializer();
        text.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }
}

/// The parameters `name=value` of arguments, which may be in any order.
pub fn named(arguments: &[String]) -> Result<Vec<(String, String)>, String> {
    let mut parameters: Vec<(String, String)> = Vec::new();
    for argument in arguments {
        match argument.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                if parameters.iter().any(|(other, _)| other == name) {
                    return Err(format!("the parameter `{name}` is given twice"));
                }
                parameters.push((name.to_owned(), value.to_owned()));
            }
            _ => return Err(format!("`{argument}` is no parameter: write name=value")),
        }
    }
    Ok(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cln_api::{datastore, delinvoice, invoicerequest, listinvoicerequests, sendinvoice, waitsendpay};
    use serde::Serialize;

    fn check<R: DeserializeOwned + Serialize>(arguments: &[&str], expected: &str) {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let request = named(&arguments).and_then(request::<R>);
        let shown = match request {
            Ok(request) => serde_json::to_string(&request).unwrap(),
            Err(error) => error,
        };
        assert!(shown.contains(expected), "{shown}\ninstead of\n{expected}");
    }

    #[test]
    fn values_have_the_types_of_their_parameters() {
        let expected = r#"{"amount":10000000,"description":"5","absolute_expiry":7,"single_use":false}"#;
        let arguments = ["description=5", "amount=10000sat", "single_use=false", "absolute_expiry=7"];
        check::<invoicerequest::Request>(&arguments, expected);
        check::<sendinvoice::Request>(&["label=a=b", "invreq=lnr1", "timeout=5"], r#""label":"a=b","timeout":5"#);
        check::<datastore::Request>(&[r#"key=["a","b"]"#, "string=true", "mode=must-create"], r#"["a","b"]"#);
        check::<delinvoice::Request>(&["label=007", "status=unpaid"], "007");
        check::<listinvoicerequests::Request>(&[], "{}");
    }

    #[test]
    fn a_wrong_parameter_is_named() {
        check::<invoicerequest::Request>(
            &["amount=much", "description=x"],
            "`amount`: the amount `much` is not a number",
        );
        check::<invoicerequest::Request>(&["amount=1sat"], "missing field `description`");
        check::<invoicerequest::Request>(&["colour=red"], "unknown field `colour`");
        check::<invoicerequest::Request>(
            &["amount=1sat", "description=x", "single_use=yes"],
            "`single_use`: invalid value",
        );
        check::<sendinvoice::Request>(&["timeout=-1"], "`timeout`: invalid value");
        check::<waitsendpay::Request>(&["payment_hash=00"], "`payment_hash`: ");
        check::<invoicerequest::Request>(&["amount"], "`amount` is no parameter: write name=value");
        check::<invoicerequest::Request>(&["amount=1sat", "amount=2sat"], "given twice");
    }
}
