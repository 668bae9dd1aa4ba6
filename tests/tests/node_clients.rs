//! Clients at work with embedded nodes: ours, the crate `cln-rpc`, and the Python package `pyln-client`.

#[path = "support/network.rs"]
mod network;

use std::path::{Path, PathBuf};
use std::process::Command;

use cln_api::{disableinvoicerequest, invoicerequest, listinvoicerequests, listinvoices, sendinvoice, waitanyinvoice};
use cln_primitives::Msat;
use cln_rpc::ClnRpc;
use cln_rpc::model::requests;
use cln_rpc::primitives::Amount;
use cln_runtime::client::CallError;
use futures_util::{StreamExt as _, TryStreamExt as _};
use network::Network;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_client_is_paid() {
    let net = Network::start().await;
    let (payer, payee) = (&net.payer.client, &net.payee.client);
    let asked = invoicerequest::Request::new(Msat::from_msat(5000), "tea").label("l");
    let request = payer.call(&asked).await.unwrap();

    let waiting = waitanyinvoice::Request::new();
    let order = sendinvoice::Request::new(&request.bolt12, "a");
    let (next, paid) = tokio::join!(payee.call(&waiting), payee.call(&order));
    let sendinvoice::Status::Paid(receipt) = paid.unwrap().status else { panic!("not paid") };
    let waitanyinvoice::Status::Paid(next) = next.unwrap().status else { panic!("not paid") };
    assert_eq!((receipt.payment_preimage, receipt.pay_index), (next.payment_preimage, next.pay_index));

    let again = sendinvoice::Request::new(&request.bolt12, "b");
    match payee.call(&again).await {
        Err(CallError::Rpc(sendinvoice::Error::OfferBadInvreqReply(refusal))) => {
            assert!(refusal.data.unwrap().error.unwrap().contains("no longer available"));
        }
        other => panic!("{other:?}"),
    }
    let id = request.invreq_id;
    match payer.call(&disableinvoicerequest::Request::new(id.to_string())).await {
        Err(CallError::Rpc(disableinvoicerequest::Error::OfferAlreadyDisabled(_))) => {}
        other => panic!("{other:?}"),
    }
    let listed = payer.call(&listinvoicerequests::Request::new()).await.unwrap();
    assert!(listed.invoicerequests.iter().all(|it| it.invreq_id == id && it.used && !it.active));

    let orders = (0..20).map(|number| async move {
        let asked = invoicerequest::Request::new(Msat::from_msat(1), "many");
        let request = payer.call(&asked).await.unwrap();
        payee.call(&sendinvoice::Request::new(&request.bolt12, format!("many-{number}"))).await.unwrap()
    });
    futures_util::future::join_all(orders).await;
    let streamed: Vec<_> = payee.stream(&listinvoices::Request::new()).try_collect().await.unwrap();
    let paged: Vec<_> = payee.pages(&listinvoices::Request::new(), 7).try_collect().await.unwrap();
    assert_eq!((streamed.len(), &streamed), (21, &paged));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cln_rpc_is_paid() {
    let net = Network::start().await;
    let mut payer = ClnRpc::new(net.payer.node.rpc_path()).await.unwrap();
    let mut payee = ClnRpc::new(net.payee.node.rpc_path()).await.unwrap();
    let asked = requests::InvoicerequestRequest {
        amount: Amount::from_msat(5000),
        description: "tea ☃".into(),
        absolute_expiry: None,
        issuer: None,
        label: None,
        single_use: Some(true),
    };
    let request = payer.call_typed(&asked).await.unwrap();
    let order = |label: &str| requests::SendinvoiceRequest {
        invreq: request.bolt12.clone(),
        label: label.into(),
        amount_msat: None,
        quantity: None,
        timeout: None,
    };
    let paid = payee.call_typed(&order("a")).await.unwrap();
    assert_eq!((paid.description.as_str(), paid.amount_received_msat), ("tea ☃", Some(Amount::from_msat(5000))));
    let refusal = payee.call_typed(&order("b")).await.unwrap_err();
    assert_eq!(refusal.code, Some(1004));
    // The same client with our types.
    let listed = payee.call_typed(&listinvoices::Request::new()).await.unwrap();
    assert_eq!(listed.invoices.len(), 1);
    let info = payee.call_typed(&requests::GetinfoRequest {}).await.unwrap();
    assert_eq!(info.id.to_string(), net.payee.node.node().node_id().to_string());
}

/// pyln-client's release that is tested.
const PYLN: &str = "pyln-client==26.6.9";

/// A Python with pyln-client; `None` when there is none to be had, which continuous integration does not accept.
fn python() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pyln");
    let python = folder.join("bin/python");
    let run = |program: &Path, arguments: &[&str]| Command::new(program).args(arguments).output();
    let works = |arguments: &[&str]| run(&python, arguments).is_ok_and(|output| output.status.success());
    if works(&["-m", "pip", "show", "--quiet", "pyln-client"]) {
        return Some(python);
    }
    let made = run(Path::new("python3"), &["-m", "venv", &folder.to_string_lossy()]);
    let why = match made {
        Ok(output) if output.status.success() => {
            if works(&["-m", "pip", "install", "--quiet", PYLN]) {
                return Some(python);
            }
            format!("{PYLN} cannot be installed")
        }
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => format!("python3: {error}"),
    };
    assert!(std::env::var_os("CI").is_none(), "{why}, and CI has to have it");
    eprintln!("skipped: {why}");
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pyln_client_is_paid() {
    let Some(python) = tokio::task::spawn_blocking(python).await.unwrap() else { return };
    let net = Network::start().await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/pyln_client.py");
    let mut command = Command::new(python);
    command.arg(script).arg(net.payer.node.rpc_path()).arg(net.payee.node.rpc_path());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
