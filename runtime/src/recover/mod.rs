//! Payments by invoice requests, each once, on any node: whatever fails, make the same call again.
//!
//! Core Lightning's `invoicerequest` makes another request each time, and `sendinvoice` cannot be taken up again: who
//! loses an answer can neither repeat the call nor leave it. The flows here can be repeated, after lost connections,
//! crashes of the caller and restarts of the node, because they keep nothing themselves: they look at the node's own
//! tables before they act, and a label or an id says which row is meant.
//!
//! | the payer | the payee |
//! |---|---|
//! | [`request`](Recover::request): promise a payment, once a label | |
//! | | [`collect`](Recover::collect): be paid by the promise, once a label |
//! | [`watch`](Recover::watch): see it kept | |
//! | [`disable`](Recover::disable): take it back | |
//!
//! ```
//! use cln_primitives::Msat;
//! use cln_runtime::client::Client;
//! use cln_runtime::recover::{Collected, CollectSpec, Recover};
//! # use cln_runtime::testing::FakeNode;
//! # use serde_json::json;
//! # const LNR: &str = "lnr1qqgdnv9sjupgtds5kd3v0l9mua487zswwfjkvatwvssxzgp4xvcrjvzsyqrzymjxzydqkkw24ufxqslttwlj3s608f0rx2slc7etw\
//! #     0833zgs75szzwy9sggr4h0s5rynv2q0ft3432u2h987236966vv7h5nee8928dtvchthevlqs9emjzz0l2u8uvezf7uaenrusdm9vx6pt\
//! #     87amclcvz3y4qr2quf6l55ufkk68r8wudyusaeargnrl4sqcwlhv2knsaxupc35gh8lhjt6";
//!
//! # async fn serve(client: Client, lnr: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let recover = Recover::new(client);
//! let refund = CollectSpec::new(lnr).amount(Msat::from_msat(5000));
//! match recover.collect(refund, "refund-17").await? {
//!     Collected::Paid(receipt) => println!("{} came in at {}", receipt.amount_msat, receipt.paid_at),
//!     Collected::Refused { reason, .. } => println!("the payer does not pay: {reason}"),
//!     Collected::Unreachable { reason } => println!("try again when the payer is there: {reason}"),
//!     Collected::TimedOut { may_still_be_paid_until: Some(time) } => println!("ask again, latest at {time}"),
//!     Collected::TimedOut { may_still_be_paid_until: None } => println!("the payer was silent: try again"),
//!     Collected::Expired { at } => println!("too late since {at}"),
//!     other => println!("{other:?}"),
//! }
//! # Ok(())
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let node = FakeNode::start()?;
//! # node.answer("listinvoices", json!({ "invoices": [] }));
//! # node.reply("sendinvoice", cln_runtime::testing::Reply::error(1003, "no way"));
//! # serve(Client::connect(node.path()).await?, LNR).await?;
//! # assert_eq!(node.count("sendinvoice"), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # `request`
//!
//! ```text
//! look for the label ─┬─ the same content ──▶ Open, Used or Disabled
//!         ▲           ├─ only another ──────▶ Err(Clash)
//!         │           └─ nothing ──▶ invoicerequest ─┬─ made ───────────────▶ Open
//!         │                                          ├─ refused, not sent ──▶ Err
//!         └──────────── for a second ────────────────┴─ answer lost, and no row comes ──▶ Err
//! ```
//!
//! Labels are not unique on a node. Where several rows have the label and the content asked for, one that is used up is
//! taken, else one that takes invoices, else any; of equals the one with the lowest id. The others that still take
//! invoices are named in the outcome. What is compared is amount, description, issuer, expiry and single use.
//!
//! Nothing is made twice in one call. A request whose answer was lost may still come into being: the next call sees it,
//! or, where it comes later still, the call after that, which names one of the two among the others. Callers of one
//! process take turns by the label, if they share a [`Recover`]. Two *processes* that ask for the same label in the same
//! moment can make two requests: use one process, or a label each.
//!
//! # `collect`
//!
//! ```text
//! verify the request (signature, stand-alone, amount) ──▶ Err
//! choose how to send: as the caller says, else directly where the node can
//!    │
//! look under the label ◀─────────────────────────────────────────────────────┐
//!    ├─ for something else ──▶ Err(LabelTaken)                               │
//!    ├─ paid ──▶ check the receipt ──▶ Paid                                  │
//!    ├─ unpaid ──▶ wait until it is paid or expires ──▶ TimedOut(Some), or   ┤
//!    ├─ expired ──▶ delete what is expired ──────────────────────────────────┤
//!    └─ nothing ──▶ the request expired? ──▶ Expired                         │
//!         │         unpaid under another label? ──▶ Err(OtherLabel)          │
//!         ▼                                                                  │
//!     send, by `sendinvoice` or directly                                     │
//!         ├─ paid ──▶ check the receipt ──▶ Paid                             │
//!         ├─ 900: another caller was first ──────────────────────────────────┤
//!         ├─ 1004: delete what is unpaid, look: ──▶ Paid or Refused          │
//!         ├─ 1003, -1: delete what is unpaid, look: ──▶ Paid or Unreachable  │
//!         ├─ 1002: the same ──▶ Expired                                      │
//!         ├─ refused by the own node: the same ──▶ Paid or Err               │
//!         └─ 1005, 903, lost, a plugin died: it may be with the payer ───────┘
//!            looked at again: nothing or expired ──▶ TimedOut(None); nothing, and the answer was lost ──▶ Err
//! ```
//!
//! * *Directly* means that the rules of [`send_invoice`](crate::engine::send_invoice) run here, over the node's
//!   `createinvoice`, `injectonionmessage` and `waitinvoice` (feature `onion`); by `sendinvoice` means that Core
//!   Lightning's run. The node is asked once by `help` whether it has the commands. Sent directly, a request past its time
//!   gets no invoice, what the node has signed is compared with what was ordered before it leaves, and a label is freed
//!   when its invoice was certainly not handed over. Only a plugin hears a payer's refusal of such an invoice; here it is
//!   silence, and ends as `TimedOut`. Either way goes on with the rows of the other, as a label means the same to both. A
//!   receipt says by which its call sends.
//! * One call sends one invoice at most, and none while the node holds one for the request that could be paid. Nothing
//!   is sent blindly again: that no row is there after a lost answer does not prove that none will come. If it comes,
//!   the next call meets it, or its own `sendinvoice` meets the taken label (900).
//! * An invoice is deleted when it has expired, when the payer has refused it, or when it could not be sent. A deletion
//!   names the status that it expects, so a payment that was faster wins and is told. An invoice that is deleted cannot
//!   be paid any more: the payer's money stays with the payer. One that the node does not give up, as it is being paid
//!   at that moment, is waited for.
//! * A caller that dies, or drops the call, leaves at most one unpaid invoice; the next call waits for its payment or
//!   expiry, even where the payer had refused it already.
//! * A receipt is believed when the invoice is for the request and for all of its amount, the preimage hashes to the
//!   payment hash, and no less came in.
//! * The node's table is the memory. Once a paid invoice is deleted, by hand or by `autoclean`, the label is a new one.
//! * Callers of one process that share a [`Recover`] take turns by the request. Between processes the label is the
//!   guard: a deletion may meet the newer invoice of another process there, which then has to send again. Two that use
//!   two labels for one request in the same moment do not see each other, and the payer decides.
//!
//! # `disable`
//!
//! ```text
//! look ─┬─ unknown ──▶ Unknown
//!   ▲   ├─ closed ──▶ look at payments ──▶ AlreadyClosed
//!   │   └─ open ──▶ payments under way ─┬─ one is for it ──▶ pause; out of time ──▶ PaymentPending
//!   │                                   └─ none ──▶ disableinvoicerequest ──▶ look at payments ──▶ Disabled
//!   └──────────── 1001, or the answer was lost ─────┘
//! ```
//!
//! Between the look at the payments and the command a payment may begin: about a millisecond, as one follows on the
//! other over the same connection. It is noticed by the look afterwards and told ([`Disabled::Disabled`]), but cannot be
//! undone. A call that finds the request closed already looks as well, as the answer of the one before may have been lost.
//! Payments without an invoice, such as `keysend`, are never for a request.

