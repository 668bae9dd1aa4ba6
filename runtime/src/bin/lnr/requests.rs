//! The node's own requests: its rows, what their texts say, and the one that somebody means.

use cln_api::{listinvoicerequests, lnr_list};
use cln_primitives::{CommonError, Msat, NodeId};
use cln_runtime::bolt12::{Accept, Chain, InvoiceRequest};
use cln_runtime::client::{Answer, CallError, CallOptions, Client};
use cln_runtime::recover::Request;

use super::amount;
use super::exit::{Exit, Failure};
use super::output::{BAD, BOLD, DOUBTFUL, GOOD, coloured_field, field, line, printable, styled};
use super::qr;
use super::time;

/// How many characters of an id tell requests apart, for people.
pub const SHORT_ID: usize = 12;
/// Fewer may be meant for a label.
const LEAST_ID: usize = 4;

/// What the text of a request says.
#[derive(Debug)]
pub struct Terms {
    pub amount: Option<Msat>,
    pub description: Option<String>,
    pub issuer: Option<String>,
    /// The last second of its validity, since 1970.
    pub expiry: Option<u64>,
    pub payer: Option<NodeId>,
    pub chain: Chain,
}

impl Terms {
    /// Reads them; a text of another kind is what its payee finds out.
    pub fn read(bolt12: &str) -> Result<Self, cln_runtime::bolt12::Error> {
        let request = InvoiceRequest::parse(bolt12, Accept::Any)?;
        Ok(Terms {
            amount: request.invreq_amount(),
            description: request.offer_description().map(str::to_owned),
            issuer: request.offer_issuer().map(str::to_owned),
            expiry: request.offer_absolute_expiry(),
            payer: request.invreq_payer_id(),
            chain: request.chain(),
        })
    }
}

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Open,
    /// Open, and paid at least once.
    OpenAndPaid,
    Expired,
    Paid,
    Disabled,
}

impl State {
    /// Of a request that expires then, at this time in seconds since 1970.
    pub fn of(request: &Request, expiry: Option<u64>, now: u64) -> Self {
        match (request.active, request.used) {
            (false, true) => State::Paid,
            (false, false) => State::Disabled,
            (true, _) if expiry.is_some_and(|expiry| now > expiry) => State::Expired,
            (true, true) => State::OpenAndPaid,
            (true, false) => State::Open,
        }
    }

    /// Does it take invoices?
    pub fn is_open(self) -> bool {
        matches!(self, State::Open | State::OpenAndPaid)
    }

    /// In a word or two.
    pub fn name(self) -> &'static str {
        match self {
            State::Open => "open",
            State::OpenAndPaid => "open, paid",
            State::Expired => "expired",
            State::Paid => "paid",
            State::Disabled => "disabled",
        }
    }

    pub fn style(self) -> anstyle::Style {
        match self {
            State::Open | State::OpenAndPaid => DOUBTFUL,
            State::Paid => GOOD,
            State::Expired | State::Disabled => BAD,
        }
    }
}

/// Who pays for a request, and by whose rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeper {
    Lightningd,
    Plugin,
}

/// A request of the node.
#[derive(Clone, Debug)]
pub struct Kept {
    pub request: Request,
    pub keeper: Keeper,
    /// The least that an invoice may ask for, where the keeper tells it.
    pub least: Option<Msat>,
}

/// The node's requests, and the answer that told them.
pub struct Listed {
    pub requests: Vec<Kept>,
    pub answer: Answer,
    /// The plugin runs there, and keeps new requests.
    pub has_plugin: bool,
}

/// All requests that the node keeps: those of the plugin too, where it runs.
pub async fn list(client: &Client, active_only: bool) -> Result<Listed, Failure> {
    let command = lnr_list::Request::new().active_only(active_only);
    match client.call_for_json(&command, CallOptions::new()).await {
        Ok(answer) => {
            let listed = decoded::<lnr_list::Request>(answer.as_bytes())?.invoicerequests;
            Ok(Listed { requests: listed.into_iter().map(Kept::from).collect(), answer, has_plugin: true })
        }
        Err(CallError::Rpc(error)) if error.code == CommonError::MethodNotFound.code() => {
            let command = listinvoicerequests::Request::new().active_only(active_only);
            let answer = client.call_for_json(&command, CallOptions::new()).await?;
            let listed = decoded::<listinvoicerequests::Request>(answer.as_bytes())?.invoicerequests;
            let requests = listed.into_iter().map(|row| Kept::by_lightningd(row.into())).collect();
            Ok(Listed { requests, answer, has_plugin: false })
        }
        Err(error) => Err(error.into()),
    }
}

impl Kept {
    /// A request that `listinvoicerequests` tells of.
    pub fn by_lightningd(request: Request) -> Self {
        Kept { request, keeper: Keeper::Lightningd, least: None }
    }
}

impl From<lnr_list::InvoiceRequest> for Kept {
    fn from(row: lnr_list::InvoiceRequest) -> Self {
        let keeper = if row.keeper == lnr_list::Keeper::Lnr { Keeper::Plugin } else { Keeper::Lightningd };
        Kept { keeper, least: row.min_amount_msat, request: row.into() }
    }
}

/// Reads an answer that came as JSON.
pub fn decoded<R: cln_primitives::Command>(json: &[u8]) -> Result<R::Response, Failure> {
    R::decode_response(json).map_err(|error| {
        Failure::new(Exit::Failed, error.to_string(), "It was carried out; --json shows the answer as it came.")
    })
}

