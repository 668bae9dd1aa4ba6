//! What a single call may have of its own.

use std::fmt;
use std::time::Duration;

use cln_api::primitives::Patience;

use super::notice::Notice;
use super::settings::Settings;

/// Settings of one call.
#[derive(Default)]
#[must_use]
pub struct CallOptions<'a> {
    pub(crate) timeout: Timeout,
    pub(crate) notices: Option<Box<dyn FnMut(Notice) + Send + 'a>>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Timeout {
    #[default]
    Usual,
    After(Duration),
    Never,
}

impl fmt::Debug for CallOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallOptions").field("timeout", &self.timeout).field("notices", &self.notices.is_some()).finish()
    }
}

impl<'a> CallOptions<'a> {
    /// As the client's settings say.
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits so long for the answer, whatever the command.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Timeout::After(timeout);
        self
    }

    /// Waits for the answer as long as it takes.
    pub fn no_timeout(mut self) -> Self {
        self.timeout = Timeout::Never;
        self
    }

    /// Hands over what the node tells while it works on the call: progress, and messages for the user. The first such
    /// call of a connection switches them on by the command `notifications`.
    pub fn notices(mut self, notices: impl FnMut(Notice) + Send + 'a) -> Self {
        self.notices = Some(Box::new(notices));
        self
    }
}

impl Timeout {
    /// How long to wait for a command's answer; `None` for ever.
    pub(crate) fn of(self, patience: Patience, settings: &Settings) -> Option<Duration> {
        match (self, patience) {
            (Timeout::After(timeout), _) => Some(timeout),
            (Timeout::Never, _) | (Timeout::Usual, Patience::Endless) => None,
            (Timeout::Usual, Patience::Usual) => Some(settings.timeout),
            (Timeout::Usual, Patience::AtLeast(own)) => Some(settings.timeout.max(own.saturating_add(settings.margin))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(timeout: Timeout, patience: Patience, expected: Option<u64>) {
        let settings = Settings::default();
        assert_eq!(timeout.of(patience, &settings), expected.map(Duration::from_secs), "{timeout:?} {patience:?}");
    }

    #[test]
    fn a_command_with_a_time_of_its_own_gets_it_and_a_margin() {
        check(Timeout::Usual, Patience::Usual, Some(60));
        check(Timeout::Usual, Patience::at_least_seconds(10), Some(60));
        check(Timeout::Usual, Patience::at_least_seconds(90), Some(100));
        check(Timeout::Usual, Patience::Endless, None);
        check(Timeout::After(Duration::from_secs(1)), Patience::Endless, Some(1));
        check(Timeout::Never, Patience::Usual, None);
    }
}