mod claim;
mod collect;
#[cfg(feature = "onion")]
mod direct;
mod disable;
mod error;
mod pace;
mod receipt;
mod request;
mod row;
mod send;
mod sending;
mod table;
mod turns;
mod watch;

pub use claim::CollectSpec;
pub use collect::Collected;
pub use disable::Disabled;
pub use error::{Error, ReceiptFault};
pub use receipt::Receipt;
pub use request::{Request, RequestSpec, Requested};
pub use sending::Sending;
use turns::Turns;
pub use watch::Watched;

use crate::client::Client;
#[cfg(feature = "onion")]
use crate::engine::System;
#[cfg(feature = "onion")]
use crate::lightningd::Payee;

/// The flows, over a client. Make one a node, and clone it: clones take turns where they want the same thing.
#[derive(Clone, Debug)]
pub struct Recover {
    client: Client,
    turns: Turns,
    /// The node's payee, once it is known whether the node can send directly; else why not.
    #[cfg(feature = "onion")]
    payee: std::sync::Arc<tokio::sync::OnceCell<Result<Payee<Client, System>, String>>>,
}

impl Recover {
    /// The flows over this client.
    pub fn new(client: Client) -> Self {
        Recover {
            client,
            turns: Turns::default(),
            #[cfg(feature = "onion")]
            payee: std::sync::Arc::default(),
        }
    }
}
