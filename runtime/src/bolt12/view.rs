//! The fields of an offer and of a request, whichever message holds them: to show them.

use cln_primitives::{Msat, NodeId};

use super::error::FieldType;
use super::fields::types::*;
use super::fields::{accessors, offer_fields, request_fields, request_only_fields};
use super::message::Message;

/// What an offer, a request or an invoice has of these fields.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    message: &'a Message,
}

impl<'a> View<'a> {
    pub(super) fn new(message: &'a Message) -> Self {
        View { message }
    }

    offer_fields!(accessors);
    request_fields!(accessors);
    request_only_fields!(accessors);

    pub(crate) fn unknown_records(&self) -> impl Iterator<Item = (FieldType, &[u8])> {
        self.message.unknown()
    }
}
