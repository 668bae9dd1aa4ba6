//! What must hold when all has come to its end.

use std::collections::HashSet;

use cln_primitives::{Hash32, Msat};
use cln_runtime::bolt12::{Invoice, Verified};
use cln_runtime::engine::{Claim, ClaimState, Free, InvoiceState, Order, payment_hash};

use super::ledger::{Payment, PaymentState};
use super::lightningd::InvoiceStatus;
use super::seen::Grave;
use super::world::{World, short};

/// How long the calls wait that come last, in seconds.
const PATIENCE: u32 = 60;

/// One call for each request that may be paid and whose payer has the money, by another node.
pub(super) fn payable(world: &mut World) -> Vec<(usize, Order)> {
    let mut orders = Vec::new();
    for payer in 0..world.nodes.len() {
        // The payments may come at once.
        let mut balance = world.ledger.balances[payer];
        for record in &world.nodes[payer].requests {
            let Some(request) = world.seen.signed.get(&record.invreq_id) else { continue };
            let amount = request.invreq_amount().unwrap_or(Msat::ZERO);
            let open = record.status.is_active() && !request.is_expired(world.clock(payer) + u64::from(PATIENCE));
            if !open || balance < amount.as_msat() {
                continue;
            }
            balance -= amount.as_msat();
            let label = format!("last {}", short(record.invreq_id));
            let payee = (payer + 1) % world.nodes.len();
            orders.push((payee, Order { request: request.clone(), label, amount, timeout: PATIENCE }));
        }
    }
    orders
}

/// The calls that were answered by a receipt.
pub(super) fn receipts(world: &mut World) -> Vec<(usize, Order)> {
    let receipts = world.seen.receipts.iter().filter_map(|((payee, label), (hash, _))| {
        let known = world.known_invoices(*payee).into_iter().find(|known| known.label == *label)?;
        let request = world.seen.signed.get(&known.invreq_id).filter(|_| known.hash == *hash)?;
        let (label, amount) = (label.clone(), known.amount);
        Some((*payee, Order { request: request.clone(), label, amount, timeout: PATIENCE }))
    });
    receipts.collect()
}

/// What a payee's tables say of an invoice.
struct KnownInvoice {
    label: String,
    hash: Hash32,
    invreq_id: Hash32,
    amount: Msat,
    end: InvoiceEnd,
}

enum InvoiceEnd {
    /// The payment's number, and what was received.
    Paid(u64, Msat),
    Expired,
    Open(&'static str),
}

impl World {
    /// All invoices of a node.
    fn known_invoices(&self, node: usize) -> Vec<KnownInvoice> {
        let node = &self.nodes[node];
        let known = |label: &String, invoice: &Invoice<Verified>, end| KnownInvoice {
            label: label.clone(),
            hash: invoice.payment().payment_hash,
            invreq_id: invoice.invreq_id(),
            amount: invoice.payment().amount,
            end,
        };
        let embedded = node.invoices.iter().map(|(label, record)| {
            let end = match &record.state {
                InvoiceState::Paid(receipt) => InvoiceEnd::Paid(receipt.pay_index, receipt.amount_received),
                InvoiceState::Expired => InvoiceEnd::Expired,
                InvoiceState::Unpaid => InvoiceEnd::Open("unpaid"),
                InvoiceState::Accepted => InvoiceEnd::Open("accepted"),
            };
            known(label, &record.invoice, end)
        });
        let lightningd = node.lightningd.iter().flat_map(|daemon| &daemon.invoices).map(|(label, row)| {
            let end = match row.status {
                InvoiceStatus::Paid { pay_index, received, .. } => InvoiceEnd::Paid(pay_index, received),
                InvoiceStatus::Expired => InvoiceEnd::Expired,
                InvoiceStatus::Unpaid => InvoiceEnd::Open("unpaid"),
            };
            known(label, &row.invoice, end)
        });
        embedded.chain(lightningd).collect()
    }

    /// How many payments a node's tables count.
    fn counted_payments(&self, node: usize) -> u64 {
        let node = &self.nodes[node];
        node.lightningd.as_ref().map_or(node.paid, |daemon| daemon.paid)
    }
}

/// All that is checked at the end.
pub(super) fn at_the_end(world: &mut World) {
    money(world);
    for node in 0..world.nodes.len() {
        claims(world, node);
        requests(world, node);
        invoices(world, node);
    }
    rows(world);
    refusals(world);
}

fn money(world: &mut World) {
    let (was, is): (u64, _) = (world.plan.balances.iter().sum(), world.ledger.total());
    world.demand(was == is, "money is conserved", || format!("{was}msat became {is}msat"));
    let locked = world.ledger.payments.iter().filter(|payment| payment.state == PaymentState::Locked).count();
    world.demand(locked == 0, "no payment stays locked", || format!("{locked} do"));
}

fn fulfilled(payment: &Payment) -> bool {
    matches!(payment.state, PaymentState::Fulfilled(_))
}

/// The payer's side: each claim has ended as its payment has, and each payment made has its claim.
fn claims(world: &mut World, node: usize) {
    let mut wrong = Vec::new();
    for claim in &world.nodes[node].claims {
        let made = |payment: &&Payment| payment.payer == node && payment.hash == claim.payment_hash();
        let paid = world.ledger.payments.iter().filter(made).any(fulfilled);
        let fits = match &claim.state {
            ClaimState::Pending => false,
            ClaimState::Complete(preimage) => paid && payment_hash(preimage) == claim.payment_hash(),
            ClaimState::Failed(_) => !paid,
        };
        if !fits {
            wrong.push(format!("claim {} of node {node}: paid {paid}, {}", short(claim.payment_hash()), name(claim)));
        }
    }
    for payment in world.ledger.payments.iter().filter(|payment| payment.payer == node && fulfilled(payment)) {
        let complete =
            |claim: &Claim| claim.payment_hash() == payment.hash && matches!(claim.state, ClaimState::Complete(_));
        if !world.nodes[node].claims.iter().any(complete) {
            wrong.push(format!("node {node} has paid {} and does not know it", short(payment.hash)));
        }
    }
    for what in wrong {
        world.violated("a claim ends as its payment does", what);
    }
}

fn name(claim: &Claim) -> &'static str {
    match claim.state {
        ClaimState::Pending => "pending",
        ClaimState::Complete(_) => "complete",
        ClaimState::Failed(_) => "failed",
    }
}

