//! What happens in a run: a seed makes a plan, and a plan can be cut down.

use std::collections::BTreeSet;
use std::fmt;

use clap::ValueEnum;
use fastrand::Rng;

/// A misfortune that a run may have, with what it is called and how often it may strike at most, in a thousand.
macro_rules! faults {
    ($($variant:ident $name:literal $most:literal $doc:literal)*) => {
        /// A misfortune that a run may have.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Fault {
            $(#[doc = $doc] $variant,)*
        }

        impl Fault {
            /// All of them.
            pub const ALL: &'static [Fault] = &[$(Fault::$variant),*];

            /// What it is called where it is counted.
            pub fn name(self) -> &'static str {
                match self { $(Fault::$variant => $name,)* }
            }

            /// How often it strikes at most, in a thousand chances.
            fn most(self) -> u32 {
                match self { $(Fault::$variant => $most,)* }
            }
        }
    };
}

faults! {
    Crash "crashes" 12 "The node stops before or after a port's effect: its tasks and all that is not stored are gone."
    NotStored "writes lost" 15 "The store fails, and has done nothing."
    Stored "writes kept, answer lost" 15 "The store fails, and has done what it was asked for."
    Stall "stalls" 8 "A port takes up to 40 seconds."
    Unreachable "payers unreachable" 120 "There is no way to the payer."
    NotSent "messages not sent" 60 "A message does not leave the node."
    SendUnknown "sendings in doubt" 100 "The node cannot tell whether a message has left."
    Drop "messages dropped" 200 "A message is lost on its way."
    Duplicate "messages duplicated" 250 "A message comes a second time, up to two minutes later."
    Delay "messages delayed" 250 "A message takes up to a minute, and others overtake it."
    Corrupt "messages damaged" 40 "A byte of a message changes on its way."
    Nonsense "answers of nonsense" 60 "A refusal is unreadable."
    PayFails "payments without a way" 150 "The wallet fails for certain."
    Unsettled "wallets in doubt" 250 "The wallet says that it does not know how the payment ends."
    Hang "wallets late" 120 "The wallet answers up to two minutes late."
    WrongPreimage "wallets that show nonsense" 60 "The wallet shows what is not the payment's preimage."
    WrongPath "payments by a wrong path" 40 "A payment does not come by its invoice's path."
    PartLost "parts held up" 100 "A part of a payment does not arrive: all of it comes back at its timeout."
    Unnoticed "arrivals unnoticed" 120 "The payee does not see that a payment has arrived until it looks for all."
    WaitEnds "waits ended early" 60 "Waiting for an invoice ends without a reason."
    DaemonCrash "daemons crashing" 12 "A lightningd stops before or after it has done what a call is for."
    NotCalled "calls that do not arrive" 25 "A lightningd is not called: nothing was done."
    AnswerLost "answers lost" 150 "A lightningd's answer is lost; what it was asked for is done, or will be."
    Retried "payments tried again" 200 "A part fails, and xpay tries anew, up to a minute later."
    GivenUp "payments given up on their way" 120 "xpay answers a failure while parts are on their way, which may arrive."
}

impl Fault {
    /// Strikes only where there is a lightningd.
    pub fn is_of_lightningd(self) -> bool {
        self as usize >= Fault::DaemonCrash as usize
    }
}

/// What carries out the rules' wishes in all nodes of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// Stores of their own: embedded nodes.
    #[default]
    Embedded,
    /// Doubles of lightningd, beside which the rules run; some nodes are embedded.
    Lightningd,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Backend::Embedded => "embedded",
            Backend::Lightningd => "lightningd",
        })
    }
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It has stores and a ledger of its own.
    Embedded,
    /// A lightningd, with the rules beside it.
    Lightningd,
}

/// How often each [`Fault`] strikes, in a thousand chances.
#[derive(Clone, Debug)]
pub struct Rates(Vec<u32>);

impl Rates {
    /// The rate of one.
    pub fn of(&self, fault: Fault) -> u32 {
        self.0.get(fault as usize).copied().unwrap_or(0)
    }

