//! Paying from an account.

use std::time::Duration;

use cln_primitives::{Hash32, Msat, NodeId, Secret};
use rusqlite::Connection;

use super::Ledger;
use super::account::{self, Account, Now};
use super::path::OwnPath;
use super::payments::{self, Offer, Progress, State};
use crate::bolt12::{Invoice, Verified};
use crate::engine::{PayError, StoreError, Wallet};
use crate::node::sqlite::Fault;
use crate::node::wake::Listening;

/// How long a payer waits before it looks again whether another program has ended its payment: at first, and at most.
const LOOK_AGAIN: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(250));
/// The most parts of a payment.
const MOST_PARTS: u64 = 100;
/// An invoice may be paid in parts.
const MULTI_PART: [usize; 2] = [16, 17];

impl Wallet for Account {
    async fn pay(&self, invoice: &Invoice<Verified>, invreq_id: Hash32) -> Result<Secret, PayError> {
        let hash = invoice.payment().payment_hash;
        // Listened before it is looked, so that no change falls between.
        let change = self.ledger.0.waiters.listen(hash);
        let begun = self.begin(invoice, invreq_id).await?;
        self.end_of(begun, hash, change).await
    }
}

impl Account {
    /// Begins to pay an invoice, unless it is paid or being paid already: [`end_of_payment`](Self::end_of_payment) tells
    /// how it ends.
    ///
    /// # Errors
    /// [`PayError::Failed`] when nothing was offered.
    pub async fn begin_payment(&self, invoice: &Invoice<Verified>, invreq_id: Hash32) -> Result<(), PayError> {
        self.begin(invoice, invreq_id).await.map(drop)
    }

    /// Waits for the end of the latest payment of this hash; `None` when there was none.
    ///
    /// # Errors
    /// See [`Wallet::pay`].
    pub async fn end_of_payment(&self, payment_hash: Hash32) -> Result<Option<Secret>, PayError> {
        let change = self.ledger.0.waiters.listen(payment_hash);
        let payer = self.node_id;
        let find = move |connection: &Connection| payments::latest(connection, payer, payment_hash);
        let found = self.ledger.database().read("looking for a payment", find).await.map_err(unsettled)?;
        match found {
            Some(begun) => self.end_of(begun, payment_hash, change).await.map(Some),
            None => Ok(None),
        }
    }

    async fn end_of(&self, begun: Progress, hash: Hash32, listening: Listening) -> Result<Secret, PayError> {
        let (mut progress, mut change, mut pause) = (begun, listening, LOOK_AGAIN.0);
        loop {
            match progress.state {
                State::Fulfilled(preimage) => return Ok(preimage),
                State::Failed(why) => return Err(PayError::Failed(why)),
                State::TimedOut => {
                    return Err(PayError::Failed("the payee did not take the payment in time".to_owned()));
                }
                State::Offered => {}
            }
            if tokio::time::timeout(pause, change).await.is_err() {
                pause = LOOK_AGAIN.1.min(pause * 2);
            }
            change = self.ledger.0.waiters.listen(hash);
            progress = self.look(progress.id, progress.timeout_at, hash).await?;
        }
    }

    /// Finds the payment that has been begun, or begins one.
    async fn begin(&self, invoice: &Invoice<Verified>, invreq_id: Hash32) -> Result<Progress, PayError> {
        let payment = invoice.payment();
        let multi_part = invoice.invoice_features().is_some_and(|bits| MULTI_PART.iter().any(|&bit| bits.has(bit)));
        let largest_part = if multi_part { self.options.largest_part } else { Msat::MAX };
        let path = OwnPath::of(&payment);
        let payee = path.as_ref().map(|path| path.payee);
        let order = Order {
            payer: self.node_id,
            path,
            payment_hash: payment.payment_hash,
            invreq_id,
            parts: split(payment.amount, largest_part),
            amount: payment.amount,
            now: self.options.now.clone(),
            expires_at: invoice.expires_at().unwrap_or(u64::MAX),
            grace: self.options.grace,
        };
        let begun = self.ledger.offer(move |connection| order.begin(connection)).await.map_err(unsettled)?;
        let progress = begun.map_err(PayError::Failed)?;
        if let (State::Offered, Some(payee)) = (&progress.state, payee) {
            (self.options.tell)(payee);
        }
        Ok(progress)
    }

