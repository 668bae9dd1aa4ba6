//! Carries refusals to payees.

use cln_api::injectonionmessage;
use cln_primitives::{HexBytes, NodeId};

use super::surroundings::Surroundings;
use crate::bolt12::{BlindedPathBuf, Invoice, InvoiceError, InvoiceRequest, Verified};
use crate::engine::{self, Answer, Random as _, ReplyPath, SendError};
use crate::lightningd::{Daemon, Failure};
use crate::onion::{Contents, NoWay, Ways, create};

/// The payer's courier over a node.
#[derive(Clone, Debug)]
pub(super) struct Courier<D> {
    daemon: D,
    ways: Ways<D>,
}

impl<D: Daemon> Courier<D> {
    pub(super) fn new(daemon: D, node_id: NodeId) -> Self {
        Courier { ways: Ways::new(daemon.clone(), node_id), daemon }
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
        let path = BlindedPathBuf::from_bytes(&to.0).map_err(|error| SendError::NotSent(error.to_string()))?;
        let way = self.ways.to_path(&path).await.map_err(|no_way| match no_way {
            NoWay::Daemon(why) => SendError::NotSent(why),
            no_way => SendError::Unreachable(no_way.to_string()),
        })?;
        let contents = Contents::InvoiceError(error.as_bytes().to_vec());
        let packet = create(&way.route, way.onward.as_ref(), &contents, None, &Surroundings.bytes32());
        let packet = packet.map_err(|error| SendError::NotSent(error.to_string()))?;
        let message = HexBytes::from(packet.message);
        match self.daemon.call(&injectonionmessage::Request::new(packet.path_key, message)).await {
            Ok(_) => Ok(()),
            Err(Failure::Lost(why)) => Err(SendError::Unknown(why)),
            Err(failure) => Err(SendError::NotSent(failure.to_string())),
        }
    }
}
