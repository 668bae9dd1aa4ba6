//! A plugin for lightningd that publishes requests, pays for them and sends invoices by strict rules: `lnr plugin`.
//!
//! Core Lightning's own commands `invoicerequest` and `sendinvoice` pay past a request's expiry and over less than was
//! promised, and lightningd does not survive that a request is disabled while it is paid. This plugin has commands of its
//! own beside them, over the rules of [`engine`](crate::engine), and leaves the daemon as it is.
//!
//! # To install it
//!
//! The binary `lnr` is the plugin when lightningd starts it, or when it is called `lnr-plugin`:
//!
//! ```text
//! ln -s /usr/local/bin/lnr /usr/local/bin/lnr-plugin
//! lightning-cli plugin start /usr/local/bin/lnr-plugin        # now
//! plugin=/usr/local/bin/lnr-plugin                            # in the node's configuration: at each start
//! ```
//!
//! It keeps `lnr.sqlite3` in the network's folder of the node, readable by its owner alone, and locks `lnr.lock` beside it
//! so that it runs once. The file has the requests, their payments and the receipts: back it up with the node. A request
//! that is not in the file is not paid, and a file that is *older* than the node's own database may lack a payment that
//! was made: do not put an old one back while requests of it are open.
//!
//! # Its commands
//!
//! | command | does | as Core Lightning's |
//! |---|---|---|
//! | `lnr-request` | makes a request; a label makes it once | `invoicerequest` |
//! | `lnr-collect` | sends an invoice for a request, and waits to be paid | `sendinvoice` |
//! | `lnr-list` | lists requests, the daemon's too | `listinvoicerequests` |
//! | `lnr-disable` | takes a request back, one of the daemon's too | `disableinvoicerequest` |
//! | `lnr-show` | shows a request and its payments | – |
//! | `lnr-pause` | stops or resumes paying, and shows the limits | – |
//!
//! # To bound it
//!
//! The plugin spends money by itself, when an invoice comes for a request of its own. What it may spend:
//!
//! | option | bounds | default |
//! |---|---|---|
//! | `lnr-daily-limit` | what is paid within 24 hours, the highest fees included | no limit |
//! | `lnr-max-fee` | the fees of a payment | 1 % or 5 sat, whichever is more |
//! | `lnr-retry-for` | for how many seconds a payment is tried | 60 |
//! | `lnr-max-pending` | payments for one multi-use request at a time | 64 |
//! | `lnr-invoices-per-second` | invoices for one request that are looked at in a second; for all, ten times as many | 100 |
//! | `lnr-pause` | begins no payments | false |
//! | `lnr-dry-run` | judges and reports, and pays nothing | false |
//!
//! Invoices are counted by request, as lightningd's hooks do not name the peer that brought a message. Paused or dry, the
//! plugin also begins no call for a payment that is bound already: it waits.
//!
//! `lnr-daily-limit`, `lnr-pause` and `lnr-dry-run` can be changed while it runs, by `setconfig`. A payment is bound and
//! counted in one step of the store, so that no two of them are within a limit together that allows one. Whoever is turned
//! away by a limit is told to try again later.
//!
//! # To watch it
//!
//! It logs to the node's log, and notifies other plugins:
//!
//! | notification | when | with |
//! |---|---|---|
//! | `lnr_paid` | a request was paid | `invreq_id`, `payment_hash`, `amount_msat` |
//! | `lnr_refused` | an invoice is not paid | `invreq_id`, `reason`; `payment_hash` if it was tried |
//! | `lnr_received` | an invoice of this node's was paid | `label`, `payment_hash`, `amount_received_msat` |
//!
//! They are sent from memory, after the store has the end: around a crash of the node or the plugin, and when `lnr-collect`
//! is called again, one may come more than once, or not at all. What counts is `lnr-show` and `listinvoices`.
//!
//! # To stop it
//!
//! `lnr-pause true` stops payments from beginning, also over restarts, until `lnr-pause false`. `lightning-cli plugin stop
//! lnr-plugin` ends it. While it does not run, invoices for its requests come to the daemon, which does not know them and
//! refuses. A payment that is under way goes on in the node, and its end is found out at the next start.
//!
//! # What a crash leaves
//!
//! Whatever ends at any moment, node, plugin or both: a payment is bound in the store before the node is told of it, so at
//! the next start every one that has no end yet is looked at before any new one is taken: see
//! [`Wallet`](crate::lightningd::Wallet) for how its end is found out.
//!
//! That end is read in the node's payments. Do not delete those that are younger than their invoices' expiry, neither by
//! `delpay` nor by `autoclean`: a payment whose row is deleted while the plugin is down looks as if it had never been made.
//!
//! # How it works
//!
//! ```text
//! onion_message_recv(_secret) ─▶ hooks: ours? ──no──▶ continue, to the node's own plugins
//!                                  │ yes: resolve
//!                                  ▼
//!                                inbox ──▶ Issuer::on_invoice ──▶ Issuer::pay ──▶ xpay
//!                                              │ bounds, store        │
//!                                              ▼                      ▼
//!                                       lnr_refused, invoice_error   lnr_paid
//! ```

