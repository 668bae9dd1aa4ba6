//! Packets on their way from node to node.

use bitcoin::secp256k1::{Keypair, SecretKey};
use cln_primitives::{HexBytes, NodeId, Secret};
use proptest::prelude::*;

use super::{Contents, CreateError, NextNode, Packet, PathError, PeelError, Peeled, Received};
use super::{blinded_path, create, peel};
use crate::bolt12::curve::CURVE;
use crate::bolt12::{BlindedPathBuf, FirstNode};

mod ldk;
mod recorded;
mod way;

fn node(byte: u8) -> Keypair {
    SecretKey::from_slice(&[byte; 32]).unwrap().keypair(&CURVE)
}

fn id(byte: u8) -> NodeId {
    node(byte).public_key().into()
}

fn ids(route: &[u8]) -> Vec<NodeId> {
    route.iter().map(|byte| id(*byte)).collect()
}

fn path(route: &[u8], secret: u8, entropy: u8) -> BlindedPathBuf {
    blinded_path(&ids(route), &Secret::from_bytes([secret; 32]), &[entropy; 32]).unwrap()
}

fn invoice(length: usize) -> Contents {
    Contents::Invoice(vec![7; length])
}

fn hex(text: &str) -> Vec<u8> {
    text.trim().parse::<HexBytes>().unwrap().into_vec()
}

/// Gives the packet to the first of these nodes, and on as each says. All of them must get it, in this order.
fn walk(nodes: &[u8], mut packet: Packet) -> Received {
    for (at, byte) in nodes.iter().enumerate() {
        let length = packet.message.len();
        match peel(&node(*byte), &packet).unwrap() {
            Peeled::Forward { next, packet: rest } => {
                assert_eq!(next, NextNode::Node(id(nodes[at + 1])));
                assert_eq!(rest.message.len(), length);
                packet = rest;
            }
            Peeled::Received(received) => {
                assert_eq!(at, nodes.len() - 1);
                return received;
            }
        }
    }
    panic!("nobody received it");
}

fn received(contents: Contents) -> Received {
    Received { path_secret: None, reply_path: None, contents: Some(contents), unknown_fields: Vec::new() }
}

#[test]
fn bolt_4s_onion_message_is_peeled_as_it_says() {
    let path_key = "031195a8046dcbb8e17034bca630065e7a0982e4e36f6f7e5a8d4554e4846fcd99".parse().unwrap();
    let packet = Packet { path_key, message: hex(include_str!("bolt4_packet.hex")) };
    let path_id = hex("deadbeefbadc0ffeedeadbeefbadc0ffeedeadbeefbadc0ffeedeadbeefbadc0");
    let expected = Received {
        path_secret: Some(Secret::from_bytes(path_id.try_into().unwrap())),
        reply_path: None,
        contents: None,
        unknown_fields: vec![(1, b"hello".to_vec())],
    };
    assert_eq!(walk(&[0x41, 0x42, 0x43, 0x44], packet), expected);
}

#[test]
fn a_node_is_blinded_as_in_bolt_4s_route() {
    // Bob's path to Dave there has other data, but its keys are those of any path over these nodes by this key.
    let path = path(&[0x42, 0x43, 0x44], 9, 1);
    assert_eq!(path.path_key.to_string(), "031b84c5567b126440995d3ed5aaba0565d71e1834604819ff9c17f5e9d5dd078f");
    let hops: Vec<_> = path.hops.iter().map(|(id, _)| id.to_string()).collect();
    assert_eq!(
        hops,
        [
            "03f1465ca5cf3ec83f16f9343d02e6c24b76993a93e1dea2398f3147a9be893d7a",
            "035dbc0493aa4e7eea369d6a06e8013fd03e66a5eea91c455ed65950c4942b624b",
            "0237bf019fa0fbecde8b4a1c7b197c9c1c76f9a23d67dd55bb5e42e1f50bb771a6",
        ]
    );
}

