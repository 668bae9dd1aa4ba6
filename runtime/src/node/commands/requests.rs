//! The payer's requests: `invoicerequest`, `listinvoicerequests`, `disableinvoicerequest`; and our own `lnr-request`.

use cln_api::error_code::JSONRPC2_INVALID_PARAMS;
use cln_api::{disableinvoicerequest, invoicerequest, listinvoicerequests, lnr_request};
use cln_primitives::{Hash32, Msat, RpcError};
use serde::Deserialize;
use serde_json::json;

use super::{Answer, Command, checked_command, command, shaped};
use crate::engine::answer::{Listed as _, listing, own_entry};
use crate::engine::{IssuerError, NewRequest, RequestStore as _};
use crate::node::handle::Node;
use crate::node::params::{Kind, Param, optional, required};

/// The description may be left out, as at lightningd and other than its schema says.
const CREATE: &[Param] = CREATE_ONCE.split_at(CREATE_ONCE.len() - 2).0;
/// lightningd's, and two of ours at the end.
pub(crate) const CREATE_ONCE: &[Param] = &[
    required("amount", Kind::Msat),
    optional("description", Kind::Text),
    optional("issuer", Kind::Text),
    optional("label", Kind::Text),
    optional("absolute_expiry", Kind::U64),
    optional("single_use", Kind::Bool),
    optional("expires", Kind::U32),
    optional("min_amount_msat", Kind::Msat),
];
pub(crate) const LIST: &[Param] = &[optional("invreq_id", Kind::Hash), optional("active_only", Kind::Bool)];
pub(crate) const DISABLE: &[Param] = &[required("invreq_id", Kind::Hash)];

pub(super) fn commands() -> Vec<Command> {
    vec![
        command::<invoicerequest::Request, Create, _>(CREATE, create),
        command::<lnr_request::Request, CreateOnce, _>(CREATE_ONCE, create_once),
        command::<listinvoicerequests::Request, List, _>(LIST, list).that_only_looks(),
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
}

impl Create {
    fn into_new(self, min_amount: Option<Msat>) -> NewRequest {
        NewRequest {
            amount: self.amount,
            description: self.description,
            issuer: self.issuer,
            label: self.label,
            absolute_expiry: self.absolute_expiry,
            single_use: self.single_use.unwrap_or(true),
            min_amount,
        }
    }
}

async fn create(node: Node, input: Create) -> Answer<invoicerequest::Response> {
    listing(&node.issuer().create(input.into_new(None)).await?)
}

#[derive(Deserialize)]
pub(crate) struct CreateOnce {
    #[serde(flatten)]
    create: Create,
    expires: Option<u32>,
    min_amount_msat: Option<Msat>,
}

impl CreateOnce {
    /// What is to be made, and for how many seconds it is valid.
    pub(crate) fn into_new(self) -> Result<(NewRequest, Option<u32>), RpcError> {
        if self.expires.is_some() && self.create.absolute_expiry.is_some() {
            let message = "expires: not together with absolute_expiry: give one of them".to_owned();
            return Err(RpcError { code: JSONRPC2_INVALID_PARAMS, message, data: None });
        }
        Ok((self.create.into_new(self.min_amount_msat), self.expires))
    }
}

async fn create_once(node: Node, input: CreateOnce) -> Answer<lnr_request::Response> {
    let (new, valid_for) = input.into_new()?;
    shaped(own_entry(&node.issuer().create_once(new, valid_for).await?))
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
