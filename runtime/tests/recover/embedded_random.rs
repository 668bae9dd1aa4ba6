//! Many customers between two embedded nodes, while connections are lost and nodes come and go, as a seed wants it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use cln_api::listinvoicerequests;
use cln_primitives::{Hash32, Msat};
use cln_runtime::recover::{
    CollectSpec, Collected, Disabled, Receipt, Recover, Request, RequestSpec, Requested, Sending, Watched,
};
use futures_util::future::join_all;
use tokio::time::{sleep, timeout};

use crate::kit::AMOUNT;
use crate::network::{Leave, Network, until};
use crate::proxy::Cut;

const CUSTOMERS: u64 = 16;
/// Of each customer.
const STEPS: u64 = 12;
/// What may be cut, besides the commands by which an invoice is made and sent.
const METHODS: [&str; 7] = [
    "listinvoices",
    "waitinvoice",
    "delinvoice",
    "invoicerequest",
    "listinvoicerequests",
    "disableinvoicerequest",
    "listsendpays",
];

fn methods(sending: Sending) -> Vec<&'static str> {
    let own: &[_] = match sending {
        Sending::Direct => &["createinvoice", "injectonionmessage"],
        _ => &["sendinvoice"],
    };
    [own, &METHODS].concat()
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }

    fn millis(&mut self, bound: u64) -> Duration {
        Duration::from_millis(self.below(bound))
    }
}

/// A request, and what was collected by it.
#[derive(Default)]
struct Deal {
    label: String,
    request: Option<Request>,
    /// By the label of the invoice.
    receipts: BTreeMap<String, Receipt>,
}

/// One who has a request and collects by it, and then has the next. Two programs do it for the customer.
struct Customer<'n> {
    network: &'n Network,
    sending: Sending,
    alice: Recover,
    bobs: [Recover; 2],
    random: Random,
    number: u64,
    deal: Deal,
    past: Vec<Deal>,
}

impl<'n> Customer<'n> {
    async fn new(network: &'n Network, sending: Sending, seed: u64, number: u64) -> Self {
        Customer {
            network,
            sending,
            alice: network.alice.recover().await,
            bobs: [network.bob.recover().await, network.bob.recover().await],
            random: Random(seed * 1000 + number),
            number,
            deal: Deal { label: format!("{number}-0"), ..Deal::default() },
            past: Vec::new(),
        }
    }

    fn next_deal(&mut self) {
        let label = format!("{}-{}", self.number, self.past.len() + 1);
        let past = std::mem::replace(&mut self.deal, Deal { label, ..Deal::default() });
        self.past.push(past);
    }

    async fn step(&mut self) {
        if !self.deal.receipts.is_empty() && self.random.below(2) == 0 {
            self.next_deal();
        }
        if self.deal.request.is_none() {
            self.cut();
            return self.ask().await;
        }
        match self.random.below(12) {
            0..4 => self.cut(),
            4..7 => self.collect(&self.deal.label.clone()).await,
            7 => self.collect(&format!("{}, again", self.deal.label)).await,
            8 => self.collect_twice_at_once().await,
            9 => self.collect_and_go().await,
            10 => self.ask().await,
            _ if self.random.below(3) == 0 => self.disable().await,
            _ => self.watch().await,
        }
    }

    /// Something that is to happen to somebody.
    fn cut(&mut self) {
        let side = if self.random.below(3) == 0 { &self.network.alice } else { &self.network.bob };
        let method = self.random.one_of(&methods(self.sending));
        let cuts = [Cut::Before, Cut::Forwarded, Cut::Answered, Cut::Late(self.random.millis(100))];
        // A request that is made late can be one of two.
        let cuts = if method == "invoicerequest" { &cuts[..3] } else { &cuts };
        side.proxy.cut(method, self.random.one_of(cuts));
    }

    async fn ask(&mut self) {
        let spec = RequestSpec::new(AMOUNT, "a refund");
        let Ok(end) = self.alice.request(&spec, &self.deal.label).await else { return };
        let (request, others) = match end {
            Requested::Open { request, others } | Requested::Used { request, others } => (request, others),
            Requested::Disabled(request) => (request, Vec::new()),
            end => panic!("{end:?}"),
        };
        assert!(others.is_empty(), "{}: {others:?} besides {}", self.deal.label, request.invreq_id);
        if let Some(known) = &self.deal.request {
            assert_eq!(request.bolt12, known.bolt12, "{}", self.deal.label);
        }
        self.deal.request = Some(request);
    }

    fn spec(&mut self) -> CollectSpec {
        let lnr = self.deal.request.as_ref().unwrap().bolt12.clone();
        CollectSpec::new(lnr).sending(self.sending).amount(AMOUNT).timeout(1 + self.random.below(2) as u32)
    }

    async fn collect(&mut self, label: &str) {
        let spec = self.spec();
        let end = self.bobs[0].collect(spec, label).await;
        if let Ok(Collected::Paid(receipt)) = end {
            self.keep(receipt);
        }
    }

    async fn collect_twice_at_once(&mut self) {
        let spec = self.spec();
        let ends = self.bobs.each_ref().map(|bob| bob.collect(spec.clone(), &self.deal.label));
        for end in join_all(ends).await {
            if let Ok(Collected::Paid(receipt)) = end {
                self.keep(receipt);
            }
        }
    }