#[test]
fn a_message_goes_over_its_route() {
    for route in [&[1][..], &[1, 2], &[1, 2, 3, 4, 5]] {
        let packet = create(&ids(route), None, &invoice(300), None, &[9; 32]).unwrap();
        assert_eq!(walk(route, packet), received(invoice(300)));
    }
}

#[test]
fn a_message_joins_a_blinded_path_where_its_route_ends() {
    let check = |route: &[u8], onward: &[u8], all: &[u8]| {
        let packet = create(&ids(route), Some(&path(onward, 8, 4)), &invoice(10), None, &[9; 32]).unwrap();
        let received = walk(all, packet);
        assert_eq!(received.path_secret, Some(Secret::from_bytes([8; 32])), "{route:?} {onward:?}");
        assert_eq!(received.contents, Some(invoice(10)));
    };
    check(&[1, 2], &[2, 3], &[1, 2, 3]);
    check(&[1, 2, 3], &[3], &[1, 2, 3]);
    check(&[1], &[1, 2], &[1, 2]);
    check(&[1], &[1], &[1]);
    check(&[1, 2], &[2, 1], &[1, 2, 1]);
}

#[test]
fn the_answer_comes_back_by_the_reply_path() {
    let back = path(&[2, 1], 8, 4);
    let packet = create(&ids(&[1, 2, 3]), None, &invoice(10), Some(&back), &[9; 32]).unwrap();
    let reply_path = walk(&[1, 2, 3], packet).reply_path.unwrap();
    assert_eq!(reply_path, back);
    let refusal = Contents::InvoiceError(b"no".to_vec());
    let packet = create(&ids(&[3, 2]), Some(&reply_path), &refusal, None, &[7; 32]).unwrap();
    let answer = walk(&[3, 2, 1], packet);
    assert_eq!((answer.path_secret, answer.contents), (Some(Secret::from_bytes([8; 32])), Some(refusal)));
}

#[test]
fn a_packet_has_one_of_two_lengths() {
    let length =
        |contents: usize| create(&ids(&[1, 2]), None, &invoice(contents), None, &[9; 32]).map(|p| p.message.len());
    assert_eq!(length(0), Ok(1366));
    assert_eq!(length(1100), Ok(1366));
    assert_eq!(length(1400), Ok(32834));
    assert_eq!(length(32_000), Ok(32834));
    assert_eq!(length(33_000), Err(CreateError::TooLong));
}

#[test]
fn what_leads_nowhere_is_not_made() {
    let check = |route: &[NodeId], onward: Option<&BlindedPathBuf>, expected: CreateError| {
        assert_eq!(create(route, onward, &invoice(1), None, &[9; 32]), Err(expected));
    };
    let no_point: NodeId = format!("02{}", "ff".repeat(32)).parse().unwrap();
    check(&[], None, CreateError::NoRoute);
    check(&[id(1), no_point], None, CreateError::NotAPoint(no_point));
    check(&ids(&[1, 2]), Some(&path(&[3, 4], 8, 4)), CreateError::Detached { start: id(3), end: id(2) });
    let empty = BlindedPathBuf { hops: Vec::new(), ..path(&[2], 8, 4) };
    check(&ids(&[1, 2]), Some(&empty), PathError::Empty.into());
    assert_eq!(blinded_path(&[], &Secret::from_bytes([1; 32]), &[1; 32]), Err(PathError::Empty));
    assert_eq!(blinded_path(&[no_point], &Secret::from_bytes([1; 32]), &[1; 32]), Err(PathError::NotAPoint(no_point)));
    assert_eq!(blinded_path(&[id(1)], &Secret::from_bytes([1; 32]), &[0; 32]), Err(PathError::Entropy));
}

