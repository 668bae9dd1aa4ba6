//! Pays invoices by the command `xpay`.
//!
//! The node pays a hash once at most, so repeating the command with the *same* invoice is safe. What is hard is to know
//! that nothing was paid, since only then may another invoice be paid in its place:
//!
//! ```text
//!                       ┌─ preimage ─────────────────────────────────────────────────────▶ paid
//!                       ├─ refused, and `listsendpays` has no part ──────────────────────▶ failed
//! first call ──▶ xpay ──┼─ refused, and it has parts: looked at again, until all failed ─▶ failed
//!                       ├─ refused with 200 or 219: another call is doing it ────────────┐
//!                       └─ no answer ─────────────────────────────────────────────────┐  │
//!                                                                                     ▼  ▼
//! call for a claim of an earlier run ───────────────────────────────────────────▶ may be under way
//!   ▲                                                                                    │
//!   │                 ┌─ a part is complete ─────────────────────────────────────────────┼──▶ paid
//!   └── ask again ────┼─ a part is pending ──────────────────────────────────────────────┤
//!                     ├─ none, and the invoice is valid: `xpay` with the same invoice ───┤
//!                     └─ none, and the invoice has expired ──────────────────────────────┴──▶ failed
//! ```
//!
//! That there is no part proves nothing while an earlier call may be under way: it may be between two attempts, or still
//! look for its first route. And `xpay` may have refused because of one part while it prepares another one, which follows
//! then: so failed parts are looked at twice. Each call is given no more time than the invoice has, and some time more is waited in which a
//! slow node may begin its last attempt: by the time of day, and by a clock that does not jump when somebody sets that.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cln_api::primitives::CommonError;
use cln_api::{listsendpays, xpay};
use cln_primitives::{Hash32, Msat, Secret};

use super::daemon::{Daemon, Failure};
use crate::bolt12::{Invoice, Verified};
use crate::engine::{Clock, PayError};

/// A payment of this hash is under way already.
const IN_PROGRESS: i32 = 200;
/// This hash has been paid.
const ALREADY_PAID: i32 = 219;
/// For how many seconds after its time limit a call may still begin its last attempt: `xpay` makes one whatever that limit
/// says, once it has found a route. Waiting longer costs nothing but the wait for a claim whose call was lost.
const LAST_ATTEMPT: u64 = 600;

/// What a payment may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spending {
    /// The most that all fees of one payment may be; `None` for 1 % of its amount, or 5 sat when that is more, as
    /// `xpay` has it.
    pub max_fee: Option<Msat>,
    /// For how many seconds one call begins new attempts.
    pub retry_for: u32,
}

impl Default for Spending {
    fn default() -> Self {
        Spending { max_fee: None, retry_for: 60 }
    }
}

impl Spending {
    /// The most that the fees of a payment of this amount may be.
    pub fn max_fee(&self, amount: Msat) -> Msat {
        let usual = Msat::from_msat((amount.as_msat() / 100).max(5000));
        self.max_fee.unwrap_or(usual)
    }
}

/// The engine's wallet on a real node.
#[derive(Debug)]
pub struct Wallet<D> {
    daemon: D,
    spending: Spending,
    /// The payments of which it is not known how they end.
    unsettled: Mutex<HashMap<Hash32, Calls>>,
    paused: AtomicBool,
}

/// What may become of the calls for a payment.
#[derive(Clone, Debug)]
enum Calls {
    /// One may be under way. The last one began then, or is an earlier run's that this wallet has looked at first then:
    /// by [`Clock::elapsed`].
    UnderWay(Option<Duration>),
    /// The only one is over, for this reason. It may have left parts.
    Over(String),
}

/// What the node's table of payments says of a hash.
enum Parts {
    /// One is complete: this is the receipt.
    Complete(Secret),
    /// One may end well.
    Pending,
    /// All have failed.
    Failed,
    /// There is none.
    None,
}