    /// The same without one.
    #[must_use]
    pub fn without(&self, fault: Fault) -> Self {
        let mut rates = self.clone();
        if let Some(rate) = rates.0.get_mut(fault as usize) {
            *rate = 0;
        }
        rates
    }

    fn draw(rng: &mut Rng) -> Self {
        let rate = |fault: &Fault| if rng.u8(0..100) < 45 { 0 } else { rng.u32(1..=fault.most()) };
        Rates(Fault::ALL.iter().map(rate).collect())
    }
}

/// What a payee asks for, beside what the request offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The same.
    Exactly,
    /// Half.
    Half,
    /// One more.
    More,
    /// Nothing.
    Nothing,
}

/// What a user or the world does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A node makes a request.
    Publish {
        /// Its number, by which other steps know it.
        request: usize,
        /// The payer.
        node: usize,
        /// What it offers, in msat.
        amount: u64,
        /// Whether it is paid once only.
        single_use: bool,
        /// For how many seconds it is valid.
        expires_in: Option<u64>,
        /// What will do, in msat.
        least: Option<u64>,
    },
    /// A node sends an invoice.
    Collect {
        /// The node.
        payee: usize,
        /// The request's number.
        request: usize,
        /// The invoice's label.
        label: u8,
        /// The invoice's amount.
        ask: Ask,
        /// For how many seconds it is valid and waited for.
        timeout: u32,
    },
    /// A request's payer disables it.
    Disable {
        /// The request's number.
        request: usize,
    },
    /// A node's rules stop.
    Crash {
        /// The node.
        node: usize,
    },
    /// A node's lightningd stops.
    CrashDaemon {
        /// The node.
        node: usize,
    },
    /// A node's clock jumps.
    Jump {
        /// The node.
        node: usize,
        /// How far, forth or back.
        seconds: i64,
    },
    /// A node looks after all that is unfinished, as it does now and then.
    LookAfter {
        /// The node.
        node: usize,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Step::Publish { request, node, amount, single_use, expires_in, least } => {
                let kind = if single_use { "single-use" } else { "multi-use" };
                write!(f, "node {node} publishes the {kind} request {request} for {amount}msat")?;
                if let Some(least) = least {
                    write!(f, ", {least}msat will do")?;
                }
                match expires_in {
                    Some(seconds) => write!(f, ", for {seconds} s"),
                    None => Ok(()),
                }
            }
            Step::Collect { payee, request, label, ask, timeout } => {
                let asks = match ask {
                    Ask::Exactly => "",
                    Ask::Half => " over half of it",
                    Ask::More => " over more",
                    Ask::Nothing => " over nothing",
                };
                write!(
                    f,
                    "node {payee} sends the invoice \"{label}\"{asks} for request {request} and waits {timeout} s"
                )
            }
            Step::Disable { request } => write!(f, "request {request} is disabled"),
            Step::Crash { node } => write!(f, "node {node} crashes"),
            Step::CrashDaemon { node } => write!(f, "the lightningd of node {node} crashes"),
            Step::Jump { node, seconds } => write!(f, "the clock of node {node} jumps by {seconds} s"),
            Step::LookAfter { node } => write!(f, "node {node} looks after what is unfinished"),
        }
    }
}

/// All that is given before a run starts.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What the nodes are.
    pub kinds: Vec<Kind>,
    /// Each node's money at the start, in msat.
    pub balances: Vec<u64>,
    /// What is done, and when, in milliseconds.
    pub steps: Vec<(u64, Step)>,
    /// How much goes wrong.
    pub rates: Rates,
    /// The chances for a fault, by number, that are let go by.
    pub spared: BTreeSet<u64>,
    /// The seed of all other choices.
    pub schedule: u64,
}

