//! A row of the node's table of invoices, whichever command tells it.

use cln_api::{listinvoices, sendinvoice, waitinvoice};
use cln_primitives::Hash32;

use super::receipt::Payment;

/// What all commands tell of an invoice.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) label: String,
    pub(super) bolt12: Option<String>,
    pub(super) payment_hash: Hash32,
    /// In seconds since 1970.
    pub(super) expires_at: u64,
    pub(super) status: Status,
}

/// How far it is.
#[derive(Debug)]
pub(super) enum Status {
    /// It can be paid. A status that nobody has heard of counts as this one: nothing is then known to be over.
    Unpaid,
    Paid(Payment),
    Expired,
}

/// The rows have the same fields, their types are each command's own.
macro_rules! row_from {
    ($command:ident :: $row:ident) => {
        impl From<$command::$row> for Row {
            fn from(row: $command::$row) -> Self {
                let status = match row.status {
                    $command::Status::Paid(paid) => Status::Paid(Payment {
                        preimage: paid.payment_preimage,
                        received: paid.amount_received_msat,
                        paid_at: paid.paid_at,
                    }),
                    $command::Status::Expired => Status::Expired,
                    _ => Status::Unpaid,
                };
                let (label, bolt12, payment_hash) = (row.label, row.bolt12, row.payment_hash);
                Row { label, bolt12, payment_hash, expires_at: row.expires_at, status }
            }
        }
    };
}

row_from!(listinvoices::Invoice);
row_from!(sendinvoice::Response);
row_from!(waitinvoice::Response);
