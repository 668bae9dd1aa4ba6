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
}

impl Audit {
    /// Is all money there, and none besides?
    pub fn is_balanced(self) -> bool {
        self.balances.checked_add(self.offered) == Some(self.credited)
    }
}

pub(super) fn audit(connection: &Connection) -> Result<Audit, Fault> {
    let sql =
        "SELECT (SELECT coalesce(sum(credited), 0) FROM accounts), (SELECT coalesce(sum(balance), 0) FROM accounts),
        (SELECT coalesce(sum(parts.amount), 0) FROM parts JOIN payments ON payment = id WHERE state = 'offered')";
    let sums = connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let (credited, balances, offered) = sums;
    Ok(Audit {
        credited: Msat::from_msat(credited),
        balances: Msat::from_msat(balances),
        offered: Msat::from_msat(offered),
    })
}
