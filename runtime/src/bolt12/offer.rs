//! Offers: what somebody can be paid for, again and again.

use std::fmt;
use std::str::FromStr;

use cln_primitives::{Hash32, Msat, NodeId};

use super::chain::Accept;
use super::error::{Error, FieldType};
use super::fields::types::*;
use super::fields::{self, accessors, offer_fields, setters};
use super::ids::{self, OFFER_RANGES};
use super::invoice_request::RequestBuilder;
use super::message::{Draft, Message, record_accessors, unknown_setter};
use super::text::{self, Prefix};
use super::view::View;

/// The even features of offers that are known: none.
const KNOWN_FEATURES: &[usize] = &[];

/// An offer (`lno1…`). It is not signed: its issuer proves itself by answering.
#[derive(Clone)]
pub struct Offer {
    pub(super) message: Message,
}

/// What an offer asks for one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferAmount<'a> {
    /// Bitcoin.
    Bitcoin(Msat),
    /// Another currency.
    Currency {
        /// Its three letters (ISO 4217).
        currency: &'a str,
        /// How many of its smallest unit.
        minor_units: u64,
    },
}

impl Offer {
    /// Reads an offer's text.
    ///
    /// # Errors
    /// When it is no offer, or none for a chain that is accepted.
    pub fn parse(text: &str, accept: impl Into<Accept>) -> Result<Self, Error> {
        Self::from_bytes(text::decode(text, Prefix::Offer)?, accept)
    }

    /// Reads an offer's bytes.
    ///
    /// # Errors
    /// See [`parse`](Offer::parse).
    pub fn from_bytes(bytes: Vec<u8>, accept: impl Into<Accept>) -> Result<Self, Error> {
        let offer = Offer { message: Message::read(bytes, &[fields::OFFER])? };
        offer.check(accept.into())?;
        Ok(offer)
    }

    /// An offer by this key; set at least a description and what else it is to say.
    pub fn builder(issuer_id: NodeId) -> OfferBuilder {
        OfferBuilder { draft: Draft::default() }.offer_issuer_id(issuer_id)
    }

    offer_fields!(accessors);

    /// What it asks for one item; `None` lets the payer choose.
    pub fn amount(&self) -> Option<OfferAmount<'_>> {
        let amount = self.offer_amount()?;
        Some(match self.offer_currency() {
            Some(currency) => OfferAmount::Currency { currency, minor_units: amount },
            None => OfferAmount::Bitcoin(Msat::from_msat(amount)),
        })
    }

    /// Its id, which its requests and their invoices have too.
    pub fn offer_id(&self) -> Hash32 {
        ids::offer_id(self.message.bytes())
    }

    /// Is it past its `offer_absolute_expiry`, at this time in seconds since 1970?
    pub fn is_expired(&self, now: u64) -> bool {
        self.offer_absolute_expiry().is_some_and(|expiry| now > expiry)
    }

    /// A request for it by a payer.
    pub fn request(&self, metadata: &[u8], payer_id: NodeId) -> RequestBuilder {
        RequestBuilder::new(Draft::mirror(&self.message, OFFER_RANGES), metadata, payer_id)
    }

    pub(crate) fn view(&self) -> View<'_> {
        View::new(&self.message)
    }

    record_accessors!();

    /// BOLT 12's rules for readers, in Core Lightning's order.
    fn check(&self, accept: Accept) -> Result<(), Error> {
        let place = |number| self.message.place(number);
        self.check_chains(accept)?;
        if let (Some(features), Some(place)) = (self.offer_features(), place(12)) {
            features.check(KNOWN_FEATURES, place)?;
        }
        self.message.check_ranges("offer", OFFER_RANGES)?;
        if let Some(amount) = place(8) {
            if self.offer_description().is_none() {
                return Err(Error::AmountWithoutDescription(amount));
            }
            if self.offer_amount() == Some(0) {
                return Err(Error::ZeroAmount(amount));
            }
        } else if let Some(currency) = place(6) {
            return Err(Error::CurrencyWithoutAmount(currency));
        }
        if place(22).is_none() && self.offer_paths().is_none_or(List::is_empty) {
            return Err(Error::NoIssuer);
        }
        if let (Some(mut paths), Some(place)) = (self.offer_paths(), place(16))
            && paths.any(|path| path.hops.is_empty())
        {
            return Err(Error::EmptyPath(place));
        }
        self.check_recurrence()
    }

    fn check_chains(&self, accept: Accept) -> Result<(), Error> {
        let Some(mut chains) = self.offer_chains() else {
            return accept.check(std::iter::once(Chain::BITCOIN));
        };
        match self.message.place(2) {
            Some(place) if accept == Accept::Any && chains.is_empty() => Err(Error::NoChains(place)),
            _ => accept.check(&mut chains),
        }
    }

    fn check_recurrence(&self) -> Result<(), Error> {
        let kinds =
            [(1_000_000_024, self.offer_recurrence_compulsory()), (1_000_000_025, self.offer_recurrence_optional())];
        let mut recurs = false;
        for (number, recurrence) in kinds {
            let (Some(recurrence), Some(place)) = (recurrence, self.message.place(number)) else {
                continue;
            };
            recurs = true;
            if recurrence.time_unit > 2 {
                return Err(Error::RecurrenceUnit { place, unit: recurrence.time_unit });
            }
            if recurrence.period == 0 {
                return Err(Error::RecurrencePeriodZero(place));
            }
        }
        match self.message.place(1_000_000_029) {
            Some(place) if self.offer_recurrence_limit() == Some(0) => return Err(Error::RecurrenceLimitZero(place)),
            _ => {}
        }
        let details = [1_000_000_026, 1_000_000_027, 1_000_000_029];
        match details.into_iter().find_map(|number| self.message.place(number)) {
            Some(place) if !recurs => Err(Error::RecurrenceMissing(place)),
            _ => Ok(()),
        }
    }
}

impl FromStr for Offer {
    type Err = Error;

    /// For any chain: to show it, not to pay it.
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text, Accept::Any)
    }
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::encode(Prefix::Offer, self.as_bytes()))
    }
}

impl fmt::Debug for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Offer({self})")
    }
}

/// Makes an [`Offer`].
#[derive(Clone)]
#[must_use = "an offer is made by `build`"]
pub struct OfferBuilder {
    draft: Draft,
}

impl OfferBuilder {
    offer_fields!(setters);
    unknown_setter!("offer", OFFER_RANGES);

    /// The offer.
    ///
    /// # Errors
    /// When it breaks a rule that readers check.
    pub fn build(self) -> Result<Offer, Error> {
        Offer::from_bytes(self.draft.into_bytes()?, Accept::Any)
    }
}

impl fmt::Debug for OfferBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.draft.show("OfferBuilder", f)
    }
}
