//! Paying by hand: `xpay`.
//!
//! The codes are lightningd's, and so is their order: an expired invoice is refused as expired, also when it has been
//! paid. What cannot be begun fails with 205, what the payee refuses with 203.

use cln_api::error_code::{
    LIGHTNINGD_SHUTDOWN, PAY_DESTINATION_PERM_FAIL, PAY_IN_PROGRESS, PAY_INJECTPAYMENTONION_ALREADY_PAID,
    PAY_INVOICE_EXPIRED, PAY_ROUTE_NOT_FOUND, PLUGIN_ERROR,
};
use cln_api::xpay;
use cln_primitives::{Hash32, Msat, RpcError, Secret};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::oneshot;

use super::payments::without_scheme;
use super::{Answer, Command, checked_command, failure, invalid, shaped};
use crate::bolt12::{Invoice, Verified};
use crate::engine::{Clock as _, PayError, System};
use crate::node::handle::Node;
use crate::node::params::{Kind, Param, optional, required};
use crate::node::store::{NewPayment, PaymentBegun, PaymentEnd};
use crate::node::tasks;

const PAY: &[Param] = &[
    required("invstring", Kind::Text),
    optional("amount_msat", Kind::Msat),
    optional("maxfee", Kind::Msat),
    optional("layers", Kind::Texts),
    optional("retry_for", Kind::U32),
    optional("partial_msat", Kind::Msat),
    optional("maxdelay", Kind::U32),
    optional("payer_note", Kind::Text),
    optional("label", Kind::Text),
    optional("localinvreqid", Kind::Hash),
];

pub(super) fn commands() -> Vec<Command> {
    vec![checked_command::<xpay::Request, Pay, _, _>(PAY, check, pay).that_only_waits()]
}

/// Limits of fees, delays and attempts are kept by themselves: there is one way to pay, without fees.
#[derive(Deserialize)]
struct Pay {
    invstring: String,
    amount_msat: Option<Msat>,
    layers: Option<Vec<String>>,
    partial_msat: Option<Msat>,
    label: Option<String>,
    localinvreqid: Option<Hash32>,
}

async fn check(node: Node, input: Pay) -> Answer<()> {
    payable(&node, &input).map(drop)
}

async fn pay(node: Node, input: Pay) -> Answer<xpay::Response> {
    let invoice = payable(&node, &input)?;
    let now = System.now();
    if invoice.is_expired(now) {
        let at = invoice.expires_at().unwrap_or_default();
        return Err(failure(PAY_INVOICE_EXPIRED, format!("the invoice expired at {at}: ask for a new one")));
    }
    let amount = invoice.payment().amount;
    let (end, ended) = oneshot::channel();
    let payer = node.clone();
    // It goes on when its client does not wait any longer.
    node.spawn(async move {
        let new = NewPayment { invoice, label: input.label, created_at: now };
        let _ = end.send(pay_once(&payer, new).await);
    });
    let Ok(paid) = ended.await else {
        let message = "the node stopped before the payment ended: look into `listpays` after its next start";
        return Err(failure(LIGHTNINGD_SHUTDOWN, message));
    };
    shaped(json!({
        "payment_preimage": paid?,
        "failed_parts": 0,
        "successful_parts": 1,
        "amount_msat": amount,
        "amount_sent_msat": amount,
    }))
}

/// What is to be paid, checked as `check` does.
fn payable(node: &Node, input: &Pay) -> Answer<Invoice<Verified>> {
    let read = Invoice::parse(without_scheme(&input.invstring), node.chain()).and_then(Invoice::verify);
    let invoice = read.map_err(|error| {
        invalid(format!("invstring: an embedded node pays BOLT 12 invoices, and this is none to be paid: {error}"))
    })?;
    let amount = invoice.payment().amount;
    if amount == Msat::ZERO {
        return Err(invalid("invstring: an invoice over nothing cannot be paid"));
    }
    if input.amount_msat.is_some() {
        return Err(invalid("amount_msat: leave it out: the invoice says what is to be paid"));
    }
    if input.partial_msat.is_some_and(|part| part != amount) {
        return Err(invalid("partial_msat: an embedded node pays all of an invoice or nothing"));
    }
    if input.layers.as_ref().is_some_and(|layers| !layers.is_empty()) {
        return Err(invalid("layers: an embedded node has none"));
    }
    if input.localinvreqid.is_some() {
        return Err(invalid("localinvreqid: an embedded node pays for its own requests by itself"));
    }
    Ok(invoice)
}

async fn pay_once(node: &Node, new: NewPayment) -> Answer<Secret> {
    let invoice = new.invoice.clone();
    let hash = invoice.payment().payment_hash;
    match node.store().begin_payment(new).await? {
        PaymentBegun::New => {}
        PaymentBegun::Pending => return Err(in_progress()),
        PaymentBegun::Complete => {
            return Err(failure(PAY_INJECTPAYMENTONION_ALREADY_PAID, "this payment hash has been paid already"));
        }
    }
    if let Err(PayError::Failed(why)) = node.account().begin_payment(&invoice, invoice.invreq_id()).await {
        node.store().end_payment(hash, PaymentEnd::Failed(why.clone())).await?;
        return Err(failure(PAY_ROUTE_NOT_FOUND, why));
    }
    match tasks::end_payment(node, hash).await {
        PaymentEnd::Complete(preimage) => Ok(preimage),
        PaymentEnd::Failed(why) => Err(failure(PAY_DESTINATION_PERM_FAIL, why)),
    }
}

/// In lightningd's form: the command over which it pays answers so, and `xpay` passes that on as text.
fn in_progress() -> RpcError {
    let inner = json!({"code": PAY_IN_PROGRESS, "message": "a payment of this hash has not ended yet"});
    failure(PLUGIN_ERROR, format!("Unexpected injectpaymentonion error {PAY_IN_PROGRESS}: {inner}"))
}
