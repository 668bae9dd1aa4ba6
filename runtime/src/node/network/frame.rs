//! Messages between nodes, as bytes: four of length, most significant first, and so many of JSON.

use std::io;

use cln_primitives::{HexBytes, NodeId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// The longest frame that is read: one onion message of 64 KiB in hex digits, and what stands around it.
const LONGEST: u32 = 2 * 65_535 + 4096;

/// One message.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Frame {
    /// Whom it is for: a folder may have been renamed, and another node be there.
    pub(super) to: NodeId,
    /// Who sends it.
    pub(super) from: NodeId,
    /// What it says.
    pub(super) message: Message,
}

/// What a message says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Message {
    /// An onion message, to be peeled by the receiver.
    Onion {
        /// The key by which it reads its part.
        path_key: NodeId,
        /// The onion packet.
        message: HexBytes,
    },
    /// The ledger has something new for the receiver.
    Ledger,
}

/// What the receiver makes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Receipt {
    /// It has it.
    Taken,
    /// It is not the node that the message is for.
    NotMe,
    /// It has too much to do, and has thrown the message away.
    Busy,
}

/// Writes a frame.
pub(super) async fn write(to: &mut (impl AsyncWrite + Unpin), what: &impl Serialize) -> io::Result<()> {
    to.write_all(&encode(what)?).await
}

/// A frame's bytes.
///
/// # Errors
/// When nobody would read so long a frame.
pub(super) fn encode(what: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, what)?;
    let length = u32::try_from(bytes.len() - 4).ok().filter(|&length| length <= LONGEST).ok_or_else(too_long)?;
    bytes[..4].copy_from_slice(&length.to_be_bytes());
    Ok(bytes)
}

/// Reads a frame.
pub(super) async fn read<T: DeserializeOwned>(from: &mut (impl AsyncRead + Unpin)) -> io::Result<T> {
    let length = from.read_u32().await?;
    if length > LONGEST {
        return Err(too_long());
    }
    let mut bytes = Vec::new();
    // Memory grows with what has come, not with what was promised.
    from.take(length.into()).read_to_end(&mut bytes).await?;
    if bytes.len() != length as usize {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(serde_json::from_slice(&bytes)?)
}

fn too_long() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a message of more than 64 KiB")
}
