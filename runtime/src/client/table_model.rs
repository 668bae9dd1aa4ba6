//! All orders in which callers, the writer, the reader and the end of a connection can use the table.
//!
//! Each use is one step under the table's lock, so that threads can do nothing that is not one of these orders.

use std::collections::HashSet;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::error::{ConnectionLost, Delivery};
use super::frame::{Members, Message};
use super::table::{Outcome, Owner, Table, Waiting};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The caller asks.
    Add(usize),
    /// The caller's future is dropped, or its time is over.
    Forget(usize),
    /// The writer begins to write the request.
    Begin(usize),
    /// The writer has written it.
    Written(usize),
    /// An answer comes.
    Answer(usize),
    TooLong(usize),
    LoseUnsent,
    Lose,
}

/// What a caller knows in the end.
#[derive(Debug, Default)]
struct Caller {
    outcome: Option<oneshot::Receiver<Outcome>>,
    refused: bool,
    given_up: Option<Delivery>,
}

fn id(call: usize) -> String {
    format!("\"it:pay#{}\"", call + 1)
}

struct Run {
    table: Table,
    callers: [Caller; 2],
    /// The writer was allowed to write the request.
    begun: HashSet<usize>,
    written: HashSet<usize>,
    /// Answers that the table says it handed over.
    handed: HashSet<usize>,
    lost: bool,
}

impl Run {
    fn step(&mut self, step: Step) {
        match step {
            Step::Add(call) => {
                let (reply, outcome) = oneshot::channel();
                let waiting = Waiting { id: id(call).into(), reply, notices: None, delivery: Delivery::NotSent };
                let added = self.table.add(call as u64 + 1, waiting);
                assert_eq!(added.is_err(), self.lost, "who comes too late is told, nobody else");
                self.callers[call].refused = added.is_err();
                self.callers[call].outcome = added.is_ok().then_some(outcome);
            }
            Step::Forget(call) => {
                self.callers[call].given_up = self.table.forget(call as u64 + 1);
            }
            Step::Begin(call) => {
                if self.table.deliver(call as u64 + 1, Delivery::Unknown) {
                    self.begun.insert(call);
                }
            }
            Step::Written(call) => {
                if self.begun.contains(&call) {
                    self.table.deliver(call as u64 + 1, Delivery::Sent);
                    self.written.insert(call);
                }
            }
            Step::Answer(call) => {
                let message = Message { bytes: Bytes::from(id(call)), members: Members::default() };
                match self.table.settle(id(call).as_bytes(), Outcome::Answered(message)) {
                    Ok(()) => assert!(self.handed.insert(call), "an answer is handed over once"),
                    Err(Owner::Past) => {}
                    Err(Owner::Nobody) => assert!(
                        self.callers[call].outcome.is_none() && self.callers[call].given_up.is_none(),
                        "an id that was used is known"
                    ),
                }
            }
            Step::TooLong(call) => {
                self.table.lose_too_long(Some(id(call).as_bytes()), 1);
                self.lost = true;
            }
            Step::LoseUnsent => {
                self.table.lose_unsent(ConnectionLost::Closed);
                self.lost = true;
            }
            Step::Lose => {
                self.table.lose(ConnectionLost::Closed);
                self.lost = true;
            }
        }
    }

    /// What must hold, whatever the order.
    fn check(mut self) {
        for call in 0..2 {
            let caller = &mut self.callers[call];
            let outcome = caller.outcome.as_mut().and_then(|outcome| outcome.try_recv().ok());
            let known = match &outcome {
                Some(Outcome::Lost(_, delivery)) => Some(*delivery),
                _ => caller.given_up,
            };
            if let Some(Outcome::Answered(message)) = &outcome {
                assert_eq!(message.bytes, id(call), "everybody gets the own answer");
            }
            assert_eq!(matches!(outcome, Some(Outcome::Answered(_))), self.handed.contains(&call));
            let ends = usize::from(outcome.is_some()) + usize::from(caller.given_up.is_some());
            assert!(ends <= 1, "a call ends once");
            if known == Some(Delivery::NotSent) {
                assert!(!self.begun.contains(&call), "what was not sent is not sent later");
            }
            if known == Some(Delivery::Sent) {
                assert!(self.written.contains(&call), "what was sent was written");
            }
            if caller.outcome.is_some() && ends == 0 {
                assert!(self.table.forget(call as u64 + 1).is_some(), "nobody is left without an end");
                assert!(!self.lost || self.written.contains(&call));
            }
        }
    }
}

/// Runs every merge of the actors' steps; how many there are.
fn explore(actors: &[&[Step]]) -> usize {
    fn merge(actors: &[&[Step]], at: &mut [usize], path: &mut Vec<Step>, runs: &mut usize) {
        let mut ended = true;
        for actor in 0..actors.len() {
            if let Some(step) = actors[actor].get(at[actor]) {
                ended = false;
                // The writer gets a request from its caller only.
                if let Step::Begin(call) = step
                    && !path.contains(&Step::Add(*call))
                {
                    continue;
                }
                at[actor] += 1;
                path.push(*step);
                merge(actors, at, path, runs);
                path.pop();
                at[actor] -= 1;
            }
        }
        if ended {
            *runs += 1;
            let mut run = Run {
                table: Table::default(),
                callers: Default::default(),
                begun: HashSet::new(),
                written: HashSet::new(),
                handed: HashSet::new(),
                lost: false,
            };
            path.iter().for_each(|step| run.step(*step));
            run.check();
        }
    }
    let mut runs = 0;
    merge(actors, &mut vec![0; actors.len()], &mut Vec::new(), &mut runs);
    runs
}

fn check(actors: &[&[Step]], orders: usize) {
    assert_eq!(explore(actors), orders, "orders of {actors:?}");
}

#[test]
fn a_call_that_is_given_up_while_the_connection_is_lost() {
    use Step::*;
    let (caller, writer) = ([Add(0), Forget(0)], [Begin(0), Written(0)]);
    check(&[&caller, &writer, &[Answer(0), Answer(0)], &[Lose]], 315);
    check(&[&caller, &writer, &[Answer(0), Answer(0)], &[LoseUnsent, Lose]], 1260);
    check(&[&caller, &writer, &[Answer(0), TooLong(0)], &[LoseUnsent]], 315);
}

#[test]
fn two_calls_whose_answers_come_in_any_order() {
    use Step::*;
    let writer = [Begin(0), Begin(1), Written(0), Written(1)];
    check(&[&[Add(0), Forget(0)], &[Add(1)], &writer, &[Answer(1), Answer(0)]], 612);
    check(&[&[Add(0), Forget(0)], &[Add(1)], &writer, &[Answer(1), Answer(0)], &[Lose]], 6120);
    check(&[&[Add(0)], &[Add(1), Forget(1)], &writer, &[Answer(0), TooLong(1)], &[LoseUnsent]], 5400);
}
