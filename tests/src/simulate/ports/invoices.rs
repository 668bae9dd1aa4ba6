//! The payee's store.

use std::task::Poll;

use cln_primitives::{Hash32, Msat};
use cln_runtime::engine::{
    Acceptance, AcceptedHtlcs, Creation, Free, HtlcSet, HtlcSetId, InvoiceRecord, InvoiceState, InvoiceStore,
    LabelError, NewInvoice, Receipt, SettlementStore, StoreError,
};

use super::Ports;
use crate::simulate::bug::Bug;
use crate::simulate::keys;
use crate::simulate::plan::Fault;
use crate::simulate::seen::Grave;
use crate::simulate::world::{World, short};

impl InvoiceStore for Ports {
    async fn create_invoice(&self, new: NewInvoice) -> Result<Creation, LabelError> {
        if let Some(beside) = &self.beside {
            return beside.payee.create_invoice(new).await;
        }
        Ok(self.change("creates an invoice", |world| create(world, self.node, new)).await?)
    }

    async fn invoice(&self, label: &str) -> Result<Option<InvoiceRecord>, LabelError> {
        if let Some(beside) = &self.beside {
            return beside.payee.invoice(label).await;
        }
        let found =
            self.atomic("looks for an invoice", |world| Ok(world.nodes[self.node].invoices.get(label).cloned()));
        Ok(found.await?)
    }

    async fn attempt_again(&self, label: &str, hash: Hash32) -> Result<Option<InvoiceRecord>, StoreError> {
        if let Some(beside) = &self.beside {
            return beside.payee.attempt_again(label, hash).await;
        }
        self.change("counts an attempt", |world| {
            let record = find(world, self.node, label, hash);
            Ok(record.map(|record| {
                if record.state == InvoiceState::Unpaid {
                    record.attempts += 1;
                }
                record.clone()
            }))
        })
        .await
    }

    async fn free_label(&self, label: &str, hash: Hash32, why: Free) -> Result<Option<InvoiceRecord>, StoreError> {
        if let Some(beside) = &self.beside {
            return beside.payee.free_label(label, hash, why).await;
        }
        self.change("frees a label", |world| Ok(free(world, self.node, label, hash, why))).await
    }

