//! What the plugin does by itself: it starts, settles what an earlier run has left open, and pays.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cln_api::getinfo;
use cln_plugin::Plugin;
use cln_primitives::NodeId;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::background::BackgroundCourier;
use super::bounds::BoundedStore;
use super::checks;
use super::hooks::Arrival;
use super::options::Settings;
use super::service::{Service, State, notify_end, notify_refusal};
use crate::bolt12::Chain;
use crate::client::Client;
use crate::engine::{
    Claim, ClaimState, Issuer, Judgement, Random as _, RequestStore as _, StoreError, System, payment_hash,
};
use crate::lightningd::{Courier, Identity, Payee, Payer};
use crate::node::store::Owner;

/// So many invoices are judged at a time.
const JUDGES: usize = 64;
/// How long what has failed is left alone.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// The plugin cannot work with this node.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    /// The node does not answer, or not yet.
    #[error("{0}")]
    Node(String),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store is of another node: to pay its requests would be to pay for somebody else.
    #[error("the file lnr.sqlite3 belongs to the node {0}: put it back there, or move it away to begin anew")]
    Owner(NodeId),
}

/// What the plugin needs for its start.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) socket: PathBuf,
    pub(super) chain: Chain,
    pub(super) settings: Settings,
}

/// Makes the service, as soon as the node lets it, and works until the plugin ends.
pub(super) async fn run(
    plugin: Plugin<State>,
    start: Start,
    arrivals: mpsc::Receiver<Arrival>,
    stop: CancellationToken,
) {
    let service = loop {
        match begin(plugin.state(), &start, &stop).await {
            Ok(service) => break Arc::new(service),
            Err(error @ StartError::Owner(_)) => {
                tracing::error!(%error, "the plugin stops");
                let _ = plugin.shutdown();
                return;
            }
            Err(error) => tracing::warn!(%error, "the plugin cannot start yet: trying again"),
        }
        sleep(TRY_AGAIN).await;
    };
    let worker = Worker { plugin, service, left_over: Arc::default(), stop };
    worker.settle_open().await;
    // Before anything is paid: a pause that came meanwhile holds, and whatever comes from now on reaches the wallet.
    worker.plugin.state().0.service.send_replace(Some(Arc::clone(&worker.service)));
    worker.plugin.state().apply_pause();
    worker.resume().await;
    tracing::info!(node_id = %worker.service.node_id, "ready");
    tokio::join!(worker.take_arrivals(arrivals), worker.pay_again());
}

async fn begin(state: &State, start: &Start, stop: &CancellationToken) -> Result<Service, StartError> {
    let node = |error: String| StartError::Node(error);
    let client = Client::builder().name("lnr").connect(&start.socket).await;
    let client = client.map_err(|error| node(error.to_string()))?;
    let info = client.call(&getinfo::Request::new()).await.map_err(|error| node(error.to_string()))?;
    let this = Owner { node_id: info.id, chain: start.chain };
    let owner = state.0.store.owner(this).await?;
    if owner != this {
        return Err(StartError::Owner(owner.node_id));
    }
    let missing = checks::check(&client, &info.version).await.map_err(|failure| node(failure.to_string()))?;
    let new_base = cln_primitives::Secret::from_bytes(System.bytes32());
    let path_base = state.0.store.path_base(new_base).await?;
    let identity = Identity { node_id: info.id, chain: start.chain, path_base };
    let spending = start.settings.spending;
    let store = BoundedStore { store: state.0.store.clone(), bounds: Arc::clone(&state.0.bounds), spending };
    let courier = BackgroundCourier::new(Courier::new(client.clone(), info.id, System), stop.clone());
    let payer = Payer::open(client.clone(), identity, spending, store, courier, System).await?;
    payer.wallet().pause(state.0.bounds.pays_nothing());
    let issuer = Issuer::new(payer, start.settings.limits);
    let payee = Payee::new(client.clone(), info.id, start.chain, System);
    state.0.desk.answers_for(payee.replies().clone());
    Ok(Service { client, node_id: info.id, issuer, payee, missing })
}

/// Pays for the service. A clone is the same.
#[derive(Clone)]
struct Worker {
    plugin: Plugin<State>,
    service: Arc<Service>,
    /// Tells that there may be claims that nobody pays.
    left_over: Arc<Notify>,
    /// Ends all tasks. What they have begun stays bound in the store.
    stop: CancellationToken,
}

impl Worker {
    /// Looks at each claim that an earlier run has left open, whether it is paid by now. No other claim is made before.
    async fn settle_open(&self) {
        loop {
            match self.try_settle_open().await {
                Ok(()) => return,
                Err(error) => tracing::warn!(%error, "the open payments cannot be looked at: trying again"),
            }
            sleep(TRY_AGAIN).await;
        }
    }

    async fn try_settle_open(&self) -> Result<(), StoreError> {
        let ports = self.service.issuer.ports();
        for claim in ports.pending_claims().await? {
            let hash = claim.payment_hash();
            let receipt = match ports.wallet().receipt(hash).await {
                Ok(receipt) => receipt,
                Err(error) => {
                    // It stays pending, and the wallet looks again before it pays.
                    tracing::warn!(payment_hash = %hash, %error, "an open payment cannot be looked at yet");
                    continue;
                }
            };
            let Some(preimage) = receipt.filter(|preimage| payment_hash(preimage) == hash) else { continue };
            if let Some(claim) = ports.settle_claim(hash, ClaimState::Complete(preimage)).await? {
                notify_end(&self.plugin, &claim).await;
            }
        }
        Ok(())
    }

    /// Pays the claims that nobody pays.
    async fn resume(&self) {
        match self.service.issuer.resume().await {
            Ok(claims) => claims.into_iter().for_each(|claim| self.pay(claim)),
            Err(error) => self.failed(&error),
        }
    }

    /// Judges the invoices that the hooks have taken, and pays those that are to be paid.
    async fn take_arrivals(&self, mut arrivals: mpsc::Receiver<Arrival>) {
        let judges = Arc::new(Semaphore::new(JUDGES));
        while let Some(arrival) = arrivals.recv().await {
            // Closed by nobody.
            let Ok(place) = Arc::clone(&judges).acquire_owned().await else { return };
            let judge = self.clone();
            self.spawn(async move {
                judge.take(arrival).await;
                drop(place);
            });
        }
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(self.stop.clone().run_until_cancelled_owned(task));
    }

    async fn take(&self, arrival: Arrival) {
        match self.service.issuer.on_invoice(arrival.invoice).await {
            Ok(Judgement::Pay(claim)) => self.pay(*claim),
            Ok(Judgement::Refused(refusal)) => notify_refusal(&self.plugin, arrival.invreq_id, &refusal).await,
            Ok(Judgement::Known) => {}
            Ok(Judgement::Dropped) => self.plugin.state().0.desk.drop_one(),
            Err(error) => self.failed(&error),
        }
    }

    /// Pays in a task of its own.
    fn pay(&self, claim: Claim) {
        let payer = self.clone();
        self.spawn(async move {
            match payer.service.issuer.pay(claim).await {
                Ok(claim) => notify_end(&payer.plugin, &claim).await,
                Err(error) => payer.failed(&error),
            }
        });
    }

    /// A claim may be left that nobody pays.
    fn failed(&self, error: &StoreError) {
        tracing::error!(%error, "an invoice is not dealt with yet: trying again");
        self.left_over.notify_one();
    }

    /// Pays the claims that failures of the store have left over.
    async fn pay_again(&self) {
        loop {
            self.left_over.notified().await;
            sleep(TRY_AGAIN).await;
            self.resume().await;
        }
    }
}
