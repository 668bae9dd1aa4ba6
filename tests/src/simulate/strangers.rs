//! What a payer makes of messages that are not as they should be, and of those that come again.

use std::sync::Arc;
use std::time::Duration;

use cln_primitives::{Hash32, Msat, Secret};
use cln_runtime::bolt12::secrets::PathUse;
use cln_runtime::bolt12::{BlindedPathBuf, Chain, FirstNode, Invoice, InvoiceRequest, RequestBuilder, Verified};
use cln_runtime::engine::{
    Answer, Claim, ClaimState, Clock as _, IncomingInvoice, InvoiceState, Issuer, IssuerError, Judgement, Limits,
    NewRequest, Order, Refusal, ReplyPath, RequestRecord, RequestStatus, SettlementStore as _, Wallet as _,
    payment_hash, send_invoice, settle,
};
use futures_util::future::{join, select};

use super::keys;
use super::network::opened_path;
use super::ports::Ports;
use super::rules::Nodes;
use super::world::{Node, Waiting};

const AMOUNT: Msat = Msat::from_msat(1000);

impl Nodes {
    fn signed(&self, record: &RequestRecord) -> InvoiceRequest<Verified> {
        self.world.lock().seen.signed.get(&record.invreq_id).cloned().unwrap()
    }

    /// Node 1's invoice, whose hash is this number's, valid for so many seconds.
    fn invoice(&self, request: &InvoiceRequest<Verified>, number: u8, seconds: u32) -> Invoice<Verified> {
        let (hash, now) = (payment_hash(&Secret::from_bytes([number; 32])), self.world.lock().clock(1));
        let invoice = request.invoice(hash, AMOUNT, now, keys::of(1).id).invoice_relative_expiry(seconds);
        keys::of(1).sign_invoice(invoice.build().unwrap()).unwrap()
    }

    fn judged(&mut self, issuer: &Arc<Issuer<Ports>>, message: IncomingInvoice) -> Judgement {
        let issuer = issuer.clone();
        self.done(0, async move { issuer.on_invoice(message).await }).unwrap()
    }

    /// The answers to node 1's message of this number go to nobody but this test.
    fn listen(&self, number: u8) -> ReplyPath {
        let secret = Secret::from_bytes([number + 1; 32]);
        let path = opened_path(keys::of(1).id, &secret);
        self.world.lock().nodes[1].replies.insert(*secret.reveal(), Waiting::default());
        ReplyPath(path.to_bytes().unwrap())
    }

    fn has_heard(&self, number: u8) -> bool {
        self.world.lock().nodes[1].replies[&[number + 1; 32]].answer.is_some()
    }
}

fn message(invoice: &Invoice<Verified>) -> IncomingInvoice {
    let from = Some(keys::of(1).id);
    IncomingInvoice { invoice: invoice.as_bytes().to_vec(), path_secret: None, reply_path: None, from }
}

fn issuer(nodes: &Nodes, limits: Limits) -> Arc<Issuer<Ports>> {
    Arc::new(Issuer::new(nodes.ports(0), limits))
}

#[test]
fn a_least_amount_above_the_amount_is_refused() {
    let nodes = &mut Nodes::new();
    let new = |least| NewRequest {
        amount: AMOUNT,
        description: None,
        issuer: None,
        label: None,
        absolute_expiry: None,
        single_use: true,
        min_amount: Some(Msat::from_msat(least)),
    };
    for (least, is_made) in [(1000, true), (1001, false)] {
        let issuer = issuer(nodes, Limits::default());
        let made = nodes.done(0, async move { issuer.create(new(least)).await });
        assert_eq!(!matches!(made, Err(IssuerError::MinAmount { .. })), is_made, "{made:?}");
    }
    assert_eq!(nodes.world.lock().nodes[0].requests.len(), 1);
}

