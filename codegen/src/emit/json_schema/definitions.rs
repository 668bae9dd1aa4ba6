//! The dialect's own types as JSON Schema.

use serde_json::{Value, json};

use crate::model::Scalar;

/// Where a type's schema stands.
pub(super) enum ScalarSchema {
    /// At the field itself.
    Plain(Value),
    /// Among the definitions, under this name.
    Named(&'static str),
}

/// A type of the model.
pub(super) fn of_scalar(scalar: Scalar) -> ScalarSchema {
    use ScalarSchema::{Named, Plain};
    match scalar {
        Scalar::Bool => Plain(json!({ "type": "boolean" })),
        Scalar::U8 => Plain(unsigned(u64::from(u8::MAX))),
        Scalar::U16 => Plain(unsigned(u64::from(u16::MAX))),
        Scalar::U32 => Plain(unsigned(u64::from(u32::MAX))),
        Scalar::U64 => Plain(unsigned(u64::MAX)),
        Scalar::I64 => Plain(json!({ "type": "integer", "minimum": i64::MIN, "maximum": i64::MAX })),
        Scalar::F64 => Plain(json!({ "type": "number" })),
        Scalar::String | Scalar::SecretString => Plain(json!({ "type": "string" })),
        Scalar::Json => Plain(json!({})),
        Scalar::JsonObject => Plain(json!({ "type": "object" })),
        Scalar::Null => Plain(json!({ "type": "null" })),
        Scalar::Msat => Named("msat"),
        Scalar::MsatOrAll => Named("msat_or_all"),
        Scalar::MsatOrAny => Named("msat_or_any"),
        Scalar::Sat => Named("sat"),
        Scalar::SatOrAll => Named("sat_or_all"),
        Scalar::CurrencyAmount => Named("currency"),
        Scalar::Hash32 => Named("hash"),
        Scalar::Secret => Named("secret"),
        Scalar::NodeId => Named("pubkey"),
        Scalar::HexBytes => Named("hex"),
        Scalar::Txid => Named("txid"),
        Scalar::OutPoint => Named("outpoint"),
        Scalar::ShortChannelId => Named("short_channel_id"),
        Scalar::ShortChannelIdDir => Named("short_channel_id_dir"),
        Scalar::Signature => Named("signature"),
        Scalar::Bip340Signature => Named("bip340sig"),
        Scalar::Feerate => Named("feerate"),
        Scalar::OutputDesc => Named("outputdesc"),
    }
}

fn unsigned(maximum: u64) -> Value {
    json!({ "type": "integer", "minimum": 0, "maximum": maximum })
}

/// A definition by its name; `None` for a name that is none of the dialect's types.
pub(super) fn definition(name: &str, definitions_at: &str) -> Option<Value> {
    let text = |pattern: &str, what: &str| json!({ "type": "string", "format": name, "pattern": format!("^(?:{pattern})$"), "description": what });
    let or_word = |amount: &str, word: &str, what: &str| json!({ "anyOf": [{ "$ref": format!("{definitions_at}{amount}") }, { "const": word }], "description": what });
    Some(match name {
        "msat" => amount(
            r"[0-9]+(?:msat|sat)?|[0-9]+(?:\.[0-9]{0,11})?btc",
            "Millisatoshi, as a number or as a text with or without a unit: `1000`, `\"1000msat\"`, `\"1sat\"`.",
        ),
        "sat" => amount(
            r"[0-9]+(?:sat)?|[0-9]+000msat|0+msat|[0-9]+(?:\.[0-9]{0,8})?btc",
            "Satoshi, as a number or as a text with or without a unit: `1`, `\"1sat\"`, `\"1000msat\"`.",
        ),
        "msat_or_all" => or_word("msat", "all", "Millisatoshi, or all that there is."),
        "msat_or_any" => or_word("msat", "any", "Millisatoshi, or whatever the payer chooses."),
        "sat_or_all" => or_word("sat", "all", "Satoshi, or all that there is."),
        "currency" => text(r"[0-9]+(?:\.[0-9]+)?[A-Z]{3}", "Decimal digits and an ISO 4217 code: `10.5USD`."),
        "hash" => text("[0-9a-fA-F]{64}", "32 bytes in hex."),
        "secret" => text("[0-9a-fA-F]{64}", "32 bytes in hex that must not be shown."),
        "txid" => text("[0-9a-fA-F]{64}", "A transaction's id, in the byte order that block explorers show."),
        "pubkey" => text("0[23][0-9a-fA-F]{64}", "A compressed public key, 33 bytes in hex."),
        "hex" => text("(?:[0-9a-fA-F]{2})*", "Bytes in hex."),
        "signature" => text("30[0-9a-fA-F]+", "An ECDSA signature, DER in hex."),
        "bip340sig" => text("[0-9a-fA-F]{128}", "A BIP 340 signature, 64 bytes in hex."),
        "outpoint" => text("[0-9a-fA-F]{64}:[0-9]+", "A transaction's id and the index of one of its outputs."),
        "short_channel_id" => {
            text("[0-9]+x[0-9]+x[0-9]+", "Block height, transaction and output of a channel: `103x1x0`.")
        }
        "short_channel_id_dir" => {
            text("[0-9]+x[0-9]+x[0-9]+/[01]", "A channel in one direction: 0 from the lesser node id to the greater.")
        }
        "feerate" => json!({
            "description": "`\"normal\"` or another estimate's name, `\"6blocks\"`, `\"253perkw\"`, `\"1000perkb\"`; a bare number counts per 1000 virtual bytes.",
            "anyOf": [unsigned(u64::from(u32::MAX)), { "type": "string", "minLength": 1 }],
        }),
        "outputdesc" => json!({
            "description": "Addresses, and what each gets.",
            "type": "object",
            "additionalProperties": { "$ref": format!("{definitions_at}sat_or_all") },
        }),
        _ => return None,
    })
}

fn amount(pattern: &str, what: &str) -> Value {
    json!({
        "description": what,
        "anyOf": [unsigned(u64::MAX), { "type": "string", "pattern": format!("^(?:{pattern})$") }],
    })
}
