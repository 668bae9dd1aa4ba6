//! The hooks `onion_message_recv` and `onion_message_recv_secret`: whose is a message?
//!
//! Everything here is in memory, as the node waits for the answer, and strangers may send as much as they like. A message
//! for a request of ours is ours, and all others go on to the node's own plugins. Nothing that comes in can make a hook
//! fail.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use cln_api::hook::onion_message_recv_secret::BlindedPath;
use cln_primitives::{Hash32, HexBytes, Secret};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::bolt12::{BlindedPathBuf, Chain, Invoice, InvoiceError};
use crate::engine::{Answer, Clock as _, Gate, IncomingInvoice, Limits, ReplyPath, System};
use crate::onion::Replies;

/// So many invoices wait to be looked at; more are dropped.
const INBOX: usize = 1024;

/// An invoice for a request of ours.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) invreq_id: Hash32,
    pub(super) invoice: IncomingInvoice,
}

/// What is ours, and where it is put.
#[derive(Debug)]
pub(super) struct Desk {
    chain: Chain,
    requests: RwLock<HashSet<Hash32>>,
    inbox: mpsc::Sender<Arrival>,
    /// Counts the invoices for each request: whoever has one request is not to crowd out the payees of others.
    gate: Gate<Hash32>,
    /// Of each request.
    limits: Limits,
    /// Who waits for answers of payers.
    replies: RwLock<Replies>,
    dropped: AtomicU64,
}

/// What both hooks say; what else they say is of no use here.
#[derive(Deserialize)]
struct Payload {
    onion_message: Message,
}

#[derive(Deserialize)]
struct Message {
    pathsecret: Option<Secret>,
    #[serde(default)]
    reply_blindedpath: Value,
    invoice: Option<HexBytes>,
    invoice_error: Option<HexBytes>,
}

impl Desk {
    /// A desk that knows these requests, and where what it takes comes out. Of each request's invoices it takes so many
    /// in a second as the limits say.
    pub(super) fn new(
        chain: Chain,
        requests: impl IntoIterator<Item = Hash32>,
        limits: Limits,
    ) -> (Self, mpsc::Receiver<Arrival>) {
        let (inbox, arrivals) = mpsc::channel(INBOX);
        let requests = RwLock::new(requests.into_iter().collect());
        let (gate, replies, dropped) = (Gate::default(), RwLock::default(), AtomicU64::new(0));
        (Desk { chain, requests, inbox, gate, limits, replies, dropped }, arrivals)
    }

    /// Takes invoices for this request from now on.
    pub(super) fn expect(&self, invreq_id: Hash32) {
        self.requests.write().unwrap_or_else(PoisonError::into_inner).insert(invreq_id);
    }

    /// Gives the answers of payers to those who wait for them here, from now on.
    pub(super) fn answers_for(&self, replies: Replies) {
        *self.replies.write().unwrap_or_else(PoisonError::into_inner) = replies;
    }

    /// How many invoices were dropped because there were too many.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Counts an invoice that nobody looked at.
    pub(super) fn drop_one(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// The hook's answer.
    pub(super) fn on_message(&self, payload: Value) -> Value {
        match self.take(payload) {
            Some(()) => json!({ "result": "resolve" }),
            None => json!({ "result": "continue" }),
        }
    }

    /// `None` when the message is not ours.
    fn take(&self, payload: Value) -> Option<()> {
        let message = Payload::deserialize(payload).ok()?.onion_message;
        if let Some(path_id) = &message.pathsecret {
            let answer = || answer(message.invoice_error.as_ref().map(|bytes| bytes.to_vec()).unwrap_or_default());
            if self.replies.read().unwrap_or_else(PoisonError::into_inner).answer(path_id, answer) {
                return Some(());
            }
        }
        let bytes = message.invoice?.into_vec();
        let invreq_id = Invoice::from_bytes(bytes.clone(), self.chain).ok()?.invreq_id();
        if !self.requests.read().unwrap_or_else(PoisonError::into_inner).contains(&invreq_id) {
            return None;
        }
        if !self.gate.admits(Some(invreq_id), System.now(), &self.limits) {
            self.drop_one();
            return Some(());
        }
        let invoice = IncomingInvoice {
            invoice: bytes,
            path_secret: message.pathsecret,
            reply_path: reply_path(message.reply_blindedpath),
            // The hook does not say who brought it.
            from: None,
        };
        if self.inbox.try_send(Arrival { invreq_id, invoice }).is_err() {
            self.drop_one();
        }
        Some(())
    }
}

/// What a payer answered by an `invoice_error`; none when there are no bytes.
fn answer(bytes: Vec<u8>) -> Answer {
    match InvoiceError::from_bytes(bytes.clone()) {
        Ok(error) if !bytes.is_empty() => Answer::Refusal(error),
        _ => Answer::Nonsense(bytes),
    }
}

/// One that cannot be read is as good as none: the payee hears nothing.
fn reply_path(json: Value) -> Option<ReplyPath> {
    let path = BlindedPath::deserialize(json).ok()?;
    BlindedPathBuf::try_from(path).ok()?.to_bytes().ok().map(ReplyPath)
}
