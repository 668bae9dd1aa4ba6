//! `--wait`: until a request of the node is paid.

use std::time::Duration;

use cln_primitives::Hash32;
use cln_runtime::client::Client;
use cln_runtime::recover::{Recover, Watched};
use tokio::time::{Instant, sleep};

use super::exit::{Exit, Failure, unforeseen};
use super::output::{GOOD, line, styled};
use super::requests::{self, Keeper, Kept, expiry_of};
use super::time;
use super::wait::{Interrupted, wait};

/// The node's own clock may say so a little later.
const AFTER_EXPIRY: u64 = 2;
/// Between two looks at the plugin's table.
const PAUSE: Duration = Duration::from_millis(500);

/// Waits for the payment of a request of this node.
pub async fn until_paid(client: &Client, kept: &Kept, for_people: bool) -> Result<(), Failure> {
    let time = expiry_of(&kept.request).map(|expiry| {
        let seconds = expiry.saturating_sub(time::now()).saturating_add(AFTER_EXPIRY);
        Duration::from_secs(seconds)
    });
    let short = requests::short_id(&kept.request);
    let closed = |problem: &str| Failure::new(Exit::TooLate, problem, "For a new promise make a new request.");
    let watched = wait("waiting to pay", time, watch(client, kept, time.unwrap_or(Duration::MAX))).await;
    match watched.map_err(|Interrupted| interrupted(&short))?? {
        Watched::Used(_) => {
            if for_people {
                line("");
                line(styled(GOOD, "Paid."));
            }
            Ok(())
        }
        Watched::StillOpen(_) if kept.keeper == Keeper::Plugin => Err(closed("the request has expired unpaid")),
        Watched::StillOpen(_) => {
            let advice = format!("lightningd itself pays even after that time: to be sure, `lnr disable {short}`.");
            Err(closed("the request has expired unpaid").advise(advice))
        }
        Watched::Disabled(_) => Err(closed("the request was disabled before it was paid")),
        Watched::Unknown => {
            let problem = format!("the node has no request {short} any more");
            Err(Failure::new(Exit::Failed, problem, "Is it the same node? `lnr list` shows its requests."))
        }
        other => Err(unforeseen(&other)),
    }
}

fn interrupted(short: &str) -> Failure {
    let problem = "no longer waiting; the request stays open, and the node pays whoever sends an invoice for it";
    let advice = format!("To wait again: `lnr show {short} --wait`. To take it back: `lnr disable {short}`.");
    Failure::new(Exit::Interrupted, problem, advice)
}

async fn watch(client: &Client, kept: &Kept, within: Duration) -> Result<Watched, Failure> {
    let id = kept.request.invreq_id;
    match kept.keeper {
        Keeper::Lightningd => Ok(Recover::new(client.clone()).watch(&id, within).await?),
        Keeper::Plugin => watch_plugin(client, &id, within).await,
    }
}

/// The same by the plugin's table, which `Recover` does not look at.
async fn watch_plugin(client: &Client, id: &Hash32, within: Duration) -> Result<Watched, Failure> {
    let deadline = Instant::now().checked_add(within);
    loop {
        let found =
            requests::list(client, false).await?.requests.into_iter().find(|kept| kept.request.invreq_id == *id);
        match found.map(|kept| kept.request) {
            None => return Ok(Watched::Unknown),
            Some(request) if request.used => return Ok(Watched::Used(request)),
            Some(request) if !request.active => return Ok(Watched::Disabled(request)),
            Some(request) if deadline.is_some_and(|deadline| Instant::now() >= deadline) => {
                return Ok(Watched::StillOpen(request));
            }
            Some(_) => sleep(PAUSE).await,
        }
    }
}
