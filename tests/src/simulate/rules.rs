//! What the two commands answer when nothing goes wrong, case by case.

use std::sync::{Arc, Mutex};

use cln_primitives::{Hash32, Msat};
use cln_runtime::engine::{
    InvoiceRecord, InvoiceState, Issuer, Limits, NewRequest, Order, RequestRecord, RequestStatus, SendInvoiceError,
    send_invoice,
};

use super::plan::{Backend, Kind, Plan};
use super::ports::Ports;
use super::run::Run;
use super::world::{Shared, World};

/// Two nodes: 0 pays, 1 is paid.
pub(super) struct Nodes {
    pub(super) run: Run,
    pub(super) world: Shared,
}

impl Nodes {
    pub(super) fn new() -> Self {
        let (kinds, balances) = (vec![Kind::Embedded; 2], vec![1_000_000, 1_000_000]);
        let plan = Plan { kinds, steps: Vec::new(), balances, ..Plan::new(0, Backend::Embedded) };
        let world = Shared::new(World::new(plan, None, false));
        world.lock().healed = true;
        let mut run = Run::new(&world);
        run.boot(0);
        run.boot(1);
        Nodes { run, world }
    }

    pub(super) fn ports(&self, node: usize) -> Ports {
        self.run.ports(node).expect("the node runs")
    }

    /// Runs what a node is asked for to its end.
    pub(super) fn done<T: Send + 'static>(&mut self, node: usize, what: impl Future<Output = T> + Send + 'static) -> T {
        let answer = Arc::new(Mutex::new(None));
        let place = Arc::clone(&answer);
        self.world.lock().seen.open += 1;
        let world = self.world.clone();
        self.run.executor.spawn(node, async move {
            *place.lock().unwrap() = Some(what.await);
            world.lock().seen.open -= 1;
        });
        self.run.until_closed(u64::MAX);
        let answer = answer.lock().unwrap().take();
        answer.expect("the call has ended")
    }

    pub(super) fn publish(&mut self, change: impl FnOnce(&mut NewRequest)) -> RequestRecord {
        let mut new = NewRequest {
            amount: Msat::from_msat(1000),
            description: Some("x".to_owned()),
            issuer: None,
            label: None,
            absolute_expiry: None,
            single_use: true,
            min_amount: None,
        };
        change(&mut new);
        let issuer = Issuer::new(self.ports(0), Limits::default());
        self.done(0, async move { issuer.create(new).await }).unwrap()
    }

    fn disable(&mut self, invreq_id: Hash32) {
        let issuer = Issuer::new(self.ports(0), Limits::default());
        self.done(0, async move { issuer.disable(invreq_id).await }).unwrap();
    }

    fn collect(
        &mut self,
        request: &RequestRecord,
        label: &str,
        amount: u64,
    ) -> Result<InvoiceRecord, SendInvoiceError> {
        self.collect_within(request, label, amount, 90)
    }

    fn collect_within(
        &mut self,
        request: &RequestRecord,
        label: &str,
        amount: u64,
        timeout: u32,
    ) -> Result<InvoiceRecord, SendInvoiceError> {
        let request = self.world.lock().seen.signed.get(&request.invreq_id).cloned().unwrap();
        let order = Order { request, label: label.to_owned(), amount: Msat::from_msat(amount), timeout };
        let ports = self.ports(1);
        self.done(1, async move { send_invoice(&ports, &order).await })
    }

    fn status(&self, request: &RequestRecord) -> RequestStatus {
        let world = self.world.lock();
        let found = world.nodes[0].requests.iter().find(|known| known.invreq_id == request.invreq_id);
        found.map(|known| known.status).unwrap()
    }
}

/// The payer refuses in these words, naming this field and this value for it, and the label is free.
#[track_caller]
fn check(
    nodes: &mut Nodes,
    request: &RequestRecord,
    amount: u64,
    words: &str,
    field: Option<u64>,
    value: Option<&[u8]>,
) {
    let error = match nodes.collect(request, "checked", amount) {
        Err(SendInvoiceError::Refused(error)) => error,
        other => panic!("{other:?}"),
    };
    let told = (error.error(), error.erroneous_field(), error.suggested_value());
    assert_eq!(told, (Some(words), field, value));
    assert!(!nodes.world.lock().nodes[1].invoices.contains_key("checked"));
}

#[test]
fn an_invoice_is_paid_and_its_receipt_stays() {
    let mut nodes = Nodes::new();
    let request = nodes.publish(|_| {});
    let paid = nodes.collect(&request, "a", 1000).unwrap();
    assert!(matches!(paid.state, InvoiceState::Paid(_)));
    assert_eq!(nodes.status(&request), RequestStatus::SingleUseUsed);
    assert_eq!(nodes.collect(&request, "a", 1000).unwrap().state, paid.state);
}

