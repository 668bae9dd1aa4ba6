//! Carries messages by the node: it finds a way, and `injectonionmessage` hands the packet to the node, which gives it to
//! the next one.

use cln_api::injectonionmessage;
use cln_primitives::{HexBytes, NodeId, Secret};

use super::daemon::{Daemon, Failure};
use crate::bolt12::{BlindedPathBuf, Invoice, InvoiceError, InvoiceRequest, Verified};
use crate::engine::{self, Random, ReplyPath, SendError};
use crate::onion::{Contents, NoWay, Packet, Replies, Reply, Ways, blinded_path, create};

/// [`Courier`](engine::Courier) over a node. Answers arrive when somebody who sees the node's hook
/// `onion_message_recv_secret` gives them to its [`replies`](Courier::replies); without a plugin nobody does, and every
/// refusal is silence.
#[derive(Clone, Debug)]
pub struct Courier<D, R> {
    daemon: D,
    ways: Ways<D>,
    replies: Replies,
    random: R,
}

impl<D: Daemon, R: Random> Courier<D, R> {
    /// The courier of the node with this id.
    pub fn new(daemon: D, node_id: NodeId, random: R) -> Self {
        Courier { ways: Ways::new(daemon.clone(), node_id), daemon, replies: Replies::default(), random }
    }

    /// Who waits for answers, by the `path_id` that comes with them: the hook's `pathsecret`.
    pub fn replies(&self) -> &Replies {
        &self.replies
    }

    /// Gives a packet to the node. An answer of the node, whatever it says, tells that an error ended it there: nobody
    /// has the packet then.
    async fn inject(&self, packet: Packet) -> Result<(), SendError> {
        let request = injectonionmessage::Request::new(packet.path_key, HexBytes::from(packet.message));
        match self.daemon.call(&request).await {
            Ok(_) => Ok(()),
            Err(Failure::Lost(why)) => Err(SendError::Unknown(format!("injectonionmessage: {why}"))),
            Err(failure) => Err(SendError::NotSent(format!("injectonionmessage: {failure}"))),
        }
    }
}

impl<D: Daemon, R: Random> engine::Courier for Courier<D, R> {
    type Reply = Reply;

    async fn send_invoice(
        &self,
        request: &InvoiceRequest<Verified>,
        invoice: &Invoice<Verified>,
    ) -> Result<Reply, SendError> {
        let way = self.ways.to_payer(request).await?;
        let path_id = Secret::from_bytes(self.random.bytes32());
        let back = self.ways.back(&way).await?;
        let reply_path = blinded_path(&back, &path_id, &self.random.bytes32()).map_err(not_made)?;
        let contents = Contents::Invoice(invoice.as_bytes().to_vec());
        let entropy = self.random.bytes32();
        let packet =
            create(&way.route, way.onward.as_ref(), &contents, Some(&reply_path), &entropy).map_err(not_made)?;
        // Listened before it is sent: the answer may be faster than the node's.
        let reply = self.replies.expect(&path_id);
        match self.inject(packet).await {
            Ok(()) => Ok(reply),
            // The payer may have it, and may refuse.
            Err(SendError::Unknown(why)) => {
                tracing::debug!(%why, "it is not known whether the invoice was sent");
                Ok(reply)
            }
            Err(error) => Err(error),
        }
    }

    async fn send_error(&self, to: &ReplyPath, error: &InvoiceError) -> Result<(), SendError> {
        let path = BlindedPathBuf::from_bytes(&to.0).map_err(not_made)?;
        let way = self.ways.to_path(&path).await?;
        let contents = Contents::InvoiceError(error.as_bytes().to_vec());
        let packet = create(&way.route, way.onward.as_ref(), &contents, None, &self.random.bytes32());
        self.inject(packet.map_err(not_made)?).await
    }
}

impl From<NoWay> for SendError {
    fn from(why: NoWay) -> Self {
        match why {
            NoWay::Daemon(_) => SendError::NotSent(why.to_string()),
            _ => SendError::Unreachable(why.to_string()),
        }
    }
}

fn not_made(error: impl std::fmt::Display) -> SendError {
    SendError::NotSent(format!("the message could not be made: {error}"))
}

#[cfg(test)]
mod tests {
    use bitcoin::secp256k1::{Keypair, SecretKey};
    use cln_primitives::{Hash32, Msat};
    use serde_json::json;

    use super::*;
    use crate::bolt12::curve::CURVE;
    use crate::bolt12::{Chain, RequestBuilder};
    use crate::client::Client;
    use crate::engine::{Answer, Courier as _};
    use crate::testing::{FakeNode, Reply as NodeReply};

    const BYTES: [u8; 32] = [9; 32];

    struct Always;

    impl Random for Always {
        fn bytes32(&self) -> [u8; 32] {
            BYTES
        }
    }

    fn key(byte: u8) -> Keypair {
        SecretKey::from_slice(&[byte; 32]).unwrap().keypair(&CURVE)
    }

    #[tokio::test]
    async fn a_refusal_is_heard_although_it_is_not_known_whether_the_invoice_was_sent() {
        let (own, payer) = (NodeId::from(key(1).public_key()), NodeId::from(key(2).public_key()));
        let amount = Msat::from_msat(1000);
        let request = RequestBuilder::stand_alone(&[1; 16], payer, Chain::REGTEST, amount).build().unwrap();
        let request = request.sign(&key(2)).unwrap();
        let invoice = request.invoice(Hash32::from_bytes([3; 32]), amount, 1_700_000_000, own).build().unwrap();
        let invoice = invoice.sign(&key(1)).unwrap();
        let node = FakeNode::start().unwrap();
        let neighbour =
            json!({"id": payer, "connected": true, "num_channels": 1, "netaddr": [], "features": "8000000000"});
        node.answer("listpeers", json!({"peers": [neighbour]}));
        node.answer("listnodes", json!({"nodes": []}));
        node.reply("injectonionmessage", NodeReply::disconnect());
        let courier = Courier::new(Client::connect(node.path()).await.unwrap(), own, Always);
        let reply = courier.send_invoice(&request, &invoice).await.unwrap();
        assert!(courier.replies().answer(&Secret::from_bytes(BYTES), || Answer::Nonsense(vec![7])));
        assert!(matches!(reply.await, Answer::Nonsense(bytes) if bytes == [7]));
        node.reply("injectonionmessage", NodeReply::error(-1, "onion msg: unknown next peer"));
        assert!(matches!(courier.send_invoice(&request, &invoice).await, Err(SendError::NotSent(_))));
    }
}
