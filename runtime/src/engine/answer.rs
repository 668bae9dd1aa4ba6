//! What the engine knows, in the words of Core Lightning's commands.
//!
//! Answers are built as JSON and read by the generated types, so that each is of its command's shape: [`listing`] gives
//! an invoice or a request in any type that lists one. Errors get the codes and the `data` that their commands have.

use cln_api::error_code::{
    INVOICE_EXPIRED_DURING_WAIT, INVOICE_LABEL_ALREADY_EXISTS, JSONRPC2_INVALID_PARAMS, LIGHTNINGD,
    OFFER_ALREADY_DISABLED, OFFER_BAD_INVREQ_REPLY, OFFER_EXPIRED, OFFER_ROUTE_NOT_FOUND, OFFER_TIMEOUT,
};
use cln_api::{disableinvoicerequest, invoicerequest, sendinvoice};
use cln_primitives::{Hash32, HexBytes, Msat, RpcError};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::issuer::IssuerError;
use super::model::{InvoiceRecord, InvoiceState, RequestRecord};
use super::payee::SendInvoiceError;
use super::ports::{LabelError, StoreError};
use crate::bolt12::InvoiceError;

/// What the lists of Core Lightning say of a record.
pub trait Listed {
    /// The entry as JSON.
    fn entry(&self) -> Value;
}

/// A record in the words of a command.
///
/// # Errors
/// [`LIGHTNINGD`] when the command has no words for it: a fault of this crate.
pub fn listing<T: DeserializeOwned>(record: &impl Listed) -> Result<T, RpcError> {
    serde_json::from_value(record.entry()).map_err(|error| {
        let message = format!("a record cannot be told as the command's answer: {error}; please report this");
        RpcError { code: LIGHTNINGD, message, data: None }
    })
}

impl Listed for RequestRecord {
    fn entry(&self) -> Value {
        let mut entry = json!({
            "invreq_id": self.invreq_id,
            "active": self.status.is_active(),
            "single_use": self.status.is_single_use(),
            "bolt12": self.bolt12,
            "used": self.status.is_used(),
        });
        if let Some(label) = &self.label {
            entry["label"] = json!(label);
        }
        entry
    }
}

/// What our own commands say of a request: more than Core Lightning's lists.
pub fn own_entry(record: &RequestRecord) -> Value {
    let mut entry = record.entry();
    if let Some(least) = record.min_amount {
        entry["min_amount_msat"] = json!(least);
    }
    entry["created_at"] = json!(record.created_at);
    entry
}

impl Listed for InvoiceRecord {
    fn entry(&self) -> Value {
        InvoiceEntry {
            label: &self.label,
            bolt12: &self.invoice.to_string(),
            description: self.invoice.offer_description(),
            payment_hash: self.payment_hash(),
            amount: self.amount(),
            expires_at: self.expires_at(),
            state: &self.state,
            created_index: self.created_index,
            updated_index: self.updated_index,
        }
        .to_json()
    }
}

/// What is listed of an invoice, from wherever it is known.
pub(crate) struct InvoiceEntry<'a> {
    pub(crate) label: &'a str,
    pub(crate) bolt12: &'a str,
    pub(crate) description: Option<&'a str>,
    pub(crate) payment_hash: Hash32,
    pub(crate) amount: Msat,
    pub(crate) expires_at: u64,
    /// While it is being paid it is told as unpaid.
    pub(crate) state: &'a InvoiceState,
    pub(crate) created_index: u64,
    pub(crate) updated_index: Option<u64>,
}

impl InvoiceEntry<'_> {
    pub(crate) fn to_json(&self) -> Value {
        let mut entry = json!({
            "label": self.label,
            "bolt12": self.bolt12,
            "payment_hash": self.payment_hash,
            "amount_msat": self.amount,
            "expires_at": self.expires_at,
            "created_index": self.created_index,
        });
        if let Some(description) = self.description {
            entry["description"] = json!(description);
        }
        if let Some(index) = self.updated_index {
            entry["updated_index"] = json!(index);
        }
        match self.state {
            InvoiceState::Unpaid | InvoiceState::Accepted => entry["status"] = json!("unpaid"),
            InvoiceState::Expired => entry["status"] = json!("expired"),
            InvoiceState::Paid(receipt) => {
                entry["status"] = json!("paid");
                entry["pay_index"] = json!(receipt.pay_index);
                entry["amount_received_msat"] = json!(receipt.amount_received);
                entry["paid_at"] = json!(receipt.paid_at);
                entry["payment_preimage"] = json!(receipt.preimage);
            }
        }
        entry
    }
}

