//! What nodes and their users do: each is one task.

use std::sync::Arc;
use std::time::Duration;

use cln_primitives::Msat;
use cln_runtime::bolt12::Invoice;
use cln_runtime::engine::{
    Claim, ClaimState, Clock as _, IncomingInvoice, InvoiceRecord, Issuer, IssuerError, Judgement, NewRequest,
    NodeIdentity as _, Order, Refusal, SendInvoiceError, Settlement, send_invoice, settle, settle_all,
};
use futures_util::future::join_all;

use super::plan::{Ask, Step};
use super::ports::Ports;
use super::world::short;

/// How long a call waits once all is mended, in seconds.
const PATIENCE: u32 = 60;
/// How often it is made again then.
const CALLS: u32 = 300;

/// For how many seconds an invoice is valid at most.
const LONGEST_EXPIRY: u64 = 7_500;
/// How long a call waits that finds an invoice of another label.
const PAUSE: Duration = Duration::from_secs(300);

/// A message has arrived.
pub(super) async fn receive(ports: Ports, issuer: Arc<Issuer<Ports>>, message: IncomingInvoice) {
    let invoice = Invoice::from_bytes(message.invoice.clone(), ports.chain()).ok();
    let key = invoice.and_then(|invoice| invoice.invoice_payment_hash()).map(|hash| (ports.node, hash));
    if let Some(key) = key {
        ports.world.lock().seen.judged.entry(key).or_default().0 += 1;
    }
    let judgement = issuer.on_invoice(message).await;
    let claim = {
        let world = &mut *ports.world.lock();
        match judgement {
            Ok(Judgement::Pay(claim)) => Some(claim),
            Ok(Judgement::Known) => {
                world.seen.counters.count("messages known");
                None
            }
            Ok(Judgement::Refused(refusal)) => {
                world.seen.counters.count(reason(&refusal));
                if let Some(judged) = key.and_then(|key| world.seen.judged.get_mut(&key)) {
                    judged.1 += 1;
                }
                None
            }
            Ok(Judgement::Dropped) | Err(_) => None,
        }
    };
    if let Some(claim) = claim {
        pay(&ports, &issuer, *claim).await;
    }
}

async fn pay(ports: &Ports, issuer: &Issuer<Ports>, claim: Claim) {
    // Without the store's answer it stays pending, and is found when the node looks after it.
    let ended = issuer.pay(claim).await;
    if let Ok(claim) = ended {
        let name = match claim.state {
            ClaimState::Pending => "payments still pending",
            ClaimState::Complete(_) => "payments complete",
            ClaimState::Failed(_) => "payments failed",
        };
        ports.world.lock().seen.counters.count(name);
    }
}

/// A payment has arrived.
pub(super) async fn settle_arrived(ports: Ports, payment: usize) {
    let set = ports.world.lock().ledger.set(payment);
    if let Ok(Settlement::Gone) = settle(&ports, &set).await {
        ports.world.lock().seen.counters.count("payments gone before they were taken");
    }
}

/// A node looks after what is unfinished: at its start, and now and then.
pub(super) async fn look_after(ports: Ports, issuer: Arc<Issuer<Ports>>) {
    if ports.beside.is_none() {
        // Failures are met by doing it again. A lightningd does it by itself.
        let _ = settle_all(&ports).await;
        let _ = ports.expire_invoices(ports.now()).await;
    }
    let Ok(claims) = issuer.resume().await else { return };
    if !claims.is_empty() {
        ports.world.lock().seen.counters.count("claims resumed");
    }
    join_all(claims.into_iter().map(|claim| pay(&ports, &issuer, claim))).await;
}

