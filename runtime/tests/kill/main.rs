//! Kills nodes at random moments, in the midst of what their clients want of them, and looks afterwards at what their
//! databases say.
//!
//! `LNR_KILLS` says how often (12 by default), `LNR_SEED` from which seed. Which moments those are the machine decides,
//! too: a seed makes a run likely to be seen again, not certain.

#![cfg(feature = "cli")]

mod checks;
mod clients;
mod nodes;
mod random;

use std::sync::Arc;
use std::time::{Duration, Instant};

use clients::Log;
use nodes::{NAMES, Network};
use random::Random;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// So many clients drive cycles at a time.
const CLIENTS: u64 = 16;
/// How long a node is dead now and then: longer than some invoices are valid.
const LONG_DEAD: Duration = Duration::from_millis(2500);
/// How long the clients have to end what they have begun, once no node is killed any more.
const HEALING: Duration = Duration::from_secs(60);

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_are_killed_lose_nothing() {
    let (kills, seed) = (setting("LNR_KILLS", 12), setting("LNR_SEED", 1));
    let begun = Instant::now();
    let network = Arc::new(Network::start().await);
    let (stop, stopping) = watch::channel(false);
    let log = Arc::new(Log::default());
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let random = Random::new(seed * CLIENTS + client);
        clients.spawn(clients::drive(client, network.clients(), log.clone(), random, stopping.clone()));
    }
    let mut random = Random::new(seed);
    for _ in 0..kills {
        sleep(Duration::from_millis(random.below(350))).await;
        match random.below(3) {
            0 => network.kill(&NAMES).await,
            victim => network.kill(&NAMES[victim as usize - 1..][..1]).await,
        }
        let dead = if random.below(6) == 0 { LONG_DEAD } else { Duration::from_millis(random.below(100)) };
        sleep(dead).await;
        network.heal().await;
    }
    stop.send_replace(true);
    let ended = timeout(HEALING, clients.join_all()).await;
    assert!(ended.is_ok(), "clients cannot end what they have begun: {}", log.unfinished());
    network.quiet().await;
    network.stop().await;
    let counts = checks::check(network.folder(), &log);
    println!("seed {seed}, {kills} kills in {:.1} s: {counts}", begun.elapsed().as_secs_f32());
}
