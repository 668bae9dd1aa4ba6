//! The commands of a lightningd.

use cln_api::error_code::{JSONRPC2_INVALID_PARAMS, JSONRPC2_METHOD_NOT_FOUND};
use cln_primitives::RpcError;
use serde_json::{Value, json};

use crate::simulate::turn::Turn;
use crate::simulate::world::{Process, Shared, World};

/// A lightningd at work.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) world: Shared,
    pub(super) node: usize,
}

/// What a command answers.
pub(super) type Answer = Result<Value, RpcError>;

impl Server {
    /// A moment in which others act, and the daemon may stop.
    pub(super) fn turn(&self) -> Turn<'_> {
        Turn::new(&self.world, Process::Daemon(self.node))
    }

    /// What is done at one moment.
    async fn atomic(&self, effect: impl FnOnce(&mut World) -> Answer) -> Answer {
        self.turn().await;
        let done = effect(&mut self.world.lock());
        self.turn().await;
        done
    }

    pub(super) async fn answer(&self, method: &str, params: Value) -> Answer {
        let node = self.node;
        match method {
            "createinvoice" => self.atomic(|world| world.create_invoice(node, &params)).await,
            "listinvoices" => self.atomic(|world| world.list_invoices(node, &params)).await,
            "delinvoice" => self.atomic(|world| world.delete_invoice(node, &params)).await,
            "waitinvoice" => self.wait_invoice(&params).await,
            "xpay" => self.xpay(&params).await,
            "listsendpays" => self.atomic(|world| world.list_sendpays(node, &params)).await,
            "createinvoicerequest" => self.atomic(|world| world.create_invoice_request(node, &params)).await,
            "getinfo" => self.atomic(|world| world.get_info(node)).await,
            "listnodes" => self.atomic(|world| world.list_nodes(&params)).await,
            "listpeers" => self.atomic(|world| world.list_peers(node, &params)).await,
            "listchannels" => self.atomic(|_| Ok(json!({ "channels": [] }))).await,
            "listconfigs" => self.atomic(|_| Ok(json!({ "configs": {} }))).await,
            "connect" => self.atomic(|world| world.connect(node, &params)).await,
            "injectonionmessage" => self.atomic(|world| world.inject_onion_message(node, &params)).await,
            _ => Err(refused(JSONRPC2_METHOD_NOT_FOUND, format!("Unknown command '{method}'"))),
        }
    }
}

/// An error without details.
pub(super) fn refused(code: i32, message: impl Into<String>) -> RpcError {
    RpcError { code, message: message.into(), data: None }
}

/// A parameter that is text.
pub(super) fn text<'a>(params: &'a Value, name: &str) -> Result<&'a str, RpcError> {
    let missing = || refused(JSONRPC2_INVALID_PARAMS, format!("missing required parameter: {name}"));
    params.get(name).and_then(Value::as_str).ok_or_else(missing)
}
