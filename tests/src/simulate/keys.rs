//! The nodes' keys: the same in all runs.

use std::sync::LazyLock;

use bitcoin::secp256k1::{Keypair, Secp256k1};
use cln_primitives::{Hash32, NodeId, Secret};
use cln_runtime::bolt12::secrets::{self, PathUse};
use cln_runtime::bolt12::{
    BlindedPathBuf, BlindedPay, Error, FirstNode, Invoice, InvoiceRequest, Unsigned, Verified, blinding,
};

/// How many nodes there can be.
const NODES: u8 = 5;

/// A node's key and what follows from it.
pub(super) struct Keys {
    key: Keypair,
    pub(super) id: NodeId,
    /// The same in all invoices: what a payment's way hides is not simulated.
    path: BlindedPathBuf,
    requests: Secret,
    invoices: Secret,
}

static ALL: LazyLock<Vec<Keys>> = LazyLock::new(|| (1..=NODES).filter_map(Keys::new).collect());

/// The keys of a node.
pub(super) fn of(node: usize) -> &'static Keys {
    &ALL[node]
}

/// The node with this id.
pub(super) fn node(id: NodeId) -> Option<usize> {
    ALL.iter().position(|keys| keys.id == id)
}

impl Keys {
    fn new(number: u8) -> Option<Self> {
        let key = Keypair::from_seckey_slice(&Secp256k1::new(), &[number; 32]).ok()?;
        let id = NodeId::from(key.public_key());
        let path = BlindedPathBuf { first_node: FirstNode::Node(id), path_key: id, hops: vec![(id, Vec::new())] };
        let base = |purpose| secrets::path_base(&[number; 32], purpose);
        Some(Keys { key, id, path, requests: base(PathUse::OfferOrRequest), invoices: base(PathUse::Invoice) })
    }

    pub(super) fn key(&self) -> &Keypair {
        &self.key
    }

    pub(super) fn sign_request(&self, request: InvoiceRequest<Unsigned>) -> Result<InvoiceRequest<Verified>, Error> {
        request.sign(&self.key)
    }

    /// Adds the node's path, and signs.
    pub(super) fn sign_invoice(&self, invoice: Invoice<Unsigned>) -> Result<Invoice<Verified>, Error> {
        let pay: BlindedPay<'_> = blinding::own_path_pay(10);
        let path = std::slice::from_ref(&self.path);
        invoice.into_builder().invoice_paths(path).invoice_blindedpay(&[pay]).build()?.sign(&self.key)
    }

    pub(super) fn path_secret(&self, purpose: PathUse, id: &Hash32) -> Secret {
        let base = match purpose {
            PathUse::OfferOrRequest => &self.requests,
            PathUse::Invoice => &self.invoices,
        };
        secrets::path_secret(base, id)
    }
}
