//! Requests and claims: what a payer may pay.

use cln_runtime::engine::{
    Claim, ClaimLimits, ClaimRefusal, ClaimState, Claimed, Disabling, ReplyPath, RequestStatus, RequestStore as _,
};

use crate::support::{LIMITS, Scene, claim, hash, preimage, record};

fn complete(number: u8) -> ClaimState {
    ClaimState::Complete(preimage(number))
}

fn failed() -> ClaimState {
    ClaimState::Failed("no way".to_owned())
}

/// What has been done with a request before the last invoice arrives for it.
#[derive(Clone, Copy)]
enum Before {
    Nothing,
    Disabled,
    /// Another invoice was claimed.
    Pending,
    Complete,
    Failed,
    /// As many others are pending as may be.
    Full,
    /// The other one was claimed, and then the request disabled.
    PendingThenDisabled,
}

async fn check(single_use: bool, before: Before, expected: Claimed) {
    let scene = Scene::new();
    let (store, id) = (&scene.store, scene.request(1, single_use).await);
    let mut claimed = Vec::new();
    match before {
        Before::Nothing | Before::Disabled => {}
        Before::Full => claimed.extend([2, 3]),
        _ => claimed.push(2),
    }
    for &other in &claimed {
        assert_eq!(store.claim(&claim(1, other), LIMITS).await.unwrap(), Claimed::New);
    }
    match before {
        Before::Complete => drop(store.settle_claim(hash(2), complete(2)).await.unwrap()),
        Before::Failed => drop(store.settle_claim(hash(2), failed()).await.unwrap()),
        Before::Disabled | Before::PendingThenDisabled => drop(store.disable_request(id).await.unwrap()),
        _ => {}
    }
    assert_eq!(store.claim(&claim(1, 9), LIMITS).await.unwrap(), expected);
}

#[tokio::test]
async fn a_single_use_request_has_one_claim_that_has_not_failed() {
    check(true, Before::Nothing, Claimed::New).await;
    check(true, Before::Failed, Claimed::New).await;
    check(true, Before::Pending, Claimed::Refused(ClaimRefusal::InProgress)).await;
    check(true, Before::Complete, Claimed::Refused(ClaimRefusal::Inactive)).await;
    check(true, Before::Disabled, Claimed::Refused(ClaimRefusal::Inactive)).await;
    check(true, Before::PendingThenDisabled, Claimed::Refused(ClaimRefusal::Inactive)).await;
}

#[tokio::test]
async fn a_multi_use_request_has_many_claims_but_not_too_many_at_a_time() {
    check(false, Before::Nothing, Claimed::New).await;
    check(false, Before::Pending, Claimed::New).await;
    check(false, Before::Complete, Claimed::New).await;
    check(false, Before::Full, Claimed::Refused(ClaimRefusal::TooManyPending)).await;
    check(false, Before::Disabled, Claimed::Refused(ClaimRefusal::Inactive)).await;
}

