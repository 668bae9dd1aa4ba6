//! What a lightningd does by itself: it takes payments, and lets invoices expire.

use cln_runtime::bolt12::InvoiceError;
use cln_runtime::bolt12::secrets::PathUse;
use cln_runtime::engine::ReplyPath;

use super::commands::Server;
use super::tables::InvoiceStatus;
use crate::simulate::keys;
use crate::simulate::ledger::PaymentState;
use crate::simulate::payments;
use crate::simulate::world::{Event, Process, Shared, World, short};

/// A lightningd starts: it finds the payments that wait for it, and hears how its own have ended.
pub(crate) fn resume(shared: &Shared, node: usize) {
    let world = &mut *shared.lock();
    world.lightningd(node).up = true;
    world.note(node, || "lightningd starts".to_owned());
    world.parts_end(node);
    world.schedule(0, Event::Expiry { node });
    let payments = world.ledger.payments.iter().enumerate();
    let waiting = |payment: &payments::Payment| {
        payment.payee == node && payment.has_arrived() && payment.state == PaymentState::Locked
    };
    let waiting: Vec<usize> = payments.filter(|(_, payment)| waiting(payment)).map(|(number, _)| number).collect();
    for payment in waiting {
        settle(world, shared, node, payment);
    }
}

/// A payment has arrived; a lightningd that is down finds it when it starts.
pub(crate) fn arrived(shared: &Shared, node: usize, payment: usize) {
    let world = &mut *shared.lock();
    if world.lightningd(node).up {
        settle(world, shared, node, payment);
    }
}

fn settle(world: &mut World, shared: &Shared, node: usize, payment: usize) {
    let server = Server { world: shared.clone(), node };
    world.spawn(Process::Daemon(node), async move {
        server.turn().await;
        server.world.lock().settle(node, payment);
    });
}

/// The unpaid invoices whose time is over by the lightningd's clock expire.
pub(crate) fn expire(world: &mut World, node: usize) {
    if !world.has_lightningd_up(node) {
        return;
    }
    let now = world.clock(node);
    let unpaid = world.lightningd(node).invoices.values().filter(|row| row.status == InvoiceStatus::Unpaid);
    let (over, later): (Vec<_>, Vec<_>) =
        unpaid.map(|row| (row.payment_hash(), row.expires_at)).partition(|(_, expires_at)| *expires_at <= now);
    for (hash, _) in over {
        world.lightningd(node).set(hash, InvoiceStatus::Expired);
        world.seen.counters.count("invoices expired");
        world.note(node, || format!("  {} has expired", short(hash)));
    }
    // The clock may have jumped since the last look.
    if let Some((_, next)) = later.into_iter().min_by_key(|(_, expires_at)| *expires_at) {
        world.schedule((next - now) * 1_000, Event::Expiry { node });
    }
}

impl World {
    pub(crate) fn has_lightningd_up(&self, node: usize) -> bool {
        self.nodes[node].lightningd.as_ref().is_some_and(|daemon| daemon.up)
    }

    /// The daemon's own answer to an invoice: it knows no request.
    pub(crate) fn refuse_as_lightningd(&mut self, node: usize, path: Option<ReplyPath>) {
        self.seen.counters.count("messages refused by a lightningd alone");
        let error = InvoiceError::builder("Unknown invoice_request").build();
        let Some((path, error)) = path.zip(error.ok()) else { return };
        self.refuses(node, &path, &error);
        let message = self.refusal(node, &path, &error);
        if let Some(Err(error)) = message.map(|message| self.give(node, message)) {
            self.note(node, || format!("  cannot answer: {error}"));
        }
    }

    /// Takes a payment, or gives it back: the invoice's row and the money change at one moment.
    fn settle(&mut self, node: usize, number: usize) {
        let payment = &self.ledger.payments[number];
        let (hash, amount, state) = (payment.hash, payment.amount, payment.state.clone());
        let own_path = payment.path_secret == keys::of(node).path_secret(PathUse::Invoice, &hash);
        if state != PaymentState::Locked {
            return;
        }
        let now = self.clock(node);
        let row = self.lightningd(node).by_hash(hash).cloned();
        let enough = |asked: u64| amount >= asked && amount <= asked.saturating_mul(2);
        let row = row.filter(|row| {
            let asked = row.invoice.payment().amount.as_msat();
            own_path && row.status == InvoiceStatus::Unpaid && enough(asked)
        });
        let Some(row) = row else {
            self.end_payment(number, PaymentState::Failed("incorrect_or_unknown_payment_details".to_owned()));
            self.seen.counters.count("payments given back");
            self.note(node, || format!("payment {number} goes back"));
            return;
        };
        let daemon = self.lightningd(node);
        daemon.paid += 1;
        let received = cln_primitives::Msat::from_msat(amount);
        let paid = InvoiceStatus::Paid { pay_index: daemon.paid, received, at: now };
        daemon.set(hash, paid);
        self.end_payment(number, PaymentState::Fulfilled(row.preimage));
        self.seen.counters.count("payments fulfilled");
        self.note(node, || format!("payment {number} has paid {:?}", row.label));
        payments::check_single_use(self, number);
    }
}
