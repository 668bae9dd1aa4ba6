//! What a node does by itself.
//!
//! | task | when | does |
//! |---|---|---|
//! | [`take_messages`] | a message comes | gives answers to who waits, judges invoices, and begins their payments |
//! | [`settle`] | the ledger has changed | takes the payments that have arrived |
//! | [`expire`] | an invoice's time is over | says so |
//! | [`pay_again`] | the store has failed | goes on with the payments that were given up |

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use cln_primitives::{Hash32, NodeId};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::handle::Node;
use super::hook::{HookAnswer, MessageHook};
use super::network::Event;
use super::store::PaymentEnd;
use crate::engine::{Claim, Clock as _, IncomingInvoice, Judgement, PayError, ReplyPath, StoreError, System, receiver};
use crate::onion::{Contents, Received};

/// So many invoices are judged at a time.
const JUDGES: usize = 64;
/// How long until a node looks at the ledger that nobody told to.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// How long a store that has failed is left alone.
const TRY_AGAIN: Duration = Duration::from_secs(1);
/// The longest sleep until an invoice expires: the clock may jump.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// Judges invoices that arrive, and pays those that are to be paid.
pub(super) async fn take_messages(node: Node, mut events: mpsc::Receiver<Event>, hook: Option<MessageHook>) {
    let judges = Arc::new(Semaphore::new(JUDGES));
    while let Some(event) = events.recv().await {
        let (received, from) = match event {
            Event::Ledger => {
                node.account().ledger().poke();
                continue;
            }
            Event::Message { received, from } => (received, from),
        };
        // Closed by nobody.
        let Ok(place) = Arc::clone(&judges).acquire_owned().await else { return };
        let (judge, hook) = (node.clone(), hook.clone());
        node.spawn(async move {
            if let Some(hook) = &hook
                && hook.ask(&received).await == HookAnswer::Resolve
            {
                return;
            }
            if judge.ports().courier.take_answer(&received) {
                return;
            }
            let Some(invoice) = incoming_invoice(*received, from) else { return };
            match judge.issuer().on_invoice(invoice).await {
                Ok(Judgement::Pay(claim)) => pay(&judge, *claim),
                Ok(Judgement::Refused(refusal)) => tracing::info!(%refusal, "an invoice is not paid"),
                Ok(Judgement::Known | Judgement::Dropped) => {}
                Err(error) => failed(&judge, &error),
            }
            drop(place);
        });
    }
}

/// `None` for a message that no node of ours answers.
fn incoming_invoice(received: Received, from: NodeId) -> Option<IncomingInvoice> {
    let Some(Contents::Invoice(invoice)) = received.contents else { return None };
    // What was read can be written.
    let reply_path = received.reply_path.and_then(|path| path.to_bytes().ok()).map(ReplyPath);
    Some(IncomingInvoice { invoice, path_secret: received.path_secret, reply_path, from: Some(from) })
}

/// Pays in a task of its own.
pub(super) fn pay(node: &Node, claim: Claim) {
    let payer = node.clone();
    node.spawn(async move {
        if let Err(error) = payer.issuer().pay(claim).await {
            failed(&payer, &error);
        }
    });
}

/// A claim may be left that nobody pays.
fn failed(node: &Node, error: &StoreError) {
    tracing::error!(%error, "an invoice is not dealt with yet: trying again");
    node.left_over().notify_one();
}

/// Pays the claims that failures of the store have left over.
pub(super) async fn pay_again(node: Node) {
    loop {
        node.left_over().notified().await;
        sleep(TRY_AGAIN).await;
        match node.issuer().resume().await {
            Ok(claims) => claims.into_iter().for_each(|claim| pay(&node, claim)),
            Err(error) => failed(&node, &error),
        }
    }
}

/// Waits for the end of a payment that was asked for by hand, and notes it.
pub(super) async fn end_payment(node: &Node, payment_hash: Hash32) -> PaymentEnd {
    let end = loop {
        match node.account().end_of_payment(payment_hash).await {
            Ok(Some(preimage)) => break PaymentEnd::Complete(preimage),
            Ok(None) => break PaymentEnd::Failed("the node stopped before anything was offered".to_owned()),
            Err(PayError::Failed(why)) => break PaymentEnd::Failed(why),
            Err(error @ PayError::Unsettled(_)) => {
                tracing::error!(%error, "the end of a payment cannot be seen: trying again");
                sleep(TRY_AGAIN).await;
            }
        }
    };
    while let Err(error) = node.store().end_payment(payment_hash, end.clone()).await {
        tracing::error!(%error, "the end of a payment cannot be noted: trying again");
        sleep(TRY_AGAIN).await;
    }
    end
}

/// Waits for the ends of the payments by hand that a crash has interrupted.
pub(super) async fn end_payments(node: &Node) -> Result<(), StoreError> {
    for payment_hash in node.store().pending_payments().await? {
        let payer = node.clone();
        node.spawn(async move {
            end_payment(&payer, payment_hash).await;
        });
    }
    Ok(())
}

/// Takes payments that arrive, or gives them back.
pub(super) async fn settle(node: Node) {
    let mut changes = node.account().ledger().subscribe();
    // In tasks of their own, so that none waits while others are looked for.
    let (mut settling, mut ids) = (JoinSet::new(), HashSet::new());
    loop {
        changes.mark_unchanged();
        match node.account().offered_besides(&ids).await {
            Ok(sets) => {
                ids.extend(sets.iter().map(|set| set.id));
                for set in sets {
                    let ports = node.ports().clone();
                    settling.spawn(async move { (set.id, receiver::settle(&ports, &set).await) });
                }
            }
            Err(error) => tracing::error!(%error, "the payments that have arrived cannot be seen: trying again"),
        }
        let again = sleep(LOOK_AGAIN);
        tokio::pin!(again);
        loop {
            tokio::select! {
                Some(ended) = settling.join_next() => match ended {
                    Ok((id, end)) => {
                        ids.remove(&id);
                        if let Err(error) = end {
                            tracing::error!(%error, "a payment that has arrived is not settled yet: trying again");
                        }
                    }
                    Err(error) => {
                        tracing::error!(%error, "the settling of a payment has failed: trying all again");
                        // Whose it was is not known; to settle twice is harmless.
                        ids.clear();
                    }
                },
                // The ledger is there as long as the node.
                _ = changes.changed() => break,
                () = &mut again => break,
            }
        }
    }
}

/// Lets invoices expire, each when its time is over.
pub(super) async fn expire(node: Node) {
    loop {
        let pause = match expire_now(&node).await {
            // It is valid to the end of its last second.
            Ok(Some(last)) => {
                LONGEST_SLEEP.min(Duration::from_secs(last.saturating_add(1).saturating_sub(System.now())))
            }
            Ok(None) => LONGEST_SLEEP,
            Err(error) => {
                tracing::error!(%error, "invoices could not expire: trying again");
                TRY_AGAIN
            }
        };
        tokio::select! {
            () = sleep(pause) => {}
            () = node.ports().created.notified() => {}
        }
    }
}

/// Gives the last second of the invoice that expires next. Nothing is written when none does: every new invoice asks.
async fn expire_now(node: &Node) -> Result<Option<u64>, StoreError> {
    let now = System.now();
    match node.store().next_expiry().await? {
        Some(last) if now > last => {
            node.store().expire_invoices(now).await?;
            node.store().next_expiry().await
        }
        next => Ok(next),
    }
}
