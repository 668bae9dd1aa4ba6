//! What the rules have beside a lightningd: the ports of a real node, on its double.

use cln_api::xpay;
use cln_primitives::{Hash32, Secret};
use cln_runtime::bolt12::secrets::PathUse;
use cln_runtime::bolt12::{Chain, Invoice, InvoiceError, InvoiceRequest, Unsigned, Verified};
use cln_runtime::engine::{
    Answer, Courier as _, PayError, ReplyPath, SendError, SignError, Signer as _, StoreError, Wallet as _,
};
use cln_runtime::lightningd::{Courier, Daemon as _, Failure, Identity, Payee, Payer, Spending};
use cln_runtime::onion::Reply;

use super::Ports;
use crate::simulate::bug::Bug;
use crate::simulate::keys;
use crate::simulate::lightningd::Double;
use crate::simulate::world::{Shared, short};

/// The ports of one run of the rules: what they have in memory goes with it.
pub(crate) struct Beside {
    daemon: Double,
    /// Its store, time and randomness are those of an embedded node.
    payer: Payer<Double, Ports, Courier<Double, Ports>, Ports>,
    pub(super) payee: Payee<Double, Ports>,
}

impl Beside {
    /// The rules start beside a lightningd.
    pub(crate) async fn open(world: &Shared, node: usize) -> Result<Self, StoreError> {
        let own = || Ports::embedded(world, node);
        let node_id = keys::of(node).id;
        let path_base = Secret::from_bytes([node as u8; 32]);
        let identity = Identity { node_id, chain: Chain::REGTEST, path_base };
        let daemon = Double::new(world, node);
        let courier = Courier::new(daemon.clone(), node_id, own());
        let looks = world.lock().rng.bool();
        let payee = Payee::new(daemon.clone(), node_id, Chain::REGTEST, own()).look_at_other_labels(looks);
        let payer = Payer::open(daemon.clone(), identity, Spending::default(), own(), courier, own()).await?;
        Ok(Beside { daemon, payer, payee })
    }

    pub(super) async fn sign_request(
        &self,
        request: InvoiceRequest<Unsigned>,
    ) -> Result<InvoiceRequest<Verified>, SignError> {
        self.payer.sign_request(request).await
    }

    pub(super) fn path_secret(&self, purpose: PathUse, id: &Hash32) -> Secret {
        self.payer.path_secret(purpose, id)
    }

    /// Sends an invoice, and listens for the payer's answer.
    pub(super) async fn send_invoice(
        &self,
        request: &InvoiceRequest<Verified>,
        invoice: &Invoice<Verified>,
    ) -> Result<Reply, SendError> {
        self.payee.send_invoice(request, invoice).await
    }

    pub(super) async fn send_error(&self, to: &ReplyPath, error: &InvoiceError) -> Result<(), SendError> {
        self.payer.send_error(to, error).await
    }

    /// An answer has come for who has given this secret.
    pub(super) fn answer(&self, path_secret: &Secret, answer: Answer) -> bool {
        self.payee.replies().answer(path_secret, || answer)
    }

    /// See [`Bug::XpayErrorIsFailure`].
    async fn pay_carelessly(&self, invoice: &Invoice<Verified>) -> Result<Secret, PayError> {
        match self.daemon.call(&xpay::Request::new(invoice.to_string())).await {
            Ok(paid) => Ok(paid.payment_preimage),
            Err(Failure::Lost(why)) => Err(PayError::Unsettled(why)),
            Err(failure) => Err(PayError::Failed(failure.to_string())),
        }
    }

    pub(super) async fn pay(
        &self,
        ports: &Ports,
        invoice: &Invoice<Verified>,
        invreq_id: Hash32,
    ) -> Result<Secret, PayError> {
        let hash = invoice.payment().payment_hash;
        ports.world.lock().note(ports.node, || format!("asks its wallet to pay {}", short(hash)));
        let end = match ports.bug() {
            Some(Bug::XpayErrorIsFailure) => self.pay_carelessly(invoice).await,
            Some(Bug::NoRowIsFailure) => match self.payer.pay(invoice, invreq_id).await {
                Err(PayError::Unsettled(why)) if !ports.has_row(hash) => Err(PayError::Failed(why)),
                end => end,
            },
            _ => self.payer.pay(invoice, invreq_id).await,
        };
        let world = &mut *ports.world.lock();
        world.seen.counters.count(match &end {
            Ok(_) => "wallet: paid",
            Err(PayError::Failed(_)) => "wallet: failed",
            Err(PayError::Unsettled(_)) => "wallet: not settled",
        });
        world.note(ports.node, || match &end {
            Ok(_) => format!("  {} is paid", short(hash)),
            Err(error) => format!("  {}: {error}", short(hash)),
        });
        end
    }
}

impl Ports {
    fn bug(&self) -> Option<Bug> {
        self.world.lock().bug
    }

    /// Whether the lightningd's table of payments has anything of this hash.
    fn has_row(&self, hash: Hash32) -> bool {
        let world = self.world.lock();
        world.nodes[self.node].lightningd.iter().any(|daemon| daemon.parts.iter().any(|row| row.hash == hash))
    }
}
