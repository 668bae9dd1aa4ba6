//! The payer's wallet: payments over the ledger, in one to three parts.

use std::task::Poll;

use cln_primitives::{Hash32, Msat, Secret};
use cln_runtime::bolt12::secrets::PathUse;
use cln_runtime::bolt12::{Invoice, Verified};
use cln_runtime::engine::{PayError, Wallet};

use super::Ports;
use crate::simulate::bug::Bug;
use crate::simulate::keys;
use crate::simulate::ledger::PaymentState;
use crate::simulate::plan::Fault;
use crate::simulate::world::{Event, World, short};

impl Wallet for Ports {
    async fn pay(&self, invoice: &Invoice<Verified>, invreq_id: Hash32) -> Result<Secret, PayError> {
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
    check(world, payer, invreq_id, payment.amount);
    let parts = world.rng.u32(1..=3);
    // What a request's path carries does not open an invoice.
    let wrong = world.strikes(payer, Fault::WrongPath);
    let way = if wrong { PathUse::OfferOrRequest } else { PathUse::Invoice };
    let secret = keys::of(payee).path_secret(way, &hash);
    let number = world.ledger.offer((payer, payee), (invreq_id, hash), amount, secret, parts);
    world.note(payer, || format!("  offers payment {number} of {amount}msat in {parts} parts"));
    if parts > 1 {
        world.seen.counters.count("payments in parts");
    }
    for _ in 0..parts {
        if !world.strikes(payer, Fault::PartLost) {
            let noticed = !world.strikes(payee, Fault::Unnoticed);
            let after = world.delay() + world.delay();
            world.schedule(after, Event::Part { payment: number, noticed });
        }
    }
    // Once all is mended, each payee has the time that it needs.
    let timeout = if !world.healed && world.rng.u8(0..4) == 0 {
        world.rng.u64(20..2_000)
    } else {
        world.rng.u64(30_000..300_000)
    };
    world.schedule(timeout, Event::Timeout { payment: number });
    Ok(number)
}

/// What must hold whenever a payment begins.
fn check(world: &mut World, payer: usize, invreq_id: Hash32, amount: Msat) {
    let Some(request) = world.nodes[payer].requests.iter().find(|request| request.invreq_id == invreq_id) else {
        return world.violated("only own requests are paid", format!("node {payer} pays for {invreq_id}"));
    };
    let (single_use, least) = (request.status.is_single_use(), request.min_amount);
    let offered = world.seen.signed.get(&invreq_id).and_then(|request| request.invreq_amount());
    let fits = offered.is_some_and(|offered| amount <= offered && amount >= least.unwrap_or(offered));
    world.demand(fits, "the payer pays what its request says", || format!("{amount} of {offered:?}"));
    let others = world.ledger.payments.iter().filter(|payment| payment.invreq_id == invreq_id);
    let second = others.filter(|payment| !matches!(payment.state, PaymentState::Failed(_))).count();
    world.demand(!single_use || second == 0, "a single-use request has one payment at a time", || {
        format!("node {payer} begins a second payment for {}", short(invreq_id))
    });
}
