//! What a plugin says of itself.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// The answer to `getmanifest`. What lightningd does not know it passes over; here it is an error.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub options: Vec<PluginOption>,
    pub rpcmethods: Vec<Method>,
    #[serde(default)]
    pub subscriptions: Vec<String>,
    #[serde(default)]
    pub hooks: Vec<HookWish>,
    #[serde(default)]
    pub notifications: Vec<Topic>,
    #[serde(default)]
    pub dynamic: bool,
    #[serde(default)]
    pub nonnumericids: bool,
    #[serde(default)]
    pub featurebits: Map<String, Value>,
    #[serde(default)]
    pub custommessages: Vec<u64>,
}

/// An option of the node that is the plugin's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginOption {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub description: String,
    #[serde(default)]
    pub default: Option<Value>,
    #[serde(default)]
    pub dynamic: bool,
    #[serde(default)]
    pub multi: bool,
    #[serde(default)]
    pub deprecated: bool,
}

/// A command of the plugin.
#[derive(Clone, Debug, Deserialize)]
pub struct Method {
    pub name: String,
    #[serde(default)]
    pub usage: String,
    pub description: String,
}

/// A hook that the plugin wants to be asked by.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HookWish {
    pub name: String,
    #[serde(default)]
    pub before: Vec<String>,
    #[serde(default)]
    pub after: Vec<String>,
    #[serde(default)]
    pub filters: Vec<Value>,
}

/// A notification that the plugin sends.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    pub method: String,
}

impl Manifest {
    /// The options' values: those that are set, else their defaults. As at lightningd, what has neither is left out.
    pub fn values(&self, set: &BTreeMap<String, Value>) -> Map<String, Value> {
        let unknown = set.keys().find(|name| self.options.iter().all(|option| option.name != **name));
        assert_eq!(unknown, None, "the plugin has no such option");
        let value = |option: &PluginOption| set.get(&option.name).cloned().or_else(|| option.default.clone());
        let values = self.options.iter().filter_map(|option| Some((option.name.clone(), value(option)?)));
        values.collect()
    }

    pub fn has_command(&self, method: &str) -> bool {
        self.rpcmethods.iter().any(|command| command.name == method)
    }

    pub fn wants_hook(&self, name: &str) -> bool {
        self.hooks.iter().any(|hook| hook.name == name)
    }

    pub fn is_subscribed(&self, topic: &str) -> bool {
        self.subscriptions.iter().any(|subscribed| subscribed == topic || subscribed == "*")
    }
}
