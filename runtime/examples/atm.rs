//! An ATM: it promises to pay for the coins that somebody has put in, shows the promise as a QR code, waits until it is
//! collected, and prints a receipt.
//!
//! ```text
//! cargo run --example atm -- ~/.lightning/bitcoin/lightning-rpc 10000sat withdrawal-1
//! ```
//!
//! The label is the ATM's own name for the withdrawal. Started again with it, after whatever happened, the ATM goes on
//! where it was, and pays once.

use std::error::Error;
use std::time::{Duration, SystemTime};

use cln_primitives::Msat;
use cln_runtime::bolt12::{Accept, InvoiceRequest};
use cln_runtime::client::Client;
use cln_runtime::recover::{Disabled, Recover, Request, RequestSpec, Requested, Watched};
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

/// How long a promise holds.
const VALID: Duration = Duration::from_secs(600);
/// How long after its end a payment that was begun in time may still come.
const GRACE: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(socket), Some(amount), Some(label)) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: atm SOCKET AMOUNT LABEL".into());
    };
    let node = Client::connect(socket).await?;
    let atm = Recover::new(node.clone());
    let request = match promise(&node, &atm, amount.parse()?, &label).await? {
        Requested::Open { request, others } if others.is_empty() => request,
        Requested::Open { .. } => return Err(format!("two requests are labelled {label}: disable one of them").into()),
        Requested::Used { request, .. } => return receipt(&request, &label),
        _ => return Err(format!("{label} was taken back: choose another label").into()),
    };
    println!("{}", code(&request.bolt12)?);
    println!("{}", request.bolt12);
    let left = expiry(&request.bolt12)?.saturating_sub(now()?);
    match atm.watch(&request.invreq_id, Duration::from_secs(left) + GRACE).await? {
        Watched::Used(request) => receipt(&request, &label),
        // A node that knows no expiry would still pay: before the coins are given back, the promise has to be.
        Watched::StillOpen(_) => match atm.disable(&request.invreq_id, GRACE).await? {
            Disabled::Disabled { request, .. } | Disabled::AlreadyClosed { request, .. } if request.used => {
                receipt(&request, &label)
            }
            Disabled::Disabled { pending: None, .. } => Err("nobody came: the coins are given back".into()),
            other => Err(format!("somebody came late, start again: {other:?}").into()),
        },
        other => Err(format!("the promise was taken back: {other:?}").into()),
    }
}

/// The same promise each time it is asked for under its label, with the end that it had at first.
async fn promise(node: &Client, atm: &Recover, amount: Msat, label: &str) -> Result<Requested, Box<dyn Error>> {
    let made = node.call(&cln_api::listinvoicerequests::Request::new()).await?.invoicerequests;
    let made = made.iter().find(|request| request.label.as_deref() == Some(label));
    let expires = match made {
        Some(request) => expiry(&request.bolt12)?,
        None => now()? + VALID.as_secs(),
    };
    let spec = RequestSpec::new(amount, "cash for coins").issuer("ATM").absolute_expiry(expires);
    Ok(atm.request(&spec, label).await?)
}

/// In seconds since 1970.
fn expiry(lnr: &str) -> Result<u64, Box<dyn Error>> {
    let request = InvoiceRequest::parse(lnr, Accept::Any)?;
    request.offer_absolute_expiry().ok_or_else(|| "the label is that of a promise without an end".into())
}

fn now() -> Result<u64, Box<dyn Error>> {
    Ok(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs())
}

/// In capitals, which a QR code holds in fewer modules.
fn code(lnr: &str) -> Result<String, Box<dyn Error>> {
    let code = QrCode::with_error_correction_level(lnr.to_uppercase(), EcLevel::L)?;
    Ok(code.render::<Dense1x2>().build())
}

fn receipt(request: &Request, label: &str) -> Result<(), Box<dyn Error>> {
    println!("{label} is paid ({})", request.invreq_id);
    Ok(())
}