    /// How far the payment is; the payer gives up when it is late, unless the payee was faster.
    async fn look(&self, id: u64, timeout_at: u64, hash: Hash32) -> Result<Progress, PayError> {
        let ledger = &self.ledger;
        let doing = "looking for the end of a payment";
        let mut found =
            ledger.database().read(doing, move |from| payments::by_id(from, id)).await.map_err(unsettled)?;
        let is_offered = found.as_ref().is_some_and(|progress| progress.state == State::Offered);
        if is_offered && (self.options.now)() > timeout_at {
            let time_out = move |to: &Connection| payments::time_out(to, id);
            found = ledger.change("taking a late payment back", hash, time_out).await.map_err(unsettled)?;
        }
        found.ok_or_else(|| PayError::Unsettled(format!("payment {id} is not in the ledger any more")))
    }
}

/// The payment is looked for again by whoever asks again.
fn unsettled(error: StoreError) -> PayError {
    PayError::Unsettled(error.to_string())
}

/// What is to be paid, as the writer's thread takes it.
struct Order {
    payer: NodeId,
    path: Option<OwnPath>,
    payment_hash: Hash32,
    invreq_id: Hash32,
    amount: Msat,
    parts: Vec<Msat>,
    /// Asked when it is its turn to be written: an invoice may have expired in the queue.
    now: Now,
    expires_at: u64,
    grace: Duration,
}

impl Order {
    /// The payment that is there, or a new one; or why there cannot be one.
    fn begin(&self, connection: &Connection) -> Result<Result<Progress, String>, Fault> {
        let earlier = payments::latest(connection, self.payer, self.payment_hash)?;
        if let Some(earlier @ Progress { state: State::Offered | State::Fulfilled(_), .. }) = earlier {
            return Ok(Ok(earlier));
        }
        let now = (self.now)();
        let path = match self.way(connection, now)? {
            Ok(path) => path,
            Err(why) => return Ok(Err(why)),
        };
        let timeout_at = self.expires_at.saturating_add(self.grace.as_secs());
        let offer = Offer {
            payer: self.payer,
            path,
            payment_hash: self.payment_hash,
            invreq_id: self.invreq_id,
            amount: self.amount,
            parts: &self.parts,
            created_at: now,
            timeout_at,
        };
        let id = payments::offer(connection, &offer)?;
        Ok(Ok(Progress { id, state: State::Offered, timeout_at }))
    }

    /// The way by which it can be paid now; or why it cannot.
    fn way(&self, connection: &Connection, now: u64) -> Result<Result<&OwnPath, String>, Fault> {
        if now > self.expires_at {
            return Ok(Err(format!("the invoice expired at {}", self.expires_at)));
        }
        if self.amount == Msat::ZERO {
            return Ok(Err("an invoice over nothing cannot be paid".to_owned()));
        }
        let Some(path) = &self.path else {
            let why = "no path of the invoice can be used: this network has only paths that start at the payee";
            return Ok(Err(why.to_owned()));
        };
        if account::balance(connection, path.payee)?.is_none() {
            return Ok(Err(format!("the payee {} is no node of this network", path.payee)));
        }
        let balance = account::balance(connection, self.payer)?.unwrap_or_default();
        if self.amount > balance {
            // The payee hears this, and is not to know how much there is.
            return Ok(Err(format!("the balance is too small: {} are to be paid", self.amount)));
        }
        Ok(Ok(path))
    }
}

impl Ledger {
    /// A step that may begin a payment: payees look.
    async fn offer<T: Send + 'static>(
        &self,
        step: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = self.0.clone();
        let tell = move |_: &T| shared.changes.send_modify(|count| *count = count.wrapping_add(1));
        self.database().write_then("offering a payment", step, tell).await
    }

    /// A step that may end a payment: its payer looks.
    pub(super) async fn change<T: Send + 'static>(
        &self,
        doing: &'static str,
        payment_hash: Hash32,
        step: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let waiters = self.0.waiters.clone();
        self.database().write_then(doing, step, move |_| waiters.wake(&payment_hash)).await
    }
}

/// Parts of at most this size each, unless there would be too many.
fn split(amount: Msat, largest: Msat) -> Vec<Msat> {
    let amount = amount.as_msat();
    let size = largest.as_msat().max(amount.div_ceil(MOST_PARTS)).max(1);
    let whole = std::iter::repeat_n(size, usize::try_from(amount / size).unwrap_or(0));
    let rest = Some(amount % size).filter(|&rest| rest > 0);
    whole.chain(rest).map(Msat::from_msat).collect()
}
