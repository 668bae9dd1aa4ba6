//! Requests that nodes take though their own schemas do not describe them.

use serde_json::Value;

use super::fault::Fault;
use super::path::value_at;

/// A way in which nodes take more than a command's schema describes.
pub struct Undescribed {
    /// The command, by its name on the wire.
    pub method: &'static str,
    /// How the fault begins that such a request has.
    pub fault: &'static str,
    /// A parameter that would mend it; `None` if one is too many.
    pub lacks: Option<&'static str>,
    /// Why nodes take it.
    pub reason: &'static str,
}

/// All of them that were seen.
pub const UNDESCRIBED: &[Undescribed] = &[
    Undescribed {
        method: "check",
        fault: "unknown field",
        lacks: None,
        reason: "takes the parameters of the command that it checks",
    },
    Undescribed {
        method: "pay",
        fault: "unknown field `invstring`",
        lacks: None,
        reason: "takes the name that `xpay` has for its invoice",
    },
    Undescribed {
        method: "pay",
        fault: "missing field `bolt11`",
        lacks: Some("bolt11"),
        reason: "takes the name that `xpay` has for its invoice",
    },
    Undescribed {
        method: "sendpay",
        fault: "unknown field `direction`",
        lacks: None,
        reason: "takes hops as `getroute` gives them, with more than it needs",
    },
    Undescribed {
        method: "sendpay",
        fault: "unknown field `style`",
        lacks: None,
        reason: "takes hops as `getroute` gives them, with more than it needs",
    },
    Undescribed {
        method: "invoicerequest",
        fault: "missing field `description`",
        lacks: Some("description"),
        reason: "takes a request without it, although BOLT 12 requires it",
    },
];

/// The entry that excuses a request's fault.
pub fn excuse(method: &str, fault: &Fault) -> Option<&'static Undescribed> {
    UNDESCRIBED.iter().find(|it| it.method == method && fault.reason.starts_with(it.fault))
}

impl Undescribed {
    /// Takes the fault out of a request, so that another one behind it shows; false when that cannot be done.
    pub fn mend(&self, request: &mut Value, fault: &Fault) -> bool {
        let (parent, name) = match self.lacks {
            Some(name) => (fault.path.as_str(), name),
            None => fault.path.rsplit_once('.').unwrap_or(("", &fault.path)),
        };
        let Some(Value::Object(members)) = value_at(request, parent) else { return false };
        match self.lacks {
            Some(name) => members.insert(name.to_owned(), "".into()).is_none(),
            None => members.remove(name).is_some(),
        }
    }
}
