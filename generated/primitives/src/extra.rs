//! Fields that no schema names.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;
use std::ops::{Deref, DerefMut};

/// The fields of an object that its schema does not name, by name. Plugins add such.
///
/// Its `Debug` shows their names only: nobody knows which of their values are secret.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Extra(pub Map<String, Value>);

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Deref for Extra {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Extra {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl From<Map<String, Value>> for Extra {
    fn from(fields: Map<String, Value>) -> Self {
        Extra(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_names_only() {
        let extra: Extra = serde_json::from_str(r#"{"bitcoin-rpcpassword":"hunter2","n":5}"#).unwrap();
        assert_eq!(format!("{extra:?}"), r#"{"bitcoin-rpcpassword", "n"}"#);
        assert_eq!(serde_json::to_string(&extra).unwrap(), r#"{"bitcoin-rpcpassword":"hunter2","n":5}"#);
        assert_eq!(extra["n"], 5);
    }
}
