//! The payments that arrive at an account.

use std::collections::HashSet;

use cln_primitives::Secret;
use rusqlite::Connection;

use super::account::Account;
use super::payments::{self, Arrived, State};
use crate::engine::{Fulfilment, HtlcSet, HtlcSetId, Htlcs, StoreError, payment_hash};
use crate::node::sqlite::Fault;

impl Htlcs for Account {
    /// The payments that wait for this node, and those that its invoices are bound to, however these have ended: a
    /// crash may have come between their end and the invoice's.
    async fn offered(&self) -> Result<Vec<HtlcSet>, StoreError> {
        self.offered_besides(&HashSet::new()).await
    }

    async fn fulfil(&self, set: &HtlcSet, preimage: &Secret) -> Result<Fulfilment, StoreError> {
        let (node_id, id, shown, hash) = (self.node_id, set.id.0, preimage.clone(), payment_hash(preimage));
        let take = move |connection: &Connection| {
            let Some((locked, state)) = payments::received(connection, node_id, id)? else {
                return Err(Fault::Refused(format!("no payment {id} was offered to this node")));
            };
            match state {
                _ if locked != hash => Err(Fault::Refused(format!("the preimage is not that of {locked}"))),
                State::Offered => {
                    payments::fulfil(connection, id, &shown)?;
                    Ok(Fulfilment::Fulfilled)
                }
                State::Fulfilled(_) => Ok(Fulfilment::Fulfilled),
                State::Failed(_) | State::TimedOut => Ok(Fulfilment::Gone),
            }
        };
        self.end("taking the money of a payment", set, take).await
    }

    async fn fail(&self, set: &HtlcSet, why: &str) -> Result<(), StoreError> {
        let (node_id, id, why) = (self.node_id, set.id.0, why.to_owned());
        let fail = move |connection: &Connection| payments::fail(connection, node_id, id, &why);
        self.end("giving a payment back", set, fail).await
    }
}

impl Account {
    /// The [offered](Htlcs::offered) payments without these, which are being settled already: to read the path of each
    /// costs more than to find it.
    ///
    /// # Errors
    /// When the ledger or the store cannot be read.
    pub async fn offered_besides(&self, known: &HashSet<HtlcSetId>) -> Result<Vec<HtlcSet>, StoreError> {
        let mut bound = self.options.store.accepted_htlcs().await?;
        bound.retain(|id| !known.contains(id));
        let node_id = self.node_id;
        let find = move |connection: &Connection| {
            let mut found = payments::waiting(connection, node_id)?;
            for HtlcSetId(id) in bound {
                if found.iter().all(|payment| payment.id != id) {
                    found.extend(payments::arrived_by_id(connection, node_id, id)?);
                }
            }
            Ok(found)
        };
        let mut found = self.ledger.database().read("looking for payments", find).await?;
        found.retain(|payment| !known.contains(&HtlcSetId(payment.id)));
        Ok(found.into_iter().map(|payment| self.htlc_set(payment)).collect())
    }

    /// A step that ends a payment: its payer is told.
    async fn end<T: Send + 'static>(
        &self,
        doing: &'static str,
        set: &HtlcSet,
        step: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let id = set.id.0;
        let step = move |connection: &Connection| Ok((step(connection)?, payments::payer(connection, id)?));
        let (done, payer) = self.ledger.change(doing, set.payment_hash, step).await?;
        if let Some(payer) = payer {
            (self.options.tell)(payer);
        }
        Ok(done)
    }

    fn htlc_set(&self, payment: Arrived) -> HtlcSet {
        HtlcSet {
            id: HtlcSetId(payment.id),
            payment_hash: payment.payment_hash,
            amount: payment.amount,
            path_secret: (self.options.read_path)(payment.path.path_key, payment.path.hop()),
        }
    }
}
