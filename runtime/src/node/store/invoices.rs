//! The payee's invoices, as the engine's port.

use cln_primitives::{Hash32, Msat, Secret};
use rusqlite::Connection;

use super::rows::{self, ACCEPTED, INVOICE};
use super::steps;
use super::{Store, waiting};
use crate::bolt12::{Invoice, Verified};
use crate::engine::{
    Acceptance, AcceptedHtlcs, Creation, Free, HtlcSet, HtlcSetId, InvoiceRecord, InvoiceStore, LabelError, NewInvoice,
    Receipt, SettlementStore, StoreError,
};
use crate::node::sqlite::Fault;

impl Store {
    /// The invoice with this label and payment hash.
    pub(super) async fn find_invoice(
        &self,
        label: &str,
        payment_hash: Hash32,
    ) -> Result<Option<InvoiceRecord>, StoreError> {
        let found = self.labelled_invoice(label).await?;
        Ok(found.filter(|record| record.payment_hash() == payment_hash))
    }

    async fn labelled_invoice(&self, label: &str) -> Result<Option<InvoiceRecord>, StoreError> {
        let label = label.to_owned();
        let find = move |connection: &Connection| {
            let sql = format!("SELECT {INVOICE} FROM invoices WHERE label = ?1");
            rows::first(connection, &sql, [label], rows::invoice)
        };
        self.database().read("reading an invoice", find).await
    }
}

impl InvoiceStore for Store {
    async fn create_invoice(&self, new: NewInvoice) -> Result<Creation, LabelError> {
        let NewInvoice { label, invoice, preimage } = new;
        let sign_error = |error| StoreError { doing: "signing an invoice", why: format!("{error}") };
        let invoice = (self.0.sign)(invoice).map_err(sign_error)?;
        let waiters = self.0.waiters.clone();
        let create = move |connection: &Connection| steps::create(connection, label, invoice, preimage);
        let wake =
            move |(_, replaced): &(Creation, Option<Hash32>)| replaced.iter().for_each(|hash| waiters.wake(hash));
        let (creation, _) = self.database().write_then("storing an invoice", create, wake).await?;
        Ok(creation)
    }

    async fn invoice(&self, label: &str) -> Result<Option<InvoiceRecord>, LabelError> {
        Ok(self.labelled_invoice(label).await?)
    }

    async fn attempt_again(&self, label: &str, payment_hash: Hash32) -> Result<Option<InvoiceRecord>, StoreError> {
        let label = label.to_owned();
        let attempt = move |connection: &Connection| steps::attempt_again(connection, &label, payment_hash);
        self.database().write("counting an attempt to send an invoice", attempt).await
    }

    async fn free_label(
        &self,
        label: &str,
        payment_hash: Hash32,
        why: Free,
    ) -> Result<Option<InvoiceRecord>, StoreError> {
        let label = label.to_owned();
        let free = move |connection: &Connection| steps::free(connection, &label, payment_hash, why);
        self.change("freeing a label", payment_hash, free).await
    }

    async fn wait_invoice(&self, label: &str, payment_hash: Hash32) -> Result<Option<InvoiceRecord>, StoreError> {
        waiting::wait_invoice(self, label, payment_hash).await
    }

    async fn expire_invoice(
        &self,
        label: &str,
        payment_hash: Hash32,
        now: u64,
    ) -> Result<Option<InvoiceRecord>, StoreError> {
        self.expire_invoices(now).await?;
        self.find_invoice(label, payment_hash).await
    }
}

impl SettlementStore for Store {
    async fn accept_htlcs(&self, set: &HtlcSet, now: u64) -> Result<Acceptance, StoreError> {
        let (hash, id, amount) = (set.payment_hash, set.id, set.amount);
        let accept = move |connection: &Connection| steps::accept(connection, hash, id, amount, now);
        self.database().write("taking a payment", accept).await
    }

    async fn mark_paid(
        &self,
        payment_hash: Hash32,
        htlcs: HtlcSetId,
        amount_received: Msat,
        paid_at: u64,
    ) -> Result<Receipt, StoreError> {
        let (waiters, shared) = (self.0.waiters.clone(), self.0.clone());
        let pay =
            move |connection: &Connection| steps::mark_paid(connection, payment_hash, htlcs, amount_received, paid_at);
        let wake = move |_: &Receipt| {
            waiters.wake(&payment_hash);
            shared.payments.send_modify(|count| *count += 1);
        };
        self.database().write_then("storing that an invoice is paid", pay, wake).await
    }

    async fn release_htlcs(&self, payment_hash: Hash32, htlcs: HtlcSetId) -> Result<(), StoreError> {
        let release = move |connection: &Connection| steps::release(connection, payment_hash, htlcs);
        self.change("giving a payment up", payment_hash, release).await
    }

    async fn accepted(&self) -> Result<Vec<AcceptedHtlcs>, StoreError> {
        let list = |connection: &Connection| {
            let sql = format!("SELECT {ACCEPTED} FROM invoices WHERE state = 'accepted' ORDER BY htlcs");
            rows::all(connection, &sql, [], rows::accepted)
        };
        self.database().read("listing the invoices that are being paid", list).await
    }
}

impl Store {
    /// Makes all unpaid invoices expire whose last second is over at `now`, in seconds since 1970. Gives their number.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn expire_invoices(&self, now: u64) -> Result<u64, StoreError> {
        let mut all = 0;
        loop {
            let waiters = self.0.waiters.clone();
            let wake = move |expired: &Vec<Hash32>| expired.iter().for_each(|hash| waiters.wake(hash));
            let expire = move |connection: &Connection| steps::expire(connection, now);
            let expired = self.database().write_then("making invoices expire", expire, wake).await?;
            all += expired.len() as u64;
            if expired.len() < steps::EXPIRED_AT_ONCE {
                return Ok(all);
            }
        }
    }

    /// Stores an invoice that is signed already, unpaid. Other than [`create_invoice`](InvoiceStore::create_invoice) it
    /// leaves the label to an expired invoice, too.
    ///
    /// # Errors
    /// When there is an invoice with this payment hash, or the store failed.
    pub async fn add_invoice(
        &self,
        label: String,
        invoice: Invoice<Verified>,
        preimage: Secret,
    ) -> Result<Creation, StoreError> {
        let add = move |connection: &Connection| steps::add(connection, label, invoice, preimage);
        self.database().write("storing an invoice", add).await
    }

    /// The last second, since 1970, of the unpaid invoice that expires first; `None` when none is unpaid.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn next_expiry(&self) -> Result<Option<u64>, StoreError> {
        let sql = "SELECT min(expires_at) FROM invoices WHERE state = 'unpaid'";
        let find =
            move |connection: &Connection| Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?);
        self.database().read("looking for the next expiry", find).await
    }

    /// A step that may end the wait for an invoice.
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
