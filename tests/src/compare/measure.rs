//! One measurement, in a process of its own.

use std::path::Path;
use std::time::{Duration, Instant};

use cln_api::{getinfo, listchannels, listinvoices, shared::ListIndex};
use cln_rpc::ClnRpc;
use cln_rpc::model::requests::{GetinfoRequest, ListchannelsRequest, ListinvoicesRequest};
use cln_runtime::client::Client;
use futures_util::{StreamExt, stream};

use super::memory::{forget_peak, peak, resident};
use super::{CALLS, Case, ENTRIES, Error, Figures, IN_FLIGHT, SINGLE_CALLS, STREAMED, Side};

/// Measures one case against the server at a socket.
///
/// # Errors
///
/// When a call fails, or its answer is not what the server sent.
pub fn measure(side: Side, case: Case, socket: &Path) -> Result<Figures, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(Error::io("cannot start a runtime"))?.block_on(async {
        match side {
            Side::Ours => {
                let client = Client::connect(socket).await.map_err(Error::call)?;
                client.call(&getinfo::Request::new()).await.map_err(Error::call)?;
                ours(&client, case).await
            }
            Side::Theirs => {
                let mut client = ClnRpc::new(socket).await.map_err(Error::call)?;
                client.call_typed(&GetinfoRequest {}).await.map_err(|error| Error::Call(error.message))?;
                theirs(&mut client, case).await
            }
        }
    })
}

async fn ours(client: &Client, case: Case) -> Result<Figures, Error> {
    let info = getinfo::Request::new();
    let start = Start::now()?;
    match case {
        Case::Listinvoices => {
            let response = client.call(&listinvoices::Request::new()).await.map_err(Error::call)?;
            start.figures(response.invoices.len(), ENTRIES as usize)
        }
        Case::Listchannels => {
            let response = client.call(&listchannels::Request::new()).await.map_err(Error::call)?;
            start.figures(response.channels.len(), ENTRIES as usize)
        }
        Case::Stream => streamed(client, start).await,
        Case::Pipelined => {
            let calls = stream::iter(0..CALLS).map(|_| client.call(&info)).buffer_unordered(IN_FLIGHT);
            let answered = calls.filter(|result| std::future::ready(result.is_ok())).count().await;
            start.figures(answered, CALLS)
        }
        Case::Single => {
            let mut times = Vec::with_capacity(SINGLE_CALLS);
            for _ in 0..SINGLE_CALLS {
                let begun = Instant::now();
                client.call(&info).await.map_err(Error::call)?;
                times.push(begun.elapsed());
            }
            Ok(Figures { seconds: median(times), ..Figures::default() })
        }
    }
}

async fn theirs(client: &mut ClnRpc, case: Case) -> Result<Figures, Error> {
    let refused = |error: cln_rpc::RpcError| Error::Call(error.message);
    let start = Start::now()?;
    match case {
        Case::Listinvoices => {
            let request = ListinvoicesRequest {
                index: None,
                invstring: None,
                label: None,
                limit: None,
                offer_id: None,
                payment_hash: None,
                start: None,
            };
            let response = client.call_typed(&request).await.map_err(refused)?;
            start.figures(response.invoices.len(), ENTRIES as usize)
        }
        Case::Listchannels => {
            let request = ListchannelsRequest { destination: None, short_channel_id: None, source: None };
            let response = client.call_typed(&request).await.map_err(refused)?;
            start.figures(response.channels.len(), ENTRIES as usize)
        }
        Case::Stream => Err(Error::Call("cln-rpc has no streams".to_owned())),
        Case::Pipelined => {
            for _ in 0..CALLS {
                client.call_typed(&GetinfoRequest {}).await.map_err(refused)?;
            }
            start.figures(CALLS, CALLS)
        }
        Case::Single => {
            let mut times = Vec::with_capacity(SINGLE_CALLS);
            for _ in 0..SINGLE_CALLS {
                let begun = Instant::now();
                client.call_typed(&GetinfoRequest {}).await.map_err(refused)?;
                times.push(begun.elapsed());
            }
            Ok(Figures { seconds: median(times), ..Figures::default() })
        }
    }
}

async fn streamed(client: &Client, start: Start) -> Result<Figures, Error> {
    let request = listinvoices::Request::new().index(ListIndex::Created).start(1).limit(STREAMED);
    let mut records = client.stream(&request);
    let (mut count, mut early, mut late) = (0, 0.0_f64, 0.0_f64);
    while let Some(record) = records.next().await {
        record.map_err(Error::call)?;
        count += 1;
        if count % (STREAMED / 300) == 0 {
            let now = resident()? - start.resident;
            match count / (STREAMED / 3) {
                0 => early = early.max(now),
                1 => {}
                _ => late = late.max(now),
            }
        }
    }
    Ok(Figures { early, late, ..start.figures(count as usize, STREAMED as usize)? })
}

/// How things were before.
struct Start {
    resident: f64,
    time: Instant,
}

impl Start {
    fn now() -> Result<Self, Error> {
        forget_peak()?;
        Ok(Self { resident: resident()?, time: Instant::now() })
    }

    fn figures(self, found: usize, expected: usize) -> Result<Figures, Error> {
        let seconds = self.time.elapsed().as_secs_f64();
        if found != expected {
            return Err(Error::Call(format!("{found} came where {expected} were sent")));
        }
        Ok(Figures { seconds, peak: peak()? - self.resident, ..Figures::default() })
    }
}

/// The median, in seconds.
pub(super) fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(0.0, Duration::as_secs_f64)
}
