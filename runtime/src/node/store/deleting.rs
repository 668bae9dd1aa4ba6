//! Deleting invoices, as the command `delinvoice` does.

use cln_primitives::Hash32;
use rusqlite::Connection;

use super::Store;
use super::next;
use super::rows::{self, INVOICE, InvoiceRow, InvoiceStatus};
use super::steps;
use crate::engine::{InvoiceState, StoreError};
use crate::node::sqlite::Fault;

/// Nothing was deleted.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeleteError {
    /// There is no invoice with this label.
    #[error("there is no invoice with this label")]
    NotFound,
    /// The invoice is not what it was taken for.
    #[error("the invoice is {}, not {}", current.as_str(), expected.as_str())]
    Status {
        /// How far the invoice is.
        current: InvoiceStatus,
        /// What the caller said.
        expected: InvoiceStatus,
    },
    /// A payment has arrived, and is being taken.
    #[error("the invoice is being paid at this moment: try again")]
    BeingPaid,
    /// There is no description to delete.
    #[error("the invoice has no description")]
    NoDescription,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The invoice, or why nothing was deleted; or what is wrong with the database.
type Deleted = Result<Result<InvoiceRow, DeleteError>, Fault>;

impl Store {
    /// Deletes the invoice with this label, if it has this status. Gives it as it was.
    ///
    /// # Errors
    /// [`DeleteError`] says why nothing was deleted.
    pub async fn delete_invoice(&self, label: &str, status: InvoiceStatus) -> Result<InvoiceRow, DeleteError> {
        self.delete(label, status, |connection, row| {
            steps::delete(connection, row.created_index)?;
            Ok(Ok(row))
        })
        .await
    }

    /// Deletes the description of the invoice with this label, if the invoice has this status. Gives it as it is then.
    ///
    /// # Errors
    /// [`DeleteError`] says why nothing was deleted.
    pub async fn delete_description(&self, label: &str, status: InvoiceStatus) -> Result<InvoiceRow, DeleteError> {
        self.delete(label, status, |connection, mut row| {
            if row.description.take().is_none() {
                return Ok(Err(DeleteError::NoDescription));
            }
            let updated = next(connection, steps::UPDATED)?;
            row.updated_index = Some(updated.unsigned_abs());
            let mut statement = connection.prepare_cached(
                "UPDATE invoices SET description = NULL, updated_index = ?2 WHERE created_index = ?1",
            )?;
            statement.execute([row.created_index, updated.unsigned_abs()])?;
            Ok(Ok(row))
        })
        .await
    }

    async fn delete(
        &self,
        label: &str,
        expected: InvoiceStatus,
        step: fn(&Connection, InvoiceRow) -> Deleted,
    ) -> Result<InvoiceRow, DeleteError> {
        let label = label.to_owned();
        let delete = move |connection: &Connection| {
            let sql = format!("SELECT {INVOICE} FROM invoices WHERE label = ?1");
            let Some(row) = rows::first(connection, &sql, [&label], rows::invoice_row)? else {
                return Ok(Err(DeleteError::NotFound));
            };
            let current = InvoiceStatus::from(&row.state);
            if current != expected {
                return Ok(Err(DeleteError::Status { current, expected }));
            }
            if row.state == InvoiceState::Accepted {
                return Ok(Err(DeleteError::BeingPaid));
            }
            step(connection, row)
        };
        let waiters = self.0.waiters.clone();
        let wake = move |end: &Result<InvoiceRow, DeleteError>| {
            end.iter().map(|row| &row.payment_hash).for_each(|hash: &Hash32| waiters.wake(hash));
        };
        self.database().write_then("deleting an invoice", delete, wake).await?
    }
}