    async fn wait_invoice(&self, label: &str, hash: Hash32) -> Result<Option<InvoiceRecord>, StoreError> {
        if let Some(beside) = &self.beside {
            return beside.payee.wait_invoice(label, hash).await;
        }
        self.turn().await;
        let mut early = self.world.lock().strikes(self.node, Fault::WaitEnds);
        let found = std::future::poll_fn(|cx| {
            let mut world = self.world.lock();
            let found = find(&mut world, self.node, label, hash).cloned();
            let ended = found
                .as_ref()
                .is_none_or(|record| matches!(record.state, InvoiceState::Paid(_) | InvoiceState::Expired));
            if ended || std::mem::take(&mut early) {
                return Poll::Ready(found);
            }
            world.nodes[self.node].waiting.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
        self.turn().await;
        Ok(found)
    }

    async fn expire_invoice(&self, label: &str, hash: Hash32, now: u64) -> Result<Option<InvoiceRecord>, StoreError> {
        if let Some(beside) = &self.beside {
            return beside.payee.expire_invoice(label, hash, now).await;
        }
        self.expire_invoices(now).await?;
        self.atomic("looks for an invoice", |world| Ok(find(world, self.node, label, hash).cloned())).await
    }
}

impl SettlementStore for Ports {
    async fn accept_htlcs(&self, set: &HtlcSet, now: u64) -> Result<Acceptance, StoreError> {
        self.change("takes a payment", |world| {
            let accepted = accept(world, self.node, set, now);
            world.note(self.node, || format!("  payment {}: {accepted:?}", set.id));
            Ok(accepted)
        })
        .await
    }

    async fn mark_paid(
        &self,
        hash: Hash32,
        htlcs: HtlcSetId,
        amount_received: Msat,
        paid_at: u64,
    ) -> Result<Receipt, StoreError> {
        self.change("marks an invoice as paid", |world| {
            let failed = |why: &str| StoreError { doing: "marks an invoice as paid", why: why.to_owned() };
            let node = &world.nodes[self.node];
            if node.bound.get(&hash) != Some(&htlcs) {
                return Err(failed("the payment is not bound to it"));
            }
            let preimage = node.preimages.get(&hash).cloned().ok_or_else(|| failed("there is none"))?;
            let receipt = Receipt { preimage, pay_index: node.paid + 1, amount_received, paid_at };
            mark(world, self.node, hash, receipt)
        })
        .await
    }

    async fn release_htlcs(&self, hash: Hash32, htlcs: HtlcSetId) -> Result<(), StoreError> {
        self.change("lets a payment go", |world| {
            let bound = world.nodes[self.node].bound.get(&hash) == Some(&htlcs);
            if let Some(record) = by_hash(world, self.node, hash)
                && bound
                && record.state == InvoiceState::Accepted
            {
                record.state = InvoiceState::Unpaid;
                world.nodes[self.node].bound.remove(&hash);
                changed(world, self.node, hash);
                world.seen.counters.count("payments gone after they were taken");
            }
            Ok(())
        })
        .await
    }

    async fn accepted(&self) -> Result<Vec<AcceptedHtlcs>, StoreError> {
        self.atomic("lists what is being paid", |world| {
            if world.bug == Some(Bug::AcceptedForgotten) {
                return Ok(Vec::new());
            }
            let node = &world.nodes[self.node];
            let accepted = node.invoices.values().filter(|record| record.state == InvoiceState::Accepted);
            let htlcs = |record: &InvoiceRecord| {
                let payment_hash = record.payment_hash();
                let (id, preimage) = (*node.bound.get(&payment_hash)?, node.preimages.get(&payment_hash)?.clone());
                Some(AcceptedHtlcs { id, payment_hash, amount: record.amount(), preimage })
            };
            Ok(accepted.filter_map(htlcs).collect())
        })
        .await
    }
}

impl Ports {
    /// Makes all invoices expire whose time is over.
    pub(in crate::simulate) async fn expire_invoices(&self, now: u64) -> Result<u64, StoreError> {
        self.atomic("lets invoices expire", |world| {
            let over = |record: &&mut InvoiceRecord| record.state == InvoiceState::Unpaid && now > record.expires_at();
            let mut expired = Vec::new();
            for record in world.nodes[self.node].invoices.values_mut().filter(over) {
                record.state = InvoiceState::Expired;
                expired.push(record.payment_hash());
            }
            for hash in &expired {
                changed(world, self.node, *hash);
                world.seen.counters.count("invoices expired");
                world.note(self.node, || format!("  {} has expired", short(*hash)));
            }
            Ok(expired.len() as u64)
        })
        .await
    }
}

fn find<'a>(world: &'a mut World, node: usize, label: &str, hash: Hash32) -> Option<&'a mut InvoiceRecord> {
    world.nodes[node].invoices.get_mut(label).filter(|record| record.payment_hash() == hash)
}

fn by_hash(world: &mut World, node: usize, hash: Hash32) -> Option<&mut InvoiceRecord> {
    world.nodes[node].invoices.values_mut().find(|record| record.payment_hash() == hash)
}

/// Numbers the change, and lets those look who wait for it.
fn changed(world: &mut World, node: usize, hash: Hash32) {
    world.nodes[node].updated += 1;
    let number = world.nodes[node].updated;
    if let Some(record) = by_hash(world, node, hash) {
        record.updated_index = Some(number);
    }
    world.invoices_changed(node);
}

fn create(world: &mut World, node: usize, new: NewInvoice) -> Result<Creation, StoreError> {
    let failed = |why: String| StoreError { doing: "signs an invoice", why };
    let id = new.invoice.invreq_id();
    if let Some(known) = world.nodes[node].invoices.get(&new.label) {
        if known.state != InvoiceState::Expired || known.invreq_id() != id {
            return Ok(Creation::LabelTaken(known.clone()));
        }
        world.seen.graves.insert((node, known.payment_hash()), Grave::GaveWay);
    }
    let invoice = keys::of(node).sign_invoice(new.invoice).map_err(|error| failed(error.to_string()))?;
    world.nodes[node].created += 1;
    let record = InvoiceRecord {
        label: new.label.clone(),
        invoice,
        attempts: 1,
        state: InvoiceState::Unpaid,
        created_index: world.nodes[node].created,
        updated_index: None,
    };
    world.note(node, || {
        let until = record.expires_at();
        format!("  invoice {:?} is {}, until {until}", record.label, short(record.payment_hash()))
    });
    world.nodes[node].preimages.insert(record.payment_hash(), new.preimage);
    world.nodes[node].invoices.insert(new.label, record.clone());
    world.invoices_changed(node);
    Ok(Creation::Created(record))
}

