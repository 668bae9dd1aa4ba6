//! The payments that arrive at the payee.

use cln_primitives::Secret;
use cln_runtime::bolt12::secrets::PathUse;
use cln_runtime::engine::{Fulfilment, HtlcSet, HtlcSetId, Htlcs, InvoiceState, StoreError, payment_hash};

use super::Ports;
use crate::simulate::keys;
use crate::simulate::ledger::{Payment, PaymentState};
use crate::simulate::payments::check_single_use;
use crate::simulate::world::{World, short};

impl Htlcs for Ports {
    async fn offered(&self) -> Result<Vec<HtlcSet>, StoreError> {
        self.atomic("looks for payments", |world| {
            let mut numbers = Vec::new();
            for number in 0..world.ledger.payments.len() {
                let payment = &world.ledger.payments[number];
                let relevant = match payment.state {
                    PaymentState::Locked => payment.has_arrived(),
                    // Those that are marked may be among them.
                    PaymentState::Fulfilled(_) => !is_marked(world, payment) || !world.healed && world.rng.bool(),
                    PaymentState::Failed(_) => false,
                };
                if world.ledger.payments[number].payee == self.node && relevant {
                    numbers.push(number);
                }
            }
            Ok(numbers.into_iter().map(|number| world.ledger.set(number)).collect())
        })
        .await
    }

    async fn fulfil(&self, set: &HtlcSet, preimage: &Secret) -> Result<Fulfilment, StoreError> {
        self.change("shows a preimage", |world| {
            let number = set.id.0 as usize;
            check(world, self.node, set, preimage);
            let ended = world.end_payment(number, PaymentState::Fulfilled(preimage.clone()));
            if ended {
                world.seen.counters.count("payments fulfilled");
                check_single_use(world, number);
            }
            let fulfilled = matches!(world.ledger.payments[number].state, PaymentState::Fulfilled(_));
            world.note(self.node, || format!("  payment {number} is fulfilled: {fulfilled}"));
            Ok(if fulfilled { Fulfilment::Fulfilled } else { Fulfilment::Gone })
        })
        .await
    }

    async fn fail(&self, set: &HtlcSet, why: &str) -> Result<(), StoreError> {
        self.change("gives a payment back", |world| {
            if world.end_payment(set.id.0 as usize, PaymentState::Failed(why.to_owned())) {
                world.seen.counters.count("payments given back");
                world.note(self.node, || format!("  payment {} goes back: {why}", set.id));
            }
            Ok(())
        })
        .await
    }
}

fn is_marked(world: &World, payment: &Payment) -> bool {
    let mut invoices = world.nodes[payment.payee].invoices.values();
    invoices.any(|record| record.payment_hash() == payment.hash && matches!(record.state, InvoiceState::Paid(_)))
}

/// The preimage is shown only for HTLCs that the invoice is bound to.
fn check(world: &mut World, node: usize, set: &HtlcSet, preimage: &Secret) {
    let mut invoices = world.nodes[node].invoices.values();
    let state = invoices.find(|record| record.payment_hash() == set.payment_hash).map(|record| record.state.clone());
    let bound = matches!(state, Some(InvoiceState::Accepted | InvoiceState::Paid(_)))
        && world.nodes[node].bound.get(&set.payment_hash) == Some(&set.id);
    // A slow call for HTLCs that are gone shows nothing to anybody.
    let HtlcSetId(number) = set.id;
    let locked = world.ledger.payments[number as usize].state == PaymentState::Locked;
    world.demand(bound || !locked, "a preimage is shown only for an invoice that is bound to the payment", || {
        format!("node {node} shows that of {} in state {state:?}", short(set.payment_hash))
    });
    let expected = keys::of(node).path_secret(PathUse::Invoice, &set.payment_hash);
    let own = world.ledger.payments[number as usize].path_secret == expected;
    world.demand(own || !locked, "a preimage is shown only to who came by the invoice's path", || {
        format!("node {node} shows that of {}", short(set.payment_hash))
    });
    let fits = payment_hash(preimage) == set.payment_hash;
    world.demand(fits, "a preimage fits its hash", || format!("that of {}", short(set.payment_hash)));
}
