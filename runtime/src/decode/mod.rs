//! What Core Lightning's `decode` tells of a text, without a node: offers, invoice requests, invoices and runes.
//!
//! A node also decodes texts that only it can read (`clnemerg1…`), and payer proofs (`lnp1…`), which this does not.
//!
//! ```
//! use cln_api::decode::Response;
//! use cln_runtime::decode::decode;
//!
//! let Response::Bolt12Offer(offer) = decode("lno1zcss9mk8y3wkklfvevcrszlmu23kfrxh49px20665dqwmn4p72pksese")? else {
//!     panic!("it is an offer");
//! };
//! assert_eq!(offer.offer_amount_msat, None);
//! # Ok::<(), cln_runtime::decode::Error>(())
//! ```

mod answer;
mod bolt11;
mod currency;
mod error;
mod invoice;
mod invoice_request;
mod offer;
mod paths;
mod rune;

use cln_api::decode::Response;
use serde_json::Value;

use crate::bolt12::{Accept, Invoice, InvoiceRequest, Offer, prefix_of};

pub use error::Error;

/// The most bytes of a text that is decoded. What a text says in JSON takes some hundred times its length, and a message
/// between nodes, which the longest texts are made of, has no more than 64 KiB.
pub const MAX_TEXT_BYTES: usize = 1 << 20;

/// Decodes a text. Like a node it tells what is wrong with an unsigned request in its answer, not as an error.
///
/// # Errors
/// When the text is of no kind that can be decoded here, or cannot be read.
pub fn decode(text: &str) -> Result<Response, Error> {
    serde_json::from_value(to_json(text)?).map_err(Error::Form)
}

/// The same as the JSON object that a node answers.
///
/// # Errors
/// See [`decode`].
pub fn to_json(text: &str) -> Result<Value, Error> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(Error::TooLong(text.len()));
    }
    let text = without_scheme(text);
    let lower = text.to_ascii_lowercase();
    let Ok(prefix) = prefix_of(&lower) else {
        return rune::decode(text).ok_or(Error::Kind);
    };
    match prefix.as_str() {
        "lno" => Ok(offer::answer(&Offer::parse(&lower, Accept::Any)?)),
        "lnr" => Ok(invoice_request::answer(InvoiceRequest::parse(&lower, Accept::Any)?)),
        "lni" => Ok(invoice::answer(&Invoice::parse(&lower, Accept::Any)?.verify()?)),
        "lnp" => Err(Error::PayerProof),
        "clnemerg" => Err(Error::EmergencyRecover),
        currency if is_bolt11(currency) => bolt11::answer(&lower),
        _ => rune::decode(text).ok_or(Error::Kind),
    }
}

/// The prefix of an invoice names its currency and amount.
fn is_bolt11(prefix: &str) -> bool {
    ["lnbc", "lntb", "lnsb"].iter().any(|start| prefix.starts_with(start))
}

/// The text behind `lightning:`, which some put before it.
fn without_scheme(text: &str) -> &str {
    const SCHEME: &str = "lightning:";
    match text.split_at_checked(SCHEME.len()) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case(SCHEME) => rest,
        _ => text,
    }
}
