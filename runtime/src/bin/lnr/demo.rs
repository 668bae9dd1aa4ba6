//! `lnr demo`: two nodes and what they do with each other.

use std::error::Error;
use std::time::Duration;

use cln_api::{invoicerequest, listfunds, listinvoicerequests, sendinvoice};
use cln_primitives::Msat;
use cln_runtime::client::{CallError, Client};
use cln_runtime::node::EmbeddedNode;

use super::amount;
use super::exit::{Exit, Failure};
use super::output::{BAD, GOOD, coloured_field, field, title};

const BALANCE: Msat = Msat::from_msat(1_000_000_000);
const AMOUNT: Msat = Msat::from_msat(100_000_000);

pub async fn run() -> Result<(), Failure> {
    demonstrate().await.map_err(|error| {
        Failure::new(Exit::Failed, error.to_string(), "It needs a folder for temporary files, such as TMPDIR names.")
    })
}

async fn demonstrate() -> Result<(), Box<dyn Error>> {
    let network = tempfile::tempdir()?;
    let alice = EmbeddedNode::builder(network.path().join("alice")).balance(BALANCE).start().await?;
    let bob = EmbeddedNode::builder(network.path().join("bob")).balance(BALANCE).start().await?;
    let shown = show(&alice, &bob).await;
    tokio::join!(alice.stop(), bob.stop());
    shown
}

async fn show(alice: &EmbeddedNode, bob: &EmbeddedNode) -> Result<(), Box<dyn Error>> {
    let payer = Client::connect(alice.rpc_path()).await?;
    let payee = Client::connect(bob.rpc_path()).await?;
    title("Two nodes, connected by simulated channels");
    field("alice", alice.node().node_id());
    field("bob", bob.node().node_id());
    balances(&payer, &payee).await?;

    title("Alice publishes a request: she will pay for one invoice");
    let request = payer.call(&invoicerequest::Request::new(AMOUNT, "refund of order 17")).await?;
    field("amount", amount::shown(AMOUNT));
    field("invreq_id", request.invreq_id);
    field("bolt12", &request.bolt12);

    title("Bob sends an invoice for it, and alice pays");
    let receipt = payee.call(&sendinvoice::Request::new(&request.bolt12, "order-17")).await?;
    field("label", &receipt.label);
    field("bolt12", receipt.bolt12.as_deref().unwrap_or("none"));
    field("payment_hash", receipt.payment_hash);
    match &receipt.status {
        sendinvoice::Status::Paid(paid) => {
            coloured_field("received", GOOD, amount::shown(paid.amount_received_msat));
            field("preimage", paid.payment_preimage.reveal_hex());
        }
        status => return Err(format!("the invoice is {} instead of paid", status.as_str()).into()),
    }
    becomes_used(&payer).await?;
    balances(&payer, &payee).await?;

    title("Bob sends a second invoice for the same request");
    match payee.call(&sendinvoice::Request::new(&request.bolt12, "order-17-again")).await {
        Err(CallError::Rpc(sendinvoice::Error::OfferBadInvreqReply(refused))) => {
            field("code", refused.error.code);
            field("message", &refused.error.message);
            coloured_field("reason", BAD, refused.data.and_then(|data| data.error).unwrap_or_default());
        }
        Ok(_) => return Err("it was paid a second time".into()),
        Err(error) => return Err(error.into()),
    }
    balances(&payer, &payee).await
}

/// The payer hears of the payment a moment after the payee.
async fn becomes_used(payer: &Client) -> Result<(), Box<dyn Error>> {
    while !payer.call(&listinvoicerequests::Request::new()).await?.invoicerequests.iter().all(|request| request.used) {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(())
}

async fn balances(alice: &Client, bob: &Client) -> Result<(), Box<dyn Error>> {
    field("balances", format!("alice {}, bob {}", balance(alice).await?, balance(bob).await?));
    Ok(())
}

async fn balance(node: &Client) -> Result<String, Box<dyn Error>> {
    let channels = node.call(&listfunds::Request::new()).await?.channels;
    let sum = channels.iter().try_fold(Msat::ZERO, |sum, channel| sum.checked_add(channel.our_amount_msat));
    Ok(amount::shown(sum.ok_or("more than all bitcoin")?))
}
