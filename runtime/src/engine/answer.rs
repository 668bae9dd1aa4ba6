//! What the engine knows, in the words of Core Lightning's commands.
//!
//! Answers are built as JSON and read by the generated types, so that each is of its command's shape: [`listing`] gives
//! an invoice or a request in any type that lists one. Errors get the codes and the `data` that their commands have.

use cln_api::error_code::{
    INVOICE_EXPIRED_DURING_WAIT, INVOICE_LABEL_ALREADY_EXISTS, JSONRPC2_INVALID_PARAMS, LIGHTNINGD,
    OFFER_ALREADY_DISABLED, OFFER_BAD_INVREQ_REPLY, OFFER_EXPIRED, OFFER_ROUTE_NOT_FOUND, OFFER_TIMEOUT,
};
use cln_api::{disableinvoicerequest, invoicerequest, sendinvoice};
use cln_primitives::{HexBytes, RpcError};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::issuer::IssuerError;
use super::model::{InvoiceRecord, InvoiceState, RequestRecord};
use super::payee::SendInvoiceError;
use super::ports::StoreError;
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

impl Listed for InvoiceRecord {
    /// An invoice that is being paid is unpaid until it is paid.
    fn entry(&self) -> Value {
        let mut entry = json!({
            "label": self.label,
            "bolt12": self.invoice.to_string(),
            "payment_hash": self.payment_hash(),
            "amount_msat": self.amount(),
            "expires_at": self.expires_at(),
            "created_index": self.created_index,
        });
        if let Some(description) = self.invoice.offer_description() {
            entry["description"] = json!(description);
        }
        if let Some(note) = self.invoice.invreq_payer_note() {
            entry["invreq_payer_note"] = json!(note);
        }
        if let Some(index) = self.updated_index {
            entry["updated_index"] = json!(index);
        }
        match self.state {
            InvoiceState::Unpaid | InvoiceState::Accepted(_) => entry["status"] = json!("unpaid"),
            InvoiceState::Expired => entry["status"] = json!("expired"),
            InvoiceState::Paid(receipt) => {
                entry["status"] = json!("paid");
                entry["pay_index"] = json!(receipt.pay_index);
                entry["amount_received_msat"] = json!(receipt.amount_received);
                entry["paid_at"] = json!(receipt.paid_at);
                entry["payment_preimage"] = json!(self.preimage);
            }
        }
        entry
    }
}

impl From<SendInvoiceError> for RpcError {
    fn from(error: SendInvoiceError) -> Self {
        let message = error.to_string();
        let (code, data) = match error {
            SendInvoiceError::Request(_) | SendInvoiceError::Quantity => (JSONRPC2_INVALID_PARAMS, None),
            SendInvoiceError::LabelTaken(record) => (INVOICE_LABEL_ALREADY_EXISTS, Some(record.entry())),
            SendInvoiceError::RequestExpired(_) => (OFFER_EXPIRED, None),
            SendInvoiceError::Unreachable { .. } => (OFFER_ROUTE_NOT_FOUND, None),
            SendInvoiceError::Refused(refusal) => (OFFER_BAD_INVREQ_REPLY, Some(told(&refusal))),
            SendInvoiceError::Nonsense(_) => (OFFER_BAD_INVREQ_REPLY, None),
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
            IssuerError::Unknown(_) | IssuerError::Exists(_) | IssuerError::Sign(_) | IssuerError::Store(_) => {
                LIGHTNINGD
            }
        };
        RpcError { code, message: error.to_string(), data: None }
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
    use cln_api::{listinvoicerequests, listinvoices, waitinvoice};
    use cln_primitives::{Hash32, Msat, Secret};

    use super::*;
    use crate::bolt12::{Chain, RequestBuilder};
    use crate::engine::{HtlcSetId, Receipt, RequestStatus, payment_hash};

    fn request() -> RequestRecord {
        RequestRecord {
            invreq_id: Hash32::from_bytes([7; 32]),
            bolt12: "lnr1".into(),
            label: Some("l".into()),
            status: RequestStatus::SingleUseUsed,
            min_amount: Some(Msat::from_msat(5)),
            created_at: 1,
        }
    }

    fn invoice(state: InvoiceState) -> InvoiceRecord {
        let key = bitcoin::secp256k1::Keypair::from_seckey_slice(bitcoin::secp256k1::SECP256K1, &[1; 32]).unwrap();
        let node = key.public_key().into();
        let preimage = Secret::from_bytes([9; 32]);
        let request = RequestBuilder::stand_alone(&[1; 16], node, Chain::REGTEST, Msat::from_msat(1000))
            .offer_description("tea")
            .build()
            .unwrap()
            .sign(&key)
            .unwrap();
        let invoice = request.invoice(payment_hash(&preimage), Msat::from_msat(1000), 100, node);
        let path = crate::bolt12::BlindedPathBuf::default();
        let _ = path;
        let invoice = invoice.build().unwrap().sign(&key).unwrap();
        InvoiceRecord {
            label: "a".into(),
            invoice,
            preimage,
            attempts: 1,
            state,
            created_index: 3,
            updated_index: None,
        }
    }

    #[test]
    fn a_request_is_told_as_core_lightning_does() {
        let entry = json!({
            "invreq_id": "07".repeat(32), "active": false, "single_use": true, "bolt12": "lnr1", "used": true, "label": "l",
        });
        assert_eq!(request().entry(), entry);
        let listed: listinvoicerequests::InvoiceRequest = listing(&request()).unwrap();
        assert_eq!(serde_json::to_value(listed).unwrap(), entry);
        let bare = RequestRecord { label: None, status: RequestStatus::MultiUse, ..request() };
        assert_eq!(bare.entry().get("label"), None);
        let response: invoicerequest::Response = listing(&bare).unwrap();
        assert!(response.active && !response.single_use && !response.used);
    }

    #[test]
    fn an_invoice_tells_its_preimage_only_when_it_is_paid() {
        let receipt =
            Receipt { htlcs: HtlcSetId(1), pay_index: 4, amount_received: Msat::from_msat(1001), paid_at: 130 };
        for (state, status) in [
            (InvoiceState::Unpaid, "unpaid"),
            (InvoiceState::Accepted(HtlcSetId(1)), "unpaid"),
            (InvoiceState::Expired, "expired"),
            (InvoiceState::Paid(receipt), "paid"),
        ] {
            let record = invoice(state);
            let entry = record.entry();
            assert_eq!((&entry["status"], &entry["description"]), (&json!(status), &json!("tea")));
            assert_eq!(entry.get("payment_preimage").is_some(), status == "paid");
            let listed: listinvoices::Invoice = listing(&record).unwrap();
            assert_eq!(serde_json::to_value(&listed).unwrap().as_object(), sorted_as(&listed, &entry).as_object());
            if status != "unpaid" {
                let waited: waitinvoice::Response = listing(&record).unwrap();
                assert_eq!(waited.status.as_str(), status);
            }
        }
    }

    fn sorted_as(_: &listinvoices::Invoice, entry: &Value) -> Value {
        entry.clone()
    }
}
