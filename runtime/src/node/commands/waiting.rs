//! Waiting to be paid: `waitinvoice`, `waitanyinvoice`.

use std::time::Duration;

use cln_api::error_code::{INVOICE_EXPIRED_DURING_WAIT, INVOICE_WAIT_TIMED_OUT, LIGHTNINGD};
use cln_api::{waitanyinvoice, waitinvoice};
use cln_primitives::RpcError;
use serde::Deserialize;

use super::{Answer, Command, command, failure};
use crate::engine::answer::{Listed as _, listing};
use crate::engine::{InvoiceState, InvoiceStore as _};
use crate::node::handle::Node;
use crate::node::params::{Kind, Param, optional, required};

const WAIT: &[Param] = &[required("label", Kind::Label)];
const WAIT_ANY: &[Param] = &[optional("lastpay_index", Kind::U64), optional("timeout", Kind::U64)];

pub(super) fn commands() -> Vec<Command> {
    vec![
        command::<waitinvoice::Request, Wait, _>(WAIT, wait).that_only_waits(),
        command::<waitanyinvoice::Request, WaitAny, _>(WAIT_ANY, wait_any).that_only_waits(),
    ]
}

#[derive(Deserialize)]
struct Wait {
    label: String,
}

async fn wait(node: Node, input: Wait) -> Answer<waitinvoice::Response> {
    let found = node.store().invoice(&input.label).await?;
    let Some(mut record) = found else {
        return Err(failure(LIGHTNINGD, "there is no invoice with this label"));
    };
    let hash = record.payment_hash();
    loop {
        match record.state {
            InvoiceState::Paid(_) => return listing(&record),
            InvoiceState::Expired => {
                let expired = failure(INVOICE_EXPIRED_DURING_WAIT, "the invoice expired and was not paid");
                return Err(RpcError { data: Some(record.entry()), ..expired });
            }
            InvoiceState::Unpaid | InvoiceState::Accepted => {}
        }
        record = match node.store().wait_invoice(&input.label, hash).await? {
            Some(record) => record,
            None => return Err(failure(LIGHTNINGD, "the invoice was deleted during the wait")),
        };
    }
}

#[derive(Deserialize)]
struct WaitAny {
    lastpay_index: Option<u64>,
    timeout: Option<u64>,
}

async fn wait_any(node: Node, input: WaitAny) -> Answer<waitanyinvoice::Response> {
    let timeout = input.timeout.map(Duration::from_secs);
    match node.store().wait_any_invoice(input.lastpay_index.unwrap_or(0), timeout).await? {
        Some(row) => listing(&row),
        None => Err(failure(INVOICE_WAIT_TIMED_OUT, "no invoice was paid in this time")),
    }
}
