//! Why a flow could not be carried through.

use cln_api::listinvoices;
use cln_api::primitives::{CommonError, RpcError};
use cln_primitives::{Hash32, Msat};

use crate::bolt12;
use crate::client::CallError;
use crate::engine::StoreError;

/// Why a flow ended without an outcome. Whatever it is, the same call may be made again: it looks before it acts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is no request that an invoice can be sent for. Nothing was sent.
    #[error("no invoice can be sent for this request: {0}")]
    BadRequest(#[from] bolt12::Error),
    /// The request does not pay what the caller expects. Nothing was sent.
    #[error("the request pays {requested}, expected {expected}: nothing was sent; ask its issuer for another")]
    Amount {
        /// What the caller expects.
        expected: Msat,
        /// What the request says.
        requested: Msat,
    },
    /// The label holds an invoice for something else. Nothing was sent.
    #[error("the label `{label}` holds another invoice (payment hash {}): use another label", invoice.payment_hash)]
    LabelTaken {
        /// The label.
        label: String,
        /// What it holds.
        invoice: Box<listinvoices::Invoice>,
    },
    /// Another label has an invoice for the request that can still be paid. Nothing was sent.
    #[error(
        "the label `{label}` has an unpaid invoice for the same request: collect under that label, delete that \
         invoice, or wait until it expires (UNIX time {expires_at})"
    )]
    OtherLabel {
        /// The other label.
        label: String,
        /// Until when its invoice can be paid, in seconds since 1970.
        expires_at: u64,
    },
    /// The label holds a request of another content. Nothing was made.
    #[error("the label `{label}` holds another request ({invreq_id}): use another label, or ask for the same again")]
    Clash {
        /// The label.
        label: String,
        /// The request that it holds.
        invreq_id: Hash32,
    },
    /// The node made a request that is not the one it was asked for.
    #[error(
        "the node made the request {invreq_id}, which is not what it was asked for: disable it, and see the node's log"
    )]
    Altered {
        /// The id of what it made.
        invreq_id: Hash32,
    },
    /// The node says that the invoice is paid, and what it gives as the proof is none.
    #[error("the invoice under the label `{label}` counts as paid, but {fault}: see `listinvoices` before delivering")]
    NoReceipt {
        /// The label.
        label: String,
        /// What is wrong with the proof.
        fault: ReceiptFault,
    },
    /// The invoice changed with every look: somebody else works on the label.
    #[error(
        "the invoice under the label `{label}` keeps changing: stop what else works on this label, then call again"
    )]
    Unsettled {
        /// The label.
        label: String,
    },
    /// The node cannot be made to send directly. Nothing was sent.
    #[error("the invoice cannot be sent directly: {0}; collect with `Sending::SendInvoice`")]
    NoDirectSending(String),
    /// A step of sending directly failed, or it is not known whether it did.
    #[error("{0}")]
    Direct(#[from] StoreError),
    /// A command failed, or its answer was lost.
    #[error("`{command}`: {source}")]
    Call {
        /// The command.
        command: &'static str,
        /// What happened, and what is known of its effect.
        source: Box<CallError<RpcError>>,
    },
}

/// What is wrong with a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptFault {
    /// The invoice is not for the request.
    #[error("it is not an invoice for this request")]
    OtherInvoice,
    /// The preimage is not that of the payment hash.
    #[error("the preimage does not hash to the payment hash")]
    Preimage,
    /// Less came in than the invoice asks for.
    #[error("{received} came in where it asks for {asked}")]
    Amount {
        /// What came in.
        received: Msat,
        /// What the invoice asks for.
        asked: Msat,
    },
}

impl Error {
    /// True when the same call may have another end because the node was not there, stopped, was silent or lost the
    /// connection, or because somebody else worked on the label.
    pub fn is_transient(&self) -> bool {
        match self {
            Error::Call { source, .. } => match &**source {
                CallError::Timeout { .. } | CallError::Connection { .. } => true,
                CallError::Rpc(error) => matches!(
                    CommonError::from_code(error.code),
                    Some(CommonError::ShuttingDown | CommonError::PluginTerminated)
                ),
                _ => false,
            },
            Error::Unsettled { .. } => true,
            _ => false,
        }
    }

    /// The failure of a command, whose own type of errors gives the node's words by `rpc`.
    pub(super) fn call<E>(command: &'static str, source: CallError<E>, rpc: fn(&E) -> &RpcError) -> Self {
        Error::Call { command, source: Box::new(source.map_rpc(|error| rpc(&error).clone())) }
    }
}
