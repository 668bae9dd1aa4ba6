//! The node itself: `getinfo`, `listfunds`, `decode`, `notifications`, `stop`.

use bitcoin::hashes::{Hash as _, sha256};
use cln_api::{decode, getinfo, listfunds, notifications, stop};
use serde::Deserialize;
use serde_json::json;

use super::peers::others;
use super::{Answer, Command, command, invalid, looking_command, shaped};
use crate::node::handle::Node;
use crate::node::params::{Kind, Param, optional, required};

/// The release of Core Lightning whose commands these are, and that it is none.
const VERSION: &str = "v26.06-embedded";

const FUNDS: &[Param] = &[optional("spent", Kind::Bool)];
const DECODE: &[Param] = &[required("string", Kind::Text)];
const NOTIFICATIONS: &[Param] = &[required("enable", Kind::Bool)];

pub(super) fn commands() -> Vec<Command> {
    vec![
        command::<getinfo::Request, Nothing, _>(&[], getinfo),
        command::<listfunds::Request, Funds, _>(FUNDS, funds),
        looking_command::<decode::Request, Text, _>(DECODE, decode),
        command::<notifications::Request, Enable, _>(NOTIFICATIONS, notifications),
        command::<stop::Request, Nothing, _>(&[], stop),
    ]
}

#[derive(Deserialize)]
struct Nothing {}

async fn getinfo(node: Node, _: Nothing) -> Answer<getinfo::Response> {
    let id = node.node_id();
    let bytes = id.to_string();
    let name = node.directory().file_name().map(|name| name.to_string_lossy().into_owned());
    shaped(json!({
        "id": id,
        "alias": name.unwrap_or_else(|| bytes.clone()),
        // As lightningd does that was told none.
        "color": bytes.get(..6),
        "num_peers": others(&node).await?.len(),
        "num_pending_channels": 0,
        "num_active_channels": 1,
        "num_inactive_channels": 0,
        "version": VERSION,
        "lightning-dir": node.directory(),
        "blockheight": 0,
        "network": node.chain().to_string(),
        "fees_collected_msat": 0,
        "address": [],
        // One warning only: who waits until the other one is gone, which at a real node is soon, need not wait.
        "warning_bitcoind_sync": "this is an embedded node: its channels are simulated by a ledger in a file, \
            it knows no block chain, and its money is not real",
    }))
}

#[derive(Deserialize)]
struct Funds {
    /// There are no outputs, spent or not.
    #[serde(rename = "spent")]
    _spent: Option<bool>,
}

/// The account as a channel: all that is in it is the node's own.
async fn funds(node: Node, _: Funds) -> Answer<listfunds::Response> {
    let (id, balance) = (node.node_id(), node.account().balance().await?);
    // No such transaction is on any chain, and each node has its own.
    let funding = sha256::Hash::hash(format!("simulated channel of {id}").as_bytes());
    shaped(json!({
        "outputs": [],
        "channels": [{
            "peer_id": id,
            "connected": true,
            "state": "CHANNELD_NORMAL",
            "channel_id": funding,
            "short_channel_id": "0x0x0",
            "our_amount_msat": balance,
            "amount_msat": balance,
            "funding_txid": funding,
            "funding_output": 0,
        }],
    }))
}

#[derive(Deserialize)]
struct Text {
    string: String,
}

async fn decode(_: Node, input: Text) -> Answer<decode::Response> {
    crate::decode::decode(&input.string).map_err(|error| invalid(format!("string: {error}")))
}

#[derive(Deserialize)]
struct Enable {
    /// No command has progress to tell.
    #[serde(rename = "enable")]
    _enable: bool,
}

async fn notifications(_: Node, _: Enable) -> Answer<notifications::Response> {
    shaped(json!({}))
}

async fn stop(node: Node, _: Nothing) -> Answer<stop::Response> {
    node.stop();
    shaped(json!({"result": "Shutdown complete"}))
}
