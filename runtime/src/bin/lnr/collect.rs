//! `lnr collect`: to be paid by a request of somebody else.

use std::time::Duration;

use clap::Args;
use cln_api::listinvoices::{self, Status};
use cln_api::waitinvoice;
use cln_primitives::Msat;
use cln_runtime::bolt12::{self, Accept, InvoiceRequest};
use cln_runtime::client::{CallOptions, Client};
use cln_runtime::recover::{CollectSpec, Collected, Receipt, Recover, Sending};
use serde_json::json;

use super::amount;
use super::exit::{Exit, Failure, unforeseen};
use super::find::NodeOptions;
use super::input;
use super::output::{GOOD, field, line, raw, styled};
use super::requests::{Terms, heading, show_terms};
use super::time;
use super::wait::{Interrupted, wait};

/// How long Ctrl-C waits for what the node says of the money.
const LAST_LOOK: Duration = Duration::from_secs(2);

#[derive(Debug, Args)]
pub struct Options {
    /// The request: lnr1…, a lightning: link, a picture (PNG, JPEG) of its QR code, or - for stdin
    #[arg(value_name = "LNR")]
    text: String,
    /// The invoice's name at your node; the same command with the same label is paid once [default: by the request's id]
    #[arg(long)]
    label: Option<String>,
    /// How long the invoice is valid and waited for
    #[arg(long, default_value = "90s", value_parser = time::parse_seconds)]
    timeout: u32,
    /// Go on only if the request pays just this, such as 10000sat
    #[arg(long, value_parser = amount::parse)]
    amount: Option<Msat>,
    /// Send it by lnr's own rules, without the node's `sendinvoice`; lightningd then does not tell a refusal
    #[arg(long)]
    direct: bool,
    /// Show the payment's preimage, which proves it
    #[arg(long, conflicts_with = "json")]
    show_preimage: bool,
    /// Print the node's answer, as JSON; the preimage is in it
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    node: NodeOptions,
}

pub async fn run(options: Options) -> Result<(), Failure> {
    let text = input::text(&options.text)?;
    let (terms, id) = read(&text)?;
    let label = options.label.clone().unwrap_or_else(|| format!("lnr-{}", &id[..16]));
    let client = options.node.connect().await?;
    if !options.json {
        heading("To be paid");
        show_terms(&terms, time::now());
        field("label", &label);
    }
    let sending = if options.direct { Sending::Direct } else { Sending::SendInvoice };
    let mut spec = CollectSpec::new(text).timeout(options.timeout).sending(sending);
    if let Some(amount) = options.amount {
        spec = spec.amount(amount);
    }
    let what =
        terms.amount.map_or_else(|| "waiting".to_owned(), |amount| format!("waiting for {}", amount::shown(amount)));
    let within = Duration::from_secs(options.timeout.into());
    let recover = Recover::new(client.clone());
    match wait(&what, Some(within), recover.collect(spec, &label)).await {
        Ok(collected) => match outcome(collected?, &label)? {
            receipt if options.json => print_row(&client, &receipt).await,
            receipt => {
                show(&receipt, options.show_preimage);
                Ok(())
            }
        },
        Err(Interrupted) => Err(interrupted(&client, &label).await),
    }
}

/// What the request says, and its id. A request that no invoice can be sent for fails before the node is asked.
fn read(text: &str) -> Result<(Terms, String), Failure> {
    let request = InvoiceRequest::parse(text, Accept::Any).and_then(InvoiceRequest::verify);
    let request = request.and_then(|request| request.stand_alone_amount().map(|_| request));
    let read = request.and_then(|request| Ok((Terms::read(text)?, request.invreq_id().to_string())));
    read.map_err(|error| {
        let is_offer = matches!(&error, bolt12::Error::TextPrefix { found, .. } if found.eq_ignore_ascii_case("lno"));
        let failure = Failure::from(cln_runtime::recover::Error::BadRequest(error));
        if is_offer {
            let advice = "Nothing was sent: this is an offer, which asks for money. \
                          A request, which pays, begins with lnr1.";
            return failure.advise(advice);
        }
        failure
    })
}

fn outcome(collected: Collected, label: &str) -> Result<Receipt, Failure> {
    let now = time::now();
    match collected {
        Collected::Paid(receipt) => Ok(receipt),
        Collected::Refused { reason, erroneous_field, suggested_value } => {
            let field = erroneous_field.map(|field| format!("; it objects to {field}")).unwrap_or_default();
            let value = suggested_value.as_ref().map(|value| format!(" and would take {value}")).unwrap_or_default();
            let problem = format!("the payer refused: {reason}{field}{value}");
            let mut data = json!({ "error": reason });
            if let Some(field) = erroneous_field {
                data["erroneous_field"] = field.0.into();
            }
            if let Some(value) = suggested_value {
                data["suggested_value"] = value.to_string().into();
            }
            let advice = "No money has moved, and the invoice was withdrawn. \
                          Run the same command again when the reason is gone, or ask for another request.";
            Err(Failure::new(Exit::Refused, problem, advice).with_error(1004, Some(data)))
        }
        Collected::Unreachable { reason } => {
            let problem = format!("unreachable: {reason}");
            let advice = "No money has moved, and the invoice was withdrawn. \
                          Run the same command again when the payer is online.";
            Err(Failure::new(Exit::Unreachable, problem, advice).with_error(1003, None))
        }
        Collected::TimedOut { may_still_be_paid_until: Some(until) } => {
            let problem = format!(
                "not paid yet: the invoice `{label}` may still be paid until {}, and the money then comes by itself",
                time::date(until)
            );
            let advice = "Run the same command again to go on waiting: it sends no second invoice.";
            Err(Failure::new(Exit::TimedOut, problem, advice).with_error(1005, None))
        }
        Collected::TimedOut { may_still_be_paid_until: None } => {
            let problem = "the payer has not answered in time, and the invoice can no longer be paid";
            let advice = "No money has moved. Run the same command again to send another invoice.";
            Err(Failure::new(Exit::TimedOut, problem, advice).with_error(1005, None))
        }
        Collected::Expired { at } => {
            let problem = format!("the request expired {}", time::shown(at, now));
            let advice = "Nothing was sent: ask the payer for a new request.";
            Err(Failure::new(Exit::TooLate, problem, advice).with_error(1002, None))
        }
        other => Err(unforeseen(&other)),
    }
}

