//! `lnr list`: the node's requests.

use clap::Args;
use cln_runtime::recover::Request;

use super::amount;
use super::exit::Failure;
use super::find::NodeOptions;
use super::output::{BOLD, WIDTH, line, printable, raw, shortened, styled};
use super::requests::{SHORT_ID, State, Terms, list, short_id};
use super::time;

/// The columns of a state, an amount and a relative time.
const STATE: usize = 10;
const AMOUNT: usize = 16;
const EXPIRES: usize = 15;

#[derive(Debug, Args)]
pub struct Options {
    /// Only those that are neither used up nor disabled; expired ones are among them
    #[arg(long)]
    active: bool,
    /// Print the node's answer, as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    node: NodeOptions,
}

pub async fn run(options: Options) -> Result<(), Failure> {
    let client = options.node.connect().await?;
    let listed = list(&client, options.active).await?;
    if options.json {
        raw(listed.answer.as_bytes());
        return Ok(());
    }
    if listed.requests.is_empty() {
        let which = if options.active { "open requests" } else { "requests" };
        line(format_args!("The node has no {which}. `lnr request AMOUNT DESCRIPTION` makes one."));
        return Ok(());
    }
    line(styled(BOLD, row(["id", "state", "amount", "expires", "label: description"])));
    let now = time::now();
    for kept in &listed.requests {
        line(described(&kept.request, now));
    }
    Ok(())
}

fn described(request: &Request, now: u64) -> String {
    let id = short_id(request);
    let Ok(terms) = Terms::read(&request.bolt12) else {
        return row([&id, "unreadable", "", "", request.label.as_deref().unwrap_or_default()]);
    };
    let amount = terms.amount.map(amount::shown).unwrap_or_default();
    let expires = terms.expiry.map_or_else(|| "never".to_owned(), |expiry| time::relative(expiry, now));
    let what = [request.label.clone(), terms.description].into_iter().flatten().collect::<Vec<_>>().join(": ");
    let state = State::of(request, terms.expiry, now);
    let row = row([&id, state.name(), &amount, &expires, &what]);
    // Only the state has a colour, so that the columns are those of the text.
    row.replacen(state.name(), &styled(state.style(), state.name()), 1)
}

fn row([id, state, amount, expires, what]: [&str; 5]) -> String {
    let amount = shortened(amount, AMOUNT);
    let row = format!("{id:SHORT_ID$} {state:STATE$} {amount:>AMOUNT$}  {expires:EXPIRES$} ");
    let room = WIDTH - row.chars().count().min(WIDTH - 1);
    format!("{row}{}", shortened(&printable(what), room)).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(columns: [&str; 5], expected: &str) {
        let row = row(columns);
        assert_eq!(row, expected);
        assert!(row.chars().count() <= WIDTH, "{row}");
    }

    #[test]
    fn a_row_fits_a_terminal() {
        check(
            ["0123456789ab", "open", "10,000 sat", "in 23 h 59 min", "refund"],
            "0123456789ab open             10,000 sat  in 23 h 59 min  refund",
        );
        check(
            ["0123456789ab", "open, paid", "18,446,744,073,709,551,615 msat", "in 23 h 59 min", "a long description"],
            "0123456789ab open, paid 18,446,744,073,…  in 23 h 59 min  a long description",
        );
        check(
            ["0123456789ab", "open", "1 sat", "never", "a description that goes on and on\u{1b}[2J"],
            "0123456789ab open                  1 sat  never           a description that go…",
        );
    }
}
