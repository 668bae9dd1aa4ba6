//! Invoices for other nodes' requests: `sendinvoice`.

use cln_api::error_code::LIGHTNINGD_SHUTDOWN;
use cln_api::sendinvoice;
use tokio::sync::oneshot;

use super::{Answer, Command, checked_command, failure};
use crate::engine::answer::listing;
use crate::engine::{Order, send_invoice};
use crate::node::handle::Node;
use crate::node::params::{Kind, Param, optional, required};

/// As lightningd's own; its schema has a `quantity` too, which it does not take.
pub(crate) const SEND: &[Param] = &[
    required("invreq", Kind::Text),
    required("label", Kind::Label),
    optional("amount_msat", Kind::Msat),
    optional("timeout", Kind::U32),
];

pub(super) fn commands() -> Vec<Command> {
    vec![checked_command::<sendinvoice::Request, sendinvoice::Request, _, _>(SEND, check, send).that_only_waits()]
}

async fn check(node: Node, input: sendinvoice::Request) -> Answer<()> {
    Order::new(&input, node.chain())?;
    Ok(())
}

async fn send(node: Node, input: sendinvoice::Request) -> Answer<sendinvoice::Response> {
    let order = Order::new(&input, node.chain())?;
    let (end, ended) = oneshot::channel();
    let sender = node.clone();
    // It goes on when its client does not wait any longer; calling again with the same label finds it.
    node.spawn(async move {
        let _ = end.send(send_invoice(sender.ports(), &order).await);
    });
    match ended.await {
        Ok(sent) => listing(&sent?),
        Err(_) => {
            let message = "the node stopped before the invoice was paid: call again with the same label to go on";
            Err(failure(LIGHTNINGD_SHUTDOWN, message))
        }
    }
}
