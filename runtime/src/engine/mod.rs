//! The rules of `invoicerequest` and `sendinvoice`, over [ports](IssuerPorts): no clock, socket, file or key is touched
//! here.
//!
//! | side | does |
//! |---|---|
//! | [`Issuer`] | publishes requests and pays the invoices that come for them |
//! | [`send_invoice`] | makes an invoice for a request, sends it and waits to be paid |
//! | [`settle`] | takes the payment, on a node that settles its own HTLCs |
//!
//! All three are written for crashes: they read what is stored, decide, make one atomic step of the store, and only
//! then act on the world. After a restart the same functions, called again, go on from the store.
//!
//! Money moves at most once for a single-use request, as three stores agree, each by a constraint of its own: the
//! payer's has one claim that has not failed; the wallet pays a hash once; the payee binds an invoice to one payment
//! before the preimage leaves.

pub mod answer;
pub mod issuer;
pub mod payee;
pub mod receiver;

mod judge;
mod labels;
mod limits;
mod model;
mod ports;
mod refusal;
#[cfg(feature = "onion")]
mod system;
pub(crate) mod turns;

pub use issuer::{IncomingInvoice, Issuer, IssuerError, Judgement, NewRequest};
#[cfg(feature = "plugin")]
pub(crate) use limits::Gate;
pub use limits::Limits;
pub use model::{
    AcceptedHtlcs, Claim, ClaimState, HtlcSet, HtlcSetId, InvoiceRecord, InvoiceState, NewInvoice, Receipt, ReplyPath,
    RequestRecord, RequestStatus, payment_hash,
};
pub use payee::{Order, SendInvoiceError, send_invoice};
pub use ports::{
    Acceptance, Answer, ClaimLimits, ClaimRefusal, Claimed, Clock, Courier, Creation, Disabling, Free, Fulfilment,
    Htlcs, Insertion, InvoiceStore, IssuerPorts, LabelError, LabelledRequests, NodeIdentity, PayError, PayeePorts,
    Random, ReceiverPorts, RequestStore, SendError, SettlementStore, SignError, Signer, StoreError, Wallet,
};
pub use receiver::{Settlement, settle, settle_all};
pub use refusal::Refusal;
#[cfg(feature = "onion")]
pub use system::System;
