//! Any steps in any order, with restarts between, against a model that is as simple as the rules.

use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use cln_runtime::bolt12::{Invoice, Verified};
use cln_runtime::engine::{Fulfilment, HtlcSet, Htlcs as _, Wallet as _};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::support::{CREDIT, EXPIRY, GRACE, INVREQ_ID, NOW, Paying, Scene, invoice, preimage};

const FEW: u8 = 3;

#[derive(Clone, Copy, Debug)]
enum Step {
    Pay {
        number: u8,
    },
    Fulfil {
        number: u8,
    },
    Fail {
        number: u8,
    },
    /// All that is offered is taken back.
    TooLate,
    /// Payer and payee are other programs from now on.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..FEW).prop_map(|number| Step::Pay { number }),
        2 => (0..FEW).prop_map(|number| Step::Fulfil { number }),
        2 => (0..FEW).prop_map(|number| Step::Fail { number }),
        1 => Just(Step::TooLate),
        1 => Just(Step::Restart),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Offered,
    Fulfilled,
    Ended,
}

struct Run {
    scene: Scene,
    invoices: Vec<Invoice<Verified>>,
    /// The latest payment of each hash.
    states: HashMap<u8, State>,
    sets: HashMap<u8, HtlcSet>,
    paying: Vec<(u8, Paying)>,
}

impl Run {
    async fn new() -> Self {
        let invoices = (0..FEW).map(|number| invoice(number, amount(number))).collect();
        let (states, sets) = (HashMap::new(), HashMap::new());
        Run { scene: Scene::new().await, invoices, states, sets, paying: Vec::new() }
    }

    fn sum(&self, state: State) -> u64 {
        let numbers = self.states.iter().filter(|(_, found)| **found == state);
        numbers.map(|(number, _)| amount(*number)).sum()
    }

    fn balance(&self) -> u64 {
        CREDIT.as_msat() - self.sum(State::Offered) - self.sum(State::Fulfilled)
    }

    /// Those who wait for a payment learn how it ended.
    async fn check_told(&mut self, number: u8, paid: bool) -> TestCaseResult {
        self.scene.ledger.poke();
        for (_, paying) in self.paying.extract_if(.., |(paid_for, _)| *paid_for == number) {
            let end = tokio::time::timeout(Duration::from_secs(20), paying).await.expect("it waits for what has ended");
            prop_assert_eq!(end.unwrap().is_ok(), paid);
        }
        Ok(())
    }

    async fn pay(&mut self, number: u8) -> TestCaseResult {
        let invoice = self.invoices[usize::from(number)].clone();
        let known = self.states.get(&number).copied().unwrap_or(State::Ended);
        if known == State::Fulfilled || (known == State::Ended && amount(number) > self.balance()) {
            let end = self.scene.payer.pay(&invoice, INVREQ_ID).await;
            prop_assert_eq!(end.is_ok(), known == State::Fulfilled);
            return Ok(());
        }
        if known == State::Offered {
            // Beside an earlier call, and given up: nothing changes.
            let beside = self.scene.payer.pay(&invoice, INVREQ_ID);
            prop_assert!(tokio::time::timeout(Duration::from_millis(20), beside).await.is_err());
            return Ok(());
        }
        let (set, paying) = self.scene.offer(&invoice).await;
        let earlier = self.sets.insert(number, set.clone());
        prop_assert!(earlier.is_none_or(|earlier| earlier.id < set.id));
        self.states.insert(number, State::Offered);
        self.paying.push((number, paying));
        Ok(())
    }

    async fn check(&mut self, step: Step) -> TestCaseResult {
        match step {
            Step::Pay { number } => self.pay(number).await?,
            Step::Fulfil { number } => {
                let Some(set) = self.sets.get(&number) else { return Ok(()) };
                let end = self.scene.payee.fulfil(set, &preimage(number)).await.unwrap();
                let gone = self.states[&number] == State::Ended;
                prop_assert_eq!(end, if gone { Fulfilment::Gone } else { Fulfilment::Fulfilled });
                if !gone {
                    self.states.insert(number, State::Fulfilled);
                    self.check_told(number, true).await?;
                }
            }
            Step::Fail { number } => {
                let Some(set) = self.sets.get(&number) else { return Ok(()) };
                self.scene.payee.fail(set, "why").await.unwrap();
                if self.states[&number] == State::Offered {
                    self.states.insert(number, State::Ended);
                    self.check_told(number, false).await?;
                }
            }
            Step::TooLate => {
                self.scene.now.store(NOW + u64::from(EXPIRY) + GRACE + 1, Relaxed);
                for number in 0..FEW {
                    // Nobody takes a payment back whose payer does not look.
                    if self.paying.iter().any(|(paying, _)| *paying == number) {
                        self.states.insert(number, State::Ended);
                        self.check_told(number, false).await?;
                    }
                }
                self.scene.now.store(NOW, Relaxed);
            }
            Step::Restart => {
                self.paying.drain(..).for_each(|(_, paying)| paying.abort());
                self.scene.payer = self.scene.elsewhere(1).await;
                self.scene.payee = self.scene.elsewhere(2).await;
            }
        }
        let expected = [self.balance(), self.sum(State::Offered), CREDIT.as_msat() + self.sum(State::Fulfilled)];
        prop_assert_eq!(self.scene.money().await, expected);
        let offered = self.states.values().filter(|state| **state == State::Offered).count();
        prop_assert_eq!(self.scene.payee.offered().await.unwrap().len(), offered);
        Ok(())
    }
}

/// Two of them are all that the payer has, and three are too much.
fn amount(number: u8) -> u64 {
    5_000 - u64::from(number)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 100, ..ProptestConfig::default() })]

    #[test]
    fn money_goes_where_the_rules_say(steps in proptest::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut run = Run::new().await;
            for step in steps {
                run.check(step).await?;
            }
            Ok::<_, TestCaseError>(())
        })?;
    }
}
