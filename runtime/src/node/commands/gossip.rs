//! What a node knows of the network, and its way to others: `listnodes`, `listchannels`, `listpeerchannels`,
//! `listincoming`, `connect`.
//!
//! All public nodes of a network are direct peers of each other, and known to all; a private one has one peer.

use std::path::PathBuf;

use cln_api::error_code::{CONNECT_ALL_ADDRESSES_FAILED, CONNECT_NO_KNOWN_ADDRESS};
use cln_api::{connect, listchannels, listincoming, listnodes, listpeerchannels};
use cln_primitives::{Hash32, NodeId, ShortChannelId};
use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::{Value, json};

use super::peers::{FEATURES, others, public, runs};
use super::{Answer, Command, command, failure, invalid, shaped};
use crate::bolt12::MAX_MONEY;
use crate::node::handle::Node;
use crate::node::network::MESSAGES;
use crate::node::params::{Kind, Param, optional, required};

const NODES: &[Param] = &[optional("id", Kind::NodeId)];
const CHANNELS: &[Param] = &[
    optional("short_channel_id", Kind::Text),
    optional("source", Kind::NodeId),
    optional("destination", Kind::NodeId),
];
const OWN_CHANNELS: &[Param] =
    &[optional("id", Kind::NodeId), optional("short_channel_id", Kind::Text), optional("channel_id", Kind::Hash)];
const CONNECT: &[Param] = &[required("id", Kind::Text), optional("host", Kind::Text), optional("port", Kind::U16)];

pub(super) fn commands() -> Vec<Command> {
    vec![
        command::<listnodes::Request, Nodes, _>(NODES, list_nodes).that_only_looks(),
        command::<listchannels::Request, Channels, _>(CHANNELS, list_channels).that_only_looks(),
        command::<listpeerchannels::Request, OwnChannels, _>(OWN_CHANNELS, list_own_channels),
        command::<listincoming::Request, Nothing, _>(&[], list_incoming),
        command::<connect::Request, Connect, _>(CONNECT, connect),
    ]
}

#[derive(Deserialize)]
struct Nodes {
    id: Option<NodeId>,
}

async fn list_nodes(node: Node, input: Nodes) -> Answer<listnodes::Response> {
    let mut nodes = public(&node).await?;
    nodes.retain(|(id, _)| input.id.is_none_or(|wanted| wanted == *id));
    let nodes: Vec<Value> = nodes.iter().map(|(id, folder)| {
        let (text, name) = (id.to_string(), folder.file_name().unwrap_or_default().to_string_lossy());
        json!({
            "nodeid": id,
            "alias": name.chars().take(ALIAS).collect::<String>(),
            "color": text.get(..6),
            "last_timestamp": 0,
            "features": FEATURES,
            // A node that announces none is taken for one that cannot be reached. Nobody calls it there: nodes find each
            // other in the network's folder.
            "addresses": [{"type": "dns", "address": format!("{}.invalid", text.get(..16).unwrap_or_default()), "port": 9735}],
        })
    }).collect();
    shaped(json!({"nodes": nodes}))
}

/// The most characters of an announced name, so that it has at most 32 bytes.
const ALIAS: usize = 8;

#[derive(Deserialize)]
struct Channels {
    short_channel_id: Option<ShortChannelId>,
    source: Option<NodeId>,
    destination: Option<NodeId>,
}

/// Messages go between any two public nodes, as if all of them had channels with each other. Payments go through the ledger.
async fn list_channels(node: Node, input: Channels) -> Answer<listchannels::Response> {
    let given = [input.short_channel_id.is_some(), input.source.is_some(), input.destination.is_some()];
    if given.into_iter().filter(|&given| given).count() > 1 {
        return Err(invalid("only one of `short_channel_id`, `source` and `destination` may be given"));
    }
    let nodes: Vec<NodeId> = public(&node).await?.into_iter().map(|(id, _)| id).collect();
    let mut channels = Vec::new();
    for (from, source) in nodes.iter().enumerate() {
        for (to, destination) in nodes.iter().enumerate().filter(|(to, _)| *to != from) {
            let channel = format!("{}x{}x0", from.min(to), from.max(to));
            let wanted = input.short_channel_id.is_none_or(|id| id.to_string() == channel)
                && input.source.is_none_or(|id| id == *source)
                && input.destination.is_none_or(|id| id == *destination);
            if wanted {
                channels.push(told(*source, *destination, &channel, u8::from(from > to)));
            }
        }
    }
    shaped(json!({"channels": channels}))
}

/// One direction of a channel.
fn told(source: NodeId, destination: NodeId, channel: &str, direction: u8) -> Value {
    json!({
        "source": source,
        "destination": destination,
        "short_channel_id": channel,
        "direction": direction,
        "public": true,
        "amount_msat": MAX_MONEY,
        "message_flags": 1,
        "channel_flags": direction,
        "active": true,
        "last_update": 0,
        "base_fee_millisatoshi": 0,
        "fee_per_millionth": 0,
        "delay": 0,
        "htlc_minimum_msat": 0,
        "htlc_maximum_msat": MAX_MONEY,
        "features": "",
    })
}

#[derive(Deserialize)]
struct OwnChannels {
    /// There are none to choose from.
    #[serde(rename = "id")]
    _id: Option<NodeId>,
    #[serde(rename = "short_channel_id")]
    _short_channel_id: Option<ShortChannelId>,
    #[serde(rename = "channel_id")]
    _channel_id: Option<Hash32>,
}

async fn list_own_channels(_: Node, _: OwnChannels) -> Answer<listpeerchannels::Response> {
    shaped(json!({"channels": []}))
}

#[derive(Deserialize)]
struct Nothing {}

/// By the ledger anything can come in from anybody who runs.
async fn list_incoming(node: Node, _: Nothing) -> Answer<listincoming::Response> {
    let channel = |(number, (id, folder)): (usize, (NodeId, PathBuf))| async move {
        json!({
            "id": id,
            "short_channel_id": format!("0x0x{number}"),
            "fee_base_msat": 0,
            "htlc_min_msat": 0,
            "htlc_max_msat": MAX_MONEY,
            "fee_proportional_millionths": 0,
            "cltv_expiry_delta": 0,
            "incoming_capacity_msat": MAX_MONEY,
            "public": true,
            "peer_features": FEATURES,
            "enabled": runs(folder).await,
        })
    };
    let channels: Vec<Value> = join_all(others(&node).await?.into_iter().enumerate().map(channel)).await;
    shaped(json!({"incoming": channels}))
}

#[derive(Deserialize)]
struct Connect {
    id: String,
}

/// All that run are connected already.
async fn connect(node: Node, input: Connect) -> Answer<connect::Response> {
    let (id, _) = input.id.split_once('@').unwrap_or((&input.id, ""));
    let Ok(id) = id.parse::<NodeId>() else {
        return Err(invalid("id: must be a node's id in 66 hex digits, with or without `@` and a host behind it"));
    };
    let Some((_, folder)) = others(&node).await?.into_iter().find(|(other, _)| *other == id) else {
        return Err(failure(CONNECT_NO_KNOWN_ADDRESS, format!("the node {id} is not in this network")));
    };
    let socket = folder.join(MESSAGES);
    if !runs(folder).await {
        let message = format!("the node {id} does not run: nobody listens at {}", socket.display());
        return Err(failure(CONNECT_ALL_ADDRESSES_FAILED, message));
    }
    let address = json!({"type": "local socket", "socket": socket});
    shaped(json!({"id": id, "features": FEATURES, "direction": "out", "address": address}))
}
