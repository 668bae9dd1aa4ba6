//! The payee: invoices.

use cln_primitives::Msat;
use cln_runtime::engine::{
    Acceptance, Creation, Free, HtlcSetId, InvoiceRecord, InvoiceState, InvoiceStore as _, Receipt,
    SettlementStore as _,
};
use cln_runtime::node::store::InvoiceStatus;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::{FEW, check_same, run};
use crate::support::{AMOUNT, EXPIRY, NOW, Scene, hash, htlc_set, new_invoice};

#[derive(Clone, Copy, Debug)]
enum PayeeStep {
    Create { label: u8, request: u8, preimage: u8 },
    Attempt { label: u8, preimage: u8 },
    Free { label: u8, preimage: u8, refused: bool },
    Accept { preimage: u8, htlcs: u64, amount: u64, late: bool },
    Pay { preimage: u8, htlcs: u64 },
    Release { preimage: u8, htlcs: u64 },
    Expire { late: bool },
    Delete { label: u8 },
    Reopen,
}

fn payee_step() -> impl Strategy<Value = PayeeStep> {
    let (few, amount) = (0..FEW, prop_oneof![1 => Just(999), 4 => Just(1000), 1 => Just(2001)]);
    let (htlcs, rarely) = (1..=u64::from(FEW), || proptest::bool::weighted(0.1));
    prop_oneof![
        4 => (few.clone(), 0..2_u8, few.clone())
            .prop_map(|(label, request, preimage)| PayeeStep::Create { label, request, preimage }),
        2 => (few.clone(), few.clone()).prop_map(|(label, preimage)| PayeeStep::Attempt { label, preimage }),
        2 => (few.clone(), few.clone(), any::<bool>())
            .prop_map(|(label, preimage, refused)| PayeeStep::Free { label, preimage, refused }),
        4 => (few.clone(), htlcs.clone(), amount, rarely())
            .prop_map(|(preimage, htlcs, amount, late)| PayeeStep::Accept { preimage, htlcs, amount, late }),
        2 => (few.clone(), htlcs.clone()).prop_map(|(preimage, htlcs)| PayeeStep::Pay { preimage, htlcs }),
        2 => (few.clone(), htlcs).prop_map(|(preimage, htlcs)| PayeeStep::Release { preimage, htlcs }),
        1 => rarely().prop_map(|late| PayeeStep::Expire { late }),
        1 => few.prop_map(|label| PayeeStep::Delete { label }),
        1 => Just(PayeeStep::Reopen),
    ]
}

/// What a model remembers of an invoice; the text is the store's.
#[derive(Clone, Debug)]
struct Row {
    label: String,
    request: u8,
    preimage: u8,
    attempts: u32,
    state: InvoiceState,
    /// The payment that it is bound to.
    htlcs: Option<HtlcSetId>,
    created_index: u64,
    updated_index: Option<u64>,
}

#[derive(Default)]
struct Payee {
    rows: Vec<Row>,
    created: u64,
    updated: u64,
    paid: u64,
}

/// What both say of an invoice.
type Told = (String, String, u32, InvoiceState, u64, Option<u64>);

fn told(record: InvoiceRecord) -> Told {
    let hash = record.payment_hash().to_string();
    (record.label, hash, record.attempts, record.state, record.created_index, record.updated_index)
}

impl Row {
    fn told(&self) -> Told {
        let hash = hash(self.preimage).to_string();
        (self.label.clone(), hash, self.attempts, self.state.clone(), self.created_index, self.updated_index)
    }

    fn accept(&self, htlcs: HtlcSetId, amount: u64, late: bool) -> (bool, bool) {
        match self.state {
            InvoiceState::Accepted | InvoiceState::Paid(_) => (self.htlcs == Some(htlcs), false),
            InvoiceState::Expired => (false, false),
            InvoiceState::Unpaid => {
                let taken = !late && amount == 1000;
                (taken, taken)
            }
        }
    }
}

impl Payee {
    fn find(&self, label: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.label == label)
    }

    fn by_hash(&mut self, preimage: u8) -> Option<&mut Row> {
        self.rows.iter_mut().find(|row| row.preimage == preimage)
    }

    fn set(&mut self, preimage: u8, state: InvoiceState) {
        self.updated += 1;
        let updated = Some(self.updated);
        let row = self.by_hash(preimage).unwrap();
        (row.state, row.updated_index) = (state, updated);
    }

    fn create(&mut self, label: &str, request: u8, preimage: u8) -> Result<(bool, Told), ()> {
        if let Some(row) = self.find(label) {
            if row.state != InvoiceState::Expired || row.request != request {
                return Ok((false, row.told()));
            }
            if self.rows.iter().any(|row| row.preimage == preimage && row.label != label) {
                return Err(());
            }
            self.rows.retain(|row| row.label != label);
        }
        if self.by_hash(preimage).is_some() {
            return Err(());
        }
        self.created += 1;
        let (created_index, label) = (self.created, label.to_owned());
        let state = InvoiceState::Unpaid;
        let row = Row { label, request, preimage, attempts: 1, state, htlcs: None, created_index, updated_index: None };
        self.rows.push(row.clone());
        Ok((true, row.told()))
    }

    fn pay(&mut self, preimage: u8, htlcs: HtlcSetId) -> Result<Receipt, ()> {
        let row = self.by_hash(preimage).filter(|row| row.htlcs == Some(htlcs)).ok_or(())?.clone();
        match row.state {
            InvoiceState::Paid(receipt) => Ok(receipt),
            InvoiceState::Accepted => {
                self.paid += 1;
                let preimage = crate::support::preimage(row.preimage);
                let receipt = Receipt { preimage, pay_index: self.paid, amount_received: AMOUNT, paid_at: NOW };
                self.set(row.preimage, InvoiceState::Paid(receipt.clone()));
                Ok(receipt)
            }
            _ => Err(()),
        }
    }
}

