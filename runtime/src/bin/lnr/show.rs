//! `lnr show`: one of the node's requests.

use clap::Args;
use cln_api::listinvoicerequests;
use cln_runtime::client::CallOptions;

use super::exit::Failure;
use super::find::NodeOptions;
use super::output::raw;
use super::request::until_paid;
use super::requests::{self, heading};
use super::time;

#[derive(Debug, Args)]
pub struct Options {
    /// Its id, the beginning of that, or its label
    id: String,
    /// Draw its QR code
    #[arg(long, conflicts_with = "json")]
    qr: bool,
    /// Wait until it is paid
    #[arg(long)]
    wait: bool,
    /// Print the node's answer, as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    node: NodeOptions,
}

pub async fn run(options: Options) -> Result<(), Failure> {
    let client = options.node.connect().await?;
    let request = requests::find(&client, &options.id).await?;
    if options.json {
        let command = listinvoicerequests::Request::new().invreq_id(request.invreq_id.to_string());
        raw(client.call_for_json(&command, CallOptions::new()).await?.as_bytes());
    } else {
        heading("A request of this node");
        requests::show(&request, time::now())?;
        requests::hand_out(&request.bolt12, options.qr)?;
    }
    if options.wait { until_paid(&client, &request, !options.json).await } else { Ok(()) }
}
