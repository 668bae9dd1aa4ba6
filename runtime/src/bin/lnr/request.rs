//! `lnr request`: a request by a node that runs.

use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use cln_api::invoicerequest::Response;
use cln_primitives::Msat;
use cln_runtime::client::Client;
use serde::Serialize;

#[derive(Debug, Args)]
pub struct Options {
    /// The folder of the node that will pay
    #[arg(long, value_name = "FOLDER")]
    dir: PathBuf,
    #[command(flatten)]
    request: Request,
}

/// The parameters of the node's command `lnr-request`.
#[derive(Debug, Args, Serialize)]
struct Request {
    /// What will be paid, such as 10000sat
    amount: Msat,
    /// What for
    description: String,
    /// Who pays, in words
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    /// What you call it
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// The last second in which it will be paid, since 1970
    #[arg(long, value_name = "SECONDS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    absolute_expiry: Option<u64>,
    /// Pay every invoice that comes for it, not one only
    #[arg(long = "multi-use", action = clap::ArgAction::SetFalse)]
    single_use: bool,
    /// Pay an invoice over less too, from this amount on; payees are not told
    #[arg(long = "min-amount", value_name = "AMOUNT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    min_amount_msat: Option<Msat>,
}

pub async fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let node = Client::connect(options.dir.join("lightning-rpc")).await?;
    let made: Response = node.call_as("lnr-request", &options.request).await?;
    writeln!(std::io::stdout(), "invreq_id {}\n{}", made.invreq_id, made.bolt12)?;
    Ok(())
}
