//! What the rules have beside a lightningd: the ports of a real node, on its double.

use cln_primitives::{Hash32, Secret};
use cln_runtime::bolt12::{Invoice, Verified};
use cln_runtime::engine::{ClaimState, PayError};
use cln_runtime::lightningd::{Spending, Wallet};

use super::Ports;
use crate::simulate::lightningd::Double;
use crate::simulate::world::{Shared, short};

/// The ports of one run of the rules: what they have in memory goes with it.
pub(crate) struct Beside {
    wallet: Wallet<Double>,
}

impl Beside {
    /// The rules start beside a lightningd.
    pub(crate) fn new(shared: &Shared, node: usize) -> Self {
        let world = shared.lock();
        let pending = world.nodes[node].claims.iter().filter(|claim| claim.state == ClaimState::Pending);
        let pending: Vec<Hash32> = pending.map(|claim| claim.payment_hash()).collect();
        drop(world);
        Beside { wallet: Wallet::new(Double::new(shared, node), Spending::default(), pending) }
    }

    pub(super) async fn pay(&self, ports: &Ports, invoice: &Invoice<Verified>) -> Result<Secret, PayError> {
        let hash = invoice.payment().payment_hash;
        ports.world.lock().note(ports.node, || format!("asks its wallet to pay {}", short(hash)));
        let end = self.wallet.pay(ports, invoice).await;
        let name = match &end {
            Ok(_) => "wallet: paid",
            Err(PayError::Failed(_)) => "wallet: failed",
            Err(PayError::Unsettled(_)) => "wallet: not settled",
        };
        ports.world.lock().seen.counters.count(name);
        ports.world.lock().note(ports.node, || match &end {
            Ok(_) => format!("  {} is paid", short(hash)),
            Err(error) => format!("  {}: {error:?}", short(hash)),
        });
        end
    }
}
