//! How a payment begins and ends, whoever pays.

use cln_primitives::{Hash32, Msat};
use cln_runtime::bolt12::secrets::PathUse;
use cln_runtime::engine::ClaimState;

use super::keys;
pub(super) use super::ledger::Payment;
use super::ledger::PaymentState;
use super::plan::Fault;
use super::world::{Event, World, short};

/// Sends money on its way, in one to three parts. Gives the payment's number, and that of its parts.
pub(super) fn begin(
    world: &mut World,
    (payer, payee): (usize, usize),
    (invreq_id, hash): (Hash32, Hash32),
    amount: Msat,
) -> (usize, u32) {
    check(world, payer, (invreq_id, hash), amount);
    let parts = world.rng.u32(1..=3);
    // What a request's path carries does not open an invoice.
    let wrong = world.strikes(payer, Fault::WrongPath);
    let way = if wrong { PathUse::OfferOrRequest } else { PathUse::Invoice };
    let secret = keys::of(payee).path_secret(way, &hash);
    let number = world.ledger.offer((payer, payee), (invreq_id, hash), amount.as_msat(), secret, parts);
    world.note(payer, || format!("  offers payment {number} of {amount} in {parts} parts"));
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
    (number, parts)
}

/// What must hold whenever a payment begins.
fn check(world: &mut World, payer: usize, (invreq_id, hash): (Hash32, Hash32), amount: Msat) {
    let Some(request) = world.nodes[payer].requests.iter().find(|request| request.invreq_id == invreq_id) else {
        return world.violated("only own requests are paid", format!("node {payer} pays for {invreq_id}"));
    };
    let (single_use, least) = (request.status.is_single_use(), request.min_amount);
    let offered = world.seen.signed.get(&invreq_id).and_then(|request| request.invreq_amount());
    let fits = offered.is_some_and(|offered| amount <= offered && amount >= least.unwrap_or(offered));
    world.demand(fits, "the payer pays what its request says", || format!("{amount} of {offered:?}"));
    let mut claims = world.nodes[payer].claims.iter();
    let claimed = claims.any(|claim| claim.payment_hash() == hash && claim.state == ClaimState::Pending);
    world.demand(claimed, "a payment begins only while it is claimed", || {
        format!("node {payer} begins to pay {} without", short(hash))
    });
    let others = world.ledger.payments.iter().filter(|payment| payment.invreq_id == invreq_id);
    let second = others.filter(|payment| !matches!(payment.state, PaymentState::Failed(_))).count();
    world.demand(!single_use || second == 0, "a single-use request has one payment at a time", || {
        format!("node {payer} begins a second payment for {}", short(invreq_id))
    });
}

/// What must hold whenever a payment is fulfilled.
pub(super) fn check_single_use(world: &mut World, number: usize) {
    let Payment { payer, invreq_id, .. } = world.ledger.payments[number];
    let fulfilled = |payment: &&Payment| matches!(payment.state, PaymentState::Fulfilled(_));
    let paid = world.ledger.payments.iter().filter(|payment| payment.invreq_id == invreq_id).filter(fulfilled).count();
    let mut requests = world.nodes[payer].requests.iter();
    let single_use = requests.any(|request| request.invreq_id == invreq_id && request.status.is_single_use());
    world.demand(!single_use || paid <= 1, "a single-use request is paid once at most", || {
        format!("node {payer} has paid {paid} times for {}", short(invreq_id))
    });
}

impl World {
    /// Ends a payment that is locked; `false` when it has ended already. A payer's lightningd hears of it, part by part.
    pub(super) fn end_payment(&mut self, number: usize, state: PaymentState) -> bool {
        if !self.ledger.end(number, state) {
            return false;
        }
        let (payer, parts) = (self.ledger.payments[number].payer, self.ledger.payments[number].parts);
        if self.nodes[payer].lightningd.is_some() {
            for part in 1..=parts {
                let after = self.delay();
                self.schedule(after, Event::PartEnds { payment: number, part });
            }
        }
        true
    }
}
