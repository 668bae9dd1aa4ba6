//! Seeing messages before the node does, as lightningd's hooks let its plugins: for tests of plugins, and to learn.

use std::fmt;
use std::sync::Arc;

use cln_api::hook::{onion_message_recv, onion_message_recv_secret};
use cln_primitives::HexBytes;
use cln_primitives::Hook as _;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use crate::bolt12::{BlindedPathBuf, FirstNode};
use crate::onion::{Contents, Received};

/// A message that has arrived, as lightningd tells its plugins of it.
#[derive(Clone)]
pub struct HookCall {
    /// `onion_message_recv_secret` when the message came by a path with a secret, else `onion_message_recv`.
    pub name: &'static str,
    /// The hook's parameters. They hold the path's secret: whoever knows it can send by that path.
    pub payload: Value,
}

/// What is to become of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookAnswer {
    /// The node takes it, as if nobody had asked.
    Continue,
    /// It is dealt with: the node never sees it.
    Resolve,
}

/// What is asked first about each message.
#[derive(Clone)]
pub(super) struct MessageHook(Arc<dyn Fn(HookCall) -> BoxFuture<'static, HookAnswer> + Send + Sync>);

impl MessageHook {
    pub(super) fn new<F>(hook: impl Fn(HookCall) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = HookAnswer> + Send + 'static,
    {
        MessageHook(Arc::new(move |call| hook(call).boxed()))
    }

    pub(super) async fn ask(&self, message: &Received) -> HookAnswer {
        (self.0)(call(message)).await
    }
}

fn call(message: &Received) -> HookCall {
    let unknown = message.unknown_fields.iter();
    let unknown = unknown.map(|(number, value)| json!({"number": number, "value": HexBytes::from(value.clone())}));
    let mut told = json!({"unknown_fields": unknown.collect::<Vec<_>>()});
    let name = match &message.path_secret {
        None => onion_message_recv::Payload::NAME,
        Some(secret) => {
            told["pathsecret"] = json!(secret);
            onion_message_recv_secret::Payload::NAME
        }
    };
    if let Some(path) = &message.reply_path {
        told["reply_blindedpath"] = blinded_path(path);
    }
    if let Some(contents) = &message.contents {
        let field = match contents {
            Contents::InvoiceRequest(_) => "invoice_request",
            Contents::Invoice(_) => "invoice",
            Contents::InvoiceError(_) => "invoice_error",
        };
        told[field] = json!(HexBytes::from(contents.as_bytes().to_vec()));
    }
    HookCall { name, payload: json!({"onion_message": told}) }
}

fn blinded_path(path: &BlindedPathBuf) -> Value {
    let hops = path
        .hops
        .iter()
        .map(|(id, data)| json!({"blinded_node_id": id, "encrypted_recipient_data": HexBytes::from(data.clone())}));
    let mut told = json!({"first_path_key": path.path_key, "hops": hops.collect::<Vec<_>>()});
    match path.first_node {
        FirstNode::Node(id) => told["first_node_id"] = json!(id),
        FirstNode::Channel(channel) => {
            told["first_scid"] = json!(channel.short_channel_id());
            told["first_scid_dir"] = json!(channel.direction());
        }
    }
    told
}

impl fmt::Debug for HookCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookCall").field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for MessageHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MessageHook(…)")
    }
}