impl From<SendInvoiceError> for RpcError {
    fn from(error: SendInvoiceError) -> Self {
        let message = error.to_string();
        let (code, data) = match error {
            SendInvoiceError::Request(_) | SendInvoiceError::Quantity | SendInvoiceError::Amount(_) => {
                (JSONRPC2_INVALID_PARAMS, None)
            }
            SendInvoiceError::LabelTaken(record) => (INVOICE_LABEL_ALREADY_EXISTS, Some(record.entry())),
            SendInvoiceError::LabelOfOtherInvoice(invoice) => (INVOICE_LABEL_ALREADY_EXISTS, Some(json!(invoice))),
            SendInvoiceError::RequestExpired(_) => (OFFER_EXPIRED, None),
            SendInvoiceError::Unreachable { .. } => (OFFER_ROUTE_NOT_FOUND, None),
            SendInvoiceError::Refused(refusal) => (OFFER_BAD_INVREQ_REPLY, Some(told(&refusal))),
            SendInvoiceError::Nonsense(bytes) => {
                let hex = (!bytes.is_empty()).then(|| json!({"invoice_error_hex": HexBytes::from(bytes)}));
                (OFFER_BAD_INVREQ_REPLY, hex)
            }
            SendInvoiceError::TimedOut(record) => {
                (OFFER_TIMEOUT, Some(json!({"invstring": record.invoice.to_string()})))
            }
            SendInvoiceError::InvoiceExpired(record) => (INVOICE_EXPIRED_DURING_WAIT, Some(record.entry())),
            SendInvoiceError::NotSent { .. } | SendInvoiceError::Deleted | SendInvoiceError::Store(_) => {
                (LIGHTNINGD, None)
            }
        };
        RpcError { code, message, data }
    }
}

impl From<LabelError> for RpcError {
    fn from(error: LabelError) -> Self {
        SendInvoiceError::from(error).into()
    }
}

impl From<SendInvoiceError> for sendinvoice::Error {
    fn from(error: SendInvoiceError) -> Self {
        RpcError::from(error).into()
    }
}

impl From<IssuerError> for RpcError {
    fn from(error: IssuerError) -> Self {
        let code = match error {
            IssuerError::MinAmount { .. } | IssuerError::Invalid(_) => JSONRPC2_INVALID_PARAMS,
            IssuerError::Inactive(_) => OFFER_ALREADY_DISABLED,
            IssuerError::LabelTaken { .. } => INVOICE_LABEL_ALREADY_EXISTS,
            IssuerError::Unknown(_) | IssuerError::Exists(_) | IssuerError::Sign(_) | IssuerError::Store(_) => {
                LIGHTNINGD
            }
        };
        let data = match &error {
            IssuerError::LabelTaken { existing, .. } => Some(own_entry(existing)),
            _ => None,
        };
        RpcError { code, message: error.to_string(), data }
    }
}

impl From<IssuerError> for invoicerequest::Error {
    fn from(error: IssuerError) -> Self {
        RpcError::from(error).into()
    }
}

impl From<IssuerError> for disableinvoicerequest::Error {
    fn from(error: IssuerError) -> Self {
        RpcError::from(error).into()
    }
}

impl From<StoreError> for RpcError {
    fn from(error: StoreError) -> Self {
        RpcError { code: LIGHTNINGD, message: error.to_string(), data: None }
    }
}