#[test]
fn a_flood_of_messages_is_dropped() {
    let mut nodes = Nodes::new();
    let request = nodes.publish(|_| {});
    let issuer = issuer(&nodes, Limits { invoices_per_second: 1, ..Limits::default() });
    let first = message(&nodes.invoice(&nodes.signed(&request), 1, 90));
    assert!(matches!(nodes.judged(&issuer, first.clone()), Judgement::Pay(_)));
    assert!(matches!(nodes.judged(&issuer, first.clone()), Judgement::Dropped));
    nodes.world.lock().now += 1_000;
    assert!(matches!(nodes.judged(&issuer, first), Judgement::Known));
}

#[test]
fn a_request_with_a_path_is_known_only_by_its_path() {
    let mut nodes = Nodes::new();
    let id = keys::of(0).id;
    let path = BlindedPathBuf { first_node: FirstNode::Node(id), path_key: id, hops: vec![(id, vec![])] };
    let builder = || RequestBuilder::stand_alone(&[7; 16], id, Chain::REGTEST, AMOUNT);
    let hidden = keys::of(0).sign_request(builder().invreq_paths(&[path]).build().unwrap()).unwrap();
    let open = keys::of(0).sign_request(builder().build().unwrap()).unwrap();
    for request in [&hidden, &open] {
        nodes.world.lock().seen.signed.insert(request.invreq_id(), request.clone());
        nodes.world.lock().nodes[0].requests.push(RequestRecord {
            invreq_id: request.invreq_id(),
            bolt12: request.to_string(),
            label: None,
            status: RequestStatus::MultiUse,
            min_amount: None,
            created_at: 0,
        });
    }
    let secret = |purpose, id: Hash32| Some(keys::of(0).path_secret(purpose, &id));
    let right = secret(PathUse::OfferOrRequest, hidden.invreq_id_without_paths());
    let cases = [
        (&hidden, right.clone(), true),
        (&hidden, None, false),
        (&hidden, secret(PathUse::OfferOrRequest, hidden.invreq_id()), false),
        (&hidden, secret(PathUse::Invoice, hidden.invreq_id_without_paths()), false),
        (&open, None, true),
        (&open, Some(Secret::from_bytes([1; 32])), false),
    ];
    for (number, (request, path_secret, is_known)) in (1..).zip(cases) {
        let issuer = issuer(&nodes, Limits::default());
        let came = IncomingInvoice { path_secret, ..message(&nodes.invoice(request, number, 90)) };
        let judged = nodes.judged(&issuer, came);
        let unknown = matches!(judged, Judgement::Refused(Refusal::UnknownRequest(id)) if id == request.invreq_id());
        assert_eq!((matches!(judged, Judgement::Pay(_)), unknown), (is_known, !is_known), "{number}: {judged:?}");
    }
}

#[test]
fn an_invoice_that_comes_again_is_judged_by_its_claim() {
    let mut nodes = Nodes::new();
    let request = nodes.publish(|new| new.single_use = false);
    let issuer = issuer(&nodes, Limits::default());
    let (first, other) = (nodes.invoice(&nodes.signed(&request), 1, 90), nodes.invoice(&nodes.signed(&request), 1, 91));
    assert!(matches!(nodes.judged(&issuer, message(&first)), Judgement::Pay(_)));
    let taken = nodes.judged(&issuer, message(&other));
    assert!(matches!(taken, Judgement::Refused(Refusal::PaymentHashTaken)), "{taken:?}");
    // It was in time when it was claimed; the other one never was.
    nodes.world.lock().now += 200_000;
    assert!(matches!(nodes.judged(&issuer, message(&first)), Judgement::Known));
    let late = nodes.judged(&issuer, message(&other));
    assert!(matches!(late, Judgement::Refused(Refusal::InvoiceExpired(_))), "{late:?}");
    nodes.world.lock().nodes[0].claims[0].state = ClaimState::Failed(String::new());
    let late = nodes.judged(&issuer, message(&first));
    assert!(matches!(late, Judgement::Refused(Refusal::InvoiceExpired(_))), "{late:?}");
}