#[tokio::test]
async fn the_same_invoice_again_is_the_same_claim() {
    let scene = Scene::new();
    let (store, id) = (&scene.store, scene.request(1, true).await);
    let mut claim = claim(1, 2);
    assert_eq!(store.claim(&claim, LIMITS).await.unwrap(), Claimed::New);
    claim.reply_path = Some(ReplyPath(b"elsewhere".to_vec()));
    assert_eq!(store.claim(&claim, LIMITS).await.unwrap(), Claimed::Pending);
    // Who wants no answer does not take it from the one who does.
    assert_eq!(store.claim(&Claim { reply_path: None, ..claim.clone() }, LIMITS).await.unwrap(), Claimed::Pending);
    let pending = store.pending_claims().await.unwrap();
    assert_eq!(pending.iter().map(|claim| claim.reply_path.clone()).collect::<Vec<_>>(), [claim.reply_path.clone()]);

    let ended = store.settle_claim(hash(2), failed()).await.unwrap().unwrap();
    assert_eq!(ended.state, failed());
    assert_eq!(store.claim(&Claim { reply_path: None, ..claim.clone() }, LIMITS).await.unwrap(), Claimed::New);
    let revived = store.find_claim(hash(2)).await.unwrap().unwrap();
    assert_eq!((revived.state, &revived.reply_path), (ClaimState::Pending, &claim.reply_path));

    // It counts although the request was disabled meanwhile.
    store.disable_request(id).await.unwrap();
    store.settle_claim(hash(2), complete(2)).await.unwrap();
    assert_eq!(store.claim(&claim, LIMITS).await.unwrap(), Claimed::Complete);
    assert_eq!(store.request(id).await.unwrap().unwrap().status, RequestStatus::SingleUseUsed);
    assert!(store.pending_claims().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_payment_hash_is_for_one_invoice() {
    let scene = Scene::new();
    scene.request(1, false).await;
    scene.request(2, false).await;
    assert_eq!(scene.store.claim(&claim(1, 3), LIMITS).await.unwrap(), Claimed::New);
    for request in [1, 2] {
        let other = scene.store.claim(&claim(request, 3), LIMITS).await.unwrap();
        assert_eq!(other, Claimed::Refused(ClaimRefusal::PaymentHashTaken));
    }
}

#[tokio::test]
async fn an_unknown_request_is_not_paid() {
    let scene = Scene::new();
    let unknown = record(1, true).invreq_id;
    let claimed = scene.store.claim(&claim(1, 2), LIMITS).await.unwrap();
    assert_eq!(claimed, Claimed::Refused(ClaimRefusal::UnknownRequest(unknown)));
    assert!(matches!(scene.store.disable_request(unknown).await.unwrap(), Disabling::Unknown));
    assert!(scene.store.settle_claim(hash(2), failed()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_claim_ends_once() {
    let scene = Scene::new();
    scene.request(1, false).await;
    scene.store.claim(&claim(1, 2), LIMITS).await.unwrap();
    scene.store.settle_claim(hash(2), complete(2)).await.unwrap();
    let again = scene.store.settle_claim(hash(2), failed()).await.unwrap().unwrap();
    assert_eq!(again.state, complete(2));
}

#[tokio::test]
async fn the_oldest_failed_claims_are_forgotten() {
    let scene = Scene::new();
    scene.request(1, true).await;
    let limits = ClaimLimits { pending: 1, failed: 2 };
    for number in 2..=6 {
        assert_eq!(scene.store.claim(&claim(1, number), limits).await.unwrap(), Claimed::New);
        scene.store.settle_claim(hash(number), failed()).await.unwrap();
    }
    scene.store.claim(&claim(1, 7), limits).await.unwrap();
    let mut kept = Vec::new();
    for number in 2..=7 {
        kept.extend(scene.store.find_claim(hash(number)).await.unwrap().map(|_| number));
    }
    assert_eq!(kept, [5, 6, 7]);
}

#[tokio::test]
async fn requests_are_kept_as_they_are_and_stored_once() {
    let mut scene = Scene::new();
    let records = [record(3, true), record(1, false), record(2, true)];
    for record in &records {
        assert!(scene.store.insert_request(record).await.unwrap());
        assert!(!scene.store.insert_request(record).await.unwrap());
    }
    scene.reopen();
    assert_eq!(scene.store.requests().await.unwrap(), records);
    let disabled = scene.store.disable_request(records[0].invreq_id).await.unwrap();
    assert!(matches!(disabled, Disabling::Done(record) if record.status == RequestStatus::SingleUseDisabled));
    let again = scene.store.disable_request(records[0].invreq_id).await.unwrap();
    assert!(matches!(again, Disabling::Inactive(record) if record.status == RequestStatus::SingleUseDisabled));
}

#[tokio::test]
async fn of_many_claims_at_once_one_is_let_through() {
    let scene = Scene::new();
    scene.request(1, true).await;
    let claims: Vec<_> = (2..34).map(|number| claim(1, number)).collect();
    let claimed = futures_util::future::join_all(claims.iter().map(|claim| scene.store.claim(claim, LIMITS))).await;
    assert_eq!(claimed.into_iter().filter(|end| matches!(end, Ok(Claimed::New))).count(), 1);
}
