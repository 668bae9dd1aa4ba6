//! Balances, and payments on their way between nodes.

use std::task::Waker;

use cln_primitives::{Hash32, Msat, Secret};
use cln_runtime::engine::{HtlcSet, HtlcSetId};

/// The channels of all nodes, as far as money goes.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) balances: Vec<u64>,
    pub(super) payments: Vec<Payment>,
}

/// One attempt to pay: all its HTLCs.
pub(super) struct Payment {
    pub(super) payer: usize,
    pub(super) payee: usize,
    pub(super) invreq_id: Hash32,
    pub(super) hash: Hash32,
    pub(super) amount: u64,
    /// What the invoice's path carries.
    pub(super) path_secret: Secret,
    /// In how many parts it comes.
    pub(super) parts: u32,
    /// How many of them have not arrived yet.
    pub(super) missing: u32,
    pub(super) state: PaymentState,
    waiting: Vec<Waker>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PaymentState {
    /// Locked by its hash.
    Locked,
    /// The payee has it.
    Fulfilled(Secret),
    /// The payer has it back.
    Failed(String),
}

impl Payment {
    pub(super) fn has_arrived(&self) -> bool {
        self.missing == 0
    }
}

impl Ledger {
    pub(super) fn new(balances: Vec<u64>) -> Self {
        Ledger { balances, payments: Vec::new() }
    }

    /// All the money there is: it never changes.
    pub(super) fn total(&self) -> u64 {
        let locked = self.payments.iter().filter(|payment| payment.state == PaymentState::Locked);
        self.balances.iter().sum::<u64>() + locked.map(|payment| payment.amount).sum::<u64>()
    }

    /// Locks money; gives the payment's number.
    pub(super) fn offer(
        &mut self,
        (payer, payee): (usize, usize),
        (invreq_id, hash): (Hash32, Hash32),
        amount: u64,
        path_secret: Secret,
        parts: u32,
    ) -> usize {
        self.balances[payer] -= amount;
        let (state, waiting) = (PaymentState::Locked, Vec::new());
        let missing = parts;
        let payment = Payment { payer, payee, invreq_id, hash, amount, path_secret, parts, missing, state, waiting };
        self.payments.push(payment);
        self.payments.len() - 1
    }

    /// Ends a payment that is locked; `false` when it has ended already. See [`World::end_payment`].
    ///
    /// [`World::end_payment`]: super::world::World::end_payment
    pub(super) fn end(&mut self, number: usize, state: PaymentState) -> bool {
        let payment = &mut self.payments[number];
        if payment.state != PaymentState::Locked {
            return false;
        }
        let receiver = match state {
            PaymentState::Locked => return false,
            PaymentState::Fulfilled(_) => payment.payee,
            PaymentState::Failed(_) => payment.payer,
        };
        payment.state = state;
        self.balances[receiver] += payment.amount;
        payment.waiting.drain(..).for_each(Waker::wake);
        true
    }

    pub(super) fn has_ended(&self, number: usize) -> bool {
        self.payments[number].state != PaymentState::Locked
    }

    /// What was shown for a payment.
    pub(super) fn preimage(&self, number: usize) -> Option<Secret> {
        match &self.payments[number].state {
            PaymentState::Fulfilled(preimage) => Some(preimage.clone()),
            PaymentState::Locked | PaymentState::Failed(_) => None,
        }
    }

    /// Wakes when a payment ends.
    pub(super) fn wait(&mut self, number: usize, waker: &Waker) {
        self.payments[number].waiting.push(waker.clone());
    }

    /// The latest attempt of a node to pay by this hash that has not failed.
    pub(super) fn attempt(&self, payer: usize, hash: Hash32) -> Option<usize> {
        let going_on = |payment: &Payment| {
            payment.payer == payer && payment.hash == hash && !matches!(payment.state, PaymentState::Failed(_))
        };
        self.payments.iter().rposition(going_on)
    }

    /// A payment as the payee sees it.
    pub(super) fn set(&self, number: usize) -> HtlcSet {
        let payment = &self.payments[number];
        HtlcSet {
            id: HtlcSetId(number as u64),
            payment_hash: payment.hash,
            amount: Msat::from_msat(payment.amount),
            path_secret: Some(payment.path_secret.clone()),
        }
    }
}