impl<D: Daemon> Wallet<D> {
    /// The wallet of this node. `pending` has the payment hashes of *all* claims that are pending in the store: calls of
    /// an earlier run may be under way for them.
    pub fn new(daemon: D, spending: Spending, pending: impl IntoIterator<Item = Hash32>) -> Self {
        let unsettled = pending.into_iter().map(|hash| (hash, Calls::UnderWay(None))).collect();
        Wallet { daemon, spending, unsettled: Mutex::new(unsettled), paused: AtomicBool::new(false) }
    }

    /// Begins no call while it is paused; what is under way is still waited for.
    pub fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::SeqCst);
    }

    /// The receipt of a payment that is complete, whoever made it; `None` when there is none, which proves nothing.
    ///
    /// # Errors
    /// When the node cannot be asked.
    pub async fn receipt(&self, payment_hash: Hash32) -> Result<Option<Secret>, PayError> {
        Ok(match self.parts(payment_hash).await? {
            Parts::Complete(preimage) => Some(preimage),
            Parts::Pending | Parts::Failed | Parts::None => None,
        })
    }

    /// What a payment may cost.
    pub fn spending(&self) -> Spending {
        self.spending
    }

    /// Pays an invoice, or finds out what became of an earlier call for it: the engine's
    /// [`Wallet::pay`](crate::engine::Wallet::pay).
    ///
    /// # Errors
    /// [`PayError::Failed`] only when for certain nothing was paid and no call is under way.
    pub async fn pay(&self, clock: &impl Clock, invoice: &Invoice<Verified>) -> Result<Secret, PayError> {
        let hash = invoice.payment().payment_hash;
        let expires_at = invoice.expires_at().unwrap_or(u64::MAX);
        let until = invoice.offer_absolute_expiry().map_or(expires_at, |end| end.min(expires_at));
        let (now, elapsed) = (clock.now(), clock.elapsed());
        let calls = self.calls(hash, elapsed);
        // Also of a payment that this wallet has told of: whoever asked may have forgotten it since.
        if calls.is_some() || now > until {
            match (self.parts(hash).await?, &calls) {
                (Parts::Complete(preimage), _) => return Ok(self.settled(hash, preimage)),
                (Parts::Pending, _) => return Err(unsettled("parts of the payment are on their way")),
                (_, Some(Calls::Over(why))) => return Err(self.failed(hash, why)),
                (_, None) => return Err(self.failed(hash, too_late(now, expires_at))),
                // It may be at its last attempt.
                (_, Some(Calls::UnderWay(begun))) => {
                    let late = now > expires_at.saturating_add(LAST_ATTEMPT);
                    let over = |begun: Duration| elapsed > begun.saturating_add(self.longest_call());
                    if late && begun.is_some_and(over) {
                        return Err(self.failed(hash, too_late(now, expires_at)));
                    }
                }
            }
        }
        let Some(left) = until.checked_sub(clock.now()) else {
            return Err(unsettled("an earlier call may be at its last attempt"));
        };
        if self.paused.load(Ordering::SeqCst) {
            return Err(unsettled("paying is paused"));
        }
        // Noted before the call: whoever stops waiting for it does not stop it.
        self.unsettled().insert(hash, Calls::UnderWay(Some(clock.elapsed())));
        let failure = match self.daemon.call_to_its_end(&self.request(invoice, left)).await {
            Ok(paid) => return Ok(self.settled(hash, paid.payment_preimage)),
            Err(failure) => failure,
        };
        let over = calls.is_none() && ended(&failure);
        let called = !matches!(failure, Failure::NotCalled(_));
        if over {
            self.unsettled().insert(hash, Calls::Over(words(&failure)));
        }
        match self.parts(hash).await? {
            Parts::Complete(preimage) => Ok(self.settled(hash, preimage)),
            Parts::Failed if over && called => Err(unsettled(format!("a part may follow: {failure}"))),
            Parts::Failed | Parts::None if over => {
                tracing::info!(%failure, %hash, "a payment has failed");
                Err(self.failed(hash, &words(&failure)))
            }
            Parts::Pending | Parts::Failed | Parts::None => Err(unsettled(failure.to_string())),
        }
    }

    /// What is known of the calls for a payment.
    fn calls(&self, hash: Hash32, elapsed: Duration) -> Option<Calls> {
        let mut unsettled = self.unsettled();
        let calls = unsettled.get_mut(&hash)?;
        if let Calls::UnderWay(begun) = calls {
            begun.get_or_insert(elapsed);
        }
        Some(calls.clone())
    }

    /// How long after its beginning a call may begin its last attempt.
    fn longest_call(&self) -> Duration {
        Duration::from_secs(u64::from(self.spending.retry_for).saturating_add(LAST_ATTEMPT))
    }

    /// `left` is how many seconds the invoice is still valid.
    fn request(&self, invoice: &Invoice<Verified>, left: u64) -> xpay::Request {
        let retry_for = u32::try_from(left).unwrap_or(u32::MAX).min(self.spending.retry_for).max(1);
        let max_fee = self.spending.max_fee(invoice.payment().amount);
        xpay::Request::new(invoice.to_string()).maxfee(max_fee).retry_for(retry_for)
    }

    async fn parts(&self, hash: Hash32) -> Result<Parts, PayError> {
        let parts = self.daemon.call(&listsendpays::Request::new().payment_hash(hash)).await;
        let parts = parts.map_err(|failure| unsettled(format!("listsendpays: {failure}")))?.payments;
        let mut found = Parts::None;
        for part in parts.into_iter().filter(|part| part.payment_hash == hash) {
            found = match (part.status, found) {
                (listsendpays::Status::Complete(complete), _) => return Ok(Parts::Complete(complete.payment_preimage)),
                (listsendpays::Status::Failed(_), Parts::None) => Parts::Failed,
                (listsendpays::Status::Failed(_), found) => found,
                // A state that is not known here may end well too.
                _ => Parts::Pending,
            };
        }
        Ok(found)
    }

    fn settled(&self, hash: Hash32, preimage: Secret) -> Secret {
        self.unsettled().remove(&hash);
        preimage
    }

    fn failed(&self, hash: Hash32, why: &str) -> PayError {
        self.unsettled().remove(&hash);
        PayError::Failed(why.to_owned())
    }

    fn unsettled(&self) -> MutexGuard<'_, HashMap<Hash32, Calls>> {
        self.unsettled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unsettled(why: impl Into<String>) -> PayError {
    PayError::Unsettled(why.into())
}

