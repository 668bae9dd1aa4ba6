//! Making packets, by LDK.

use bitcoin::secp256k1::PublicKey;
use cln_primitives::NodeId;
use lightning::blinded_path::message::BlindedMessagePath;
use lightning::blinded_path::{BlindedHop, EmptyNodeIdLookUp};
use lightning::io;
use lightning::onion_message::messenger::{Destination, OnionMessagePath, SendError, create_onion_message};
use lightning::onion_message::packet::OnionMessageContents;
use lightning::sign::KeysManager;
use lightning::util::ser::{Readable as _, Writeable, Writer};

use super::error::{CreateError, PathError};
use super::packet::{Contents, Packet};
use crate::bolt12::curve::CURVE;
use crate::bolt12::{BlindedPathBuf, FirstNode};

/// Makes the packet that brings a message over a route, its first node the one that sends, to its last one; and from there
/// `onward` by a blinded path, which starts at that node. The first node is to peel it as well.
///
/// The answer, if one is wanted, goes by `reply_path`. `entropy` is to be drawn for this packet alone.
///
/// # Errors
/// When the message is too long, or a node or path is none.
pub fn create(
    route: &[NodeId],
    onward: Option<&BlindedPathBuf>,
    contents: &Contents,
    reply_path: Option<&BlindedPathBuf>,
    entropy: &[u8; 32],
) -> Result<Packet, CreateError> {
    let (&end, relays) = route.split_last().ok_or(CreateError::NoRoute)?;
    let destination = match onward {
        None => Destination::Node(point(end)?),
        Some(path) => Destination::BlindedPath(starting_at(end, path)?),
    };
    let intermediate_nodes = relays.iter().map(|id| point(*id)).collect::<Result<_, _>>()?;
    let reply_path = reply_path.map(to_ldk).transpose()?;
    // Draws LDK's random numbers, and plays a node that is not on the route: the own one takes the packet like any other.
    let stranger = KeysManager::new(entropy, 0, 0, true);
    let path = OnionMessagePath { intermediate_nodes, destination, first_node_addresses: Vec::new() };
    let (_, message, _) = create_onion_message(
        &&stranger,
        &&stranger,
        &EmptyNodeIdLookUp {},
        &CURVE,
        path,
        Body(contents.clone()),
        reply_path,
    )
    .map_err(|error| match error {
        SendError::TooBigPacket => CreateError::TooLong,
        other => CreateError::Failed(format!("{other:?}")),
    })?;
    Ok(Packet { path_key: message.blinding_point.into(), message: message.onion_routing_packet.encode() })
}

/// The path in LDK's form, its start as the id that the route found.
fn starting_at(end: NodeId, path: &BlindedPathBuf) -> Result<BlindedMessagePath, CreateError> {
    match path.first_node {
        FirstNode::Node(start) if start != end => return Err(CreateError::Detached { start, end }),
        _ if path.hops.is_empty() => return Err(PathError::Empty.into()),
        _ => {}
    }
    let hops = path
        .hops
        .iter()
        .map(|(id, data)| Ok(BlindedHop { blinded_node_id: point(*id)?, encrypted_payload: data.clone() }));
    let hops = hops.collect::<Result<_, CreateError>>()?;
    Ok(BlindedMessagePath::from_blinded_path(point(end)?, point(path.path_key)?, hops))
}

fn to_ldk(path: &BlindedPathBuf) -> Result<BlindedMessagePath, CreateError> {
    let bytes = path.to_bytes()?;
    BlindedMessagePath::read(&mut bytes.as_slice()).map_err(|error| CreateError::Failed(format!("reply path: {error}")))
}

fn point(id: NodeId) -> Result<PublicKey, CreateError> {
    id.to_public_key().map_err(|_| CreateError::NotAPoint(id))
}

/// The message in the form that LDK takes.
#[derive(Debug)]
struct Body(Contents);

impl OnionMessageContents for Body {
    fn tlv_type(&self) -> u64 {
        self.0.tlv_type()
    }

    fn msg_type(&self) -> &'static str {
        "BOLT 12 message"
    }
}

impl Writeable for Body {
    fn write<W: Writer>(&self, writer: &mut W) -> Result<(), io::Error> {
        writer.write_all(self.0.as_bytes())
    }
}
