//! Whether what one type writes is what another one reads.

use crate::lower::names::shape_of;
use crate::model::{Api, Scalar, Type};

/// A type with the API that says what its shared enums are.
pub(super) type In<'m> = (&'m Type, &'m Api);

/// True when every JSON value of `writer` is one of `reader`. An open reader, which is a client, keeps the texts and
/// forms that it does not know; a node refuses them.
pub(super) fn fits(writer: In<'_>, reader: In<'_>, open: bool) -> bool {
    if let (Some(written), Some(read)) = (texts(writer), texts(reader)) {
        return open || written.iter().all(|text| read.contains(text));
    }
    match (writer.0, reader.0) {
        (_, Type::Scalar(Scalar::Json)) => true,
        (Type::Scalar(writer), Type::Scalar(reader)) => scalar_fits(*writer, *reader),
        (_, Type::Scalar(Scalar::String | Scalar::SecretString)) => texts(writer).is_some(),
        (Type::Scalar(scalar), _) if texts(reader).is_some() => open && is_text(*scalar),
        (Type::Union(forms), _) => forms.variants.iter().all(|(_, form)| fits((form, writer.1), reader, open)),
        (_, Type::Union(forms)) => open || forms.variants.iter().any(|(_, form)| fits(writer, (form, reader.1), open)),
        (Type::Array(written), Type::Array(read)) | (Type::Map(written), Type::Map(read)) => {
            fits((written, writer.1), (read, reader.1), open)
        }
        (Type::Object(_) | Type::Map(_), Type::Scalar(Scalar::JsonObject)) => true,
        (writer, reader) => shape_of(writer) == shape_of(reader),
    }
}

/// The texts of an enum, shared or not.
fn texts<'m>((ty, api): In<'m>) -> Option<Vec<&'m str>> {
    let it = match ty {
        Type::Enum(it) => it,
        Type::Shared(name) => api.shared.iter().find(|shared| shared.name == *name)?,
        _ => return None,
    };
    Some(it.values.iter().map(|value| value.wire.as_str()).collect())
}

fn scalar_fits(writer: Scalar, reader: Scalar) -> bool {
    use Scalar::{
        Bip340Signature, F64, Hash32, HexBytes, I64, Msat, MsatOrAll, MsatOrAny, NodeId, Sat, SatOrAll, Secret,
        SecretString, Signature, String, Txid, U8, U16, U32, U64,
    };
    if writer == reader {
        return true;
    }
    match reader {
        String | SecretString => is_text(writer),
        HexBytes => matches!(writer, Hash32 | Secret | Txid | NodeId | Signature | Bip340Signature),
        Hash32 | Secret | Txid => matches!(writer, Hash32 | Secret | Txid),
        U16 => writer == U8,
        U32 => matches!(writer, U8 | U16),
        // Amounts are written as numbers.
        U64 => matches!(writer, U8 | U16 | U32 | Msat | Sat),
        I64 => matches!(writer, U8 | U16 | U32),
        F64 => matches!(writer, U8 | U16 | U32 | U64 | I64 | Msat | Sat),
        Msat | MsatOrAll | MsatOrAny => matches!(writer, U8 | U16 | U32 | U64 | Msat),
        Sat | SatOrAll => matches!(writer, U8 | U16 | U32 | U64 | Sat),
        _ => false,
    }
}

/// True for what is a JSON text.
pub(super) fn is_text(scalar: Scalar) -> bool {
    use Scalar::{
        Bip340Signature, CurrencyAmount, Hash32, HexBytes, NodeId, OutPoint, Secret, SecretString, ShortChannelId,
        ShortChannelIdDir, Signature, String, Txid,
    };
    matches!(
        scalar,
        String
            | SecretString
            | Hash32
            | Secret
            | NodeId
            | HexBytes
            | Txid
            | OutPoint
            | ShortChannelId
            | ShortChannelIdDir
            | Signature
            | Bip340Signature
            | CurrencyAmount
    )
}
