//! Why a text cannot be decoded.

use crate::bolt12;

/// Why a text cannot be decoded. No variant quotes the text: a rune is a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing that is known.
    #[error("the text is no offer, invoice request, invoice or rune: is all of it there?")]
    Kind,
    /// A BOLT 12 text that breaks a rule.
    #[error(transparent)]
    Bolt12(#[from] bolt12::Error),
    /// A BOLT 11 invoice that cannot be read.
    #[error("the invoice cannot be read ({0}): was it copied whole?")]
    Bolt11(lightning_invoice::ParseOrSemanticError),
    /// A BOLT 11 invoice that lacks what every invoice has.
    #[error("the invoice has no {0}: ask its issuer for another")]
    Bolt11Missing(&'static str),
    /// It is longer than [`MAX_TEXT_BYTES`](super::MAX_TEXT_BYTES).
    #[error("the text has {0} bytes, which is more than any text that can be meant: paste the text alone")]
    TooLong(usize),
    /// Only the node that wrote it can read it.
    #[error("an emergency recovery text is encrypted for one node: ask that node to decode it")]
    EmergencyRecover,
    /// A kind of text that only nodes decode.
    #[error("payer proofs are not decoded here: ask a node")]
    PayerProof,
    /// What was found does not fit the generated type.
    #[error("what the text says does not fit the type of `decode`'s answer: {0}")]
    Form(serde_json::Error),
}
