//! How much may be spent in a day.

use cln_primitives::{Hash32, Msat};
use rusqlite::{Connection, params};

use super::{Store, claims};
use crate::engine::{Claim, ClaimLimits, Claimed, StoreError};
use crate::node::sqlite::Fault;

/// 24 hours, in seconds.
const DAY: u64 = 24 * 60 * 60;

/// What a payment takes of the day's limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Its amount and the most that its fees may be.
    pub set_aside: Msat,
    /// The most that may be set aside within 24 hours; `None` when there is no limit. Payments that failed do not count,
    /// those that are under way always do.
    pub daily_limit: Option<Msat>,
}

impl Default for Budget {
    fn default() -> Self {
        Budget { set_aside: Msat::ZERO, daily_limit: None }
    }
}

impl Store {
    /// Makes a claim as [`RequestStore::claim`](crate::engine::RequestStore::claim) does, if it is within the budget as
    /// well; all in one step.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn claim_within(
        &self,
        claim: &Claim,
        limits: ClaimLimits,
        budget: Budget,
    ) -> Result<Claimed, StoreError> {
        let claim = claim.clone();
        let job = move |connection: &Connection| claims::claim(connection, &claim, limits, budget);
        self.database().write("claiming a request", job).await
    }

    /// Answers as [`claim_within`](Self::claim_within) does, but makes no claim: [`Claimed::New`] tells that one could be
    /// made now. A claim that is pending hears of the payee's new reply path.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn claim_known(&self, claim: &Claim, limits: ClaimLimits, budget: Budget) -> Result<Claimed, StoreError> {
        let claim = claim.clone();
        let job = move |connection: &Connection| claims::claim_known(connection, &claim, limits, budget);
        self.database().write("looking for a request's claims", job).await
    }

    /// How much was set aside within the 24 hours before `now`, in seconds since 1970.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn spent(&self, now: u64) -> Result<Msat, StoreError> {
        let spent = self.database().read("adding up the payments", move |connection| spent(connection, now)).await?;
        Ok(Msat::from_msat(spent))
    }

    /// All claims of a request, the oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn claims(&self, invreq_id: Hash32) -> Result<Vec<Claim>, StoreError> {
        self.database().read("reading payments", move |connection| claims::of_request(connection, invreq_id)).await
    }
}

pub(super) fn is_exceeded(connection: &Connection, now: u64, budget: Budget) -> Result<bool, Fault> {
    let Some(limit) = budget.daily_limit else { return Ok(false) };
    let spent = spent(connection, now)?;
    Ok(spent.saturating_add(budget.set_aside.as_msat()) > limit.as_msat())
}

fn spent(connection: &Connection, now: u64) -> Result<u64, Fault> {
    // A time that does not fit is later than all that do.
    let since = i64::try_from(now.saturating_sub(DAY)).unwrap_or(i64::MAX);
    let mut sum = connection.prepare_cached(
        "SELECT coalesce(sum(budget), 0) FROM claims
         WHERE state = 'pending' OR (state = 'complete' AND completed_at > ?1)",
    )?;
    Ok(sum.query_row(params![since], |row| row.get(0))?)
}
