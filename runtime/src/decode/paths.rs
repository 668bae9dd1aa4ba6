//! Blinded paths in answers.

use serde_json::{Map, Value, json};

use super::answer::hex;
use crate::bolt12::{BlindedPath, BlindedPay, FirstNode, List, Path};

/// A list of paths.
pub(super) fn paths(paths: List<'_, Path>) -> Vec<Value> {
    paths.map(|path| path_with(path, None)).collect()
}

/// One path, and what a payment over it costs where that is known.
pub(super) fn path_with(path: BlindedPath<'_>, cost: Option<BlindedPay<'_>>) -> Value {
    let mut fields = Map::new();
    match path.first_node {
        FirstNode::Node(id) => {
            fields.insert("first_node_id".to_owned(), id.to_string().into());
        }
        FirstNode::Channel(channel) => {
            fields.insert("first_scid".to_owned(), channel.short_channel_id().to_string().into());
            fields.insert("first_scid_dir".to_owned(), channel.direction().into());
        }
    }
    fields.insert("first_path_key".to_owned(), path.path_key.to_string().into());
    if let Some(cost) = cost {
        fields.insert("payinfo".to_owned(), payinfo(cost));
    }
    let hops = path.hops.map(|hop| {
        json!({
            "blinded_node_id": hop.blinded_node_id.to_string(),
            "encrypted_recipient_data": hex(hop.encrypted_recipient_data),
        })
    });
    fields.insert("path".to_owned(), hops.collect());
    Value::Object(fields)
}

fn payinfo(cost: BlindedPay<'_>) -> Value {
    json!({
        "fee_base_msat": cost.fee_base.as_msat(),
        "fee_proportional_millionths": cost.fee_proportional_millionths,
        "cltv_expiry_delta": cost.cltv_expiry_delta,
        "htlc_minimum_msat": cost.htlc_minimum.as_msat(),
        "htlc_maximum_msat": cost.htlc_maximum.as_msat(),
        "features": hex(cost.features.as_bytes()),
    })
}