#[test]
fn what_the_payer_refuses_it_gives_a_reason_for() {
    let mut nodes = Nodes::new();
    let request = nodes.publish(|_| {});
    let large = "the invoice amount 1001msat is too large: the invoice_request is for 1000msat";
    check(&mut nodes, &request, 1001, large, Some(170), Some(&[3, 232]));
    let small = "the invoice amount 999msat is too small: the invoice_request is for 1000msat";
    check(&mut nodes, &request, 999, small, Some(170), Some(&[3, 232]));
    nodes.disable(request.invreq_id);
    let gone = "the invoice_request is no longer available";
    check(&mut nodes, &request, 1000, gone, None, None);
    let unknown = nodes.publish(|_| {});
    nodes.world.lock().nodes[0].requests.clear();
    let words = format!("unknown invoice_request {}", unknown.invreq_id);
    check(&mut nodes, &unknown, 1000, &words, None, None);
}

#[test]
fn a_used_request_is_refused() {
    let mut nodes = Nodes::new();
    let request = nodes.publish(|_| {});
    nodes.collect(&request, "a", 1000).unwrap();
    check(&mut nodes, &request, 1000, "the invoice_request is no longer available", None, None);
}

#[test]
fn a_payment_that_fails_is_told_and_leaves_the_request_as_it_was() {
    let mut nodes = Nodes::new();
    let request = nodes.publish(|new| new.amount = Msat::from_msat(2_000_000));
    check(&mut nodes, &request, 2_000_000, "pay attempt failed: not enough funds", None, None);
    assert_eq!(nodes.status(&request), RequestStatus::SingleUse);
}

#[test]
fn less_is_taken_by_a_payer_that_said_so() {
    let mut nodes = Nodes::new();
    let request = nodes.publish(|new| new.min_amount = Some(Msat::from_msat(600)));
    nodes.collect(&request, "a", 600).unwrap();
}

#[test]
fn an_invoice_names_its_seconds_unless_they_are_bolt_12s_own() {
    for (timeout, named) in [(90, Some(90)), (7199, Some(7199)), (7200, None)] {
        let mut nodes = Nodes::new();
        let request = nodes.publish(|_| {});
        let paid = nodes.collect_within(&request, "a", 1000, timeout).unwrap();
        assert_eq!(paid.invoice.invoice_relative_expiry(), named);
    }
}

#[test]
fn an_expired_request_is_not_sent_for() {
    let mut nodes = Nodes::new();
    let now = nodes.world.lock().clock(1);
    let request = nodes.publish(|new| new.absolute_expiry = Some(now + 10));
    nodes.world.lock().now += 20_000;
    let answer = nodes.collect(&request, "a", 1000);
    assert!(matches!(answer, Err(SendInvoiceError::RequestExpired(expiry)) if expiry == now + 10), "{answer:?}");
    assert!(nodes.world.lock().nodes[1].invoices.is_empty());
}

#[test]
fn a_payer_whose_clock_is_ahead_refuses_an_expired_request_and_an_expired_invoice() {
    let mut nodes = Nodes::new();
    let now = nodes.world.lock().clock(0);
    let request = nodes.publish(|new| new.absolute_expiry = Some(now + 50));
    let lasting = nodes.publish(|_| {});
    nodes.world.lock().nodes[0].skew = 200;
    let words = format!("the invoice_request expired at {}", now + 50);
    check(&mut nodes, &request, 1000, &words, Some(14), None);
    let made = nodes.world.lock().clock(1);
    let words = format!("the invoice expired at {}", made + 90);
    check(&mut nodes, &lasting, 1000, &words, Some(166), None);
}

#[test]
fn a_label_is_one_request_and_one_amount() {
    let mut nodes = Nodes::new();
    let (first, second) = (nodes.publish(|_| {}), nodes.publish(|_| {}));
    let paid = nodes.collect(&first, "a", 1000).unwrap();
    for (request, amount) in [(&second, 1000), (&first, 999)] {
        match nodes.collect(request, "a", amount) {
            Err(SendInvoiceError::LabelTaken(taken)) => assert_eq!(taken.payment_hash(), paid.payment_hash()),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_silent_payer_leaves_an_invoice_that_can_be_waited_for_again() {
    let mut nodes = Nodes::new();
    let request = nodes.publish(|_| {});
    // It is off, and misses the message.
    nodes.world.lock().nodes[0].up = false;
    match nodes.collect(&request, "a", 1000) {
        Err(SendInvoiceError::TimedOut(record)) => assert_eq!(record.state, InvoiceState::Unpaid),
        other => panic!("{other:?}"),
    }
    assert!(nodes.world.lock().nodes[1].invoices.contains_key("a"));
}
