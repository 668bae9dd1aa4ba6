//! Requests for an invoice: by a payer who answers an offer, or who publishes what it will pay
//! (Core Lightning's `invoicerequest`).

use std::fmt;
use std::marker::PhantomData;
use std::sync::LazyLock;

use bitcoin::secp256k1::{Keypair, schnorr};
use cln_primitives::{Hash32, Msat, NodeId};

use super::chain::Accept;
use super::error::{Error, FieldType};
use super::fields::types::*;
use super::fields::{self, accessors, offer_fields, request_fields, request_only_fields, setters, signature_field};
use super::hash::Tag;
use super::ids::{self, REQUEST_RANGES};
use super::invoice::InvoiceBuilder;
use super::merkle;
use super::message::{Draft, Message, record_accessors, unknown_setter};
use super::signature::{self, SIGNATURE};
use super::signed::signed_message;
use super::state::{Parsed, State, Unsigned, Verified};
use super::text::{self, Prefix};
use super::view::View;

/// The tag of what is signed.
static SIGNED: LazyLock<Tag> = LazyLock::new(|| Tag::new(&[b"lightninginvoice_requestsignature"]));
/// The even features of requests that are known: none.
const KNOWN_FEATURES: &[usize] = &[];

const METADATA: u64 = 0;
const PAYER_ID: u64 = 88;

/// The fields, besides those that name the issuer, which only an offer gives a meaning: chains, features, quantity and
/// what tells of a recurrence.
const OFFER_ONLY: &[u64] = &[
    2,
    12,
    20,
    1_000_000_024,
    1_000_000_025,
    1_000_000_026,
    1_000_000_027,
    1_000_000_029,
    2_000_000_092,
    2_000_000_093,
    2_000_000_094,
];

/// A request (`lnr1…`) for an invoice.
///
/// [`Parsed`] it can be looked at; only a [`Verified`] one gives an invoice.
#[derive(Clone)]
pub struct InvoiceRequest<S: State> {
    pub(super) message: Message,
    state: PhantomData<S>,
}

impl InvoiceRequest<Parsed> {
    /// Reads a request's text.
    ///
    /// # Errors
    /// When it is no request, or none for a chain that is accepted.
    pub fn parse(text: &str, accept: impl Into<Accept>) -> Result<Self, Error> {
        Self::from_bytes(text::decode(text, Prefix::InvoiceRequest)?, accept)
    }

    /// Reads a request's bytes.
    ///
    /// # Errors
    /// See [`parse`](InvoiceRequest::parse).
    pub fn from_bytes(bytes: Vec<u8>, accept: impl Into<Accept>) -> Result<Self, Error> {
        let tables = [fields::OFFER, fields::REQUEST, fields::REQUEST_ONLY, fields::SIGNATURE];
        let request = InvoiceRequest { message: Message::read_signed(bytes, &tables, PAYER_ID)?, state: PhantomData };
        request.check(accept.into())?;
        Ok(request)
    }

    /// Is it complete, and signed by its payer?
    ///
    /// # Errors
    /// When a field that every request has is missing, or the signature is missing or wrong.
    pub fn verify(self) -> Result<InvoiceRequest<Verified>, Error> {
        self.message.require(PAYER_ID)?;
        self.message.require(METADATA)?;
        signature::verify(&self.message, *SIGNED, PAYER_ID)?;
        Ok(InvoiceRequest { message: self.message, state: PhantomData })
    }

    /// BOLT 12's rules for readers, in Core Lightning's order.
    fn check(&self, accept: Accept) -> Result<(), Error> {
        accept.check(std::iter::once(self.chain()))?;
        if let (Some(features), Some(place)) = (self.invreq_features(), self.message.place(84)) {
            features.check(KNOWN_FEATURES, place)?;
        }
        let [low, high] = [REQUEST_RANGES[0], REQUEST_RANGES[1]];
        self.message.check_ranges("invoice_request", &[low, (240, 1000), high])?;
        let mut paths = self.invreq_paths().into_iter().flatten();
        match self.message.place(90) {
            Some(place) if paths.any(|path| path.hops.is_empty()) => Err(Error::EmptyPath(place)),
            _ => Ok(()),
        }
    }
}