/// What a payer said.
fn told(refusal: &InvoiceError) -> Value {
    let mut data = Map::new();
    if let Some(field) = refusal.erroneous_field() {
        data.insert("erroneous_field".into(), field.into());
    }
    if let Some(value) = refusal.suggested_value() {
        data.insert("suggested_value".into(), json!(HexBytes::from(value.to_vec())));
    }
    data.insert("error".into(), refusal.error().unwrap_or_default().into());
    data.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bolt12::blinding::{own_path, own_path_pay};
    use crate::bolt12::{Chain, RequestBuilder};
    use crate::engine::{Receipt, RequestStatus, payment_hash};
    use bitcoin::secp256k1::{Keypair, SecretKey};
    use cln_api::{listinvoicerequests, listinvoices, waitinvoice};
    use cln_primitives::Secret;

    fn request(status: RequestStatus) -> RequestRecord {
        RequestRecord {
            invreq_id: Hash32::from_bytes([7; 32]),
            bolt12: "lnr1".into(),
            label: None,
            status,
            min_amount: Some(Msat::from_msat(5)),
            created_at: 1,
        }
    }

    fn invoice(state: InvoiceState) -> InvoiceRecord {
        let secret = SecretKey::from_slice(&[1; 32]).unwrap();
        let key = Keypair::from_secret_key(&bitcoin::secp256k1::Secp256k1::new(), &secret);
        let (node, amount, preimage) = (key.public_key().into(), Msat::from_msat(1000), Secret::from_bytes([9; 32]));
        let request = RequestBuilder::stand_alone(&[1; 16], node, Chain::REGTEST, amount).offer_description("tea");
        let request = request.build().unwrap().sign(&key).unwrap();
        let invoice = request.invoice(payment_hash(&preimage), amount, 100, node);
        let invoice =
            invoice.invoice_paths(&[own_path(&key, &preimage, &secret)]).invoice_blindedpay(&[own_path_pay(10)]);
        let invoice = invoice.build().unwrap().sign(&key).unwrap();
        InvoiceRecord { label: "a".into(), invoice, attempts: 1, state, created_index: 3, updated_index: Some(8) }
    }

    #[test]
    fn a_request_is_told_as_core_lightning_does() {
        let entry = json!({
            "invreq_id": "07".repeat(32), "active": false, "single_use": true, "bolt12": "lnr1", "used": true,
        });
        let record = request(RequestStatus::SingleUseUsed);
        assert_eq!(record.entry(), entry);
        assert_eq!(RequestRecord { label: Some("l".into()), ..record }.entry()["label"], "l");
        for status in RequestStatus::ALL {
            let listed: listinvoicerequests::InvoiceRequest = listing(&request(status)).unwrap();
            let bits = [listed.active, listed.single_use, listed.used];
            assert_eq!(bits, [status.is_active(), status.is_single_use(), status.is_used()]);
        }
    }

    #[test]
    fn an_invoice_tells_its_preimage_only_when_it_is_paid() {
        let preimage = Secret::from_bytes([9; 32]);
        let receipt = Receipt { preimage, pay_index: 4, amount_received: Msat::from_msat(1001), paid_at: 130 };
        for (state, status) in [
            (InvoiceState::Unpaid, "unpaid"),
            (InvoiceState::Accepted, "unpaid"),
            (InvoiceState::Expired, "expired"),
            (InvoiceState::Paid(receipt.clone()), "paid"),
        ] {
            let entry = invoice(state.clone()).entry();
            assert_eq!(entry["status"], status);
            assert_eq!(entry.get("payment_preimage").is_some(), status == "paid");
            let listed: listinvoices::Invoice = listing(&invoice(state)).unwrap();
            // Nothing is lost on the way through the type.
            assert_eq!(serde_json::to_value(&listed).unwrap(), entry);
        }
        let paid: waitinvoice::Response = listing(&invoice(InvoiceState::Paid(receipt))).unwrap();
        assert_eq!((paid.status.as_str(), paid.created_index, paid.expires_at), ("paid", 3, 7300));
    }

    fn check(error: SendInvoiceError, code: i32, is_expected: fn(&sendinvoice::Error) -> bool) {
        let error = RpcError::from(error);
        assert_eq!(error.code, code, "{error}");
        let typed = sendinvoice::Error::from(error);
        assert!(is_expected(&typed), "{typed:?}");
    }

    #[test]
    fn errors_of_sendinvoice_are_those_of_its_schema() {
        use sendinvoice::Error::*;
        let record = |state| Box::new(invoice(state));
        check(SendInvoiceError::Quantity, -32602, |it| matches!(it, Other(_)));
        check(SendInvoiceError::RequestExpired(5), 1002, |it| matches!(it, OfferExpired(_)));
        check(SendInvoiceError::Deleted, -1, |it| matches!(it, Lightningd(_)));
        check(
            SendInvoiceError::Nonsense(Vec::new()),
            1004,
            |it| matches!(it, OfferBadInvreqReply(it) if it.data.is_none()),
        );
        check(
            SendInvoiceError::NotSent { why: "no".into(), kept: None },
            -1,
            |it| matches!(it, Lightningd(it) if it.message.contains("no")),
        );
        check(
            SendInvoiceError::Unreachable { why: "no".into(), kept: None },
            1003,
            |it| matches!(it, OfferRouteNotFound(it) if it.message.contains("no")),
        );
        check(
            SendInvoiceError::LabelTaken(record(InvoiceState::Unpaid)),
            900,
            |it| matches!(it, InvoiceLabelAlreadyExists(it) if it.data.as_ref().is_some_and(|it| it.label == "a")),
        );
        check(
            SendInvoiceError::InvoiceExpired(record(InvoiceState::Expired)),
            903,
            |it| matches!(it, InvoiceExpiredDuringWait(it) if it.data.as_ref().is_some_and(|it| it.status.as_str() == "expired")),
        );
        check(
            SendInvoiceError::TimedOut(record(InvoiceState::Unpaid)),
            1005,
            |it| matches!(it, Timeout(it) if it.data.as_ref().and_then(|it| it.invstring.as_deref()).is_some_and(|it| it.starts_with("lni1"))),
        );
    }

    #[test]
    fn a_payers_refusal_is_told_in_full() {
        let refusal =
            InvoiceError::builder("too much").erroneous_field(170).suggested_value(&[3, 232]).build().unwrap();
        let error = RpcError::from(SendInvoiceError::Refused(refusal));
        let data = json!({"erroneous_field": 170, "suggested_value": "03e8", "error": "too much"});
        assert_eq!((error.code, error.data), (1004, Some(data)));
        let error = RpcError::from(SendInvoiceError::Nonsense(vec![3, 232]));
        assert_eq!((error.code, error.data), (1004, Some(json!({"invoice_error_hex": "03e8"}))));
    }

    #[test]
    fn errors_of_requests_have_their_codes() {
        let id = Hash32::from_bytes([7; 32]);
        let inactive = IssuerError::Inactive(Box::new(request(RequestStatus::SingleUseUsed)));
        let min = IssuerError::MinAmount { least: Msat::from_msat(2), amount: Msat::from_msat(1) };
        for (error, code) in
            [(inactive, 1001), (IssuerError::Unknown(id), -1), (IssuerError::Exists(id), -1), (min, -32602)]
        {
            assert_eq!(RpcError::from(error).code, code);
        }
    }
}
