//! Any steps in any order, with restarts between, against a model that is as simple as the rules.

use std::fmt::Debug;
use std::sync::LazyLock;

use cln_primitives::Msat;
use cln_runtime::engine::{
    Claim, ClaimRefusal, ClaimState, Claimed, Creation, Disabling, Free, HtlcSetId, InvoiceRecord, InvoiceState,
    InvoiceStore as _, Receipt, ReplyPath, RequestRecord, RequestStore as _,
};
use cln_runtime::node::store::InvoiceStatus;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::support::{AMOUNT, EXPIRY, LIMITS, NOW, Scene, claim, hash, htlc_set, new_invoice, preimage, record};

/// How many different requests, payment hashes, labels and payments there are.
const FEW: u8 = 3;

/// Each invoice is made once, so that the same numbers are the same invoice.
static CLAIMS: LazyLock<Vec<Claim>> =
    LazyLock::new(|| (0..FEW * FEW).map(|number| claim(number / FEW, number % FEW)).collect());

fn check_same(found: impl Debug, expected: impl Debug) -> TestCaseResult {
    let (found, expected) = (format!("{found:?}"), format!("{expected:?}"));
    prop_assert_eq!(found, expected);
    Ok(())
}

fn run(test: impl Future<Output = TestCaseResult>) -> TestCaseResult {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

#[derive(Clone, Copy, Debug)]
enum PayerStep {
    Insert { request: u8, single_use: bool },
    Disable { request: u8 },
    Claim { request: u8, preimage: u8, reply_path: u8 },
    Complete { preimage: u8 },
    Fail { preimage: u8 },
    Reopen,
}

fn payer_step() -> impl Strategy<Value = PayerStep> {
    prop_oneof![
        1 => (0..FEW, any::<bool>()).prop_map(|(request, single_use)| PayerStep::Insert { request, single_use }),
        1 => (0..FEW).prop_map(|request| PayerStep::Disable { request }),
        6 => (0..FEW, 0..FEW, any::<u8>())
            .prop_map(|(request, preimage, reply_path)| PayerStep::Claim { request, preimage, reply_path }),
        1 => (0..FEW).prop_map(|preimage| PayerStep::Complete { preimage }),
        3 => (0..FEW).prop_map(|preimage| PayerStep::Fail { preimage }),
        1 => Just(PayerStep::Reopen),
    ]
}

#[derive(Default)]
struct Payer {
    requests: Vec<RequestRecord>,
    claims: Vec<Claim>,
}

impl Payer {
    fn request(&mut self, number: u8) -> Option<&mut RequestRecord> {
        let id = record(number, true).invreq_id;
        self.requests.iter_mut().find(|request| request.invreq_id == id)
    }

    fn claim(&mut self, claim: &Claim) -> Claimed {
        let same_hash = self.claims.iter_mut().find(|old| old.payment_hash() == claim.payment_hash());
        if let Some(old) = same_hash {
            if old.invreq_id != claim.invreq_id {
                return Claimed::Refused(ClaimRefusal::PaymentHashTaken);
            }
            match old.state {
                ClaimState::Pending => {
                    old.reply_path = claim.reply_path.clone();
                    return Claimed::Pending;
                }
                ClaimState::Complete(_) => return Claimed::Complete,
                ClaimState::Failed(_) => {}
            }
        }
        let Some(request) = self.requests.iter().find(|request| request.invreq_id == claim.invreq_id) else {
            return Claimed::Refused(ClaimRefusal::UnknownRequest(claim.invreq_id));
        };
        if !request.status.is_active() {
            return Claimed::Refused(ClaimRefusal::Inactive);
        }
        let siblings = || self.claims.iter().filter(|old| old.invreq_id == claim.invreq_id);
        let pending = siblings().filter(|old| old.state == ClaimState::Pending).count() as u32;
        if request.status.is_single_use() && pending > 0 {
            return Claimed::Refused(ClaimRefusal::InProgress);
        }
        if !request.status.is_single_use() && pending >= LIMITS.pending {
            return Claimed::Refused(ClaimRefusal::TooManyPending);
        }
        match self.claims.iter_mut().find(|old| old.payment_hash() == claim.payment_hash()) {
            Some(old) => *old = claim.clone(),
            None => self.claims.push(claim.clone()),
        }
        let failed = |old: &Claim| old.invreq_id == claim.invreq_id && matches!(old.state, ClaimState::Failed(_));
        while self.claims.iter().filter(|old| failed(old)).count() as u32 > LIMITS.failed {
            let oldest = self.claims.iter().position(failed).unwrap();
            self.claims.remove(oldest);
        }
        Claimed::New
    }

    fn settle(&mut self, number: u8, end: ClaimState) -> Option<Claim> {
        let claim = self.claims.iter_mut().find(|claim| claim.payment_hash() == hash(number))?;
        if claim.state == ClaimState::Pending {
            claim.state = end;
            if let ClaimState::Complete(_) = claim.state {
                let request = self.requests.iter_mut().find(|request| request.invreq_id == claim.invreq_id).unwrap();
                request.status = request.status.paid();
            }
        }
        Some(claim.clone())
    }
}

async fn check_payer_step(scene: &mut Scene, model: &mut Payer, step: PayerStep) -> TestCaseResult {
    let store = &scene.store;
    match step {
        PayerStep::Insert { request, single_use } => {
            let record = record(request, single_use);
            let is_new = model.request(request).is_none();
            if is_new {
                model.requests.push(record.clone());
            }
            check_same(store.insert_request(&record).await.unwrap(), is_new)?;
        }
        PayerStep::Disable { request } => {
            let expected = match model.request(request) {
                None => Disabling::Unknown,
                Some(record) => match record.status.disabled() {
                    None => Disabling::Inactive(record.clone()),
                    Some(status) => {
                        record.status = status;
                        Disabling::Done(record.clone())
                    }
                },
            };
            check_same(store.disable_request(record(request, true).invreq_id).await.unwrap(), expected)?;
        }
        PayerStep::Claim { request, preimage, reply_path } => {
            let mut claim = CLAIMS[usize::from(request * FEW + preimage)].clone();
            claim.reply_path = Some(ReplyPath(vec![reply_path]));
            check_same(store.claim(&claim, LIMITS).await.unwrap(), model.claim(&claim))?;
        }
        PayerStep::Complete { preimage: number } => {
            let end = ClaimState::Complete(preimage(number));
            check_same(store.settle_claim(hash(number), end.clone()).await.unwrap(), model.settle(number, end))?;
        }
        PayerStep::Fail { preimage: number } => {
            let end = ClaimState::Failed("why".to_owned());
            check_same(store.settle_claim(hash(number), end.clone()).await.unwrap(), model.settle(number, end))?;
        }
        PayerStep::Reopen => scene.reopen(),
    }
    check_same(scene.store.requests().await.unwrap(), &model.requests)?;
    let pending = model.claims.iter().filter(|claim| claim.state == ClaimState::Pending);
    check_same(scene.store.pending_claims().await.unwrap(), pending.collect::<Vec<_>>())?;
    for number in 0..FEW {
        let expected = model.claims.iter().find(|claim| claim.payment_hash() == hash(number));
        check_same(scene.store.find_claim(hash(number)).await.unwrap(), expected)?;
    }
    Ok(())
}

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
        (self.label.clone(), hash, self.attempts, self.state, self.created_index, self.updated_index)
    }

    fn accept(&self, htlcs: HtlcSetId, amount: u64, late: bool) -> (bool, bool) {
        match self.state {
            InvoiceState::Accepted(bound) => (bound == htlcs, false),
            InvoiceState::Paid(receipt) => (receipt.htlcs == htlcs, false),
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
        let row = Row { label, request, preimage, attempts: 1, state, created_index, updated_index: None };
        self.rows.push(row.clone());
        Ok((true, row.told()))
    }

    fn pay(&mut self, preimage: u8, htlcs: HtlcSetId) -> Result<Receipt, ()> {
        match self.by_hash(preimage).ok_or(())?.state {
            InvoiceState::Paid(receipt) if receipt.htlcs == htlcs => Ok(receipt),
            InvoiceState::Accepted(bound) if bound == htlcs => {
                self.paid += 1;
                let receipt = Receipt { htlcs, pay_index: self.paid, amount_received: AMOUNT, paid_at: NOW };
                self.set(preimage, InvoiceState::Paid(receipt));
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
                model.set(preimage, InvoiceState::Accepted(set.id));
            }
            let accepted = store.accept_htlcs(&set, time(late)).await.unwrap();
            check_same(matches!(accepted, cln_runtime::engine::Acceptance::Accepted(_)), taken)?;
        }
        PayeeStep::Pay { preimage, htlcs } => {
            let receipt = store.mark_paid(hash(preimage), HtlcSetId(htlcs), AMOUNT, NOW).await;
            check_same(receipt.map_err(drop), model.pay(preimage, HtlcSetId(htlcs)))?;
        }
        PayeeStep::Release { preimage, htlcs } => {
            let bound = InvoiceState::Accepted(HtlcSetId(htlcs));
            if model.by_hash(preimage).is_some_and(|row| row.state == bound) {
                model.set(preimage, InvoiceState::Unpaid);
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
            let deletable = |row: &&Row| !matches!(row.state, InvoiceState::Accepted(_));
            let row = model.find(&label).filter(deletable).cloned();
            let status = model.find(&label).map_or(InvoiceStatus::Paid, |row| row.state.into());
            model.rows.retain(|other| row.as_ref().is_none_or(|row| other.label != row.label));
            check_same(store.delete_invoice(&label, status).await.is_ok(), row.is_some())?;
        }
        PayeeStep::Reopen => scene.reopen(),
    }
    for label in 0..FEW {
        let label = label.to_string();
        check_same(scene.find(&label).await.map(told), model.find(&label).map(Row::told))?;
    }
    let accepted = model.rows.iter().filter_map(|row| match row.state {
        InvoiceState::Accepted(id) => Some(id),
        _ => None,
    });
    let mut accepted: Vec<HtlcSetId> = accepted.collect();
    accepted.sort();
    check_same(scene.store.accepted_htlcs().await.unwrap(), accepted)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_payer_does_what_its_rules_say(steps in proptest::collection::vec(payer_step(), 1..60)) {
        run(async {
            let (mut scene, mut model) = (Scene::new(), Payer::default());
            for step in steps {
                check_payer_step(&mut scene, &mut model, step).await?;
            }
            Ok(())
        })?;
    }

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
