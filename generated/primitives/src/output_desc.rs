//! What a transaction pays, and where to.

use crate::any_or_all::SatOrAll;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;

/// On-chain outputs: addresses and what each gets, in the order given.
///
/// On the wire a JSON object with an entry for each address: `{"bcrt1…": 1000, "bcrt1…": "all"}`. An address that
/// stands there twice is an error when read, because one of its amounts would be lost. Addresses are texts here: only
/// the node knows which network they must belong to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutputDesc(Vec<(String, SatOrAll)>);

impl OutputDesc {
    /// No outputs yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an output. An address that is there already gets the new amount instead of its old one, in its old place.
    #[must_use]
    pub fn with(mut self, address: impl Into<String>, amount: impl Into<SatOrAll>) -> Self {
        let (address, amount) = (address.into(), amount.into());
        match self.0.iter_mut().find(|(known, _)| *known == address) {
            Some((_, old)) => *old = amount,
            None => self.0.push((address, amount)),
        }
        self
    }

    /// The addresses and what each gets, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, SatOrAll)> {
        self.0.iter().map(|(address, amount)| (address.as_str(), *amount))
    }
}

impl From<(String, SatOrAll)> for OutputDesc {
    fn from(output: (String, SatOrAll)) -> Self {
        OutputDesc(vec![output])
    }
}

impl Serialize for OutputDesc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for OutputDesc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OutputDescVisitor)
    }
}

struct OutputDescVisitor;

impl<'de> Visitor<'de> for OutputDescVisitor {
    type Value = OutputDesc;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of addresses and amounts, such as {\"bcrt1…\": 1000}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<OutputDesc, A::Error> {
        let mut outputs: Vec<(String, SatOrAll)> = Vec::new();
        while let Some((address, amount)) = map.next_entry::<String, SatOrAll>()? {
            // A search from the front will do: these are a handful, mostly one.
            if outputs.iter().any(|(known, _)| *known == address) {
                return Err(A::Error::custom(format_args!(
                    "the address `{address}` stands twice: give it one amount, the sum of both"
                )));
            }
            outputs.push((address, amount));
        }
        Ok(OutputDesc(outputs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::Amount;

    #[test]
    fn outputs_keep_their_order_and_are_one_object() {
        let json = r#"{"zz":1000,"aa":"all"}"#;
        let outputs = OutputDesc::new().with("zz", Amount::from_sat(1000)).with("aa", SatOrAll::All);
        assert_eq!(serde_json::to_string(&outputs).unwrap(), json);
        assert_eq!(serde_json::from_str::<OutputDesc>(json).unwrap(), outputs);
        assert_eq!(outputs.iter().map(|(address, _)| address).collect::<Vec<_>>(), ["zz", "aa"]);
        assert_eq!(OutputDesc::from(("zz".to_owned(), SatOrAll::All)).iter().len(), 1);
    }

    #[test]
    fn an_address_set_again_has_the_new_amount() {
        let outputs = OutputDesc::new().with("a", SatOrAll::All).with("b", SatOrAll::All).with("a", Amount::ONE_SAT);
        assert_eq!(serde_json::to_string(&outputs).unwrap(), r#"{"a":1,"b":"all"}"#);
    }

    #[test]
    fn an_address_read_twice_is_an_error() {
        let message = serde_json::from_str::<OutputDesc>(r#"{"a":1,"b":2,"a":3}"#).unwrap_err().to_string();
        assert!(message.starts_with("the address `a` stands twice"), "{message}");
        for bad in [r#"{"a":1.5}"#, r#"["a",1]"#, r#"{"a":"any"}"#] {
            assert!(serde_json::from_str::<OutputDesc>(bad).is_err(), "{bad}");
        }
    }
}
