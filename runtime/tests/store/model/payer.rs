//! The payer: requests and claims.

use std::sync::LazyLock;

use cln_runtime::engine::{
    Claim, ClaimRefusal, ClaimState, Claimed, Disabling, ReplyPath, RequestRecord, RequestStore as _,
};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::{FEW, check_same, run};
use crate::support::{LIMITS, Scene, claim, hash, preimage, record};

/// Each invoice is made once, so that the same numbers are the same invoice.
static CLAIMS: LazyLock<Vec<Claim>> =
    LazyLock::new(|| (0..FEW * FEW).map(|number| claim(number / FEW, number % FEW)).collect());

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
}
