//! The payer's requests: `invoicerequest`, `listinvoicerequests`, `disableinvoicerequest`, and what signs them,
//! `createinvoicerequest`; and our own `lnr-request`.

use cln_api::{createinvoicerequest, disableinvoicerequest, invoicerequest, listinvoicerequests};
use cln_primitives::{Hash32, Msat};
use serde::Deserialize;
use serde_json::json;

use super::{Answer, Command, checked_command, command, invalid, shaped};
use crate::bolt12::{self, InvoiceRequest, Verified};
use crate::engine::answer::{Listed as _, listing};
use crate::engine::{IssuerError, NewRequest, RequestRecord, RequestStatus, RequestStore as _};
use crate::node::handle::Node;
use crate::node::params::{Kind, Param, optional, required};
use crate::node::ports::now;

/// The description may be left out, as at lightningd and other than its schema says.
const CREATE: &[Param] = CREATE_OWN.split_at(CREATE_OWN.len() - 1).0;
/// lightningd's, and one of ours at the end: the least that an invoice may ask for.
const CREATE_OWN: &[Param] = &[
    required("amount", Kind::Msat),
    optional("description", Kind::Text),
    optional("issuer", Kind::Text),
    optional("label", Kind::Text),
    optional("absolute_expiry", Kind::U64),
    optional("single_use", Kind::Bool),
    optional("min_amount_msat", Kind::Msat),
];
const LIST: &[Param] = &[optional("invreq_id", Kind::Hash), optional("active_only", Kind::Bool)];
const DISABLE: &[Param] = &[required("invreq_id", Kind::Hash)];

const SIGN: &[Param] = &[
    required("bolt12", Kind::Text),
    required("savetodb", Kind::Bool),
    optional("label", Kind::Text),
    optional("single_use", Kind::Bool),
];

pub(super) fn commands() -> Vec<Command> {
    vec![
        checked_command::<createinvoicerequest::Request, Sign, _, _>(SIGN, can_sign, sign),
        command::<invoicerequest::Request, Create, _>(CREATE, create),
        Command { method: "lnr-request", ..command::<invoicerequest::Request, Create, _>(CREATE_OWN, create) },
        command::<listinvoicerequests::Request, List, _>(LIST, list),
        checked_command::<disableinvoicerequest::Request, Disable, _, _>(DISABLE, can_disable, disable),
    ]
}

#[derive(Deserialize)]
struct Create {
    amount: Msat,
    description: Option<String>,
    issuer: Option<String>,
    label: Option<String>,
    absolute_expiry: Option<u64>,
    single_use: Option<bool>,
    min_amount_msat: Option<Msat>,
}

async fn create(node: Node, input: Create) -> Answer<invoicerequest::Response> {
    let new = NewRequest {
        amount: input.amount,
        description: input.description,
        issuer: input.issuer,
        label: input.label,
        absolute_expiry: input.absolute_expiry,
        single_use: input.single_use.unwrap_or(true),
        min_amount: input.min_amount_msat,
    };
    listing(&node.issuer().create(new).await?)
}

#[derive(Deserialize)]
struct Sign {
    bolt12: String,
    savetodb: bool,
    label: Option<String>,
    single_use: Option<bool>,
}

async fn can_sign(node: Node, input: Sign) -> Answer<()> {
    signed(&node, &input).map(drop)
}

/// Signs a request that a client has made. One that is stored is paid for, as any of the node's own.
async fn sign(node: Node, input: Sign) -> Answer<createinvoicerequest::Response> {
    let request = signed(&node, &input)?;
    let record = RequestRecord {
        invreq_id: request.invreq_id(),
        bolt12: request.to_string(),
        label: input.label,
        status: RequestStatus::new(input.single_use.unwrap_or(true)),
        min_amount: None,
        created_at: now(),
    };
    if input.savetodb && !node.store().insert_request(&record).await? {
        return Err(IssuerError::Exists(record.invreq_id).into());
    }
    listing(&record)
}

fn signed(node: &Node, input: &Sign) -> Answer<InvoiceRequest<Verified>> {
    let unparsable = |error: bolt12::Error| invalid(format!("bolt12: not a request that this node can sign: {error}"));
    let request = InvoiceRequest::parse(&input.bolt12, node.chain()).map_err(unparsable)?;
    let request = request.into_builder().build().map_err(unparsable)?;
    node.keys().sign_request(request).map_err(unparsable)
}

#[derive(Deserialize)]
struct List {
    invreq_id: Option<Hash32>,
    active_only: Option<bool>,
}

async fn list(node: Node, input: List) -> Answer<listinvoicerequests::Response> {
    let found = node.issuer().list(input.invreq_id, input.active_only.unwrap_or(false)).await?;
    let entries: Vec<_> = found.iter().map(|record| record.entry()).collect();
    shaped(json!({"invoicerequests": entries}))
}

#[derive(Deserialize)]
struct Disable {
    invreq_id: Hash32,
}

async fn can_disable(node: Node, input: Disable) -> Answer<()> {
    let id = input.invreq_id;
    match node.store().request(id).await? {
        Some(record) if record.status.is_active() => Ok(()),
        Some(record) => Err(IssuerError::Inactive(Box::new(record)).into()),
        None => Err(IssuerError::Unknown(id).into()),
    }
}

async fn disable(node: Node, input: Disable) -> Answer<disableinvoicerequest::Response> {
    listing(&node.issuer().disable(input.invreq_id).await?)
}
