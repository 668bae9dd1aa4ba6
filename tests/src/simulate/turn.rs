//! Time that passes.

use std::pin::Pin;
use std::task::{Context, Poll};

use super::plan::Fault;
use super::world::{Event, Process, Shared};

/// A moment in which others act, and the process may stop.
pub(super) struct Turn<'a> {
    world: &'a Shared,
    process: Process,
    until: Option<u64>,
}

impl<'a> Turn<'a> {
    pub(super) fn new(world: &'a Shared, process: Process) -> Self {
        Turn { world, process, until: None }
    }
}

impl Future for Turn<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut world = self.world.lock();
        if let Some(until) = self.until {
            return if world.now >= until { Poll::Ready(()) } else { Poll::Pending };
        }
        world.steps += 1;
        let node = match self.process {
            Process::Rules(node) if world.strikes(node, Fault::Crash) => {
                world.crash(node);
                return Poll::Pending;
            }
            Process::Daemon(node) if world.strikes(node, Fault::DaemonCrash) => {
                world.crash_daemon(node);
                return Poll::Pending;
            }
            Process::Rules(node) | Process::Daemon(node) => node,
        };
        let after = if world.strikes(node, Fault::Stall) { world.rng.u64(1_000..40_000) } else { world.delay() };
        let until = world.now + after;
        world.schedule(after, Event::Wake(cx.waker().clone()));
        drop(world);
        self.until = Some(until);
        Poll::Pending
    }
}

/// Waits this long, in milliseconds.
pub(super) async fn wait(world: &Shared, after: u64) {
    let until = world.lock().now + after;
    std::future::poll_fn(|cx| {
        let mut world = world.lock();
        if world.now >= until {
            return Poll::Ready(());
        }
        let after = until - world.now;
        world.schedule(after, Event::Wake(cx.waker().clone()));
        Poll::Pending
    })
    .await;
}
