//! Signs the payer's requests by the daemon's internal command `createinvoicerequest`, which need not store them.
//!
//! A node that the network does not know, or knows no address of, is reached by a blinded path through a peer: as
//! `invoicerequest` does, through the one that can bring most.

use cln_api::{createinvoicerequest, listincoming, listnodes};
use cln_primitives::{Hash32, Msat, NodeId, Secret};

use super::daemon::Daemon;
use crate::bolt12::secrets::{PathUse, path_secret};
use crate::bolt12::{BlindedPathBuf, Chain, InvoiceRequest, Unsigned, Verified};
use crate::engine::SignError;
use crate::onion::blinded_path;

/// A node that forwards onion messages says so by one of these features.
const ONION_MESSAGES: [usize; 2] = [38, 39];

/// Who pays.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The node's id.
    pub node_id: NodeId,
    /// The chain on which it pays.
    pub chain: Chain,
    /// What the secrets of its requests' paths are made of: 32 random bytes, the same for ever.
    pub path_base: Secret,
}

impl Identity {
    /// The engine's [`Signer::path_secret`](crate::engine::Signer::path_secret). The node itself has other ones: a path
    /// of ours says nothing to its own commands.
    pub fn path_secret(&self, purpose: PathUse, id: &Hash32) -> Secret {
        let purpose: &[u8] = match purpose {
            PathUse::OfferOrRequest => b"request",
            PathUse::Invoice => b"invoice",
        };
        path_secret(&crate::bolt12::secrets::make_secret(self.path_base.reveal(), purpose), id)
    }
}

/// Signs a request, with a path to this node when that has to be reached by one.
///
/// # Errors
/// When the daemon refuses, cannot be asked, or signs something else.
pub(super) async fn sign<D: Daemon>(
    daemon: &D,
    identity: &Identity,
    entropy: &[u8; 32],
    request: InvoiceRequest<Unsigned>,
) -> Result<InvoiceRequest<Verified>, SignError> {
    let request = match path_to_us(daemon, identity, entropy, &request).await? {
        Some(path) => {
            let built = request.into_builder().invreq_paths(&[path]).build();
            built.map_err(|error| SignError(format!("the request with a path to this node: {error}")))?
        }
        None => request,
    };
    let answer = daemon.call(&createinvoicerequest::Request::new(request.unsigned_text(), false)).await;
    let answer = answer.map_err(|failure| SignError(format!("createinvoicerequest: {failure}")))?;
    let signed = InvoiceRequest::parse(&answer.bolt12, identity.chain).and_then(InvoiceRequest::verify);
    let signed = signed.map_err(|error| SignError(format!("createinvoicerequest gave no valid request: {error}")))?;
    // The id is a hash of all fields but the signature.
    if signed.invreq_id() != request.invreq_id() || answer.invreq_id != request.invreq_id() {
        return Err(SignError("createinvoicerequest signed another request than it was given".to_owned()));
    }
    Ok(signed)
}

async fn path_to_us<D: Daemon>(
    daemon: &D,
    identity: &Identity,
    entropy: &[u8; 32],
    request: &InvoiceRequest<Unsigned>,
) -> Result<Option<BlindedPathBuf>, SignError> {
    if has_public_address(daemon, identity.node_id).await? {
        return Ok(None);
    }
    let Some(peer) = best_neighbour(daemon).await? else {
        tracing::warn!(
            "no peer that forwards onion messages brings payments to this node, which has no public address: only those \
             who are connected to it can send an invoice for this request"
        );
        return Ok(None);
    };
    let secret = identity.path_secret(PathUse::OfferOrRequest, &request.invreq_id_without_paths());
    let path = blinded_path(&[peer, identity.node_id], &secret, entropy);
    path.map(Some).map_err(|error| SignError(format!("the path to this node: {error}")))
}

async fn has_public_address<D: Daemon>(daemon: &D, node_id: NodeId) -> Result<bool, SignError> {
    let nodes = daemon.call(&listnodes::Request::new().id(node_id)).await;
    let nodes = nodes.map_err(|failure| SignError(format!("listnodes: {failure}")))?.nodes;
    let announced = nodes.into_iter().filter(|node| node.nodeid == node_id).filter_map(|node| node.announcement);
    Ok(announced.into_iter().any(|announcement| !announcement.addresses.is_empty()))
}

/// The peer by which most can come in, of those that forward onion messages.
async fn best_neighbour<D: Daemon>(daemon: &D) -> Result<Option<NodeId>, SignError> {
    let incoming = daemon.call(&listincoming::Request::new()).await;
    let incoming = incoming.map_err(|failure| SignError(format!("listincoming: {failure}")))?.incoming;
    let forwards = |channel: &listincoming::Incoming| {
        let features = channel.peer_features.as_ref().map(|features| features.as_ref());
        channel.enabled && features.is_some_and(|bits| ONION_MESSAGES.into_iter().any(|bit| has_bit(bits, bit)))
    };
    let best = incoming.into_iter().filter(forwards).max_by_key(|channel| -> Msat { channel.incoming_capacity_msat });
    Ok(best.map(|channel| channel.id))
}

/// A bit map has its lowest bits in its last byte.
fn has_bit(bits: &[u8], number: usize) -> bool {
    bits.iter().rev().nth(number / 8).is_some_and(|byte| byte >> (number % 8) & 1 == 1)
}
