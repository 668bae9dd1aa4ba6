//! Paying: `xpay` and what `listsendpays` tells of it.

use std::task::Poll;

use cln_api::error_code::{
    JSONRPC2_INVALID_PARAMS, PAY_DESTINATION_PERM_FAIL, PAY_IN_PROGRESS, PAY_INJECTPAYMENTONION_ALREADY_PAID,
    PAY_INVOICE_EXPIRED, PAY_ROUTE_NOT_FOUND, PAY_UNSPECIFIED_ERROR, PLUGIN_ERROR, PLUGIN_TERMINATED,
};
use cln_primitives::{Hash32, RpcError, Secret};
use cln_runtime::bolt12::{Chain, Invoice, Verified};
use serde_json::{Value, json};

use super::commands::{Answer, Server, refused, text};
use super::tables::{PartRow, PartStatus};
use crate::simulate::keys;
use crate::simulate::payments;
use crate::simulate::plan::Fault;
use crate::simulate::turn::wait;
use crate::simulate::world::{Event, World, short};

/// For how many seconds `xpay` begins new attempts when it is not told.
const RETRY_FOR: u64 = 60;
/// How long it looks for a way at most, in milliseconds: usually, and when it is late.
const USUAL_SEARCH: u64 = 500;
const LONGEST_SEARCH: u64 = 60_000;

/// How an attempt ends.
enum End {
    Complete {
        preimage: Secret,
        parts: u32,
    },
    Failed(String),
    /// It goes on without `xpay`.
    GivenUp,
}

impl Server {
    pub(super) async fn xpay(&self, params: &Value) -> Answer {
        let node = self.node;
        let invoice = payable(params)?;
        self.turn().await;
        let (deadline, group) = {
            let world = &mut *self.world.lock();
            let hash = invoice.payment().payment_hash;
            world.note(node, || format!("  xpay of {}", short(hash)));
            let over = world.clock(node).checked_sub(invoice.expires_at().unwrap_or(u64::MAX)).filter(|over| *over > 0);
            if let Some(over) = over {
                world.seen.counters.count("xpay of an expired invoice (207)");
                return Err(refused(PAY_INVOICE_EXPIRED, format!("Invoice expired {over} seconds ago")));
            }
            let seconds = params.get("retry_for").and_then(Value::as_u64).unwrap_or(RETRY_FOR);
            (world.now + seconds * 1_000, world.rng.u64(1..))
        };
        let end = loop {
            let longest = if self.strikes(Fault::Hang) { LONGEST_SEARCH } else { USUAL_SEARCH };
            let search = self.world.lock().rng.u64(0..longest);
            wait(&self.world, search).await;
            let begun = self.begin(&invoice, group);
            let failed = match begun {
                Ok(payment) => match self.end(payment).await {
                    End::Failed(why) => refused(PAY_DESTINATION_PERM_FAIL, why),
                    end => break end,
                },
                Err(error) => error,
            };
            let left = deadline.saturating_sub(self.world.lock().now);
            let temporary = matches!(failed.code, PAY_ROUTE_NOT_FOUND | PAY_DESTINATION_PERM_FAIL);
            if !temporary || left == 0 || !self.strikes(Fault::Retried) {
                self.turn().await;
                return Err(failed);
            }
            let after = self.world.lock().rng.u64(0..left);
            wait(&self.world, after).await;
        };
        if self.strikes(Fault::Hang) {
            let late = self.world.lock().rng.u64(1_000..120_000);
            wait(&self.world, late).await;
            self.world.lock().seen.counters.count("xpay late");
        }
        self.turn().await;
        match end {
            End::Complete { preimage, parts } => {
                let amount = invoice.payment().amount;
                Ok(json!({
                    "payment_preimage": preimage, "failed_parts": 0, "successful_parts": parts,
                    "amount_msat": amount, "amount_sent_msat": amount,
                }))
            }
            End::GivenUp if self.world.lock().rng.bool() => {
                Err(refused(PLUGIN_TERMINATED, "Plugin terminated before replying to RPC call."))
            }
            End::GivenUp => Err(refused(PAY_UNSPECIFIED_ERROR, "Timed out after 1 attempts.")),
            End::Failed(why) => Err(refused(PAY_DESTINATION_PERM_FAIL, why)),
        }
    }

    fn strikes(&self, fault: Fault) -> bool {
        self.world.lock().strikes(self.node, fault)
    }

