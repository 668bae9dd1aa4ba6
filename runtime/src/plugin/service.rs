//! What the plugin is while it runs: the payer's rules over the node, and who may use them when.

use std::sync::Arc;
use std::time::Duration;

use cln_api::error_code::LIGHTNINGD;
use cln_plugin::Plugin;
use cln_primitives::{NodeId, RpcError};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::background::BackgroundCourier;
use super::bounds::{BoundedStore, Bounds};
use super::checks::Missing;
use super::hooks::Desk;
use crate::client::Client;
use crate::engine::{Claim, ClaimState, Issuer, Refusal, System};
use crate::lightningd::{Courier, Payee, Payer};
use crate::node::store::Store;

/// For how long a command waits for the plugin's start.
const START: Duration = Duration::from_secs(30);

pub(super) type Ports = Payer<Client, BoundedStore, BackgroundCourier<Courier<Client, System>>, System>;

/// What commands and hooks share. A clone is the same.
#[derive(Clone, Debug)]
pub(super) struct State(pub(super) Arc<Shared>);

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) store: Store,
    pub(super) bounds: Arc<Bounds>,
    pub(super) desk: Desk,
    /// There once the node has answered, and every open claim was looked at.
    pub(super) service: watch::Sender<Option<Arc<Service>>>,
}

/// The rules over the node.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) client: Client,
    pub(super) node_id: NodeId,
    pub(super) issuer: Issuer<Ports>,
    pub(super) payee: Payee<Client, System>,
    pub(super) missing: Missing,
}

impl State {
    /// The service, once it is there.
    pub(super) async fn service(&self) -> Result<Arc<Service>, RpcError> {
        let mut service = self.0.service.subscribe();
        let ready = tokio::time::timeout(START, service.wait_for(Option::is_some)).await;
        let ready = ready.ok().and_then(Result::ok).and_then(|service| service.clone());
        ready.ok_or_else(|| failure("the plugin is still starting: see the node's log, and try again"))
    }

    /// Applies the pause, or the dry run, to the payments that are claimed already, too.
    pub(super) fn apply_pause(&self) {
        // Locked for writing: of two callers, the later one sees what both have set.
        self.0.service.send_if_modified(|service| {
            if let Some(service) = service {
                service.issuer.ports().wallet().pause(self.0.bounds.pays_nothing());
            }
            false
        });
    }
}

pub(super) fn failure(message: impl Into<String>) -> RpcError {
    RpcError { code: LIGHTNINGD, message: message.into(), data: None }
}

/// Tells the node's other plugins; whether any listens is not known.
pub(super) async fn notify(plugin: &Plugin<State>, topic: &str, payload: Value) {
    if let Err(error) = plugin.send_custom_notification(topic.to_owned(), payload).await {
        tracing::debug!(%error, topic, "a notification was not sent");
    }
}

/// Tells how a payment ended.
pub(super) async fn notify_end(plugin: &Plugin<State>, claim: &Claim) {
    let (invreq_id, payment_hash) = (claim.invreq_id, claim.payment_hash());
    let amount = claim.invoice.payment().amount;
    match &claim.state {
        ClaimState::Complete(_) => {
            tracing::info!(%invreq_id, %payment_hash, %amount, "paid");
            let paid = json!({ "invreq_id": invreq_id, "payment_hash": payment_hash, "amount_msat": amount });
            notify(plugin, PAID, paid).await;
        }
        ClaimState::Failed(reason) => {
            tracing::info!(%invreq_id, %payment_hash, reason, "not paid");
            let refused = json!({ "invreq_id": invreq_id, "payment_hash": payment_hash, "reason": reason });
            notify(plugin, REFUSED, refused).await;
        }
        ClaimState::Pending => {}
    }
}

/// Tells of an invoice that is not paid.
pub(super) async fn notify_refusal(plugin: &Plugin<State>, invreq_id: cln_primitives::Hash32, refusal: &Refusal) {
    tracing::info!(%invreq_id, %refusal, "an invoice is not paid");
    notify(plugin, REFUSED, json!({ "invreq_id": invreq_id, "reason": refusal.to_string() })).await;
}

/// A request of this node's was paid: `invreq_id`, `payment_hash`, `amount_msat`.
pub(super) const PAID: &str = "lnr_paid";
/// An invoice for a request of this node's is not paid: `invreq_id`, `reason`, and `payment_hash` if it was tried.
pub(super) const REFUSED: &str = "lnr_refused";
/// An invoice that `lnr-collect` sent was paid: `label`, `payment_hash`, `amount_received_msat`.
pub(super) const RECEIVED: &str = "lnr_received";
