//! `injectonionmessage`: takes an onion message as if a neighbour had brought it.

use cln_api::error_code::LIGHTNINGD;
use cln_api::injectonionmessage::{Request, Response};
use serde_json::json;

use super::{Answer, Command, command, failure, invalid, shaped};
use crate::engine::SendError;
use crate::node::handle::Node;
use crate::node::params::{Kind, Param, required};
use crate::onion::Packet;

const PARAMS: &[Param] = &[required("path_key", Kind::NodeId), required("message", Kind::Hex)];

/// The most bytes of a message between nodes.
const LONGEST: usize = u16::MAX as usize;

pub(super) fn commands() -> Vec<Command> {
    vec![command::<Request, Request, _>(PARAMS, inject)]
}

/// Success says that the next node has it, or may have it, and nothing of those behind: an error says that nobody has it.
async fn inject(node: Node, input: Request) -> Answer<Response> {
    let message = input.message.into_vec();
    if message.len() > LONGEST {
        return Err(invalid(format!("message: must be at most {LONGEST} bytes long")));
    }
    let sent = node.ports().courier.inject(Packet { path_key: input.path_key, message }).await;
    match sent {
        Ok(()) => shaped(json!({})),
        Err(SendError::Unknown(why)) => {
            tracing::debug!(%why, "it is not known whether the onion message was taken");
            shaped(json!({}))
        }
        Err(error) => Err(failure(LIGHTNINGD, format!("onion msg: {error}"))),
    }
}
