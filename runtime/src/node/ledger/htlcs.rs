//! The payments that arrive at an account.

use rusqlite::Connection;

use super::account::Account;
use super::payments::{self, Arrived, State};
use crate::engine::{Fulfilment, HtlcSet, HtlcSetId, Htlcs, StoreError, payment_hash};
use crate::node::sqlite::Fault;
use cln_primitives::Secret;

impl Htlcs for Account {
    /// The payments that wait for this node, and those that its invoices are bound to, however these have ended: a
    /// crash may have come between their end and the invoice's.
    async fn offered(&self) -> Result<Vec<HtlcSet>, StoreError> {
        let bound = self.options.store.accepted_htlcs().await?;
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
        let found = self.ledger.database().read("looking for payments", find).await?;
        Ok(found.into_iter().map(|payment| self.htlc_set(payment)).collect())
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
        self.ledger.change("taking the money of a payment", set.payment_hash, take).await
    }

    async fn fail(&self, set: &HtlcSet, why: &str) -> Result<(), StoreError> {
        let (node_id, id, why) = (self.node_id, set.id.0, why.to_owned());
        let fail = move |connection: &Connection| payments::fail(connection, node_id, id, &why);
        self.ledger.change("giving a payment back", set.payment_hash, fail).await
    }
}

impl Account {
    fn htlc_set(&self, payment: Arrived) -> HtlcSet {
        HtlcSet {
            id: HtlcSetId(payment.id),
            payment_hash: payment.payment_hash,
            amount: payment.amount,
            path_secret: (self.options.read_path)(payment.path.path_key, payment.path.hop()),
        }
    }
}
