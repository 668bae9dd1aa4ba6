//! Requests that a client has made itself: `createinvoicerequest`.

use cln_api::createinvoicerequest;

use super::{Answer, Command, checked_command, invalid};
use crate::bolt12::{self, InvoiceRequest, Verified};
use crate::engine::answer::listing;
use crate::engine::{Clock as _, IssuerError, RequestRecord, RequestStatus, RequestStore as _, System};
use crate::node::handle::Node;
use crate::node::params::{Kind, Param, optional, required};

const SIGN: &[Param] = &[
    required("bolt12", Kind::Text),
    required("savetodb", Kind::Bool),
    optional("label", Kind::Text),
    optional("single_use", Kind::Bool),
];

pub(super) fn commands() -> Vec<Command> {
    vec![checked_command::<createinvoicerequest::Request, createinvoicerequest::Request, _, _>(SIGN, check, sign)]
}

async fn check(node: Node, input: createinvoicerequest::Request) -> Answer<()> {
    signed(&node, &input.bolt12).map(drop)
}

/// One that is stored is paid for, as any of the node's own.
async fn sign(node: Node, input: createinvoicerequest::Request) -> Answer<createinvoicerequest::Response> {
    let request = signed(&node, &input.bolt12)?;
    let record = RequestRecord {
        invreq_id: request.invreq_id(),
        bolt12: request.to_string(),
        label: input.label,
        status: RequestStatus::new(input.single_use.unwrap_or(true)),
        min_amount: None,
        created_at: System.now(),
    };
    if input.savetodb && !node.store().insert_request(&record).await? {
        return Err(IssuerError::Exists(record.invreq_id).into());
    }
    listing(&record)
}

fn signed(node: &Node, bolt12: &str) -> Answer<InvoiceRequest<Verified>> {
    let unparsable = |error: bolt12::Error| invalid(format!("bolt12: not a request that this node can sign: {error}"));
    let request = InvoiceRequest::parse(bolt12, node.chain()).map_err(unparsable)?;
    let request = request.into_builder().build().map_err(unparsable)?;
    node.keys().sign_request(request).map_err(unparsable)
}
