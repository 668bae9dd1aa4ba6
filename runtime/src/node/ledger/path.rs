//! The way to a payee that a payment carries.

use cln_primitives::NodeId;

use crate::bolt12::{FirstNode, Hop, Payment};

/// A path of one hop: it starts and ends at the payee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OwnPath {
    pub payee: NodeId,
    pub path_key: NodeId,
    pub blinded_node_id: NodeId,
    pub encrypted_recipient_data: Vec<u8>,
}

impl OwnPath {
    /// The first of an invoice's paths that the ledger can walk.
    pub(super) fn of(payment: &Payment<'_>) -> Option<Self> {
        payment.paths.into_iter().find_map(|path| {
            let FirstNode::Node(payee) = path.first_node else { return None };
            let mut hops = path.hops;
            let (Some(hop), None) = (hops.next(), hops.next()) else { return None };
            Some(OwnPath {
                payee,
                path_key: path.path_key,
                blinded_node_id: hop.blinded_node_id,
                encrypted_recipient_data: hop.encrypted_recipient_data.to_vec(),
            })
        })
    }

    /// What the payment carries of it.
    pub(super) fn hop(&self) -> Hop<'_> {
        Hop { blinded_node_id: self.blinded_node_id, encrypted_recipient_data: &self.encrypted_recipient_data }
    }
}