impl Plan {
    /// The plan of a seed.
    pub fn new(seed: u64, backend: Backend) -> Self {
        let rng = &mut Rng::with_seed(seed);
        let nodes = rng.usize(2..=5);
        let balances = (0..nodes).map(|_| if rng.u8(0..8) == 0 { 150_000 } else { 10_000_000 }).collect();
        let mut steps = Vec::new();
        let requests = rng.usize(1..=3);
        for request in 0..requests {
            steps.push((rng.u64(0..3_000), publish(rng, request, nodes)));
        }
        let mut collects: Vec<Step> = Vec::new();
        let crowd = rng.u64(1_000..40_000);
        for _ in 0..rng.usize(2..=7) {
            let again = collects.get(rng.usize(0..8)).copied();
            let step = again.unwrap_or_else(|| collect(rng, requests, nodes));
            let at = if rng.bool() { crowd + rng.u64(0..500) } else { rng.u64(1_000..60_000) };
            collects.push(step);
            steps.push((at, step));
        }
        for _ in 0..rng.usize(0..=4) {
            steps.push((rng.u64(1_000..60_000), trouble(rng, requests, nodes)));
        }
        steps.sort_by_key(|(at, _)| *at);
        let rates = Rates::draw(rng);
        let schedule = rng.u64(..);
        let mixed = rng.bool();
        let kind = |rng: &mut Rng| match backend {
            Backend::Lightningd if !mixed || rng.bool() => Kind::Lightningd,
            Backend::Lightningd | Backend::Embedded => Kind::Embedded,
        };
        let kinds = (0..nodes).map(|_| kind(rng)).collect();
        Plan { kinds, balances, steps, rates, spared: BTreeSet::new(), schedule }
    }
}

impl Plan {
    /// The node that publishes a request.
    pub(super) fn payer(&self, request: usize) -> Option<usize> {
        self.steps.iter().find_map(|(_, step)| match *step {
            Step::Publish { request: number, node, .. } if number == request => Some(node),
            _ => None,
        })
    }

    /// How far clocks jump at most, in milliseconds. So much later does an invoice expire for who goes by another clock
    /// than when it was made.
    pub(super) fn jumps(&self) -> u64 {
        let jump = |step: &Step| match *step {
            Step::Jump { seconds, .. } => seconds.unsigned_abs() * 1_000,
            _ => 0,
        };
        self.steps.iter().map(|(_, step)| jump(step)).sum()
    }

    /// The steps that collect, each once.
    pub(super) fn calls(&self) -> Vec<Step> {
        let mut calls: Vec<Step> = Vec::new();
        for (_, step) in &self.steps {
            if matches!(step, Step::Collect { .. }) && !calls.contains(step) {
                calls.push(*step);
            }
        }
        calls
    }
}

fn publish(rng: &mut Rng, request: usize, nodes: usize) -> Step {
    let amount = rng.u64(10..=100) * 1_000;
    Step::Publish {
        request,
        node: rng.usize(0..nodes),
        amount,
        single_use: rng.u8(0..10) < 7,
        expires_in: (rng.u8(0..10) < 3).then(|| rng.u64(10..100)),
        least: (rng.u8(0..10) < 3).then(|| if rng.u8(0..4) == 0 { 0 } else { amount / 2 }),
    }
}

fn collect(rng: &mut Rng, requests: usize, nodes: usize) -> Step {
    let ask = match rng.u8(0..20) {
        0 => Ask::Nothing,
        1 => Ask::More,
        2..=4 => Ask::Half,
        _ => Ask::Exactly,
    };
    let timeouts = [2, 10, 30, 90, 90, 7200];
    Step::Collect {
        payee: rng.usize(0..nodes),
        request: rng.usize(0..requests),
        label: rng.u8(0..3),
        ask,
        timeout: timeouts.get(rng.usize(0..timeouts.len())).copied().unwrap_or(90),
    }
}

fn trouble(rng: &mut Rng, requests: usize, nodes: usize) -> Step {
    let node = rng.usize(0..nodes);
    match rng.u8(0..10) {
        0..=2 => Step::Disable { request: rng.usize(0..requests) },
        3 => Step::Crash { node },
        4 => Step::CrashDaemon { node },
        5..=7 => {
            let far = if rng.bool() { 20 } else { 10_000 };
            Step::Jump { node, seconds: rng.i64(-far..=far) }
        }
        _ => Step::LookAfter { node },
    }
}
