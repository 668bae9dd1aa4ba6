//! What clients want of the nodes: a request of one, and to be paid for it by the other. They ask until they know.

use std::sync::Mutex;
use std::time::Duration;

use cln_api::{invoicerequest, sendinvoice};
use cln_primitives::{Hash32, Msat, Secret};
use cln_runtime::client::{CallError, Client};
use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::random::Random;

/// How long invoices are valid, in seconds: some expire while a node is dead, and are made anew.
const EXPIRIES: [u32; 4] = [1, 2, 10, 10];
/// How long a client waits before it asks again.
const PATIENCE: Duration = Duration::from_millis(1500);
const PAUSE: Duration = Duration::from_millis(20);

/// What the clients have learnt.
#[derive(Default)]
pub struct Log {
    ends: Mutex<Vec<Cycle>>,
    under_way: Mutex<Vec<String>>,
}

/// One request, and what became of the invoices for it.
pub struct Cycle {
    pub payee: usize,
    pub invreq_id: Hash32,
    pub single_use: bool,
    pub invoices: Vec<(String, End)>,
}

/// What a client knows for sure of an invoice.
pub enum End {
    Paid { payment_hash: Hash32, preimage: Secret },
    Refused,
}

impl Log {
    pub fn cycles(self: &Log) -> std::sync::MutexGuard<'_, Vec<Cycle>> {
        self.ends.lock().unwrap()
    }

    pub fn unfinished(&self) -> String {
        self.under_way.lock().unwrap().join(", ")
    }
}

/// Drives cycles one after the other.
pub async fn drive(
    client: u64,
    nodes: [Client; 2],
    log: std::sync::Arc<Log>,
    mut random: Random,
    stopping: watch::Receiver<bool>,
) {
    for number in 0.. {
        if *stopping.borrow() {
            return;
        }
        let payee = random.below(2) as usize;
        let (single_use, rivals) = (random.below(4) > 0, 1 + u64::from(random.below(4) == 0));
        let expiry = EXPIRIES[random.below(4) as usize];
        let name = format!("client {client}, cycle {number}");
        log.under_way.lock().unwrap().push(name.clone());
        let request = publish(&nodes[1 - payee], single_use).await;
        let labels = (0..rivals).map(|rival| format!("{name}, {rival}"));
        let invoices = labels.map(async |label| {
            let end = collect(&nodes[payee], &request.bolt12, &label, expiry).await;
            (label, end)
        });
        let invoices = join_all(invoices).await;
        log.under_way.lock().unwrap().retain(|other| *other != name);
        log.cycles().push(Cycle { payee, invreq_id: request.invreq_id, single_use, invoices });
    }
}

/// A request that is not heard of may have been made: it is forgotten, as nobody has it.
async fn publish(payer: &Client, single_use: bool) -> invoicerequest::Response {
    let request = invoicerequest::Request::new(Msat::from_msat(5000), "killed").single_use(single_use);
    loop {
        if let Ok(Ok(published)) = timeout(PATIENCE, payer.call(&request)).await {
            return published;
        }
        sleep(PAUSE).await;
    }
}

/// Asks by one label until there is a receipt, or there will be none.
async fn collect(payee: &Client, invreq: &str, label: &str, expiry: u32) -> End {
    let request = sendinvoice::Request::new(invreq, label).timeout(expiry);
    loop {
        match timeout(PATIENCE, payee.call(&request)).await {
            Ok(Ok(receipt)) => match receipt.status {
                sendinvoice::Status::Paid(paid) => {
                    return End::Paid { payment_hash: receipt.payment_hash, preimage: paid.payment_preimage };
                }
                status => panic!("{label} is {} and no error", status.as_str()),
            },
            Ok(Err(CallError::Rpc(error))) if is_final(&error) => return End::Refused,
            Ok(Err(CallError::Rpc(error))) if !passes(&error) => panic!("{label}: {error}"),
            Ok(Err(_)) | Err(_) => {}
        }
        sleep(PAUSE).await;
    }
}

/// The payer has used its request up. That it is busy with it, or its payment has failed, may pass.
fn is_final(error: &sendinvoice::Error) -> bool {
    match error {
        sendinvoice::Error::OfferBadInvreqReply(error) => {
            let why = error.data.as_ref().and_then(|data| data.error.as_deref());
            why == Some("the invoice_request is no longer available")
        }
        _ => false,
    }
}

/// Asking again may help.
fn passes(error: &sendinvoice::Error) -> bool {
    use sendinvoice::Error;
    matches!(
        error,
        Error::OfferBadInvreqReply(_)
            | Error::OfferRouteNotFound(_)
            | Error::Timeout(_)
            | Error::InvoiceExpiredDuringWait(_)
            | Error::Lightningd(_)
            | Error::Other(_)
    )
}