    /// One attempt, which the daemon lets begin only when none of another call's is complete or pending. Gives the
    /// payment's number.
    fn begin(&self, invoice: &Invoice<Verified>, group: u64) -> Result<usize, RpcError> {
        let world = &mut *self.world.lock();
        let node = self.node;
        let payment = invoice.payment();
        let (hash, amount) = (payment.payment_hash, payment.amount.as_msat());
        let rows =
            || world.nodes[node].lightningd.iter().flat_map(|daemon| &daemon.parts).filter(|row| row.hash == hash);
        if rows().any(|row| matches!(row.status, PartStatus::Complete { .. })) {
            world.seen.counters.count("xpay of what is paid (219)");
            return Err(refused(PAY_INJECTPAYMENTONION_ALREADY_PAID, "Already paid this invoice successfully"));
        }
        if let Some(pending) = rows().find(|row| row.status == PartStatus::Pending) {
            let why = format!(
                "Payment with groupid={} still in progress, cannot retry before that completes.",
                pending.group
            );
            world.seen.counters.count("xpay of what is in progress (200)");
            let inner = json!({ "code": PAY_IN_PROGRESS, "message": why });
            return Err(refused(
                PLUGIN_ERROR,
                format!("Unexpected injectpaymentonion error {PAY_IN_PROGRESS}: {inner}"),
            ));
        }
        let no_way = |why: &str| Err(refused(PAY_ROUTE_NOT_FOUND, format!("Failed: {why}")));
        if world.ledger.balances[node] < amount {
            world.seen.counters.count("payments without funds");
            return no_way("We could not find a usable set of paths.");
        }
        let Some(payee) = keys::node(payment.node_id) else { return no_way("Unknown destination node") };
        if world.strikes(node, Fault::PayFails) {
            return no_way("We could not find a usable set of paths.");
        }
        let (number, parts) = payments::begin(world, (node, payee), (invoice.invreq_id(), hash), payment.amount);
        let (created_at, bolt12) = (world.clock(node), invoice.to_string());
        let row = |part| PartRow {
            payment: number,
            part,
            group,
            hash,
            amount: amount / u64::from(parts),
            payee,
            bolt12: bolt12.clone(),
            created_at,
            status: PartStatus::Pending,
        };
        world.lightningd(node).parts.extend((1..=parts).map(row));
        Ok(number)
    }

    async fn end(&self, payment: usize) -> End {
        if self.strikes(Fault::GivenUp) {
            let until = self.world.lock().rng.u64(0..60_000);
            wait(&self.world, until).await;
            if let Some(end) = self.world.lock().attempt_end(self.node, payment) {
                return end;
            }
            self.world.lock().seen.counters.count("xpay gives up while parts are on their way");
            return End::GivenUp;
        }
        std::future::poll_fn(|cx| {
            let world = &mut *self.world.lock();
            if let Some(end) = world.attempt_end(self.node, payment) {
                return Poll::Ready(end);
            }
            world.lightningd(self.node).wait(cx.waker());
            Poll::Pending
        })
        .await
    }
}

impl World {
    /// How the payment of this number has ended, as far as the payer's tables say.
    fn attempt_end(&mut self, node: usize, payment: usize) -> Option<End> {
        let rows: Vec<&PartRow> = self.lightningd(node).parts.iter().filter(|row| row.payment == payment).collect();
        let parts = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let complete = rows.iter().find_map(|row| match &row.status {
            PartStatus::Complete { preimage, .. } => Some(preimage.clone()),
            PartStatus::Pending | PartStatus::Failed => None,
        });
        if let Some(preimage) = complete {
            return Some(End::Complete { preimage, parts });
        }
        let failed = rows.iter().all(|row| row.status == PartStatus::Failed);
        let why = "Destination said it doesn't know invoice: incorrect_or_unknown_payment_details";
        failed.then(|| End::Failed(why.to_owned()))
    }

    pub(super) fn list_sendpays(&mut self, node: usize, params: &Value) -> Answer {
        let given = |name| params.get(name).filter(|value| !value.is_null());
        let wanted = |row: &Value| {
            let same = |name, field: &str| given(name).is_none_or(|value| row.get(field) == Some(value));
            same("payment_hash", "payment_hash") && same("status", "status") && same("bolt11", "bolt12")
        };
        // Before they become JSON, of which a long run makes much.
        let hash: Option<Hash32> = given("payment_hash").and_then(|hash| serde_json::from_value(hash.clone()).ok());
        let rows = self.lightningd(node).parts.iter().zip(1..);
        let rows = rows.filter(|(row, _)| hash.is_none_or(|hash| row.hash == hash));
        let rows: Vec<Value> = rows.map(|(row, number)| row.to_json(number)).filter(wanted).collect();
        Ok(json!({ "payments": rows }))
    }

    /// A payer's lightningd hears how a part has ended: later, when it does not run.
    pub(crate) fn part_ends(&mut self, payment: usize, part: u32) {
        let payer = self.ledger.payments[payment].payer;
        let now = self.clock(payer);
        let preimage = self.ledger.preimage(payment);
        let daemon = self.lightningd(payer);
        let row = daemon.parts.iter_mut().find(|row| row.payment == payment && row.part == part);
        let Some(row) = row.filter(|row| daemon.up && row.status == PartStatus::Pending) else { return };
        row.status = match preimage {
            Some(preimage) => PartStatus::Complete { preimage, at: now },
            None => PartStatus::Failed,
        };
        daemon.changed();
        self.note(payer, || format!("part {part} of payment {payment} has ended"));
    }

    /// A lightningd that starts hears of all that has ended meanwhile.
    pub(super) fn parts_end(&mut self, node: usize) {
        let rows = self.lightningd(node).parts.clone();
        for row in rows.into_iter().filter(|row| row.status == PartStatus::Pending) {
            if self.ledger.has_ended(row.payment) {
                let after = self.delay();
                self.schedule(after, Event::PartEnds { payment: row.payment, part: row.part });
            }
        }
    }
}

fn payable(params: &Value) -> Result<Invoice<Verified>, RpcError> {
    let invalid = |why: String| refused(JSONRPC2_INVALID_PARAMS, format!("Invalid bolt12 invoice: {why}"));
    let invoice = Invoice::parse(text(params, "invstring")?, Chain::REGTEST).and_then(Invoice::verify);
    let invoice = invoice.map_err(|error| invalid(error.to_string()))?;
    if invoice.payment().amount.as_msat() == 0 {
        return Err(invalid("amount is zero".to_owned()));
    }
    Ok(invoice)
}