fn show(receipt: &Receipt, with_preimage: bool) {
    let received = format!("Paid: {} received", amount::shown(receipt.amount_msat));
    line("");
    line(styled(GOOD, received));
    field("at", time::date(receipt.paid_at));
    field("label", &receipt.label);
    field("payment hash", receipt.payment_hash);
    if with_preimage {
        field("preimage", receipt.preimage.reveal_hex());
    }
}

/// What `sendinvoice` answers when it is paid: the invoice, as `waitinvoice` tells of it at any time.
async fn print_row(client: &Client, receipt: &Receipt) -> Result<(), Failure> {
    let row = client
        .call_for_json(&waitinvoice::Request::new(receipt.label.as_str()), CallOptions::new().timeout(LAST_LOOK))
        .await;
    let row = row.map_err(|error| {
        let problem = format!("it is paid, but the node does not show the invoice: {error}");
        Failure::new(Exit::Failed, problem, format!("Look at `lnr call listinvoices label={}`.", receipt.label))
    })?;
    raw(row.as_bytes());
    Ok(())
}

/// Where the money is when somebody stops waiting.
async fn interrupted(client: &Client, label: &str) -> Failure {
    let look = listinvoices::Request::new().label(label);
    let row = tokio::time::timeout(LAST_LOOK, client.call(&look)).await;
    let row = row.ok().and_then(Result::ok).map(|listed| listed.invoices.into_iter().next());
    let (problem, advice) = match row {
        None => (
            format!("no longer waiting; the node does not say what became of the invoice `{label}`"),
            "It may be paid still, and the money then comes by itself. Run the same command again to see.",
        ),
        Some(None) => (
            format!("no longer waiting; there is no invoice `{label}` that could be paid"),
            "No money has moved. Run the same command again to send an invoice.",
        ),
        Some(Some(invoice)) => {
            let until = time::date(invoice.expires_at);
            match &invoice.status {
                Status::Paid(_) => (
                    format!("no longer waiting; the invoice `{label}` is paid"),
                    "Run the same command again to see the receipt.",
                ),
                Status::Expired => (
                    format!("no longer waiting; the invoice `{label}` has expired unpaid"),
                    "No money has moved. Run the same command again to send another invoice.",
                ),
                _ => (
                    format!("no longer waiting; the invoice `{label}` may still be paid until {until}"),
                    "The money then comes by itself. Run the same command again to go on waiting: it sends no second invoice.",
                ),
            }
        }
    };
    Failure::new(Exit::Interrupted, problem, advice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cln_runtime::bolt12::FieldType;

    fn check(collected: Collected, exit: Exit, code: i32, words: &str) {
        let failure = outcome(collected, "order-17").unwrap_err();
        let said = failure.words().replace("\n  ", " ");
        assert!(said.contains(words), "{said}");
        assert_eq!((failure.exit, failure.error.unwrap().code), (exit, code), "{said}");
    }

    #[test]
    fn every_end_says_where_the_money_is() {
        let refused = |erroneous_field| Collected::Refused {
            reason: "too late".to_owned(),
            erroneous_field,
            suggested_value: erroneous_field.map(|_| vec![1, 2].into()),
        };
        check(refused(None), Exit::Refused, 1004, "refused: too late No money has moved");
        let objection = "it objects to `invoice_amount` (type 170) and would take 0102";
        check(refused(Some(FieldType(170))), Exit::Refused, 1004, objection);
        let unreachable = Collected::Unreachable { reason: "no way".to_owned() };
        check(unreachable, Exit::Unreachable, 1003, "unreachable: no way No money has moved");
        let open = Collected::TimedOut { may_still_be_paid_until: Some(1_795_292_103) };
        check(open, Exit::TimedOut, 1005, "`order-17` may still be paid until 2026-11-21 20:15:03 UTC");
        let closed = Collected::TimedOut { may_still_be_paid_until: None };
        check(closed, Exit::TimedOut, 1005, "can no longer be paid No money has moved");
        check(Collected::Expired { at: 0 }, Exit::TooLate, 1002, "(1970-01-01 00:00:00 UTC) Nothing was sent");
    }
}
