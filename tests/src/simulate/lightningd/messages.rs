//! The commands about requests, neighbours and messages.

use cln_api::error_code::{CONNECT_ALL_ADDRESSES_FAILED, JSONRPC2_INVALID_PARAMS, LIGHTNINGD};
use cln_primitives::{HexBytes, NodeId, RpcError};
use cln_runtime::bolt12::{Chain, InvoiceRequest};
use cln_runtime::onion::Packet;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::commands::{Answer, refused, text};
use crate::simulate::keys;
use crate::simulate::plan::Fault;
use crate::simulate::world::World;

/// What a node of the recorded release says of itself: it relays onion messages.
const FEATURES: &str = "808898882a8a59a1";
/// For how long a neighbour cannot be reached at most, in milliseconds.
const LONGEST_CUT: u64 = 5_000;

impl World {
    pub(super) fn create_invoice_request(&mut self, node: usize, params: &Value) -> Answer {
        let invalid = |why: String| refused(JSONRPC2_INVALID_PARAMS, format!("bolt12: {why}"));
        if params["savetodb"] != json!(false) {
            return Err(invalid("the double keeps no requests: `savetodb` has to be false".to_owned()));
        }
        let request = InvoiceRequest::parse(text(params, "bolt12")?, Chain::REGTEST);
        let request = request.map_err(|error| invalid(error.to_string()))?;
        if request.invreq_payer_id() != Some(keys::of(node).id) {
            return Err(invalid("payer_id did not match invreq_metadata derivation".to_owned()));
        }
        let signed = request.into_builder().build().and_then(|request| keys::of(node).sign_request(request));
        let signed = signed.map_err(|error| invalid(error.to_string()))?;
        self.seen.signed.insert(signed.invreq_id(), signed.clone());
        let single_use = params.get("single_use").and_then(Value::as_bool).unwrap_or(true);
        Ok(json!({
            "invreq_id": signed.invreq_id(), "active": true, "single_use": single_use,
            "bolt12": signed.to_string(), "used": false,
        }))
    }

    pub(super) fn get_info(&self, node: usize) -> Answer {
        let neighbours = self.nodes.len() - 1;
        Ok(json!({
            "id": keys::of(node).id, "alias": format!("node{node}"), "color": "03addf", "num_peers": neighbours,
            "num_pending_channels": 0, "num_active_channels": neighbours, "num_inactive_channels": 0,
            "address": [address(node)], "binding": [address(node)], "version": "v26.06.6",
            "blockheight": 112, "network": "regtest", "fees_collected_msat": 0,
            "lightning-dir": "/home/user/.lightning/regtest",
            "our_features": { "init": "800898882a8a59a1", "node": FEATURES, "channel": "", "invoice": "02000002024100" },
        }))
    }

    pub(super) fn list_nodes(&self, params: &Value) -> Answer {
        let wanted = |node: &usize| is_given(params, "id", &keys::of(*node).id);
        let nodes = (0..self.nodes.len()).filter(wanted).map(|node| {
            json!({
                "nodeid": keys::of(node).id, "alias": format!("node{node}"), "color": "029807",
                "last_timestamp": 1_795_252_875, "features": FEATURES, "addresses": [address(node)],
            })
        });
        Ok(json!({ "nodes": nodes.collect::<Vec<_>>() }))
    }

    /// All other nodes are neighbours, when they can be reached.
    pub(super) fn list_peers(&mut self, node: usize, params: &Value) -> Answer {
        let mut peers = Vec::new();
        for peer in (0..self.nodes.len()).filter(|peer| *peer != node) {
            if !is_given(params, "id", &keys::of(peer).id) {
                continue;
            }
            if self.strikes(node, Fault::Unreachable) {
                let until = self.now + self.rng.u64(1..LONGEST_CUT);
                self.lightningd(node).cut.insert(peer, until);
            }
            peers.push(if self.reaches(node, peer) {
                json!({
                    "id": keys::of(peer).id, "connected": true, "num_channels": 1,
                    "netaddr": [format!("127.0.0.1:{}", 19_841 + peer)], "features": FEATURES,
                })
            } else {
                json!({ "id": keys::of(peer).id, "connected": false, "num_channels": 1, "features": FEATURES })
            });
        }
        Ok(json!({ "peers": peers }))
    }

    pub(super) fn connect(&mut self, node: usize, params: &Value) -> Answer {
        let id: NodeId = read(params, "id")?;
        match keys::node(id).filter(|peer| *peer < self.nodes.len() && self.reaches(node, *peer)) {
            Some(peer) => Ok(json!({ "id": id, "features": FEATURES, "direction": "out", "address": address(peer) })),
            None => Err(refused(CONNECT_ALL_ADDRESSES_FAILED, "All addresses failed: Connection refused.")),
        }
    }

    fn reaches(&mut self, node: usize, peer: usize) -> bool {
        let now = self.now;
        let cut = !self.healed && self.lightningd(node).cut.get(&peer).is_some_and(|until| *until > now);
        let runs = match &self.nodes[peer].lightningd {
            Some(daemon) => daemon.up,
            None => self.nodes[peer].up,
        };
        runs && !cut
    }

    pub(super) fn inject_onion_message(&mut self, node: usize, params: &Value) -> Answer {
        let message: HexBytes = read(params, "message")?;
        let packet = Packet { path_key: read(params, "path_key")?, message: message.into_vec() };
        if self.strikes(node, Fault::NotSent) {
            return Err(refused(LIGHTNINGD, "onion msg: unknown next peer"));
        }
        self.inject(node, &packet).map_err(|error| refused(LIGHTNINGD, error.to_string()))?;
        Ok(json!({}))
    }
}

fn address(node: usize) -> Value {
    json!({ "type": "ipv4", "address": "127.0.0.1", "port": 19_841 + node })
}

/// Whether a parameter, if there is one, is this.
fn is_given(params: &Value, name: &str, value: &NodeId) -> bool {
    params.get(name).filter(|given| !given.is_null()).is_none_or(|given| *given == json!(value))
}

fn read<T: DeserializeOwned>(params: &Value, name: &str) -> Result<T, RpcError> {
    serde_json::from_value(params[name].clone())
        .map_err(|error| refused(JSONRPC2_INVALID_PARAMS, format!("{name}: {error}")))
}
