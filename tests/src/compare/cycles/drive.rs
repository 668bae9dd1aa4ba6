//! Clients that want requests of one node, and their payment by the other.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use cln_api::{invoicerequest, sendinvoice};
use cln_primitives::Msat;
use cln_runtime::client::Client;
use futures_util::future::try_join_all;

use super::super::Error;
use super::report::Phase;

const AMOUNT: Msat = Msat::from_msat(1000);

/// Clients, each with connections of its own.
pub(super) struct Clients(Vec<Pair>);

struct Pair {
    payer: Client,
    payee: Client,
}

impl Clients {
    pub(super) async fn connect(count: usize, payer: PathBuf, payee: PathBuf) -> Result<Self, Error> {
        let pairs = (0..count).map(|_| async {
            let payer = Client::connect(&payer).await.map_err(Error::call)?;
            let payee = Client::connect(&payee).await.map_err(Error::call)?;
            Ok(Pair { payer, payee })
        });
        Ok(Clients(try_join_all(pairs).await?))
    }

    pub(super) async fn cycle_each(&self) -> Result<(), Error> {
        try_join_all(self.0.iter().map(Pair::cycle)).await.map(drop)
    }

    /// Does cycles for so long, all clients at once. What was begun in time is done, and counts.
    pub(super) async fn run(&self, duration: Duration) -> Result<Phase, Error> {
        let begun = Instant::now();
        let end = begun + duration;
        let times = try_join_all(self.0.iter().map(|pair| pair.cycles_until(end))).await?;
        let seconds = begun.elapsed().as_secs_f64();
        let mut times = times.concat();
        times.sort_unstable();
        let median = times.get(times.len() / 2).copied().unwrap_or_default();
        Ok(Phase { clients: self.0.len(), cycles: times.len(), seconds, median: median.as_secs_f64(), fsyncs: 0 })
    }
}

impl Pair {
    async fn cycles_until(&self, end: Instant) -> Result<Vec<Duration>, Error> {
        let mut times = Vec::new();
        while Instant::now() < end {
            let begun = Instant::now();
            self.cycle().await?;
            times.push(begun.elapsed());
        }
        Ok(times)
    }

    async fn cycle(&self) -> Result<(), Error> {
        let wanted = invoicerequest::Request::new(AMOUNT, "one cycle");
        let request = self.payer.call(&wanted).await.map_err(Error::call)?;
        let order = sendinvoice::Request::new(&request.bolt12, request.invreq_id.to_string());
        match self.payee.call(&order).await.map_err(Error::call)?.status {
            sendinvoice::Status::Paid(_) => Ok(()),
            status => Err(Error::Call(format!("an invoice is {} instead of paid", status.as_str()))),
        }
    }
}