/// The one request that is meant: by its id, the beginning of that, or its label.
pub async fn find(client: &Client, meant: &str) -> Result<Kept, Failure> {
    choose(list(client, false).await?.requests, meant)
}

fn choose(requests: Vec<Kept>, meant: &str) -> Result<Kept, Failure> {
    let id = meant.to_ascii_lowercase();
    let is_id = id.len() >= LEAST_ID && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_meant = |Kept { request, .. }: &Kept| {
        request.label.as_deref() == Some(meant) || (is_id && request.invreq_id.to_string().starts_with(&id))
    };
    let mut found = requests.into_iter().filter(is_meant);
    match (found.next(), found.count()) {
        (Some(request), 0) => Ok(request),
        (None, _) => {
            let problem = format!("the node has no request with the id or label `{meant}`");
            Err(Failure::new(Exit::BadInput, problem, "`lnr list` shows those that it has."))
        }
        (Some(_), others) => {
            let problem = format!("{} requests have an id or label `{meant}`", others + 1);
            Err(Failure::new(Exit::BadInput, problem, "Write more of the id, as `lnr list` shows it."))
        }
    }
}

/// Tells people all about a request.
pub fn show(kept: &Kept, now: u64) -> Result<(), Failure> {
    let request = &kept.request;
    let terms = Terms::read(&request.bolt12).map_err(|error| {
        let problem = format!("the node's request cannot be read: {error}");
        Failure::new(Exit::Failed, problem, "--json shows it as the node gave it.")
    })?;
    let state = State::of(request, terms.expiry, now);
    field("id", request.invreq_id);
    coloured_field("state", state.style(), state.name());
    show_terms(&terms, now);
    field("pays", if request.single_use { "once" } else { "everybody who sends an invoice, without limit" });
    if let Some(least) = kept.least {
        field("at least", format!("{} (payees are not told)", amount::shown(least)));
    }
    if let Some(label) = &request.label {
        field("label", label);
    }
    if kept.keeper == Keeper::Plugin {
        field("kept by", "the plugin");
    }
    Ok(())
}

/// Tells people what a request says.
pub fn show_terms(terms: &Terms, now: u64) {
    if let Some(amount) = terms.amount {
        field("amount", amount::shown(amount));
    }
    if let Some(description) = &terms.description {
        field("for", description);
    }
    if let Some(issuer) = &terms.issuer {
        field("issuer", issuer);
    }
    if let Some(payer) = terms.payer {
        field("payer", payer);
    }
    match terms.expiry {
        Some(expiry) => field("expires", time::shown(expiry, now)),
        None => field("expires", "never"),
    }
    if terms.chain != Chain::BITCOIN {
        field("network", terms.chain);
    }
}

/// Prints the text for the payee alone on a line, to be copied whole, and its QR code.
pub fn hand_out(bolt12: &str, with_qr: bool) -> Result<(), Failure> {
    line("");
    line(printable(bolt12));
    if !with_qr {
        return Ok(());
    }
    let drawing = qr::draw(bolt12)?;
    line("");
    let columns = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    if let Some(columns) = columns.filter(|columns| *columns < drawing.width) {
        let problem = format!("the QR code is {} columns wide, the terminal {columns}", drawing.width);
        return Err(Failure::new(Exit::Failed, problem, "Make the terminal wider, then run `lnr show ID --qr`."));
    }
    drawing.coloured().for_each(line);
    Ok(())
}

/// The last second of its validity, since 1970.
pub fn expiry_of(request: &Request) -> Option<u64> {
    Terms::read(&request.bolt12).ok().and_then(|terms| terms.expiry)
}

/// The beginning of an id.
pub fn short_id(request: &Request) -> String {
    request.invreq_id.to_string().chars().take(SHORT_ID).collect()
}

/// The same in bold, for headings.
pub fn heading(text: &str) {
    line(styled(BOLD, printable(text)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn request(id: &str, label: Option<&str>, active: bool, used: bool) -> Request {
        let id = format!("{id:0<64}");
        let row = json!({
            "invreq_id": id, "bolt12": "lnr1", "label": label, "active": active, "single_use": true, "used": used,
        });
        serde_json::from_value(row).unwrap()
    }

    #[test]
    fn a_request_is_found_by_what_names_it_alone() {
        let rows = || {
            let label = Some("refund-1");
            let rows = [
                request("abcd1", label, true, false),
                request("abcd2", Some("twice"), true, false),
                request("ef", Some("twice"), true, false),
            ];
            rows.map(Kept::by_lightningd).into()
        };
        let check = |meant: &str, id: Option<&str>| {
            let found = choose(rows(), meant).map(|found| found.request.invreq_id.to_string());
            assert_eq!(found.ok(), id.map(|id| format!("{id:0<64}")), "{meant}");
        };
        check("refund-1", Some("abcd1"));
        check("abcd1", Some("abcd1"));
        check("ABCD2", Some("abcd2"));
        check(&format!("{:0<64}", "ef"), Some("ef"));
        for meant in ["abcd", "ef", "twice", "refund", ""] {
            check(meant, None);
        }
    }

    #[test]
    fn where_a_request_stands() {
        let check = |active, used, expiry, expected| {
            assert_eq!(
                State::of(&request("a", None, active, used), expiry, 100),
                expected,
                "{active} {used} {expiry:?}"
            );
        };
        check(true, false, None, State::Open);
        check(true, false, Some(100), State::Open);
        check(true, false, Some(99), State::Expired);
        check(true, true, None, State::OpenAndPaid);
        check(false, true, Some(99), State::Paid);
        check(false, false, None, State::Disabled);
    }
}
