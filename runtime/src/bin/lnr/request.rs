//! `lnr request`: to promise a payment.

use clap::Args;
use cln_primitives::Msat;

use super::amount;
use super::exit::{Exit, Failure};
use super::find::NodeOptions;
use super::make::make;
use super::output::raw;
use super::requests::{self, State, expiry_of, heading};
use super::time::{self, Moment};
use super::watch::until_paid;

#[derive(Debug, Args)]
pub struct Options {
    /// What will be paid, with its unit, such as 10000sat
    #[arg(value_parser = amount::parse_above_zero)]
    pub amount: Msat,
    /// What for; whoever has the request can read it
    pub description: String,
    /// Until when it will be paid: a time from now, such as 24h or 7d, or a date (UTC), such as 2026-12-24T18:00. With a
    /// time from now, a label that exists keeps its first end
    #[arg(long, value_name = "TIME", value_parser = time::parse_moment)]
    pub expires: Option<Moment>,
    /// Pay everybody who sends an invoice, without limit, not one only
    #[arg(long)]
    pub multi_use: bool,
    /// Take an invoice over less too, from this amount on; payees are not told
    #[arg(long, value_name = "AMOUNT", value_parser = amount::parse)]
    pub min_amount: Option<Msat>,
    /// What you call it; the same command with the same label makes no second request
    #[arg(long)]
    pub label: Option<String>,
    /// Who pays, in words
    #[arg(long)]
    pub issuer: Option<String>,
    /// Draw its QR code
    #[arg(long, conflicts_with = "json")]
    qr: bool,
    /// Wait until it is paid
    #[arg(long)]
    wait: bool,
    /// Print the request, as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    node: NodeOptions,
}

pub async fn run(options: Options) -> Result<(), Failure> {
    let expiry = options.expires.map(|moment| moment.since_1970(time::now())).transpose();
    let expiry =
        expiry.map_err(|problem| Failure::new(Exit::BadInput, problem, "Correct --expires, then try again."))?;
    let client = options.node.connect().await?;
    let made = make(&client, &options, expiry).await?;
    let state = State::of(&made.kept.request, expiry_of(&made.kept.request), time::now());
    if options.json {
        raw(&made.json);
    } else {
        heading(if state.is_open() {
            "Whoever sends an invoice for this is paid"
        } else {
            "It takes no more invoices"
        });
        requests::show(&made.kept, time::now())?;
        requests::hand_out(&made.kept.request.bolt12, options.qr && state.is_open());
    }
    if options.wait {
        return until_paid(&client, &made.kept, !options.json).await;
    }
    if state.is_open() {
        return Ok(());
    }
    let problem = format!("the label has this request already, which is {}", state.name());
    Err(Failure::new(Exit::TooLate, problem, "For a new promise choose another label by --label NAME."))
}
