//! The plugin's commands. Their parameters are read as the daemon reads its own, and what they answer is of the types
//! that `schemas/plugin/` describe.

use std::time::Duration;

use cln_api::error_code::OFFER_ALREADY_DISABLED;
use cln_api::{listinvoicerequests, lnr_collect, lnr_disable, lnr_list, lnr_pause, lnr_request, lnr_show, sendinvoice};
use cln_plugin::Plugin;
use cln_primitives::{Hash32, RpcError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::service::{RECEIVED, State, failure, notify};
use crate::engine::answer::{Listed as _, own_entry};
use crate::engine::{
    Claim, ClaimState, Clock as _, IssuerError, NodeIdentity as _, Order, RequestStore as _, System, send_invoice,
};
use crate::node::commands::input;
use crate::node::commands::requests::{CREATE_ONCE, CreateOnce, DISABLE, LIST};
use crate::node::commands::sendinvoice::SEND;
use crate::node::params::{Kind, Param, optional, required};
use crate::recover::{Disabled, Recover};

const SHOW: &[Param] = &[required("invreq_id", Kind::Hash)];
const PAUSE: &[Param] = &[optional("pause", Kind::Bool)];
/// For how long a payment of the daemon's is waited for, before its request can be disabled.
const DISABLE_WITHIN: Duration = Duration::from_secs(60);

type Answer = Result<Value, RpcError>;

/// The parameters of a call.
fn read<I: DeserializeOwned>(params: &'static [Param], given: &Value) -> Result<I, RpcError> {
    let raw = serde_json::value::to_raw_value(given).map_err(|error| failure(error.to_string()))?;
    input(params, &raw)
}

/// An answer, of its command's type.
fn shaped<T: DeserializeOwned + Serialize>(answer: Value) -> Answer {
    let fault = |error: serde_json::Error| failure(format!("the answer has not its command's shape: {error}"));
    let typed: T = serde_json::from_value(answer).map_err(fault)?;
    serde_json::to_value(&typed).map_err(fault)
}

pub(super) async fn request(plugin: Plugin<State>, params: Value) -> Answer {
    let state = plugin.state();
    let (new, valid_for) = read::<CreateOnce>(CREATE_ONCE, &params)?.into_new()?;
    let service = state.service().await?;
    off(&service.missing.to_request, "lnr-request")?;
    let record = service.issuer.create_once(new, valid_for).await?;
    state.0.desk.expect(record.invreq_id);
    shaped::<lnr_request::Response>(own_entry(&record))
}

/// # Errors
/// When the node lacks commands that this one needs.
fn off(missing: &[&str], command: &str) -> Result<(), RpcError> {
    if missing.is_empty() {
        return Ok(());
    }
    Err(failure(format!("`{command}` is off: the node has no command {}", missing.join(", "))))
}

pub(super) async fn collect(plugin: Plugin<State>, params: Value) -> Answer {
    let request: sendinvoice::Request = read(SEND, &params)?;
    let service = plugin.state().service().await?;
    off(&service.missing.to_collect, "lnr-collect")?;
    let order = Order::new(&request, service.payee.chain())?;
    let paid = send_invoice(&service.payee, &order).await?.entry();
    let told = |name: &str| paid.get(name).cloned().unwrap_or_default();
    let received = json!({
        "label": told("label"),
        "payment_hash": told("payment_hash"),
        "amount_received_msat": told("amount_received_msat"),
    });
    notify(&plugin, RECEIVED, received).await;
    shaped::<lnr_collect::Response>(paid)
}

#[derive(Deserialize)]
struct List {
    invreq_id: Option<Hash32>,
    active_only: Option<bool>,
}

pub(super) async fn list(plugin: Plugin<State>, params: Value) -> Answer {
    let state = plugin.state();
    let List { invreq_id, active_only } = read(LIST, &params)?;
    let service = state.service().await?;
    let ours = service.issuer.list(invreq_id, active_only.unwrap_or(false)).await?;
    let mut all: Vec<Value> = ours.iter().map(|record| kept(own_entry(record), "lnr")).collect();
    let mut theirs = listinvoicerequests::Request::new();
    theirs.invreq_id = invreq_id.map(|id| id.to_string());
    theirs.active_only = active_only;
    let theirs = service.client.call(&theirs).await.map_err(|error| failure(error.to_string()))?;
    for request in theirs.invoicerequests {
        all.push(kept(json!(request), "lightningd"));
    }
    shaped::<lnr_list::Response>(json!({ "invoicerequests": all }))
}

/// The entry, and who keeps it.
fn kept(mut entry: Value, keeper: &str) -> Value {
    entry["keeper"] = json!(keeper);
    entry
}

#[derive(Deserialize)]
struct One {
    invreq_id: Hash32,
}

pub(super) async fn disable(plugin: Plugin<State>, params: Value) -> Answer {
    let state = plugin.state();
    let One { invreq_id } = read(DISABLE, &params)?;
    let service = state.service().await?;
    match service.issuer.disable(invreq_id).await {
        Ok(record) => return shaped::<lnr_disable::Response>(kept(own_entry(&record), "lnr")),
        Err(IssuerError::Unknown(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let disabled = Recover::new(service.client.clone()).disable(&invreq_id, DISABLE_WITHIN).await;
    match disabled.map_err(|error| failure(error.to_string()))? {
        Disabled::Disabled { pending, .. } => warn_of(pending),
        Disabled::AlreadyClosed { pending, .. } => {
            warn_of(pending);
            let message = format!("invoice_request {invreq_id} is not active");
            return Err(RpcError { code: OFFER_ALREADY_DISABLED, message, data: None });
        }
        Disabled::Unknown => return Err(IssuerError::Unknown(invreq_id).into()),
        Disabled::PaymentPending { payment_hash } => {
            return Err(failure(format!(
                "the payment {payment_hash} for it is under way, and the node would not survive that its request is \
                 disabled now: try again when it has ended"
            )));
        }
    }
    let look = listinvoicerequests::Request::new().invreq_id(invreq_id.to_string());
    let rows = service.client.call(&look).await.map_err(|error| failure(error.to_string()))?.invoicerequests;
    let row = rows.into_iter().next().ok_or(IssuerError::Unknown(invreq_id))?;
    shaped::<lnr_disable::Response>(kept(json!(row), "lightningd"))
}

fn warn_of(pending: Option<Hash32>) {
    if let Some(payment_hash) = pending {
        tracing::error!(
            %payment_hash,
            "a payment for a request that was disabled in the daemon is under way: if it succeeds, lightningd stops and \
             does so at each start until the request's row is mended by hand"
        );
    }
}

pub(super) async fn show(plugin: Plugin<State>, params: Value) -> Answer {
    let state = plugin.state();
    let One { invreq_id } = read(SHOW, &params)?;
    let record = state.0.store.request(invreq_id).await?;
    let record = record.ok_or(IssuerError::Unknown(invreq_id))?;
    let claims: Vec<Value> = state.0.store.claims(invreq_id).await?.iter().map(claim).collect();
    let mut shown = own_entry(&record);
    shown["claims"] = json!(claims);
    shaped::<lnr_show::Response>(shown)
}

fn claim(claim: &Claim) -> Value {
    let mut told = json!({
        "payment_hash": claim.payment_hash(),
        "amount_msat": claim.invoice.payment().amount,
        "created_at": claim.created_at,
        "bolt12": claim.invoice.to_string(),
    });
    match &claim.state {
        ClaimState::Pending => told["status"] = json!("pending"),
        ClaimState::Complete(preimage) => {
            told["status"] = json!("complete");
            told["preimage"] = json!(preimage);
        }
        ClaimState::Failed(reason) => {
            told["status"] = json!("failed");
            told["reason"] = json!(reason);
        }
    }
    told
}

#[derive(Deserialize)]
struct Pause {
    pause: Option<bool>,
}

pub(super) async fn pause(plugin: Plugin<State>, params: Value) -> Answer {
    let state = plugin.state();
    let Pause { pause } = read(PAUSE, &params)?;
    let (bounds, store) = (&state.0.bounds, &state.0.store);
    if let Some(paused) = pause {
        store.set_paused(paused).await?;
        bounds.paused.store(paused, std::sync::atomic::Ordering::SeqCst);
        state.apply_pause();
        tracing::info!(paused, "an operator has paused or resumed paying");
    }
    let mut told = json!({
        "paused": bounds.is_paused(),
        "dry_run": bounds.is_dry_run(),
        "spent_msat": store.spent(System.now()).await?,
        "pending": store.pending_claims().await?.len(),
        "dropped": state.0.desk.dropped(),
    });
    if let Some(limit) = bounds.daily_limit() {
        told["daily_limit_msat"] = json!(limit);
    }
    shaped::<lnr_pause::Response>(told)
}