fn free(world: &mut World, node: usize, label: &str, hash: Hash32, why: Free) -> Option<InvoiceRecord> {
    let early = world.bug == Some(Bug::LabelFreedTooEarly);
    let record = find(world, node, label, hash)?;
    let holds = why == Free::Refused || record.attempts == 1 || early;
    if record.state != InvoiceState::Unpaid || !holds {
        let kept = record.clone();
        world.seen.counters.count("labels not freed");
        return Some(kept);
    }
    world.nodes[node].invoices.remove(label);
    world.invoices_changed(node);
    world.seen.counters.count(match why {
        Free::NeverDelivered => "labels freed: never delivered",
        Free::Refused => "labels freed: refused",
    });
    world.seen.graves.insert((node, hash), Grave::Freed(why));
    world.note(node, || format!("  {label:?} is free: {why:?}"));
    let left = world.seen.left.get(&hash).copied().unwrap_or(0);
    world.demand(why == Free::Refused || left == 0, "a label is freed only when nobody has its invoice", || {
        format!("node {node} frees {label:?}, and {left} copies of {} have left", short(hash))
    });
    let refused = world.seen.refusals.contains(&hash);
    world.demand(why != Free::Refused || refused, "a label is freed only when its invoice is refused", || {
        format!("node {node} frees {label:?}, and nobody has refused {}", short(hash))
    });
    None
}

fn accept(world: &mut World, node: usize, set: &HtlcSet, now: u64) -> Acceptance {
    let careless = world.bug == Some(Bug::PreimageBeforeAccept);
    let bound = world.nodes[node].bound.get(&set.payment_hash).copied();
    let preimage = world.nodes[node].preimages.get(&set.payment_hash).cloned();
    let (Some(record), Some(preimage)) = (by_hash(world, node, set.payment_hash), preimage) else {
        return Acceptance::Refused("there is no such invoice");
    };
    match record.state {
        InvoiceState::Accepted | InvoiceState::Paid(_) if bound == Some(set.id) => {
            return Acceptance::Accepted(preimage);
        }
        InvoiceState::Unpaid => {}
        InvoiceState::Paid(_) | InvoiceState::Accepted => return Acceptance::Refused("it is paid by others"),
        InvoiceState::Expired => return Acceptance::Refused("the invoice has expired"),
    }
    if now > record.expires_at() {
        return Acceptance::Refused("the invoice has expired");
    }
    let most = record.amount().as_msat().saturating_mul(2);
    if set.amount < record.amount() || set.amount.as_msat() > most {
        return Acceptance::Refused("the amount is wrong");
    }
    if !careless {
        record.state = InvoiceState::Accepted;
        world.nodes[node].bound.insert(set.payment_hash, set.id);
        changed(world, node, set.payment_hash);
    }
    Acceptance::Accepted(preimage)
}

fn mark(world: &mut World, node: usize, hash: Hash32, new: Receipt) -> Result<Receipt, StoreError> {
    let anew = world.bug == Some(Bug::ReceiptWrittenAnew);
    let failed = |why: &str| Err(StoreError { doing: "marks an invoice as paid", why: why.to_owned() });
    let Some(record) = by_hash(world, node, hash) else { return failed("there is none") };
    match &record.state {
        InvoiceState::Paid(receipt) if !anew => return Ok(receipt.clone()),
        InvoiceState::Paid(_) | InvoiceState::Accepted => {}
        InvoiceState::Unpaid | InvoiceState::Expired => return failed("the payment is not bound to it"),
    }
    record.state = InvoiceState::Paid(new.clone());
    world.nodes[node].paid += 1;
    changed(world, node, hash);
    world.note(node, || format!("  {} is paid", short(hash)));
    Ok(new)
}
