//! A payee that does each step itself: its messages say what no rule of ours would let it say.

use std::path::Path;

use cln_primitives::{Msat, Secret};
use cln_runtime::bolt12::{Chain, Invoice, InvoiceError, InvoiceRequest, Verified};
use cln_runtime::client::Client;
use cln_runtime::engine::{Clock as _, Random as _, payment_hash};
use cln_runtime::node::{EmbeddedNode, HookAnswer};
use cln_runtime::onion::{self, Contents};
use cln_tests::lightningd::within;
use serde_json::{Value, json};
use tokio::sync::watch;

/// A node whose messages come here.
pub struct Payee {
    node: EmbeddedNode,
    client: Client,
    messages: watch::Receiver<Vec<Value>>,
}

/// What became of an invoice.
#[derive(Debug)]
pub enum End {
    Paid,
    /// In the payer's words.
    Refused(InvoiceError),
}

impl Payee {
    /// A node of the network of the daemons in this folder.
    pub async fn start(root: &Path) -> Self {
        let (sender, messages) = watch::channel(Vec::new());
        let builder = EmbeddedNode::builder(root.join("net").join("by-hand")).on_onion_message(move |call| {
            sender.send_modify(|seen: &mut Vec<Value>| seen.push(call.payload));
            async { HookAnswer::Resolve }
        });
        let node = builder.start().await.unwrap();
        let client = Client::connect(node.rpc_path()).await.unwrap();
        Payee { node, client, messages }
    }

    /// A signed invoice for a request, whatever the request says.
    pub async fn invoice(&self, request: &Value, amount: u64) -> Invoice<Verified> {
        let request = parse(request);
        let preimage = Secret::from_bytes(self.node.node().ports().bytes32());
        let (hash, now) = (payment_hash(&preimage), self.node.node().ports().now());
        let invoice = request.invoice(hash, Msat::from_msat(amount), now, self.node.node().node_id());
        let invoice = invoice.build().unwrap().unsigned_text();
        let order = json!({"invstring": invoice, "label": hash, "preimage": preimage.reveal_hex()});
        let made = self.client.call_raw("createinvoice", order).await.unwrap();
        Invoice::parse(made["bolt12"].as_str().unwrap(), Chain::REGTEST).unwrap().verify().unwrap()
    }

    /// Sends an invoice to its request's payer, and waits for what becomes of it.
    pub async fn send(&self, invoice: &Invoice<Verified>) -> End {
        let bytes32 = || self.node.node().ports().bytes32();
        let (own, payer) = (self.node.node().node_id(), invoice.invreq_payer_id().unwrap());
        let path_id = Secret::from_bytes(bytes32());
        let reply_path = onion::blinded_path(&[own], &path_id, &bytes32()).unwrap();
        let contents = Contents::Invoice(invoice.as_bytes().to_vec());
        let packet = onion::create(&[own, payer], None, &contents, Some(&reply_path), &bytes32()).unwrap();
        let message = json!({"path_key": packet.path_key, "message": hex(&packet.message)});
        self.client.call_raw("injectonionmessage", message).await.unwrap();
        let label = json!({"label": invoice.payment().payment_hash});
        let paid_or_refused = async {
            tokio::select! {
                paid = self.client.call_raw("waitinvoice", label) => {
                    assert_eq!(paid.unwrap()["status"], "paid");
                    End::Paid
                }
                refusal = self.refusal(&path_id) => End::Refused(refusal),
            }
        };
        within("the payer pays or refuses", paid_or_refused).await
    }

    async fn refusal(&self, path_id: &Secret) -> InvoiceError {
        let mut messages = self.messages.clone();
        let ours = |message: &&Value| message["onion_message"]["pathsecret"] == path_id.reveal_hex();
        let seen = messages.wait_for(|seen| seen.iter().any(|message| ours(&message))).await.unwrap();
        let message = seen.iter().find(ours).unwrap();
        let error = message["onion_message"]["invoice_error"].clone();
        let bytes: cln_primitives::HexBytes = serde_json::from_value(error).unwrap();
        InvoiceError::from_bytes(bytes.into_vec()).unwrap()
    }
}

fn hex(bytes: &[u8]) -> String {
    cln_primitives::HexBytes::from(bytes.to_vec()).to_string()
}

pub fn parse(request: &Value) -> InvoiceRequest<Verified> {
    InvoiceRequest::parse(request["bolt12"].as_str().unwrap(), Chain::REGTEST).unwrap().verify().unwrap()
}
