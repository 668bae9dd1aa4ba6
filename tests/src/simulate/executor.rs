//! Runs the tasks of all nodes, one poll at a time, in an order that the seed chooses.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};

use super::world::{self, Event, Process, Shared};

type Ready = Arc<Mutex<Vec<usize>>>;

/// After how many polls a run is given up: no run needs as many.
const MOST_POLLS: u64 = 400_000;

/// All tasks.
pub(super) struct Executor {
    world: Shared,
    tasks: Vec<Option<Task>>,
    ready: Ready,
    polls: u64,
}

struct Task {
    process: Process,
    future: world::Task,
    waker: Waker,
}

/// Makes a task ready.
struct Ring {
    task: usize,
    ready: Ready,
}

impl Wake for Ring {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if !ready.contains(&self.task) {
            ready.push(self.task);
        }
    }
}

impl Executor {
    pub(super) fn new(world: Shared) -> Self {
        Executor { world, tasks: Vec::new(), ready: Ready::default(), polls: 0 }
    }

    /// Starts a task of a node's rules, which ends at the latest when they stop.
    pub(super) fn spawn(&mut self, node: usize, future: impl Future<Output = ()> + Send + 'static) {
        self.start(Process::Rules(node), Box::pin(future));
    }

    fn start(&mut self, process: Process, future: world::Task) {
        let task = self.tasks.iter().position(Option::is_none).unwrap_or(self.tasks.len());
        let ring = Ring { task, ready: Arc::clone(&self.ready) };
        let waker = Waker::from(Arc::new(ring));
        waker.wake_by_ref();
        let new = Some(Task { process, future, waker });
        match self.tasks.get_mut(task) {
            Some(slot) => *slot = new,
            None => self.tasks.push(new),
        }
    }

    /// Runs until an event needs somebody who knows what it means; `None` when nothing is left to happen until this
    /// time, or something was wrong.
    pub(super) fn run(&mut self, limit: u64) -> Option<Event> {
        loop {
            self.look();
            while let Some(task) = self.choose() {
                self.poll(task);
            }
            let mut world = self.world.lock();
            if self.polls > MOST_POLLS {
                world.violated("a run comes to rest", format!("still busy after {MOST_POLLS} polls"));
            }
            if world.seen.violation.is_some() {
                return None;
            }
            match world.next_event(limit) {
                Some(Event::Wake(waker)) => {
                    drop(world);
                    waker.wake();
                }
                event => return event,
            }
        }
    }

    fn choose(&mut self) -> Option<usize> {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if ready.is_empty() || self.polls > MOST_POLLS {
            return None;
        }
        let mut world = self.world.lock();
        if world.seen.violation.is_some() {
            return None;
        }
        let at = world.rng.usize(0..ready.len());
        Some(ready.swap_remove(at))
    }

    fn poll(&mut self, number: usize) {
        self.polls += 1;
        let Some(slot) = self.tasks.get_mut(number) else { return };
        let Some(task) = slot else { return };
        let waker = task.waker.clone();
        if task.future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            *slot = None;
        }
        self.look();
    }

    /// Drops the tasks of what has stopped, and starts those that are to be started.
    pub(super) fn look(&mut self) {
        let (crashed, spawned) = {
            let mut world = self.world.lock();
            (std::mem::take(&mut world.crashed), std::mem::take(&mut world.spawned))
        };
        for (process, task) in spawned {
            self.start(process, task);
        }
        for process in crashed {
            for slot in self.tasks.iter_mut().filter(|slot| slot.as_ref().is_some_and(|task| task.process == process)) {
                *slot = None;
            }
        }
    }
}