mod background;
mod bounds;
mod checks;
mod commands;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod hooks;
mod input;
mod lock;
mod options;
mod service;
#[cfg(test)]
mod tests;
mod work;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use cln_plugin::messages::NotificationTopic;
use cln_plugin::options::Value as OptionValue;
use cln_plugin::{Builder, ConfiguredPlugin, HookBuilder, Plugin, RpcMethodBuilder};
use cln_primitives::RpcError;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::bolt12::Chain;
use crate::engine::{RequestStore as _, SignError, StoreError};
use crate::node::store::Store;
use bounds::Bounds;
use hooks::{Arrival, Desk};
use input::Input;
use lock::Lock;
pub use options::OptionError;
use options::Settings;
use service::{PAID, RECEIVED, REFUSED, Shared, State};
use work::Start;

/// The plugin could not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PluginError {
    /// What lightningd said is not understood, or it does not listen.
    #[error("lightningd: {0}")]
    Protocol(String),
}

/// Why the plugin does not start on this node.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    #[error(transparent)]
    Options(#[from] OptionError),
    #[error("the network {0:?} is not known: the plugin works on bitcoin, testnet, testnet4, signet and regtest")]
    Network(String),
    #[error("{0}")]
    Lock(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where the plugin's log goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// To the node's log. Once in a process.
    Node,
    /// To where the process logs already.
    Process,
}

/// Is the plugin until lightningd ends it: `input` and `output` are what lightningd writes and reads.
///
/// # Errors
/// When lightningd says what no lightningd says. A reason that makes the plugin unfit for the node is told to lightningd,
/// which logs it and goes on without the plugin.
pub async fn run<I, O>(input: I, output: O, log: Log) -> Result<(), PluginError>
where
    I: AsyncRead + Send + Unpin + 'static,
    O: AsyncWrite + Send + Unpin + 'static,
{
    let protocol = |error: cln_plugin::Error| PluginError::Protocol(error.to_string());
    let (input, ended) = Input::new(input);
    let Some(configured) = builder(input, output, log).configure().await.map_err(protocol)? else { return Ok(()) };
    let (state, start, arrivals, _lock) = match prepare(&configured).await {
        Ok(prepared) => prepared,
        Err(unfit) => return configured.disable(&unfit.to_string()).await.map_err(protocol),
    };
    let store = state.0.store.clone();
    let plugin = configured.start(state).await.map_err(protocol)?;
    let stop = CancellationToken::new();
    let work = work::run(plugin.clone(), start, arrivals, stop.clone());
    tokio::spawn(stop.clone().run_until_cancelled_owned(work));
    tokio::select! {
        _ = plugin.join() => {}
        () = ended.wait() => {}
    }
    // What it has begun stays bound in the store, and the next run finds it.
    stop.cancel();
    store.drain().await;
    Ok(())
}

fn builder<I, O>(input: Input<I>, output: O, log: Log) -> Builder<State, Input<I>, O>
where
    I: AsyncRead + Send + Unpin + 'static,
    O: AsyncWrite + Send + Unpin + 'static,
{
    let before_offers = |name: &str| {
        HookBuilder::new(name, |plugin: Plugin<State>, payload: Value| {
            let answer = plugin.state().0.desk.on_message(payload);
            async move { Ok(answer) }
        })
        .before(vec!["offers".to_owned()])
    };
    Builder::new(input, output)
        .dynamic()
        .with_logging(log == Log::Node)
        .option(options::DAILY_LIMIT.dynamic())
        .option(options::MAX_FEE)
        .option(options::RETRY_FOR)
        .option(options::MAX_PENDING)
        .option(options::INVOICES_PER_SECOND)
        .option(options::PAUSE.dynamic())
        .option(options::DRY_RUN.dynamic())
        .setconfig_callback(set_option)
        .hook_from_builder(before_offers("onion_message_recv"))
        .hook_from_builder(before_offers("onion_message_recv_secret"))
        .notification(NotificationTopic::new(PAID))
        .notification(NotificationTopic::new(REFUSED))
        .notification(NotificationTopic::new(RECEIVED))
        .subscribe("shutdown", |plugin: Plugin<State>, _| async move { plugin.shutdown() })
        .rpcmethod_from_builder(method(
            "lnr-request",
            "amount [description] [issuer] [label] [absolute_expiry] [single_use] [expires] [min_amount_msat]",
            "Promise to pay whoever sends an invoice for it; a label makes it once",
            commands::request,
        ))
        .rpcmethod_from_builder(method(
            "lnr-collect",
            "invreq label [amount_msat] [timeout]",
            "Send an invoice for an invoice request and be paid; call again with the same label to go on",
            commands::collect,
        ))
        .rpcmethod_from_builder(method(
            "lnr-list",
            "[invreq_id] [active_only]",
            "List invoice requests, the plugin's and the daemon's",
            commands::list,
        ))
        .rpcmethod_from_builder(method(
            "lnr-disable",
            "invreq_id",
            "Stop new payments for an invoice request",
            commands::disable,
        ))
        .rpcmethod_from_builder(method(
            "lnr-show",
            "invreq_id",
            "Show an invoice request and what was paid for it",
            commands::show,
        ))
        .rpcmethod_from_builder(method(
            "lnr-pause",
            "[pause]",
            "Stop (true) or resume (false) paying; without a parameter show whether, and the limits",
            commands::pause,
        ))
}

fn method<F>(
    name: &str,
    usage: &str,
    description: &str,
    run: impl Fn(Plugin<State>, Value) -> F + Clone + Send + Sync + 'static,
) -> RpcMethodBuilder<State>
where
    F: Future<Output = Result<Value, RpcError>> + Send + 'static,
{
    let callback = move |plugin: Plugin<State>, params: Value| {
        let answer = run(plugin, params);
        async move { answer.await.map_err(told) }
    };
    RpcMethodBuilder::new(name, callback).usage(usage).description(description)
}

/// `cln-plugin` reads the error with its code out of the text.
fn told(error: RpcError) -> cln_plugin::Error {
    match serde_json::to_string(&error) {
        Ok(text) => cln_plugin::anyhow!(text),
        Err(_) => cln_plugin::anyhow!(error.message),
    }
}

/// Takes the lock and opens the store: from now on, invoices for requests that are in it are ours.
async fn prepare<I, O>(
    configured: &ConfiguredPlugin<State, I, O>,
) -> Result<(State, Start, mpsc::Receiver<Arrival>, Lock), Unfit>
where
    I: AsyncRead + Send + Unpin + 'static,
    O: AsyncWrite + Send + Unpin + 'static,
{
    let configuration = configured.configuration();
    let settings = Settings::read(|name| configured.option_str(name).ok().flatten())?;
    let network = configuration.network;
    let chain = Chain::from_name(&network).ok_or(Unfit::Network(network))?;
    let folder = Path::new(&configuration.lightning_dir);
    let lock = Lock::take(&folder.join("lnr.lock")).await.map_err(|error| Unfit::Lock(error.to_string()))?;
    let signs_nothing = Arc::new(|_| Err(SignError("the plugin's store has no invoices".to_owned())));
    let store = Store::open(&folder.join("lnr.sqlite3"), signs_nothing)?;
    let requests = store.requests().await?;
    let (desk, arrivals) = Desk::new(chain, requests.iter().map(|request| request.invreq_id), settings.request_limits);
    let bounds = Bounds::default();
    bounds.pause_option.store(settings.pause, Ordering::SeqCst);
    bounds.paused.store(store.paused().await?, Ordering::SeqCst);
    bounds.dry_run.store(settings.dry_run, Ordering::SeqCst);
    bounds.set_daily_limit(settings.daily_limit);
    let (service, _) = watch::channel(None);
    let state = State(Arc::new(Shared { store, bounds: Arc::new(bounds), desk, service }));
    // An absolute name of the socket stands for itself.
    let socket = folder.join(&configuration.rpc_file);
    Ok((state, Start { socket, chain, settings }, arrivals, lock))
}

/// `setconfig` of an option that may change.
async fn set_option(plugin: Plugin<State>, params: Value) -> Result<Value, cln_plugin::Error> {
    let name = params.get("config").and_then(Value::as_str).unwrap_or_default();
    let value = match params.get("val") {
        None | Some(Value::Null) => None,
        Some(Value::Bool(truth)) => Some(OptionValue::Boolean(*truth)),
        Some(Value::String(text)) => Some(OptionValue::String(text.clone())),
        Some(other) => match other.as_i64() {
            Some(number) => Some(OptionValue::Integer(number)),
            None => return Err(told(service::failure(format!("{name}: {other} is no value of an option")))),
        },
    };
    let refuse = |error: OptionError| told(service::failure(error.to_string()));
    let bounds = &plugin.state().0.bounds;
    let switch = |known: &'static str| value.as_ref().map_or(Ok(true), |value| options::boolean(known, value));
    if name == options::DAILY_LIMIT.name {
        let Some(value) = &value else {
            let why = format!("{name}: no amount is given. To have no limit, start the plugin without this option");
            return Err(told(service::failure(why)));
        };
        bounds.set_daily_limit(Some(options::amount(options::DAILY_LIMIT.name, value).map_err(refuse)?));
    } else if name == options::PAUSE.name {
        bounds.pause_option.store(switch(options::PAUSE.name).map_err(refuse)?, Ordering::SeqCst);
        plugin.state().apply_pause();
    } else if name == options::DRY_RUN.name {
        bounds.dry_run.store(switch(options::DRY_RUN.name).map_err(refuse)?, Ordering::SeqCst);
        plugin.state().apply_pause();
    } else {
        return Err(told(service::failure(format!("{name}: cannot be changed while the plugin runs"))));
    }
    if let Some(value) = value {
        plugin.set_option_str(name, value)?;
    }
    tracing::info!(option = name, "an operator has changed an option");
    Ok(json!({}))
}
