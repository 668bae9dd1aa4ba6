//! Waiting for invoices to be paid.

use std::time::Duration;

use cln_primitives::Hash32;
use rusqlite::Connection;

use super::Store;
use super::rows::{self, INVOICE, InvoiceRow};
use crate::engine::{InvoiceRecord, InvoiceState, StoreError};

pub(super) async fn wait_invoice(
    store: &Store,
    label: &str,
    payment_hash: Hash32,
) -> Result<Option<InvoiceRecord>, StoreError> {
    loop {
        // Listened before it is looked, so that no change falls between.
        let change = store.0.waiters.listen(payment_hash);
        let found = store.find_invoice(label, payment_hash).await?;
        match found {
            Some(InvoiceRecord { state: InvoiceState::Unpaid | InvoiceState::Accepted, .. }) => change.await,
            end => return Ok(end),
        }
    }
}

impl Store {
    /// The first payment received after the one with this `pay_index` (0: the first of all), waited for so long, or
    /// without limit. `None` when none came.
    ///
    /// Payments come in the order of their `pay_index`, and none is left out but those whose invoices were deleted.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn wait_any_invoice(
        &self,
        lastpay_index: u64,
        timeout: Option<Duration>,
    ) -> Result<Option<InvoiceRow>, StoreError> {
        let Some(timeout) = timeout else { return self.next_payment(lastpay_index).await };
        match tokio::time::timeout(timeout, self.next_payment(lastpay_index)).await {
            Ok(payment) => payment,
            Err(_) => self.payment_after(lastpay_index).await,
        }
    }

    async fn next_payment(&self, lastpay_index: u64) -> Result<Option<InvoiceRow>, StoreError> {
        let mut payments = self.0.payments.subscribe();
        loop {
            payments.mark_unchanged();
            if let Some(row) = self.payment_after(lastpay_index).await? {
                return Ok(Some(row));
            }
            if payments.changed().await.is_err() {
                return Ok(None);
            }
        }
    }

    async fn payment_after(&self, lastpay_index: u64) -> Result<Option<InvoiceRow>, StoreError> {
        let find = move |connection: &Connection| {
            let sql = format!("SELECT {INVOICE} FROM invoices WHERE pay_index > ?1 ORDER BY pay_index LIMIT 1");
            // An index that does not fit is beyond all that do.
            let last = i64::try_from(lastpay_index).unwrap_or(i64::MAX);
            rows::first(connection, &sql, [last], rows::invoice_row)
        };
        self.database().read("looking for a payment", find).await
    }
}
