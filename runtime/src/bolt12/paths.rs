//! Blinded paths, what they cost, and addresses to fall back on.

use cln_primitives::{Msat, NodeId, ShortChannelId, ShortChannelIdDir};

use super::error::Error;
use super::features::Features;
use super::input::Input;
use super::kinds::{Item, Kind};
use super::output::Output;

/// The node where a blinded path starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstNode {
    /// By its id.
    Node(NodeId),
    /// By a channel and which of its two ends, as gossip tells them: shorter.
    Channel(ShortChannelIdDir),
}

/// A way to a node that does not say which node that is (BOLT 4's `blinded_path`).
#[derive(Clone, Copy, Debug)]
pub struct BlindedPath<'a> {
    /// Where it starts.
    pub first_node: FirstNode,
    /// The key by which the first node reads its part.
    pub path_key: NodeId,
    /// The hops, the first node's among them.
    pub hops: Hops<'a>,
}

/// The hops of a blinded path.
#[derive(Clone, Copy, Debug)]
pub struct Hops<'a> {
    left: u8,
    input: Input<'a>,
}

/// One hop of a blinded path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hop<'a> {
    /// The node's id, blinded.
    pub blinded_node_id: NodeId,
    /// What only that node can read.
    pub encrypted_recipient_data: &'a [u8],
}

impl Hops<'_> {
    /// How many there are.
    pub fn len(self) -> usize {
        self.left.into()
    }

    /// Are there none? Then the path leads nowhere.
    pub fn is_empty(self) -> bool {
        self.left == 0
    }
}

impl<'a> Iterator for Hops<'a> {
    type Item = Hop<'a>;

    fn next(&mut self) -> Option<Hop<'a>> {
        self.left = self.left.checked_sub(1)?;
        // Cannot fail: the path was read over its hops.
        read_hop(&mut self.input).ok()
    }
}

/// A blinded path to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlindedPathBuf {
    /// Where it starts.
    pub first_node: FirstNode,
    /// The key by which the first node reads its part.
    pub path_key: NodeId,
    /// The hops with their encrypted data, at most 255 of at most 65535 bytes each.
    pub hops: Vec<(NodeId, Vec<u8>)>,
}

impl From<BlindedPath<'_>> for BlindedPathBuf {
    fn from(path: BlindedPath<'_>) -> Self {
        let hops = path.hops.map(|hop| (hop.blinded_node_id, hop.encrypted_recipient_data.to_vec())).collect();
        BlindedPathBuf { first_node: path.first_node, path_key: path.path_key, hops }
    }
}

/// The encoding of a [`BlindedPath`].
#[derive(Debug)]
pub enum Path {}

impl Kind for Path {
    type Read<'a> = BlindedPath<'a>;
    type Write<'a> = &'a BlindedPathBuf;

    fn read<'a>(input: &mut Input<'a>) -> Result<BlindedPath<'a>, Error> {
        let first_node = read_first_node(input)?;
        let path_key = input.point()?;
        let count = input.u8()?;
        let hops = Hops { left: count, input: *input };
        for _ in 0..count {
            read_hop(input)?;
        }
        Ok(BlindedPath { first_node, path_key, hops })
    }

    fn write(path: &BlindedPathBuf, out: &mut Output) {
        match path.first_node {
            FirstNode::Node(id) => out.extend(id.as_bytes()),
            FirstNode::Channel(channel) => {
                out.extend(&[channel.direction()]);
                out.extend(&channel.short_channel_id().as_u64().to_be_bytes());
            }
        }
        out.extend(path.path_key.as_bytes());
        out.count_u8(path.hops.len());
        for (id, data) in &path.hops {
            out.extend(id.as_bytes());
            out.bytes_u16(data);
        }
    }
}

impl Item for Path {
    type Owned<'a> = BlindedPathBuf;

    fn write_item(item: &BlindedPathBuf, out: &mut Output) {
        Self::write(item, out);
    }
}

