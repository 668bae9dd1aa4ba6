//! Makes a request for each refund of a CSV file, and writes their texts as CSV: `label,amount_sat,description` in,
//! `label,state,bolt12` out.
//!
//! ```text
//! cargo run --example refunds -- ~/.lightning/bitcoin/lightning-rpc refunds.csv > requests.csv
//! ```
//!
//! It keeps nothing: started again, after whatever happened, it finds what it has made by the labels, and goes on.

use std::error::Error;
use std::path::Path;

use cln_primitives::Msat;
use cln_runtime::client::Client;
use cln_runtime::recover::{self, Recover, RequestSpec, Requested};
use futures_util::StreamExt as _;
use futures_util::stream;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// So many are asked for at a time.
const AT_A_TIME: usize = 16;

/// What somebody is to get back.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refund {
    /// The shop's own name for it, such as the order's number: no two refunds have the same.
    label: String,
    /// In satoshi. Whole ones, as the column's name says.
    #[serde(rename = "amount_sat", deserialize_with = "sat")]
    amount: Msat,
    description: String,
}

#[derive(Serialize)]
struct Line<'a> {
    label: &'a str,
    state: &'static str,
    bolt12: Option<String>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(socket), Some(file)) = (arguments.next(), arguments.next()) else {
        return Err("usage: refunds SOCKET FILE.csv".into());
    };
    let refunds = read(Path::new(&file))?;
    let shop = Recover::new(Client::connect(socket).await?);
    let mut asked = stream::iter(&refunds)
        .map(|refund| {
            let shop = &shop;
            async move { (refund, request(shop, refund).await) }
        })
        .buffered(AT_A_TIME);
    let mut output = csv::Writer::from_writer(std::io::stdout());
    let mut failed = 0_usize;
    let mut done = 0_usize;
    while let Some((refund, requested)) = asked.next().await {
        let (state, bolt12) = match requested {
            Ok(Requested::Open { request, others }) if others.is_empty() => ("open", Some(request.bolt12)),
            Ok(Requested::Open { .. }) => ("made twice: disable all but one", None),
            Ok(Requested::Used { .. }) => ("paid", None),
            Ok(_) => ("disabled", None),
            Err(error) => {
                eprintln!("\n{}: {error}", refund.label);
                failed += 1;
                ("failed", None)
            }
        };
        output.serialize(Line { label: &refund.label, state, bolt12 })?;
        done += 1;
        eprint!("\r{done} of {}", refunds.len());
    }
    output.flush()?;
    eprintln!();
    if failed > 0 {
        return Err(format!("{failed} refunds failed: start again, the others stay as they are").into());
    }
    Ok(())
}

async fn request(shop: &Recover, refund: &Refund) -> Result<Requested, recover::Error> {
    shop.request(&RequestSpec::new(refund.amount, &*refund.description), &refund.label).await
}

fn sat<'de, D: Deserializer<'de>>(number: D) -> Result<Msat, D::Error> {
    let sat = u64::deserialize(number)?;
    Msat::from_sat(sat).ok_or_else(|| D::Error::custom(format!("{sat} sat is more than there is")))
}

/// All of them, before any is asked for: a file with a fault in its last line makes no request.
fn read(file: &Path) -> Result<Vec<Refund>, Box<dyn Error>> {
    let mut refunds: Vec<Refund> = Vec::new();
    for refund in csv::Reader::from_path(file)?.deserialize() {
        let refund: Refund = refund?;
        if refunds.iter().any(|other| other.label == refund.label) {
            return Err(format!("the label `{}` stands twice in {}", refund.label, file.display()).into());
        }
        refunds.push(refund);
    }
    Ok(refunds)
}
