//! The payer's store.

use cln_primitives::Hash32;
use cln_runtime::engine::{
    Claim, ClaimLimits, ClaimRefusal, ClaimState, Claimed, Disabling, RequestRecord, RequestStore, StoreError,
};

use super::Ports;
use crate::simulate::bug::Bug;
use crate::simulate::world::{Node, World, short};

impl RequestStore for Ports {
    async fn insert_request(&self, record: &RequestRecord) -> Result<bool, StoreError> {
        self.change("stores a request", |world| {
            let requests = &mut world.nodes[self.node].requests;
            if requests.iter().any(|known| known.invreq_id == record.invreq_id) {
                return Ok(false);
            }
            requests.push(record.clone());
            Ok(true)
        })
        .await
    }

    async fn request(&self, invreq_id: Hash32) -> Result<Option<RequestRecord>, StoreError> {
        self.atomic("looks for a request", |world| Ok(find(&world.nodes[self.node], invreq_id).cloned())).await
    }

    async fn requests(&self) -> Result<Vec<RequestRecord>, StoreError> {
        self.atomic("lists its requests", |world| Ok(world.nodes[self.node].requests.clone())).await
    }

    async fn disable_request(&self, invreq_id: Hash32) -> Result<Disabling, StoreError> {
        self.change("disables a request", |world| {
            let requests = &mut world.nodes[self.node].requests;
            let Some(record) = requests.iter_mut().find(|record| record.invreq_id == invreq_id) else {
                return Ok(Disabling::Unknown);
            };
            let Some(disabled) = record.status.disabled() else {
                return Ok(Disabling::Inactive(record.clone()));
            };
            record.status = disabled;
            Ok(Disabling::Done(record.clone()))
        })
        .await
    }

    async fn claim(&self, claim: &Claim, limits: ClaimLimits) -> Result<Claimed, StoreError> {
        if self.world.lock().bug == Some(Bug::ClaimNotAtomic) {
            let read = |world: &mut World| Ok(judge(&world.nodes[self.node], claim, limits));
            let judged = self.atomic("looks whether it may claim", read).await?;
            return self.change("claims", |world| Ok(apply(world, self.node, claim, judged))).await;
        }
        self.change("claims", |world| {
            if world.bug == Some(Bug::AnotherInvoicePaid) {
                let others =
                    world.nodes[self.node].claims.iter_mut().filter(|other| other.invreq_id == claim.invreq_id);
                for other in others
                    .filter(|other| other.state == ClaimState::Pending && other.payment_hash() != claim.payment_hash())
                {
                    other.state = ClaimState::Failed("another invoice is paid".to_owned());
                }
            }
            let judged = judge(&world.nodes[self.node], claim, limits);
            Ok(apply(world, self.node, claim, judged))
        })
        .await
    }

    async fn settle_claim(&self, payment_hash: Hash32, end: ClaimState) -> Result<Option<Claim>, StoreError> {
        self.change("tells how a claim ended", |world| {
            let forgets = world.bug == Some(Bug::DisableForgetsPayment);
            let node = &mut world.nodes[self.node];
            let Some(claim) = node.claims.iter_mut().find(|claim| claim.payment_hash() == payment_hash) else {
                return Ok(None);
            };
            if claim.state == ClaimState::Pending {
                claim.state = end;
                let paid = matches!(claim.state, ClaimState::Complete(_));
                let request = node.requests.iter_mut().find(|record| record.invreq_id == claim.invreq_id);
                if let Some(record) = request.filter(|record| paid && (record.status.is_active() || !forgets)) {
                    record.status = record.status.paid();
                }
            }
            let claim = claim.clone();
            world.note(self.node, || format!("  claim {} is {}", short(payment_hash), name(&claim.state)));
            Ok(Some(claim))
        })
        .await
    }

    async fn find_claim(&self, payment_hash: Hash32) -> Result<Option<Claim>, StoreError> {
        self.atomic("looks for a claim", |world| Ok(claim(&world.nodes[self.node], payment_hash).cloned())).await
    }

    async fn pending_claims(&self) -> Result<Vec<Claim>, StoreError> {
        self.atomic("lists its pending claims", |world| {
            if world.bug == Some(Bug::ResumeForgets) {
                return Ok(Vec::new());
            }
            let claims = world.nodes[self.node].claims.iter();
            Ok(claims.filter(|claim| claim.state == ClaimState::Pending).cloned().collect())
        })
        .await
    }
}

fn find(node: &Node, invreq_id: Hash32) -> Option<&RequestRecord> {
    node.requests.iter().find(|record| record.invreq_id == invreq_id)
}

fn claim(node: &Node, payment_hash: Hash32) -> Option<&Claim> {
    node.claims.iter().find(|claim| claim.payment_hash() == payment_hash)
}

fn judge(node: &Node, new: &Claim, limits: ClaimLimits) -> Claimed {
    let Some(request) = find(node, new.invreq_id) else {
        return Claimed::Refused(ClaimRefusal::UnknownRequest(new.invreq_id));
    };
    if let Some(known) = claim(node, new.payment_hash()) {
        if known.invoice.as_bytes() != new.invoice.as_bytes() {
            return Claimed::Refused(ClaimRefusal::PaymentHashTaken);
        }
        match known.state {
            ClaimState::Pending => return Claimed::Pending,
            ClaimState::Complete(_) => return Claimed::Complete,
            ClaimState::Failed(_) => {}
        }
    }
    if !request.status.is_active() {
        return Claimed::Refused(ClaimRefusal::Inactive);
    }
    let others = || node.claims.iter().filter(|claim| claim.invreq_id == new.invreq_id);
    if request.status.is_single_use() && others().any(|claim| !matches!(claim.state, ClaimState::Failed(_))) {
        return Claimed::Refused(ClaimRefusal::InProgress);
    }
    let pending = others().filter(|claim| claim.state == ClaimState::Pending).count();
    if pending >= limits.pending as usize {
        return Claimed::Refused(ClaimRefusal::TooManyPending);
    }
    Claimed::New
}

fn apply(world: &mut World, node: usize, new: &Claim, judged: Claimed) -> Claimed {
    let claims = &mut world.nodes[node].claims;
    let known = claims.iter_mut().find(|claim| claim.payment_hash() == new.payment_hash());
    match (&judged, known) {
        (Claimed::New, Some(known)) => {
            let reply_path = new.reply_path.clone().or(known.reply_path.take());
            *known = Claim { reply_path, ..new.clone() };
        }
        (Claimed::New, None) => claims.push(new.clone()),
        (Claimed::Pending, Some(known)) => known.reply_path = new.reply_path.clone().or(known.reply_path.take()),
        _ => {}
    }
    world.note(node, || format!("  claim {}: {judged:?}", short(new.payment_hash())));
    judged
}

fn name(state: &ClaimState) -> &'static str {
    match state {
        ClaimState::Pending => "pending",
        ClaimState::Complete(_) => "complete",
        ClaimState::Failed(_) => "failed",
    }
}