/// A user makes a request, and publishes what the node answers.
pub(super) async fn publish(ports: Ports, issuer: Arc<Issuer<Ports>>, step: Step) {
    let Step::Publish { request, amount, single_use, expires_in, least, .. } = step else { return };
    let new = NewRequest {
        amount: Msat::from_msat(amount),
        description: None,
        issuer: None,
        label: None,
        absolute_expiry: expires_in.map(|seconds| ports.now() + seconds),
        single_use,
        min_amount: least.map(Msat::from_msat),
    };
    for _ in 0..3 {
        if let Ok(record) = issuer.create(new.clone()).await {
            let seen = &mut ports.world.lock().seen;
            seen.counters.count("requests published");
            if let Some(signed) = seen.signed.get(&record.invreq_id).cloned() {
                seen.published.insert(request, (record, signed));
            }
            return;
        }
    }
}

/// A user disables a request.
pub(super) async fn disable(ports: Ports, issuer: Arc<Issuer<Ports>>, request: usize) {
    let Some((record, _)) = ports.world.lock().published(request) else { return };
    match issuer.disable(record.invreq_id).await {
        Ok(record) => {
            let world = &mut *ports.world.lock();
            world.seen.disabled.insert(record.invreq_id);
            world.seen.counters.count("requests disabled");
        }
        Err(IssuerError::Inactive(_)) => ports.world.lock().seen.counters.count("requests disabled in vain"),
        Err(_) => {}
    }
}

/// What a step of the plan orders; `None` when its request was never published.
pub(super) fn order(ports: &Ports, step: Step) -> Option<Order> {
    let Step::Collect { request, label, ask, timeout, .. } = step else { return None };
    let (_, request) = ports.world.lock().published(request)?;
    let offered = request.invreq_amount()?.as_msat();
    let amount = match ask {
        Ask::Exactly => offered,
        Ask::Half => offered / 2,
        Ask::More => offered + 1,
        Ask::Nothing => 0,
    };
    Some(Order { request, label: label.to_string(), amount: Msat::from_msat(amount), timeout })
}

/// A user sends an invoice, and sees what comes.
pub(super) async fn collect(ports: Ports, step: Step) {
    if let Some(order) = order(&ports, step) {
        let answer = send_invoice(&ports, &order).await;
        heard(&ports, &order, &answer);
    }
}

/// A user calls again and again until it is known what comes of it.
pub(super) async fn collect_to_the_end(ports: Ports, step: Step) {
    if let Some(order) = order(&ports, step) {
        let order = Order { timeout: PATIENCE, ..order };
        for _ in 0..CALLS {
            let answer = send_invoice_alone(&ports, &order).await;
            heard(&ports, &order, &answer);
            if is_late_by_a_jump(&answer) {
                continue;
            }
            if let Err(
                SendInvoiceError::Store(_) | SendInvoiceError::Unreachable { .. } | SendInvoiceError::NotSent { .. },
            ) = &answer
            {
                let world = &mut *ports.world.lock();
                world.violated("a call meets no fault when all is mended", format!("{:?}: {answer:?}", order.label));
            }
            match answer {
                Err(SendInvoiceError::TimedOut(_) | SendInvoiceError::Deleted | SendInvoiceError::Nonsense(_)) => {}
                _ => {
                    ports.world.lock().seen.open -= 1;
                    return;
                }
            }
        }
        return;
    }
    ports.world.lock().seen.open -= 1;
}

/// A clock that has jumped between the making of an invoice and its row leaves a row that expires later than its invoice:
/// it is waited for.
fn is_late_by_a_jump(answer: &Result<InvoiceRecord, SendInvoiceError>) -> bool {
    matches!(answer, Err(SendInvoiceError::Store(error)) if error.doing == "waiting for an invoice's expiry")
}

/// Sends an invoice when no other label has one for the request any more: a payee may see to that.
async fn send_invoice_alone(ports: &Ports, order: &Order) -> Result<InvoiceRecord, SendInvoiceError> {
    for _ in 0..LONGEST_EXPIRY / PAUSE.as_secs() {
        match send_invoice(ports, order).await {
            Err(SendInvoiceError::Store(error)) if error.why.starts_with("the label") => {
                ports.world.lock().seen.counters.count("calls while another label has an invoice");
                ports.sleep(PAUSE).await;
            }
            answer => return answer,
        }
    }
    send_invoice(ports, order).await
}