#[test]
fn only_the_node_that_a_packet_is_for_reads_it() {
    let packet = create(&ids(&[1, 2]), None, &invoice(1), None, &[9; 32]).unwrap();
    assert_eq!(peel(&node(2), &packet), Err(PeelError::Hmac));
    let check = |message: Vec<u8>, expected: PeelError| {
        assert_eq!(peel(&node(1), &Packet { message, ..packet.clone() }), Err(expected));
    };
    check(packet.message[..66].to_vec(), PeelError::Length(66));
    check(vec![0; 65_536], PeelError::Length(65_536));
    check([&[1], &packet.message[1..]].concat(), PeelError::Version(1));
    check(vec![0; 1366], PeelError::NotAPoint("onion's key"));
}

#[test]
fn a_path_is_read_as_it_was_written() {
    let by_id = path(&[2, 3, 1], 8, 4);
    let channel = FirstNode::Channel("103x1x0/1".parse().unwrap());
    for path in [BlindedPathBuf { first_node: channel, ..by_id.clone() }, by_id] {
        let bytes = path.to_bytes().unwrap();
        assert_eq!(BlindedPathBuf::from_bytes(&bytes), Ok(path));
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(BlindedPathBuf::from_bytes(&longer), Err(PathError::Long(1)));
        for end in 0..bytes.len() {
            assert!(matches!(BlindedPathBuf::from_bytes(&bytes[..end]), Err(PathError::Malformed(_))), "{end}");
        }
    }
    let empty = BlindedPathBuf { hops: Vec::new(), ..path(&[2], 8, 4) };
    assert_eq!(BlindedPathBuf::from_bytes(&empty.to_bytes().unwrap()), Err(PathError::Empty));
    let crowded = BlindedPathBuf { hops: vec![(id(1), Vec::new()); 256], ..empty };
    assert_eq!(crowded.to_bytes(), Err(PathError::TooLong));
}

#[test]
fn a_packet_is_not_shown() {
    let packet = create(&ids(&[1]), None, &invoice(1), None, &[9; 32]).unwrap();
    assert_eq!(format!("{packet:?}"), format!("Packet {{ path_key: {}, length: 1366 }}", packet.path_key));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_message_arrives(relays in 0..8usize, hidden in 0..6usize, length in 0..30_000usize, entropy in 1..=255u8) {
        let all: Vec<u8> = (1..=(relays + hidden + 1) as u8).collect();
        let (route, onward) = (&all[..=relays], &all[relays..]);
        let onward = (hidden > 0).then(|| path(onward, 8, 4));
        let packet = create(&ids(route), onward.as_ref(), &invoice(length), None, &[entropy; 32]).unwrap();
        let arrived = walk(&all, packet);
        prop_assert_eq!(arrived.path_secret.is_some(), hidden > 0);
        prop_assert_eq!(arrived.contents, Some(invoice(length)));
    }

    #[test]
    fn no_changed_bit_goes_unnoticed(at in 0..1366usize, bit in 0..8u8) {
        let mut packet = create(&ids(&[1, 2]), None, &invoice(1), None, &[9; 32]).unwrap();
        packet.message[at] ^= 1u8 << bit;
        prop_assert!(peel(&node(1), &packet).is_err());
    }

    #[test]
    fn a_path_of_any_bytes_is_read_or_refused(mut changes: Vec<(u16, u8)>, cut in 0..300usize) {
        let mut bytes = path(&[2, 3, 1], 8, 4).to_bytes().unwrap();
        for (at, byte) in changes.drain(..) {
            let at = usize::from(at) % bytes.len();
            bytes[at] = byte;
        }
        bytes.truncate(cut);
        if let Ok(path) = BlindedPathBuf::from_bytes(&bytes) {
            prop_assert_eq!(path.to_bytes().unwrap(), bytes);
        }
    }
}

#[test]
fn a_message_shows_no_reply_path() {
    let reply_path = path(&[1, 2], 3, 4);
    let received = Received { reply_path: Some(reply_path.clone()), ..received(invoice(1)) };
    let shown = format!("{received:?}");
    assert!(shown.contains("reply_path: Some(…)") && !shown.contains(&reply_path.path_key.to_string()), "{shown}");
}
