//! Carries refusals to payees that are this node, or have a reply path that starts at one of its neighbours.

use cln_api::injectonionmessage;
use cln_primitives::{HexBytes, NodeId};

use super::surroundings::Surroundings;
use crate::bolt12::{BlindedPathBuf, FirstNode, Invoice, InvoiceError, InvoiceRequest, Verified};
use crate::engine::{self, Answer, Random as _, ReplyPath, SendError};
use crate::lightningd::{Daemon, Failure};
use crate::onion::{Contents, create};

/// The payer's courier over a node.
#[derive(Clone, Debug)]
pub(super) struct Courier<D> {
    daemon: D,
    node_id: NodeId,
}

impl<D: Daemon> Courier<D> {
    pub(super) fn new(daemon: D, node_id: NodeId) -> Self {
        Courier { daemon, node_id }
    }
}

impl<D: Daemon> engine::Courier for Courier<D> {
    type Reply = std::future::Pending<Answer>;

    async fn send_invoice(
        &self,
        _request: &InvoiceRequest<Verified>,
        _invoice: &Invoice<Verified>,
    ) -> Result<Self::Reply, SendError> {
        Err(SendError::NotSent("a payer sends no invoices".to_owned()))
    }

    async fn send_error(&self, to: &ReplyPath, error: &InvoiceError) -> Result<(), SendError> {
        let not_sent = |why: String| SendError::NotSent(why);
        let path = BlindedPathBuf::from_bytes(&to.0).map_err(|error| not_sent(error.to_string()))?;
        let FirstNode::Node(first) = path.first_node else {
            return Err(SendError::Unreachable("the reply path starts at a channel".to_owned()));
        };
        let route = if first == self.node_id { vec![first] } else { vec![self.node_id, first] };
        let contents = Contents::InvoiceError(error.as_bytes().to_vec());
        let packet = create(&route, Some(&path), &contents, None, &Surroundings.bytes32());
        let packet = packet.map_err(|error| not_sent(error.to_string()))?;
        let message = HexBytes::from(packet.message);
        match self.daemon.call(&injectonionmessage::Request::new(packet.path_key, message)).await {
            Ok(_) => Ok(()),
            Err(Failure::Lost(why)) => Err(SendError::Unknown(why)),
            Err(failure) => Err(not_sent(failure.to_string())),
        }
    }
}
