//! `lnr show`: one of the node's requests.

use clap::Args;
use cln_api::{listinvoicerequests, lnr_show};
use cln_runtime::client::CallOptions;

use super::amount;
use super::exit::Failure;
use super::find::NodeOptions;
use super::output::{field, raw};
use super::requests::{self, Keeper, heading};
use super::time;
use super::watch::until_paid;

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
    let kept = requests::find(&client, &options.id).await?;
    let id = kept.request.invreq_id;
    let answer = match kept.keeper {
        Keeper::Lightningd => {
            let command = listinvoicerequests::Request::new().invreq_id(id.to_string());
            client.call_for_json(&command, CallOptions::new()).await?
        }
        Keeper::Plugin => client.call_for_json(&lnr_show::Request::new(id), CallOptions::new()).await?,
    };
    if options.json {
        raw(answer.as_bytes());
    } else {
        heading("A request of this node");
        requests::show(&kept, time::now())?;
        if kept.keeper == Keeper::Plugin {
            requests::decoded::<lnr_show::Request>(answer.as_bytes())?.claims.iter().for_each(show_claim);
        }
        requests::hand_out(&kept.request.bolt12, options.qr)?;
    }
    if options.wait { until_paid(&client, &kept, !options.json).await } else { Ok(()) }
}

/// An invoice that the plugin has taken.
fn show_claim(claim: &lnr_show::Claim) {
    let amount = amount::shown(claim.amount_msat);
    let date = time::date(claim.created_at);
    match &claim.status {
        lnr_show::Status::Complete(_) => field("paid", format!("{amount} on {date}")),
        lnr_show::Status::Pending => field("under way", format!("{amount} since {date}")),
        lnr_show::Status::Failed(failed) => field("failed", format!("{amount} on {date}: {}", failed.reason)),
        other => field(other.as_str(), format!("{amount} on {date}")),
    }
    field("", claim.payment_hash);
}