#[test]
fn a_failure_is_told_where_the_payee_asked_last() {
    let mut nodes = Nodes::new();
    let request = nodes.publish(|_| {});
    let payer = issuer(&nodes, Limits::default());
    let invoice = nodes.invoice(&nodes.signed(&request), 1, 90);
    let [first, last] = [1, 2].map(|number| Some(nodes.listen(number)));
    let claim = match nodes.judged(&payer, IncomingInvoice { reply_path: first, ..message(&invoice) }) {
        Judgement::Pay(claim) => *claim,
        other => panic!("{other:?}"),
    };
    // Nobody takes the payment, and the payee asks again while it is locked: once more than it wants to hear of it.
    nodes.world.lock().nodes[1].up = false;
    let (paying, meanwhile, clock) = (payer.clone(), payer, nodes.ports(0));
    let (paid, judged) = nodes.done(0, async move {
        let ask_again = async {
            clock.sleep(Duration::from_secs(5)).await;
            let mut judged = Vec::new();
            for reply_path in [last, None] {
                judged.push(meanwhile.on_invoice(IncomingInvoice { reply_path, ..message(&invoice) }).await);
            }
            // It hears again, and has missed the payment.
            clock.world.lock().nodes[1].up = true;
            judged
        };
        join(paying.pay(claim), ask_again).await
    });
    assert!(matches!(paid.unwrap().state, ClaimState::Failed(_)));
    assert!(judged.iter().all(|judged| matches!(judged, Ok(Judgement::Known))), "{judged:?}");
    let soon = nodes.world.lock().now + 10_000;
    nodes.run.until(soon);
    assert_eq!([nodes.has_heard(1), nodes.has_heard(2)], [false, true]);
}

/// The only one who waits at this node for an answer has it.
fn hear(node: &mut Node, answer: Answer) {
    let waiting = node.replies.values_mut().next().unwrap();
    waiting.answer = Some(answer);
    waiting.waker.take().unwrap().wake();
}

#[test]
fn a_refusal_of_an_invoice_that_is_being_paid_does_not_end_the_wait() {
    let mut nodes = Nodes::new();
    let request = nodes.publish(|_| {});
    let order = Order { request: nodes.signed(&request), label: "a".to_owned(), amount: AMOUNT, timeout: 90 };
    // The message is lost, and the payment is taken when this test says so.
    let (payer, payee, ports, world) = (nodes.ports(0), nodes.ports(1), nodes.ports(1), nodes.world.clone());
    world.lock().nodes.iter_mut().for_each(|node| node.up = false);
    let pay_all_the_same = async move {
        payee.sleep(Duration::from_secs(1)).await;
        let invoice = world.lock().nodes[1].invoices["a"].invoice.clone();
        let (invreq_id, state) = (request.invreq_id, ClaimState::Pending);
        let claim = Claim { invreq_id, invoice: invoice.clone(), reply_path: None, state, created_at: payee.now() };
        world.lock().nodes[0].claims.push(claim);
        let offer = std::pin::pin!(payer.pay(&invoice, request.invreq_id));
        let _ = select(offer, std::pin::pin!(payee.sleep(Duration::from_secs(1)))).await;
        let set = world.lock().ledger.set(0);
        payee.accept_htlcs(&set, payee.now()).await.unwrap();
        let refusal = Answer::Refusal(Refusal::Internal.to_invoice_error().unwrap());
        hear(&mut world.lock().nodes[1], refusal);
        payee.sleep(Duration::from_secs(1)).await;
        settle(&payee, &set).await.unwrap();
    };
    let (answer, ()) = nodes.done(1, async move { join(send_invoice(&ports, &order), pay_all_the_same).await });
    assert!(matches!(answer.unwrap().state, InvoiceState::Paid(_)));
}
