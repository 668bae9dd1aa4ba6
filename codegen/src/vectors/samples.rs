//! For each type of the dialect: a value that it takes, and values that it refuses.

use serde_json::{Value, json};

use super::{Vector, read, refused};
use crate::model::Scalar;

const POINT: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
/// A DER signature whose two numbers are 1.
const DER: &str = "3006020101020101";

fn hash() -> String {
    "0123456789abcdef".repeat(4)
}

/// A value of the type.
pub(super) fn good(scalar: Scalar) -> Value {
    match scalar {
        Scalar::Bool => true.into(),
        Scalar::U8 | Scalar::U16 | Scalar::U32 | Scalar::U64 | Scalar::Msat | Scalar::Sat => 7.into(),
        Scalar::I64 => (-7).into(),
        Scalar::F64 => 0.5.into(),
        Scalar::String | Scalar::SecretString => "text".into(),
        Scalar::Json => json!({ "any": [1, "two"] }),
        Scalar::JsonObject => json!({ "any": 1 }),
        Scalar::Null => Value::Null,
        Scalar::MsatOrAll | Scalar::SatOrAll => "all".into(),
        Scalar::MsatOrAny => "any".into(),
        Scalar::CurrencyAmount => "10.50USD".into(),
        Scalar::Hash32 | Scalar::Secret | Scalar::Txid => hash().into(),
        Scalar::NodeId => POINT.into(),
        Scalar::HexBytes => "00ff".into(),
        Scalar::OutPoint => format!("{}:1", hash()).into(),
        Scalar::ShortChannelId => "103x1x0".into(),
        Scalar::ShortChannelIdDir => "103x1x0/1".into(),
        Scalar::Signature => DER.into(),
        Scalar::Bip340Signature => "01".repeat(64).into(),
        Scalar::Feerate => "normal".into(),
        Scalar::OutputDesc => json!({ "bcrt1q": 7, "bcrt1p": "all" }),
    }
}

/// What must be read and what must be refused.
pub(super) fn vectors(scalar: Scalar) -> Vec<Vector> {
    let mut vectors = vec![read("a good value", good(scalar))];
    if let Some(wrong) = another_type(scalar) {
        vectors.push(refused(format!("{wrong} of another type"), wrong, "", ""));
    }
    vectors.extend(also_good(scalar).into_iter().map(|value| read(value.to_string(), value)));
    vectors.extend(bad(scalar).into_iter().map(|value| refused(value.to_string(), value, "", "")));
    let beyond = beyond_patterns(scalar).into_iter();
    vectors.extend(beyond.map(|value| refused(value.to_string(), value, "", "").beyond_the_schema()));
    vectors
}

fn another_type(scalar: Scalar) -> Option<Value> {
    match scalar {
        Scalar::Json | Scalar::Null => None,
        Scalar::Bool | Scalar::U8 | Scalar::U16 | Scalar::U32 | Scalar::U64 | Scalar::I64 | Scalar::F64 => {
            Some("1".into())
        }
        Scalar::Msat | Scalar::Sat | Scalar::MsatOrAll | Scalar::MsatOrAny | Scalar::SatOrAll | Scalar::Feerate => {
            Some(true.into())
        }
        _ => Some(5.into()),
    }
}

fn also_good(scalar: Scalar) -> Vec<Value> {
    match scalar {
        Scalar::Bool => vec![false.into()],
        Scalar::U8 => vec![0.into(), u8::MAX.into()],
        Scalar::U16 => vec![0.into(), u16::MAX.into()],
        Scalar::U32 => vec![0.into(), u32::MAX.into()],
        Scalar::U64 | Scalar::Msat | Scalar::Sat => vec![0.into(), u64::MAX.into()],
        Scalar::I64 => vec![i64::MIN.into(), i64::MAX.into()],
        Scalar::F64 => vec![(-1.25).into()],
        Scalar::String => vec!["".into(), "naïve \u{1f980} \"quoted\"\n".into()],
        Scalar::MsatOrAll | Scalar::MsatOrAny | Scalar::SatOrAll => vec![7.into()],
        Scalar::HexBytes => vec!["".into()],
        Scalar::Json => vec![1.into(), "text".into(), json!([])],
        _ => Vec::new(),
    }
}

fn bad(scalar: Scalar) -> Vec<Value> {
    // One more than the greatest number of 64 bits; JSON knows it, and reading must not round it.
    let two_to_the_64 = json!(18_446_744_073_709_551_616.0);
    let hex = |digits: usize| Value::from("a".repeat(digits));
    match scalar {
        Scalar::U8 => vec![256.into(), (-1).into(), json!(1.5)],
        Scalar::U16 => vec![65_536.into(), (-1).into(), json!(1.5)],
        Scalar::U32 => vec![4_294_967_296_u64.into(), (-1).into(), json!(1.5)],
        Scalar::U64 => vec![two_to_the_64, (-1).into(), json!(1.5)],
        Scalar::I64 => vec![9_223_372_036_854_775_808_u64.into(), json!(1.5)],
        Scalar::Msat | Scalar::Sat => {
            vec![two_to_the_64, (-1).into(), json!(0.5), "0.5sat".into(), "1msatfoo".into(), "".into()]
        }
        Scalar::MsatOrAll | Scalar::MsatOrAny | Scalar::SatOrAll => vec!["everything".into(), "".into()],
        Scalar::CurrencyAmount => vec!["USD".into(), "10usd".into(), "1.USD".into()],
        Scalar::Hash32 | Scalar::Secret | Scalar::Txid => {
            vec![hex(63), hex(65), hex(66), "z".repeat(64).into(), "".into()]
        }
        Scalar::NodeId => vec![POINT[..65].into(), format!("{POINT}0").into(), format!("04{}", &POINT[2..]).into()],
        Scalar::HexBytes => vec!["abc".into(), "zz".into(), "0x00".into()],
        Scalar::OutPoint => vec![hex(64), format!("{}:", hash()).into(), format!("{}:x", hash()).into()],
        Scalar::ShortChannelId => vec!["1x2".into(), "1x2x3x4".into(), "1:2:3".into(), "axbxc".into()],
        Scalar::ShortChannelIdDir => vec!["1x2x3".into(), "1x2x3/2".into(), "1x2/0".into()],
        Scalar::Signature => vec!["".into(), "zz".into()],
        Scalar::Bip340Signature => vec![hex(127), hex(129), hex(130)],
        _ => Vec::new(),
    }
}

/// What a pattern cannot refuse.
fn beyond_patterns(scalar: Scalar) -> Vec<Value> {
    match scalar {
        Scalar::Msat | Scalar::Sat => vec!["184467440737095516160000sat".into()],
        Scalar::OutPoint => vec![format!("{}:4294967296", hash()).into()],
        Scalar::ShortChannelId => vec!["16777216x0x0".into(), "0x0x65536".into()],
        Scalar::ShortChannelIdDir => vec!["16777216x0x0/0".into()],
        Scalar::Signature => vec!["3006020101".into()],
        _ => Vec::new(),
    }
}