/// A request is used when it was paid, inactive when it was disabled or used up, and active otherwise.
fn requests(world: &mut World, node: usize) {
    let mut wrong = Vec::new();
    for request in &world.nodes[node].requests {
        let complete =
            |claim: &&Claim| claim.invreq_id == request.invreq_id && matches!(claim.state, ClaimState::Complete(_));
        let paid = world.nodes[node].claims.iter().filter(complete).count();
        let status = request.status;
        let disabled = world.seen.disabled.contains(&request.invreq_id);
        if status.is_used() != (paid > 0) {
            wrong.push(format!("request {}: {status:?}, paid {paid} times", short(request.invreq_id)));
        }
        if (disabled || status.is_single_use() && paid > 0) && status.is_active() {
            wrong.push(format!("request {} is {status:?}, disabled {disabled}", short(request.invreq_id)));
        }
    }
    for what in wrong {
        world.violated("a request's status says what has happened", what);
    }
}

/// The payee's side: each invoice is paid or expired, and paid means that the payee has the money.
fn invoices(world: &mut World, node: usize) {
    let mut wrong = Vec::new();
    let mut indexes = HashSet::new();
    for known in world.known_invoices(node) {
        let own = |payment: &&Payment| payment.payee == node && payment.hash == known.hash;
        let paid: Vec<&Payment> = world.ledger.payments.iter().filter(own).filter(|own| fulfilled(own)).collect();
        let what = format!("{:?} of node {node}, {}", known.label, short(known.hash));
        if let InvoiceEnd::Paid(index, _) = known.end {
            indexes.insert(index);
        }
        match (known.end, paid.as_slice()) {
            (InvoiceEnd::Paid(_, received), [payment]) if received.as_msat() == payment.amount => {}
            (InvoiceEnd::Expired, []) => {}
            (InvoiceEnd::Open(state), _) => {
                wrong.push(("every label ends in a final state", format!("{what} is {state}")));
            }
            (InvoiceEnd::Paid(..), paid) => {
                let what = format!("{what} is paid, and was paid {} times", paid.len());
                wrong.push(("an invoice is paid when its payment is", what));
            }
            (InvoiceEnd::Expired, paid) => {
                let what = format!("{what} has expired, and was paid {} times", paid.len());
                wrong.push(("an invoice is paid when its payment is", what));
            }
        }
    }
    let paid = world.counted_payments(node) as usize;
    if indexes.len() != paid {
        wrong.push(("each payment has a number of its own", format!("{paid} payments, numbers {indexes:?}")));
    }
    for (invariant, what) in wrong {
        world.violated(invariant, what);
    }
}

/// No row is lost: what a call has told of is still there, or was deleted by a rule; and nobody was paid by a row that
/// is gone.
fn rows(world: &mut World) {
    let mut wrong = Vec::new();
    for (request, (record, _)) in &world.seen.published {
        let payer = world.plan.payer(*request).unwrap_or_default();
        if !world.nodes[payer].requests.iter().any(|known| known.invreq_id == record.invreq_id) {
            wrong.push(format!("request {request} is gone"));
        }
    }
    for (node, hash, label) in &world.seen.reported {
        let mut known = world.known_invoices(*node).into_iter();
        let there = known.any(|known| known.label == *label && known.hash == *hash);
        let grave = world.seen.graves.get(&(*node, *hash));
        let paid = world.ledger.payments.iter().any(|payment| payment.hash == *hash && fulfilled(payment));
        if there == grave.is_some() || paid && !there {
            wrong.push(format!("{label:?} of node {node}: there {there}, deleted {grave:?}, paid {paid}"));
        }
    }
    for ((node, hash), grave) in &world.seen.graves {
        let unsent = world.seen.left.get(hash).copied().unwrap_or(0) == 0;
        let paid = world.ledger.payments.iter().any(|payment| payment.hash == *hash && fulfilled(payment));
        if paid || *grave == Grave::Freed(Free::NeverDelivered) && !unsent {
            wrong
                .push(format!("{} of node {node} was deleted ({grave:?}): unsent {unsent}, paid {paid}", short(*hash)));
        }
    }
    for what in wrong {
        world.violated("no row is lost", what);
    }
}

/// An invoice that was only ever refused has no claim.
fn refusals(world: &mut World) {
    let refused = world.seen.judged.iter().filter(|(_, (judged, refused))| judged == refused);
    let claimed =
        refused.filter(|((node, hash), _)| world.nodes[*node].claims.iter().any(|claim| claim.payment_hash() == *hash));
    if let Some(((node, hash), _)) = claimed.min() {
        let what = format!("node {node} refused {}", short(*hash));
        world.violated("a refusal leaves no claim", what);
    }
}
