//! What a node tells while a call runs.

use serde::Deserialize;
use serde_json::Value;

/// A node's message about a call that it is still busy with.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Notice {
    /// A line that is worth showing.
    Message {
        /// How important it is: `info`, `debug`, `unusual`, `broken`.
        level: String,
        /// The line.
        message: String,
    },
    /// How far the call has come.
    Progress {
        /// The step, counted from 0.
        num: u64,
        /// How many steps there are.
        total: u64,
        /// The stage among several, where there are several: its number, counted from 0, and how many there are.
        stage: Option<(u64, u64)>,
    },
    /// A notice of another kind, by its method.
    Other {
        /// The notice's method.
        method: String,
        /// Its parameters.
        params: Value,
    },
}

#[derive(Deserialize)]
struct MessageParams {
    level: String,
    message: String,
}

#[derive(Deserialize)]
struct ProgressParams {
    num: u64,
    total: u64,
    stage: Option<StageParams>,
}

#[derive(Deserialize)]
struct StageParams {
    num: u64,
    total: u64,
}

impl Notice {
    /// Reads a notification's parameters, and the JSON of the id that it is about.
    pub(crate) fn read(method: &[u8], params: &[u8]) -> Option<(Vec<u8>, Self)> {
        let method: String = serde_json::from_slice(method).ok()?;
        let params: Value = serde_json::from_slice(params).ok()?;
        let id = serde_json::to_vec(params.get("id")?).ok()?;
        let known = match method.as_str() {
            "message" => MessageParams::deserialize(&params)
                .ok()
                .map(|MessageParams { level, message }| Notice::Message { level, message }),
            "progress" => ProgressParams::deserialize(&params).ok().map(|ProgressParams { num, total, stage }| {
                Notice::Progress { num, total, stage: stage.map(|stage| (stage.num, stage.total)) }
            }),
            _ => None,
        };
        Some((id, known.unwrap_or(Notice::Other { method, params })))
    }
}