/// A direction and a channel, or a public key: the first byte tells which.
fn read_first_node(input: &mut Input<'_>) -> Result<FirstNode, Error> {
    let mut ahead = *input;
    let direction = ahead.u8()?;
    if direction > 1 {
        return input.point().map(FirstNode::Node);
    }
    let place = input.place();
    let channel = ShortChannelId::from_u64(ahead.u64()?);
    *input = ahead;
    ShortChannelIdDir::new(channel, direction).map(FirstNode::Channel).ok_or(Error::ValueNotAPoint(place))
}

fn read_hop<'a>(input: &mut Input<'a>) -> Result<Hop<'a>, Error> {
    let blinded_node_id = input.point()?;
    let length = input.u16()?;
    Ok(Hop { blinded_node_id, encrypted_recipient_data: input.take(length.into())? })
}

/// What a payment over a blinded path costs and must keep to (BOLT 12's `blinded_payinfo`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlindedPay<'a> {
    /// The fixed fee of the whole path, at most 2^32 - 1 msat.
    pub fee_base: Msat,
    /// The fee in millionths of the amount.
    pub fee_proportional_millionths: u32,
    /// The blocks that the whole path needs.
    pub cltv_expiry_delta: u16,
    /// The least that goes through.
    pub htlc_minimum: Msat,
    /// The most that goes through at once.
    pub htlc_maximum: Msat,
    /// What the path's nodes require.
    pub features: Features<'a>,
}

/// The encoding of a [`BlindedPay`].
#[derive(Debug)]
pub enum PayInfo {}

impl Kind for PayInfo {
    type Read<'a> = BlindedPay<'a>;
    type Write<'a> = &'a BlindedPay<'a>;

    fn read<'a>(input: &mut Input<'a>) -> Result<BlindedPay<'a>, Error> {
        Ok(BlindedPay {
            fee_base: Msat::from_msat(input.u32()?.into()),
            fee_proportional_millionths: input.u32()?,
            cltv_expiry_delta: input.u16()?,
            htlc_minimum: Msat::from_msat(input.u64()?),
            htlc_maximum: Msat::from_msat(input.u64()?),
            features: {
                let length = input.u16()?;
                Features(input.take(length.into())?)
            },
        })
    }

    fn write(info: &BlindedPay<'_>, out: &mut Output) {
        out.u32(info.fee_base.as_msat());
        out.extend(&info.fee_proportional_millionths.to_be_bytes());
        out.extend(&info.cltv_expiry_delta.to_be_bytes());
        out.extend(&info.htlc_minimum.as_msat().to_be_bytes());
        out.extend(&info.htlc_maximum.as_msat().to_be_bytes());
        out.bytes_u16(info.features.0);
    }
}

impl Item for PayInfo {
    type Owned<'a> = BlindedPay<'a>;

    fn write_item(item: &BlindedPay<'_>, out: &mut Output) {
        Self::write(item, out);
    }
}

/// An address on the chain, to pay to when Lightning does not work (BOLT 12's `fallback_address`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FallbackAddress<'a> {
    /// The version of the witness program.
    pub version: u8,
    /// The witness program.
    pub program: &'a [u8],
}

/// The encoding of a [`FallbackAddress`].
#[derive(Debug)]
pub enum Fallback {}

impl Kind for Fallback {
    type Read<'a> = FallbackAddress<'a>;
    type Write<'a> = &'a FallbackAddress<'a>;

    fn read<'a>(input: &mut Input<'a>) -> Result<FallbackAddress<'a>, Error> {
        let version = input.u8()?;
        let length = input.u16()?;
        Ok(FallbackAddress { version, program: input.take(length.into())? })
    }

    fn write(address: &FallbackAddress<'_>, out: &mut Output) {
        out.extend(&[address.version]);
        out.bytes_u16(address.program);
    }
}

impl Item for Fallback {
    type Owned<'a> = FallbackAddress<'a>;

    fn write_item(item: &FallbackAddress<'_>, out: &mut Output) {
        Self::write(item, out);
    }
}
