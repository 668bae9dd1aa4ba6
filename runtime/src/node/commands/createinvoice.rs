//! Invoices that a client has made itself: `createinvoice`.

use cln_api::createinvoice;
use cln_api::error_code::INVOICE_LABEL_ALREADY_EXISTS;
use cln_primitives::{RpcError, Secret};
use serde::Deserialize;

use super::payments::without_scheme;
use super::{Answer, Command, checked_command, failure, invalid};
use crate::bolt12::{self, Invoice, Unsigned};
use crate::engine::answer::{Listed as _, listing};
use crate::engine::{Creation, payment_hash};
use crate::node::handle::Node;
use crate::node::params::{Kind, Param, required};

const CREATE: &[Param] =
    &[required("invstring", Kind::Text), required("label", Kind::Label), required("preimage", Kind::Secret)];

pub(super) fn commands() -> Vec<Command> {
    vec![checked_command::<createinvoice::Request, Create, _, _>(CREATE, check, create)]
}

#[derive(Deserialize)]
struct Create {
    invstring: String,
    label: String,
    preimage: Secret,
}

async fn check(node: Node, input: Create) -> Answer<()> {
    to_be_signed(&node, &input).map(drop)
}

async fn create(node: Node, input: Create) -> Answer<createinvoice::Response> {
    let invoice = to_be_signed(&node, &input)?;
    let invoice = node.keys().finish_invoice(invoice).map_err(|error| unparsable(&error))?;
    match node.add_invoice(input.label, invoice, input.preimage).await? {
        Creation::Created(record) => listing(&record),
        Creation::LabelTaken(record) => {
            let taken = failure(INVOICE_LABEL_ALREADY_EXISTS, "another invoice has this label");
            Err(RpcError { data: Some(record.entry()), ..taken })
        }
    }
}

/// Checks in lightningd's order.
fn to_be_signed(node: &Node, input: &Create) -> Answer<Invoice<Unsigned>> {
    let invoice = Invoice::parse(without_scheme(&input.invstring), node.chain()).map_err(|error| unparsable(&error))?;
    if invoice.signature().is_some() {
        return Err(invalid("invstring: the invoice is signed already: leave its signature out"));
    }
    if invoice.invoice_amount().is_none() {
        return Err(invalid("invstring: the invoice has no `invoice_amount`"));
    }
    let Some(hash) = invoice.invoice_payment_hash() else {
        return Err(invalid("invstring: the invoice has no `invoice_payment_hash`"));
    };
    if hash != payment_hash(&input.preimage) {
        return Err(invalid(format!("preimage: it is not that of the invoice's payment hash {hash}")));
    }
    invoice.into_builder().build().map_err(|error| unparsable(&error))
}

fn unparsable(error: &bolt12::Error) -> RpcError {
    invalid(format!("invstring: not a BOLT 12 invoice to be signed: {error}"))
}
