//! Requests that are made once for their label, however often that is asked for.

use super::issuer::{Issuer, IssuerError, NewRequest};
use super::model::RequestRecord;
use super::ports::{Insertion, IssuerPorts, LabelledRequests};
use crate::bolt12::{self, Chain, InvoiceRequest};

impl<P: IssuerPorts + LabelledRequests> Issuer<P> {
    /// Like [`create`](Issuer::create), but a label makes it one request: with the same content the one that is there is
    /// given, whatever became of it since. `valid_for` is for how many seconds it will be paid from when it is made, in
    /// place of `absolute_expiry`.
    ///
    /// # Errors
    /// As of `create`, and when the label is that of a request with another content.
    pub async fn create_once(&self, mut new: NewRequest, valid_for: Option<u32>) -> Result<RequestRecord, IssuerError> {
        let now = self.ports.now();
        if let Some(seconds) = valid_for {
            new.absolute_expiry = Some(now.saturating_add(seconds.into()));
        }
        let Some(label) = new.label.clone() else { return self.create(new).await };
        if let Some(existing) = self.ports.labelled(&label).await? {
            return same(label, existing, &new, valid_for, self.ports.chain());
        }
        let record = self.sign(new.clone(), now).await?;
        match self.ports.insert_labelled(&label, &record).await? {
            Insertion::Done => Ok(record),
            Insertion::Exists(existing) => Err(IssuerError::Exists(existing.invreq_id)),
            Insertion::LabelTaken(existing) => same(label, existing, &new, valid_for, self.ports.chain()),
        }
    }
}

/// The request that has the label, if it is what is asked for.
fn same(
    label: String,
    existing: RequestRecord,
    new: &NewRequest,
    valid_for: Option<u32>,
    chain: Chain,
) -> Result<RequestRecord, IssuerError> {
    if has_content(&existing, new, valid_for, chain)? {
        return Ok(existing);
    }
    Err(IssuerError::LabelTaken { label, existing: Box::new(existing) })
}

fn has_content(
    existing: &RequestRecord,
    new: &NewRequest,
    valid_for: Option<u32>,
    chain: Chain,
) -> Result<bool, bolt12::Error> {
    let request = InvoiceRequest::parse(&existing.bolt12, chain)?;
    let expiry = match valid_for {
        Some(seconds) => Some(existing.created_at.saturating_add(seconds.into())),
        None => new.absolute_expiry,
    };
    Ok(request.invreq_amount() == Some(new.amount)
        && request.offer_description() == new.description.as_deref()
        && request.offer_issuer() == new.issuer.as_deref()
        && request.offer_absolute_expiry() == expiry
        && existing.status.is_single_use() == new.single_use
        && existing.min_amount == new.min_amount)
}