/// Nothing stands in the way of this payment.
pub(super) async fn must_be_paid(ports: Ports, order: Order) {
    let answer = send_invoice_alone(&ports, &order).await;
    heard(&ports, &order, &answer);
    let world = &mut *ports.world.lock();
    if let Err(error) = answer {
        world.violated("what may be paid is paid, and a receipt stays", format!("{:?}: {error}", order.label));
    }
    world.seen.open -= 1;
}

/// What a call has answered is remembered, and must be true.
fn heard(ports: &Ports, order: &Order, answer: &Result<InvoiceRecord, SendInvoiceError>) {
    let world = &mut *ports.world.lock();
    world.note(ports.node, || match answer {
        Ok(_) => format!("< {:?} is paid", order.label),
        Err(error) => format!("< {:?}: {error}", order.label),
    });
    let (name, told) = match answer {
        Ok(record) => ("calls answered by a receipt", Some(record)),
        Err(SendInvoiceError::LabelTaken(record)) => ("calls with a taken label (900)", Some(&**record)),
        Err(SendInvoiceError::RequestExpired(_)) => ("calls for an expired request (1002)", None),
        Err(SendInvoiceError::Unreachable { kept, .. }) => ("calls without a way (1003)", kept.as_deref()),
        Err(SendInvoiceError::NotSent { kept, .. }) => ("calls not sent (-1)", kept.as_deref()),
        Err(SendInvoiceError::Refused(_)) => ("calls refused (1004)", None),
        Err(SendInvoiceError::Nonsense(_)) => ("calls answered by nonsense (1004)", None),
        Err(SendInvoiceError::TimedOut(record)) => ("calls timed out (1005)", Some(&**record)),
        Err(SendInvoiceError::InvoiceExpired(record)) => ("calls until the expiry (903)", Some(&**record)),
        Err(SendInvoiceError::Deleted) => ("calls whose invoice was freed meanwhile", None),
        Err(SendInvoiceError::Store(_)) => ("calls that met a failing store", None),
        Err(_) => ("calls with another end", None),
    };
    world.seen.counters.count(name);
    if let Some(record) = told {
        world.seen.reported.insert((ports.node, record.payment_hash(), record.label.clone()));
    }
    let Ok(record) = answer else { return };
    let Some(receipt) = record.receipt() else {
        return world.violated("a call that ends well has a receipt", format!("{:?}", record.state));
    };
    let ordered = record.invreq_id() == order.request.invreq_id() && record.amount() == order.amount;
    world.demand(ordered, "a receipt is for what was ordered", || format!("{:?}", order.label));
    let new = (record.payment_hash(), receipt.clone());
    let kept = world.seen.receipts.entry((ports.node, order.label.clone())).or_insert(new.clone()).clone();
    world.demand(kept == new, "a receipt never changes", || {
        format!(
            "{:?} of node {}: {} {:?} became {} {:?}",
            order.label,
            ports.node,
            short(kept.0),
            kept.1,
            short(new.0),
            new.1
        )
    });
}

fn reason(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Invalid(_) => "refused: invalid",
        Refusal::UnknownRequest(_) => "refused: unknown request",
        Refusal::RequestExpired(_) => "refused: request expired",
        Refusal::InvoiceExpired(_) => "refused: invoice expired",
        Refusal::Inactive => "refused: inactive",
        Refusal::InProgress => "refused: in progress",
        Refusal::PaymentHashTaken => "refused: payment hash taken",
        Refusal::AmountTooLarge { .. } => "refused: amount too large",
        Refusal::AmountTooSmall { .. } => "refused: amount too small",
        Refusal::AmountZero => "refused: amount zero",
        _ => "refused: otherwise",
    }
}