fn time(late: bool) -> u64 {
    NOW + u64::from(EXPIRY) + u64::from(late)
}

async fn check_payee_step(scene: &mut Scene, model: &mut Payee, step: PayeeStep) -> TestCaseResult {
    let store = &scene.store;
    match step {
        PayeeStep::Create { label, request, preimage } => {
            let label = label.to_string();
            let made = store.create_invoice(new_invoice(&label, request, preimage)).await;
            let made = made.map_err(drop).map(|made| match made {
                Creation::Created(record) => (true, told(record)),
                Creation::LabelTaken(record) => (false, told(record)),
            });
            check_same(made, model.create(&label, request, preimage))?;
        }
        PayeeStep::Attempt { label, preimage } => {
            let label = label.to_string();
            let row = model.by_hash(preimage).filter(|row| row.label == label);
            let expected = row.map(|row| {
                row.attempts += u32::from(row.state == InvoiceState::Unpaid);
                row.told()
            });
            check_same(store.attempt_again(&label, hash(preimage)).await.unwrap().map(told), expected)?;
        }
        PayeeStep::Free { label, preimage, refused } => {
            let label = label.to_string();
            let why = if refused { Free::Refused } else { Free::NeverDelivered };
            let found = model.by_hash(preimage).filter(|row| row.label == label).cloned();
            let kept = found.filter(|row| row.state != InvoiceState::Unpaid || !(refused || row.attempts == 1));
            if kept.is_none() {
                model.rows.retain(|row| row.label != label || row.preimage != preimage);
            }
            let freed = store.free_label(&label, hash(preimage), why).await.unwrap();
            check_same(freed.map(told), kept.map(|row| row.told()))?;
        }
        PayeeStep::Accept { preimage, htlcs, amount, late } => {
            let set = htlc_set(preimage, htlcs, Msat::from_msat(amount));
            let found = model.by_hash(preimage).map(|row| row.accept(set.id, amount, late));
            let (taken, bound) = found.unwrap_or_default();
            if bound {
                model.set(preimage, InvoiceState::Accepted);
                model.by_hash(preimage).unwrap().htlcs = Some(set.id);
            }
            let accepted = store.accept_htlcs(&set, time(late)).await.unwrap();
            check_same(matches!(accepted, Acceptance::Accepted(_)), taken)?;
        }
        PayeeStep::Pay { preimage, htlcs } => {
            let receipt = store.mark_paid(hash(preimage), HtlcSetId(htlcs), AMOUNT, NOW).await;
            check_same(receipt.map_err(drop), model.pay(preimage, HtlcSetId(htlcs)))?;
        }
        PayeeStep::Release { preimage, htlcs } => {
            let bound = |row: &mut Row| row.state == InvoiceState::Accepted && row.htlcs == Some(HtlcSetId(htlcs));
            if model.by_hash(preimage).is_some_and(bound) {
                model.set(preimage, InvoiceState::Unpaid);
                model.by_hash(preimage).unwrap().htlcs = None;
            }
            store.release_htlcs(hash(preimage), HtlcSetId(htlcs)).await.unwrap();
        }
        PayeeStep::Expire { late } => {
            let mut over: Vec<_> = model.rows.iter().filter(|row| late && row.state == InvoiceState::Unpaid).collect();
            over.sort_by_key(|row| row.created_index);
            let over: Vec<u8> = over.into_iter().map(|row| row.preimage).collect();
            over.iter().for_each(|&preimage| model.set(preimage, InvoiceState::Expired));
            check_same(store.expire_invoices(time(late)).await.unwrap(), over.len())?;
        }
        PayeeStep::Delete { label } => {
            let label = label.to_string();
            let deletable = |row: &&Row| row.state != InvoiceState::Accepted;
            let row = model.find(&label).filter(deletable).cloned();
            let status = model.find(&label).map_or(InvoiceStatus::Paid, |row| (&row.state).into());
            model.rows.retain(|other| row.as_ref().is_none_or(|row| other.label != row.label));
            check_same(store.delete_invoice(&label, status).await.is_ok(), row.is_some())?;
        }
        PayeeStep::Reopen => scene.reopen(),
    }
    for label in 0..FEW {
        let label = label.to_string();
        check_same(scene.find(&label).await.map(told), model.find(&label).map(Row::told))?;
    }
    let accepted = model.rows.iter().filter(|row| row.state == InvoiceState::Accepted);
    let mut accepted: Vec<HtlcSetId> = accepted.filter_map(|row| row.htlcs).collect();
    accepted.sort();
    check_same(scene.store.accepted_htlcs().await.unwrap(), accepted)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_payee_does_what_its_rules_say(steps in proptest::collection::vec(payee_step(), 1..60)) {
        run(async {
            let (mut scene, mut model) = (Scene::new(), Payee::default());
            for step in steps {
                check_payee_step(&mut scene, &mut model, step).await?;
            }
            Ok(())
        })?;
    }
}
