//! Two embedded nodes at work: how many cycles of request, invoice and payment they do, and how often they wait for the
//! disk.
//!
//! ```text
//! client ─invoicerequest─▶ payer ┐
//!        ◀───── request ──       ├─ the network's ledger, their messages
//!        ── sendinvoice ─▶ payee ┘
//!        ◀──────── paid ──
//! ```
//!
//! Each node is a process of its own, and so are the clients, over real sockets. First one client does cycle after cycle,
//! then many at once. The nodes count their waits ([`Writes::fsyncs`](cln_runtime::node::Writes::fsyncs)), both stores and
//! the ledger. Before, between and after, a file in the same folder shows what the disk itself does.

mod disk;
mod drive;
mod node;
mod report;

use std::path::Path;
use std::time::Duration;

pub use node::serve_node;
pub use report::{CyclesReport, Phase};

use super::Error;
use drive::Clients;
use node::NodeProcess;

/// How many clients are many.
const MANY: usize = 64;

/// Measures for so long with one client, and as long with many, in a new folder inside of this one.
///
/// # Errors
/// When a node cannot be started, or a cycle does not end with a payment.
pub fn cycles(duration: Duration, inside: &Path) -> Result<CyclesReport, Error> {
    let folder = tempfile::tempdir_in(inside).map_err(Error::io("cannot make a folder for the nodes"))?;
    let load = disk::load();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Error::io("cannot start a runtime"))?;
    let mut payer = NodeProcess::start(&folder.path().join("alice"))?;
    let mut payee = NodeProcess::start(&folder.path().join("bob"))?;
    let mut phase = |count: usize| -> Result<Phase, Error> {
        runtime.block_on(async {
            let clients = Clients::connect(count, payer.socket(), payee.socket()).await?;
            // So that all is open, and in memory.
            clients.cycle_each().await?;
            let before = payer.fsyncs()? + payee.fsyncs()?;
            let mut phase = clients.run(duration).await?;
            phase.fsyncs = payer.fsyncs()? + payee.fsyncs()? - before;
            Ok(phase)
        })
    };
    let disk = || disk::fsyncs_per_second(folder.path());
    let (first, one, second, many, third) = (disk()?, phase(1)?, disk()?, phase(MANY)?, disk()?);
    let mut disk = [first, second, third];
    disk.sort_unstable_by(f64::total_cmp);
    let [_, disk, _] = disk;
    Ok(CyclesReport { one, many, disk, folder: disk::describe(inside), load })
}