fn too_late(now: u64, expires_at: u64) -> &'static str {
    if now > expires_at {
        "the invoice expired before it could be paid"
    } else {
        "the invoice_request expired before it could be paid"
    }
}

/// Is the call over, and was its end a failure?
fn ended(failure: &Failure<xpay::Error>) -> bool {
    let error = match failure {
        Failure::Refused(error) => error,
        Failure::NotCalled(_) => return true,
        Failure::Lost(_) => return false,
    };
    if matches!(error.common(), Some(CommonError::PluginTerminated | CommonError::ShuttingDown)) {
        return false;
    }
    let code = wrapped_code(error.message()).unwrap_or(error.code());
    code != IN_PROGRESS && code != ALREADY_PAID
}

/// The node's words alone: they are for the payee, who does not care which command said them, and whom the place of the
/// node's socket does not concern.
fn words(failure: &Failure<xpay::Error>) -> String {
    match failure {
        Failure::Refused(error) => error.message().to_owned(),
        Failure::NotCalled(_) | Failure::Lost(_) => "the payer's node cannot be asked now: try again".to_owned(),
    }
}

/// `xpay` wraps codes that it does not expect: `Unexpected injectpaymentonion error 200: …`, itself by the code -3.
fn wrapped_code(message: &str) -> Option<i32> {
    let (_, rest) = message.split_once("injectpaymentonion error ")?;
    rest.split_once(':')?.0.parse().ok()
}

#[cfg(test)]
mod tests;
