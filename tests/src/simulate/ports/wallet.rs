//! The payer's wallet: payments over the ledger, in one to three parts.

use std::task::Poll;

use cln_primitives::{Hash32, Secret};
use cln_runtime::bolt12::{Invoice, Verified};
use cln_runtime::engine::{PayError, Wallet};

use super::Ports;
use crate::simulate::bug::Bug;
use crate::simulate::keys;
use crate::simulate::ledger::PaymentState;
use crate::simulate::payments;
use crate::simulate::plan::Fault;
use crate::simulate::world::{World, short};

impl Wallet for Ports {
    async fn pay(&self, invoice: &Invoice<Verified>, invreq_id: Hash32) -> Result<Secret, PayError> {
        if let Some(beside) = &self.beside {
            return beside.pay(self, invoice, invreq_id).await;
        }
        let node = self.node;
        self.turn().await;
        let payment = begin(&mut self.world.lock(), node, invoice, invreq_id)?;
        self.turn().await;
        let hang = {
            let mut world = self.world.lock();
            if world.strikes(node, Fault::Unsettled) {
                let why = "the wallet was asked too early".to_owned();
                let lies = world.bug == Some(Bug::FailedWhileUnsettled);
                return Err(if lies { PayError::Failed(why) } else { PayError::Unsettled(why) });
            }
            if world.strikes(node, Fault::Hang) { world.rng.u64(1_000..120_000) } else { 0 }
        };
        let end = std::future::poll_fn(|cx| {
            let mut world = self.world.lock();
            let state = world.ledger.payments[payment].state.clone();
            if state != PaymentState::Locked {
                return Poll::Ready(state);
            }
            world.ledger.wait(payment, cx.waker());
            Poll::Pending
        })
        .await;
        self.wait(hang).await;
        self.turn().await;
        match end {
            PaymentState::Fulfilled(_) if self.world.lock().strikes(node, Fault::WrongPreimage) => {
                Ok(Secret::from_bytes([0; 32]))
            }
            PaymentState::Fulfilled(preimage) => Ok(preimage),
            PaymentState::Failed(why) => Err(PayError::Failed(why)),
            PaymentState::Locked => Err(PayError::Unsettled("the payment is locked".to_owned())),
        }
    }
}

/// The payment that is under way or has been made, or a new one.
fn begin(world: &mut World, payer: usize, invoice: &Invoice<Verified>, invreq_id: Hash32) -> Result<usize, PayError> {
    let payment = invoice.payment();
    let (hash, amount) = (payment.payment_hash, payment.amount.as_msat());
    world.note(payer, || format!("asks its wallet to pay {}", short(hash)));
    if let Some(attempt) = world.ledger.attempt(payer, hash) {
        world.seen.counters.count("wallet asked again");
        return Ok(attempt);
    }
    let failed = |why: &str| Err(PayError::Failed(why.to_owned()));
    if invoice.is_expired(world.clock(payer)) {
        return failed("the invoice has expired");
    }
    if world.ledger.balances[payer] < amount {
        world.seen.counters.count("payments without funds");
        return failed("not enough funds");
    }
    let Some(payee) = keys::node(payment.node_id) else { return failed("nobody knows the payee") };
    if world.strikes(payer, Fault::PayFails) {
        return failed("no way to the payee");
    }
    let (number, _) = payments::begin(world, (payer, payee), (invreq_id, hash), payment.amount);
    Ok(number)
}
