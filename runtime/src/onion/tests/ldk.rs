//! LDK peels what is made here, and what LDK hides is peeled here.

use cln_primitives::ShortChannelId;
use lightning::blinded_path::message::{
    BlindedMessagePath, MessageContext, MessageForwardNode, NextMessageHop, OffersContext,
};
use lightning::ln::msgs::OnionMessage;
use lightning::ln::peer_handler::IgnoringMessageHandler;
use lightning::offers::invoice_error::InvoiceError;
use lightning::onion_message::messenger::{PeeledOnion, peel_onion_message};
use lightning::onion_message::offers::OffersMessage;
use lightning::sign::{KeysManager, NodeSigner as _};
use lightning::types::payment::PaymentHash;
use lightning::util::logger::{Logger, Record};
use lightning::util::ser::{LengthReadable as _, Writeable as _};

use super::*;
use crate::bolt12::blinding::message_path;

/// A node of LDK's.
struct Theirs(KeysManager);

struct Silence;

impl Logger for Silence {
    fn log(&self, _: Record) {}
}

impl Theirs {
    fn new(seed: u8) -> Self {
        Theirs(KeysManager::new(&[seed; 32], 0, 0, true))
    }

    fn id(&self) -> NodeId {
        self.0.get_node_secret_key().public_key(&CURVE).into()
    }

    fn peel(&self, packet: &Packet) -> PeeledOnion<std::convert::Infallible> {
        let onion_routing_packet =
            lightning::onion_message::packet::Packet::read_from_fixed_length_buffer(&mut &packet.message[..]).unwrap();
        let blinding_point = packet.path_key.to_public_key().unwrap();
        let message = OnionMessage { blinding_point, onion_routing_packet };
        peel_onion_message(&message, &CURVE, &self.0, &Silence, &IgnoringMessageHandler {}).unwrap()
    }
}

/// In LDK's own form, which has a length in front.
fn refusal(words: &str) -> Contents {
    Contents::InvoiceError(InvoiceError::from_string(words.to_owned()).encode())
}

/// Gives the packet to the first of these nodes of LDK's, and on. Gives what the last one has read.
fn walk_theirs(nodes: &[Theirs], mut packet: Packet) -> (String, Option<Vec<u8>>) {
    for (at, node) in nodes.iter().enumerate() {
        match node.peel(&packet) {
            PeeledOnion::Forward(NextMessageHop::NodeId(next), rest) => {
                assert_eq!(NodeId::from(next), nodes[at + 1].id());
                packet = Packet { path_key: rest.blinding_point.into(), message: rest.onion_routing_packet.encode() };
            }
            PeeledOnion::Offers(OffersMessage::InvoiceError(error), None, reply_path) => {
                assert_eq!(at, nodes.len() - 1);
                return (error.message.to_string(), reply_path.map(|path| path.encode()));
            }
            other => panic!("{other:?}"),
        }
    }
    panic!("nobody received it");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn ldk_reads_what_goes_by_our_paths(relays in 0..5usize, hidden in 0..5usize, length in 1..20_000usize) {
        let nodes: Vec<Theirs> = (1..=(relays + hidden + 1) as u8).map(Theirs::new).collect();
        let route: Vec<NodeId> = nodes.iter().map(Theirs::id).collect();
        // Without a path_id, which LDK does not know.
        let onward = (hidden > 0).then(|| {
            let points: Vec<_> = route[relays..].iter().map(|id| id.to_public_key().unwrap()).collect();
            let (end, before) = points.split_last().unwrap();
            message_path(before, end, None, &SecretKey::from_slice(&[4; 32]).unwrap())
        });
        let back = path(&[9, 8], 7, 6);
        let words = "x".repeat(length);
        let packet = create(&route[..=relays], onward.as_ref(), &refusal(&words), Some(&back), &[9; 32]).unwrap();
        prop_assert_eq!(walk_theirs(&nodes, packet), (words, Some(back.to_bytes().unwrap())));
    }

    #[test]
    fn what_ldk_hides_is_forwarded_here(channel: u64, length in 1..20_000usize) {
        let end = Theirs::new(9);
        let point = |byte| node(byte).public_key();
        let relays = [
            MessageForwardNode { node_id: point(2), short_channel_id: Some(channel) },
            MessageForwardNode { node_id: point(3), short_channel_id: None },
        ];
        let context = MessageContext::Offers(OffersContext::InboundPayment { payment_hash: PaymentHash([1; 32]) });
        let key = end.0.get_receive_auth_key();
        let theirs = BlindedMessagePath::new(&relays, end.id().to_public_key().unwrap(), key, context, &end.0, &CURVE);
        let onward = BlindedPathBuf::from_bytes(&theirs.encode()).unwrap();
        let words = "x".repeat(length);
        let mut packet = create(&ids(&[1, 2]), Some(&onward), &refusal(&words), None, &[9; 32]).unwrap();
        let channel = NextNode::Channel(ShortChannelId::from_u64(channel));
        for (at, expected) in [(1, NextNode::Node(id(2))), (2, channel), (3, NextNode::Node(end.id()))] {
            let Ok(Peeled::Forward { next, packet: rest }) = peel(&node(at), &packet) else { panic!("not forwarded") };
            prop_assert_eq!(next, expected);
            packet = rest;
        }
        let read = end.peel(&packet);
        let PeeledOnion::Offers(OffersMessage::InvoiceError(error), Some(_), None) = read else { panic!("{read:?}") };
        prop_assert_eq!(error.message.to_string(), words);
    }
}
