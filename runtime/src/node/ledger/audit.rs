//! Counting up all money.

use cln_primitives::Msat;
use rusqlite::Connection;

use crate::node::sqlite::Fault;

/// Where the money of a ledger is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audit {
    /// What was credited to all accounts.
    pub credited: Msat,
    /// What all accounts have.
    pub balances: Msat,
    /// What is offered, and belongs to nobody at this moment.
    pub offered: Msat,
    /// The accounts whose balance is not what their credit and payments make it.
    pub wrong_accounts: u64,
}

impl Audit {
    /// Is all money there, none besides, and each where it belongs?
    pub fn is_balanced(self) -> bool {
        self.balances.checked_add(self.offered) == Some(self.credited) && self.wrong_accounts == 0
    }
}

/// Parts are counted, not the sums that their payments name.
const AUDIT: &str = "
    SELECT (SELECT coalesce(sum(credited), 0) FROM accounts),
        (SELECT coalesce(sum(balance), 0) FROM accounts),
        (SELECT coalesce(sum(parts.amount), 0) FROM parts JOIN payments ON payment = id WHERE state = 'offered'),
        (SELECT count(*) FROM accounts WHERE balance <> credited
            - (SELECT coalesce(sum(parts.amount), 0) FROM parts JOIN payments ON payment = id
               WHERE payer = node_id AND state IN ('offered', 'fulfilled'))
            + (SELECT coalesce(sum(parts.amount), 0) FROM parts JOIN payments ON payment = id
               WHERE payee = node_id AND state = 'fulfilled'))";

pub(super) fn audit(connection: &Connection) -> Result<Audit, Fault> {
    let audit = connection.query_row(AUDIT, [], |row| {
        Ok(Audit {
            credited: Msat::from_msat(row.get(0)?),
            balances: Msat::from_msat(row.get(1)?),
            offered: Msat::from_msat(row.get(2)?),
            wrong_accounts: row.get(3)?,
        })
    });
    Ok(audit?)
}
