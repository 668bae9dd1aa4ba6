//! Who waits for which answer.

use std::collections::HashMap;
use std::sync::Mutex;

use tokio::sync::{mpsc, oneshot};

use super::error::{ConnectionLost, Delivery};
use super::frame::Message;
use super::notice::Notice;

/// What becomes of a call.
#[derive(Debug)]
pub(crate) enum Outcome {
    Answered(Message),
    TooLong,
    Lost(ConnectionLost, Delivery),
}

/// One who waits.
#[derive(Debug)]
pub(crate) struct Waiting {
    /// The id as it stands in the request's JSON.
    pub(crate) id: Box<str>,
    pub(crate) reply: oneshot::Sender<Outcome>,
    pub(crate) notices: Option<mpsc::UnboundedSender<Notice>>,
    pub(crate) delivery: Delivery,
}

/// To whom an id belongs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// Somebody who no longer waits, or who was answered already.
    Past,
    /// Nobody ever asked by this id.
    Nobody,
}

/// All who wait on one connection.
#[derive(Debug, Default)]
pub(crate) struct Table(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    waiting: HashMap<u64, Waiting>,
    last: u64,
    lost: Option<ConnectionLost>,
}

impl Table {
    /// Adds a call, unless the connection is lost.
    pub(crate) fn add(&self, number: u64, waiting: Waiting) -> Result<(), ConnectionLost> {
        let mut entries = self.lock();
        if let Some(lost) = &entries.lost {
            return Err(lost.clone());
        }
        entries.last = entries.last.max(number);
        entries.waiting.insert(number, waiting);
        Ok(())
    }

    /// Forgets a call that nobody waits for any more; how far its request had come.
    pub(crate) fn forget(&self, number: u64) -> Option<Delivery> {
        self.lock().waiting.remove(&number).map(|waiting| waiting.delivery)
    }

    /// Notes how far a request has come; false when nobody waits for its answer.
    pub(crate) fn deliver(&self, number: u64, delivery: Delivery) -> bool {
        let mut entries = self.lock();
        let waiting = entries.waiting.get_mut(&number);
        waiting.map(|waiting| waiting.delivery = delivery).is_some()
    }

    /// Gives an outcome to the one whose id it is.
    pub(crate) fn settle(&self, id: &[u8], outcome: Outcome) -> Result<(), Owner> {
        let Some(number) = number_of(id) else { return Err(Owner::Nobody) };
        let mut entries = self.lock();
        match entries.waiting.get(&number) {
            Some(waiting) if waiting.id.as_bytes() == id => {}
            Some(_) => return Err(Owner::Nobody),
            None if (1..=entries.last).contains(&number) => return Err(Owner::Past),
            None => return Err(Owner::Nobody),
        }
        let waiting = entries.waiting.remove(&number);
        drop(entries);
        let sent = waiting.map(|waiting| waiting.reply.send(outcome));
        if matches!(sent, Some(Ok(()))) { Ok(()) } else { Err(Owner::Past) }
    }

    /// Hands a notice to the one whose call it is about.
    pub(crate) fn notify(&self, id: &[u8], notice: Notice) {
        let Some(number) = number_of(id) else { return };
        let entries = self.lock();
        let notices = entries.waiting.get(&number).and_then(|waiting| waiting.notices.as_ref());
        if let Some(notices) = notices {
            // Who no longer listens needs no notice.
            let _ = notices.send(notice);
        }
    }

    /// Ends all calls: the connection is lost.
    pub(crate) fn lose(&self, lost: ConnectionLost) {
        self.end(lost, None, |_| true);
    }

    /// Ends all calls because of an answer that is too long, if that can be told the one with this id.
    ///
    /// In one step, so that nobody can take the failed call for a reason to use the connection once more.
    pub(crate) fn lose_too_long(&self, id: Option<&[u8]>, limit: usize) {
        self.end(ConnectionLost::AnswerTooLong(limit), id, |_| true);
    }

    /// Ends the calls whose requests are not sent, for nothing can be written any more. The others may still be
    /// answered: what the node wrote before it closed the connection can be read after that.
    pub(crate) fn lose_unsent(&self, lost: ConnectionLost) {
        self.end(lost, None, |delivery| delivery != Delivery::Sent);
    }

    fn end(&self, lost: ConnectionLost, too_long: Option<&[u8]>, which: impl Fn(Delivery) -> bool) {
        let ended: Vec<_> = {
            let mut entries = self.lock();
            entries.lost.get_or_insert(lost.clone());
            entries.waiting.extract_if(|_, waiting| which(waiting.delivery)).map(|(_, waiting)| waiting).collect()
        };
        for waiting in ended {
            let outcome = match too_long {
                Some(id) if waiting.id.as_bytes() == id => Outcome::TooLong,
                _ => Outcome::Lost(lost.clone(), waiting.delivery),
            };
            // Who no longer waits needs no answer.
            let _ = waiting.reply.send(outcome);
        }
    }

    /// Why the connection is lost, if it is.
    pub(crate) fn lost(&self) -> Option<ConnectionLost> {
        self.lock().lost.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Entries> {
        // Nothing that could panic runs under the lock, and a half-made change cannot be left.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The number at the end of an id: `"name:method#7"`.
fn number_of(id: &[u8]) -> Option<u64> {
    let id = std::str::from_utf8(id).ok()?.strip_prefix('"')?.strip_suffix('"')?;
    id.rsplit_once('#')?.1.parse().ok()
}