impl<S: State> InvoiceRequest<S> {
    request_fields!(accessors);
    request_only_fields!(accessors);
    offer_fields!(accessors);
    signature_field!(accessors);

    /// Is it past its `offer_absolute_expiry`, at this time in seconds since 1970?
    pub fn is_expired(&self, now: u64) -> bool {
        self.offer_absolute_expiry().is_some_and(|expiry| now > expiry)
    }

    /// To go on making it, or to sign it anew.
    pub fn into_builder(self) -> RequestBuilder {
        RequestBuilder { draft: Draft::mirror(&self.message, &[(0, u64::MAX)]) }
    }

    record_accessors!();
}

signed_message!(
    InvoiceRequest,
    Prefix::InvoiceRequest,
    *SIGNED,
    /// The text without a signature, as the command `createinvoicerequest` takes it to sign.
);

impl InvoiceRequest<Verified> {
    /// Does it stand alone, so that anybody may send an invoice for it unasked (`sendinvoice`)? Then this is what it
    /// pays.
    ///
    /// # Errors
    /// When it answers an offer, has fields that only an offer gives a meaning (also those of a recurrence), or names no amount.
    pub fn stand_alone_amount(&self) -> Result<Msat, Error> {
        let place = |number| self.message.place(number);
        if let Some(place) = place(22).or_else(|| place(16)) {
            return Err(Error::BasedOnOffer(place));
        }
        if let Some(place) = OFFER_ONLY.iter().find_map(|&number| place(number)) {
            return Err(Error::UnexpectedOfferField(place));
        }
        self.invreq_amount().ok_or(Error::Missing(FieldType(82)))
    }

    /// An invoice for it: it repeats the request and adds the invoice's own fields.
    pub fn invoice(&self, payment_hash: Hash32, amount: Msat, created_at: u64, node_id: NodeId) -> InvoiceBuilder {
        let draft = Draft::mirror(&self.message, REQUEST_RANGES);
        InvoiceBuilder::new(draft, payment_hash, amount, created_at, node_id)
    }
}

/// Makes an [`InvoiceRequest`].
#[derive(Clone)]
#[must_use = "a request is made by `build`"]
pub struct RequestBuilder {
    draft: Draft,
}

impl RequestBuilder {
    /// A request that stands alone: the payer publishes it and pays who sends an invoice.
    ///
    /// `metadata` makes it another request than all before: 16 random bytes will do.
    pub fn stand_alone(metadata: &[u8], payer_id: NodeId, chain: Chain, amount: Msat) -> Self {
        let builder = Self::new(Draft::default(), metadata, payer_id).invreq_amount(amount);
        if chain == Chain::BITCOIN { builder } else { builder.invreq_chain(chain) }
    }

    pub(super) fn new(draft: Draft, metadata: &[u8], payer_id: NodeId) -> Self {
        RequestBuilder { draft }.invreq_metadata(metadata).invreq_payer_id(payer_id)
    }

    request_fields!(setters);
    request_only_fields!(setters);
    offer_fields!(setters);
    unknown_setter!("invoice_request", REQUEST_RANGES);

    /// The request, to be signed.
    ///
    /// # Errors
    /// When it breaks a rule that readers check.
    pub fn build(mut self) -> Result<InvoiceRequest<Unsigned>, Error> {
        self.draft.remove(SIGNATURE);
        let request = InvoiceRequest::from_bytes(self.draft.into_bytes()?, Accept::Any)?;
        Ok(InvoiceRequest { message: request.message, state: PhantomData })
    }
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.draft.show("RequestBuilder", f)
    }
}