    /// Collects, and waits for a moment only.
    async fn collect_and_go(&mut self) {
        let (spec, moment) = (self.spec(), self.random.millis(60));
        if let Ok(Ok(Collected::Paid(receipt))) = timeout(moment, self.bobs[0].collect(spec, &self.deal.label)).await {
            self.keep(receipt);
        }
    }

    fn keep(&mut self, receipt: Receipt) {
        let kept = self.deal.receipts.entry(receipt.label.clone()).or_insert_with(|| receipt.clone());
        assert_eq!(*kept, receipt, "a receipt is given again as it was");
        assert_eq!(self.deal.receipts.len(), 1, "{} is paid once", self.deal.label);
    }

    fn invreq_id(&self) -> Hash32 {
        self.deal.request.as_ref().unwrap().invreq_id
    }

    async fn disable(&mut self) {
        let end = self.alice.disable(&self.invreq_id(), Duration::from_millis(100)).await;
        assert!(!matches!(end, Ok(Disabled::Unknown)), "{}", self.deal.label);
    }

    async fn watch(&self) {
        let end = self.alice.watch(&self.invreq_id(), Duration::ZERO).await;
        assert!(!matches!(end, Ok(Watched::Unknown)), "{}", self.deal.label);
    }

    /// With good nodes and connections every deal comes to its end. Gives how many were paid.
    async fn finish(&mut self) -> u64 {
        self.next_deal();
        let mut paid = 0;
        for deal in std::mem::take(&mut self.past) {
            self.deal = deal;
            self.finish_deal().await;
            self.check_deal().await;
            paid += self.deal.receipts.len() as u64;
        }
        paid
    }

    async fn finish_deal(&mut self) {
        while self.deal.request.is_none() {
            self.ask().await;
        }
        let labels = [self.deal.label.clone(), format!("{}, again", self.deal.label)];
        until(async || {
            let mut ended = 0;
            for label in &labels {
                let spec = self.spec();
                match self.bobs[0].collect(spec, label).await {
                    Ok(Collected::Paid(receipt)) => {
                        self.keep(receipt);
                        ended += 1;
                    }
                    Ok(Collected::Refused { .. }) if self.is_closed().await => ended += 1,
                    // Sent directly, a refusal is silence until the invoice has expired.
                    Ok(Collected::TimedOut { may_still_be_paid_until: None })
                        if self.sending == Sending::Direct && self.is_closed().await =>
                    {
                        ended += 1;
                    }
                    _ => {}
                }
            }
            ended == labels.len()
        })
        .await;
    }

    /// Its request takes no more invoices.
    async fn is_closed(&self) -> bool {
        let watched = self.alice.watch(&self.invreq_id(), Duration::ZERO).await;
        matches!(watched, Ok(Watched::Used(_) | Watched::Disabled(_)))
    }

    async fn check_deal(&self) {
        let (id, Deal { label, receipts, .. }) = (self.invreq_id(), &self.deal);
        assert_eq!(self.network.payments(id), receipts.len() as u64, "{label}: {receipts:?}");
        if !receipts.is_empty() {
            let watched = self.alice.watch(&id, Duration::from_secs(10)).await;
            assert!(matches!(watched, Ok(Watched::Used(_))), "{label}: {watched:?}");
        }
        let listed = self.network.alice.client().await.call(&listinvoicerequests::Request::new()).await.unwrap();
        let made = listed.invoicerequests.iter().filter(|request| request.label.as_ref() == Some(label));
        assert_eq!(made.count(), 1, "{label}");
    }
}

/// Lets nodes go and come back until the others are done.
async fn disturb(network: &Network, mut random: Random, done: &AtomicBool) {
    while !done.load(Relaxed) {
        sleep(random.millis(400)).await;
        let side = if random.below(2) == 0 { &network.alice } else { &network.bob };
        side.leave(random.one_of(&[Leave::Stopped, Leave::Dropped])).await;
        sleep(random.millis(100)).await;
        side.start().await;
    }
}

async fn run(sending: Sending, seed: u64) {
    let network = Network::new().await;
    let mut customers = Vec::new();
    for number in 0..CUSTOMERS {
        customers.push(Customer::new(&network, sending, seed, number).await);
    }
    let done = AtomicBool::new(false);
    let steps = async {
        join_all(customers.iter_mut().map(async |customer| {
            for _ in 0..STEPS {
                customer.step().await;
            }
        }))
        .await;
        done.store(true, Relaxed);
    };
    tokio::join!(steps, disturb(&network, Random(seed), &done));
    network.alice.proxy.mend();
    network.bob.proxy.mend();
    let paid: u64 = join_all(customers.iter_mut().map(Customer::finish)).await.into_iter().sum();
    println!("seed {seed}: {paid} requests are paid");
    network.check_money(Msat::from_msat(paid * AMOUNT.as_msat())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_paid_twice_or_loses_a_receipt() {
    for seed in 1..=3 {
        run(Sending::SendInvoice, seed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_paid_twice_or_loses_a_receipt_who_sends_directly() {
    run(Sending::Direct, 4).await;
}
