//! Whose store it is.

use cln_primitives::{Hash32, NodeId};
use rusqlite::{Connection, params};

use super::Store;
use crate::bolt12::Chain;
use crate::engine::StoreError;
use crate::node::sqlite::Fault;

/// The node that a store is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its id.
    pub node_id: NodeId,
    /// The chain on which it pays and is paid.
    pub chain: Chain,
}

impl Store {
    /// Whose store it is: this node's if it has had no owner yet, and its first owner's for ever.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn owner(&self, this: Owner) -> Result<Owner, StoreError> {
        self.database().write("looking whose store it is", move |connection| owner(connection, this)).await
    }
}

fn owner(connection: &Connection, this: Owner) -> Result<Owner, Fault> {
    let mut insert = connection.prepare_cached("INSERT INTO owner VALUES (1, ?1, ?2) ON CONFLICT DO NOTHING")?;
    insert.execute(params![this.node_id.as_bytes(), this.chain.hash().as_bytes()])?;
    let mut find = connection.prepare_cached("SELECT node_id, chain FROM owner")?;
    let (node_id, chain) = find.query_row([], |row| Ok((row.get::<_, [u8; 33]>(0)?, row.get(1)?)))?;
    Ok(Owner {
        node_id: NodeId::try_from(node_id).map_err(|error| Fault::Damaged(format!("the owner: {error}")))?,
        chain: Chain::from_hash(Hash32::from_bytes(chain)),
    })
}
