//! What a plugin says of itself.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

/// The answer to `getmanifest`. What lightningd does not know it passes over; here it is an error.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Options of the node that are the plugin's.
    pub options: Vec<PluginOption>,
    /// Its commands.
    pub rpcmethods: Vec<Method>,
    /// The notifications that it wants to hear; `*` for all.
    #[serde(default)]
    pub subscriptions: Vec<String>,
    /// The hooks that it wants to be asked by.
    #[serde(default)]
    pub hooks: Vec<HookWish>,
    /// The notifications that it sends.
    #[serde(default)]
    pub notifications: Vec<Topic>,
    /// Whether it can be started and stopped while the node runs.
    #[serde(default)]
    pub dynamic: bool,
    /// Whether it takes texts as ids.
    #[serde(default)]
    pub nonnumericids: bool,
    /// BOLT 9 features that it adds, by where they are told.
    #[serde(default)]
    pub featurebits: Map<String, Value>,
    /// Types of messages that it takes.
    #[serde(default)]
    pub custommessages: Vec<u64>,
}

/// An option of the node that is the plugin's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginOption {
    /// Its name.
    pub name: String,
    /// `string`, `int`, `bool` or `flag`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is for.
    pub description: String,
    /// Its value when nobody sets it.
    #[serde(default)]
    pub default: Option<Value>,
    /// Whether it can be set while the node runs.
    #[serde(default)]
    pub dynamic: bool,
    /// Whether it can be set more than once.
    #[serde(default)]
    pub multi: bool,
    /// Whether it is on its way out.
    #[serde(default)]
    pub deprecated: bool,
}

/// A command of the plugin.
#[derive(Clone, Debug, Deserialize)]
pub struct Method {
    /// Its name.
    pub name: String,
    /// Its parameters, those in brackets that need not be.
    #[serde(default)]
    pub usage: String,
    /// What it does.
    pub description: String,
}

/// A hook that the plugin wants to be asked by.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HookWish {
    /// Its name.
    pub name: String,
    /// The plugins that are to be asked later.
    #[serde(default)]
    pub before: Vec<String>,
    /// The plugins that are to be asked first.
    #[serde(default)]
    pub after: Vec<String>,
    /// What it wants to be asked about; nothing: everything.
    #[serde(default)]
    pub filters: Vec<Value>,
}

/// A notification that the plugin sends.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Its name.
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

    /// Is this a command of it?
    pub fn has_command(&self, method: &str) -> bool {
        self.rpcmethods.iter().any(|command| command.name == method)
    }

    /// Does it want to be asked by this hook?
    pub fn wants_hook(&self, name: &str) -> bool {
        self.hooks.iter().any(|hook| hook.name == name)
    }

    /// Does it want to hear this notification?
    pub fn is_subscribed(&self, topic: &str) -> bool {
        self.subscriptions.iter().any(|subscribed| subscribed == topic || subscribed == "*")
    }
}
