//! Blinded paths: made here, and in the forms in which they come.

use bitcoin::secp256k1::{PublicKey, SecretKey};
use cln_api::hook::{onion_message_recv, onion_message_recv_secret};
use cln_primitives::{NodeId, Secret, ShortChannelIdDir};

use super::error::PathError;
use crate::bolt12::blinding::message_path;
use crate::bolt12::input::Input;
use crate::bolt12::output::Output;
use crate::bolt12::{BlindedPathBuf, FirstNode, Kind as _, Path};

/// The record that holds a path for the answer in an onion (`reply_path`).
pub(super) const REPLY_PATH: u64 = 2;

/// A new path over the nodes of a route, which are all known, to its last one, which gets `path_id` with each message that
/// comes by the path. `entropy` is to be drawn for this path alone.
///
/// # Errors
/// When the route has no node, or something that is none.
pub fn blinded_path(route: &[NodeId], path_id: &Secret, entropy: &[u8; 32]) -> Result<BlindedPathBuf, PathError> {
    let nodes = route.iter().map(|id| point(*id)).collect::<Result<Vec<_>, _>>()?;
    let (end, relays) = nodes.split_last().ok_or(PathError::Empty)?;
    let mut path_key = SecretKey::from_slice(entropy).map_err(|_| PathError::Entropy)?;
    let path = message_path(relays, end, Some(path_id), &path_key);
    path_key.non_secure_erase();
    Ok(path)
}

fn point(id: NodeId) -> Result<PublicKey, PathError> {
    id.to_public_key().map_err(|_| PathError::NotAPoint(id))
}

impl BlindedPathBuf {
    /// Reads a path as it stands in messages: BOLT 4's `blinded_path`.
    ///
    /// # Errors
    /// When the bytes are none, or it leads nowhere.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PathError> {
        let mut input = Input::unchecked(REPLY_PATH, 0, bytes, &[]);
        let path = Path::read(&mut input).map_err(|_| PathError::Malformed(input.place().at))?;
        match input.rest().len() {
            0 if path.hops.is_empty() => Err(PathError::Empty),
            0 => Ok(path.into()),
            more => Err(PathError::Long(more)),
        }
    }

    /// The path as it stands in messages: BOLT 4's `blinded_path`.
    ///
    /// # Errors
    /// When it has too many hops, or too much data for one.
    pub fn to_bytes(&self) -> Result<Vec<u8>, PathError> {
        let mut output = Output::default();
        Path::write(self, &mut output);
        output.finish().ok_or(PathError::TooLong)
    }
}

/// The path for the answer as the hooks' payloads have it; both say it by types of their own.
macro_rules! from_hook {
    ($($hook:ident),*) => {$(
        impl TryFrom<$hook::BlindedPath> for BlindedPathBuf {
            type Error = PathError;

            fn try_from(path: $hook::BlindedPath) -> Result<Self, PathError> {
                let first_node = match (path.first_node_id, path.first_scid, path.first_scid_dir) {
                    (Some(id), _, _) => FirstNode::Node(id),
                    (None, Some(channel), Some(end)) => {
                        let direction = u8::try_from(end).map_err(|_| PathError::Direction(end))?;
                        let channel = ShortChannelIdDir::new(channel, direction);
                        FirstNode::Channel(channel.ok_or(PathError::Direction(end))?)
                    }
                    _ => return Err(PathError::Missing("`first_node_id`, or `first_scid` with `first_scid_dir`")),
                };
                let path_key = path.first_path_key.ok_or(PathError::Missing("`first_path_key`"))?;
                let hops = path.hops.filter(|hops| !hops.is_empty()).ok_or(PathError::Empty)?;
                let hops = hops.into_iter().map(|hop| {
                    (hop.blinded_node_id, hop.encrypted_recipient_data.into_vec())
                });
                Ok(BlindedPathBuf { first_node, path_key, hops: hops.collect() })
            }
        }
    )*};
}

from_hook!(onion_message_recv, onion_message_recv_secret);
