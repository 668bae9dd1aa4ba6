//! What comes to a node from others: messages and payments.

use cln_runtime::bolt12::InvoiceError;
use cln_runtime::engine::{Answer, IncomingInvoice, ReplyPath};
use cln_runtime::onion::{Contents, Received};

use super::run::Run;
use super::{lightningd, tasks};

impl Run {
    /// A message has come to a node. What runs beside a lightningd sees it first; without it, the lightningd answers as
    /// one that has never heard of the request.
    pub(super) fn message(&mut self, to: usize, message: Received) {
        let Received { path_secret, reply_path, contents, .. } = message;
        match (self.running(to), contents) {
            (Some(rules), Some(Contents::Invoice(invoice))) => {
                let reply_path = reply_path.and_then(|path| path.to_bytes().ok()).map(ReplyPath);
                let message = IncomingInvoice { invoice, path_secret, reply_path, from: None };
                self.executor.spawn(to, tasks::receive(rules.ports, rules.issuer, message));
            }
            (Some(rules), Some(Contents::InvoiceError(error))) => {
                let answer = match InvoiceError::from_bytes(error.clone()) {
                    Ok(refusal) => Answer::Refusal(refusal),
                    Err(_) => Answer::Nonsense(error),
                };
                if !path_secret.is_some_and(|secret| rules.ports.answer(&secret, answer)) {
                    self.world.lock().seen.counters.count("answers nobody waits for");
                }
            }
            (None, Some(Contents::Invoice(_))) if self.world.lock().has_lightningd_up(to) => {
                let path = reply_path.and_then(|path| path.to_bytes().ok()).map(ReplyPath);
                self.world.lock().refuse_as_lightningd(to, path);
            }
            _ => {
                let mut world = self.world.lock();
                world.seen.counters.count("messages for a node that is down");
                world.note(to, || "is down, and misses a message".to_owned());
            }
        }
    }

    pub(super) fn part(&mut self, payment: usize, noticed: bool) {
        let (payee, lightningd) = {
            let mut world = self.world.lock();
            let arriving = &mut world.ledger.payments[payment];
            arriving.missing -= 1;
            let (payee, arrived) = (arriving.payee, arriving.has_arrived());
            let lightningd = world.nodes[payee].lightningd.is_some();
            if !arrived || !noticed && !lightningd {
                return;
            }
            world.note(payee, || format!("payment {payment} has arrived"));
            (payee, lightningd)
        };
        if lightningd {
            lightningd::arrived(&self.world, payee, payment);
        } else if let Some(rules) = self.running(payee) {
            self.executor.spawn(payee, tasks::settle_arrived(rules.ports, payment));
        }
    }
}
